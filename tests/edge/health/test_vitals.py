import os

import pytest
from boards import FIRMWARE, FIRMWARE_PI5, MEMINFO, SENSOR, ZONE, limit, put, raspberry_pi

from edge.health.throttling import FLAGS, THROTTLED, UNDER_VOLTAGE, Throttling, decode
from edge.health.vitals import Vitals, read_vitals, state_folder

MEGABYTE = 1_000_000


def test_a_raspberry_pi(tmp_path):
    vitals = read_vitals(tmp_path, raspberry_pi(tmp_path, "50005", 71.2))
    assert vitals.temperature == pytest.approx(71.2)
    assert vitals.throttling == Throttling(
        frozenset({UNDER_VOLTAGE, THROTTLED}), frozenset({UNDER_VOLTAGE, THROTTLED})
    )
    assert vitals.clock == 1800
    assert vitals.memory == 2965104 * 1024
    assert vitals.resident == 25000 * os.sysconf("SC_PAGE_SIZE")
    assert vitals.load == 1.42
    status = os.statvfs(tmp_path)
    assert vitals.disk == pytest.approx(status.f_bavail * status.f_frsize, rel=0.1)


def test_nothing_is_known_of_an_empty_machine(tmp_path):
    vitals = read_vitals(tmp_path, tmp_path / "nothing")
    assert vitals == Vitals(disk=vitals.disk)


def test_malformed_files_are_unknown_one_by_one(tmp_path):
    raspberry_pi(tmp_path)
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    for file in files:
        before = file.read_bytes()
        for nonsense in (b"", b"\n", b"\xff\xfe\x00", b"not a number\n", b"7 and more\n"):
            file.write_bytes(nonsense)
            read_vitals(tmp_path, tmp_path)
        file.unlink()
        file.mkdir()  # what is no file at all, too
        read_vitals(tmp_path, tmp_path)
        file.rmdir()
        file.write_bytes(before)


def test_this_machine_tells_its_memory_and_load():
    vitals = read_vitals()
    assert vitals.memory is not None
    assert vitals.memory > MEGABYTE
    assert vitals.resident is not None
    assert MEGABYTE < vitals.resident < vitals.memory
    assert vitals.disk is not None
    assert vitals.load is not None


@pytest.mark.parametrize("bit", range(4))
def test_every_bit_has_its_flag(bit):
    assert decode(1 << bit) == Throttling(now=frozenset({FLAGS[bit]}))
    assert decode(1 << (16 + bit)) == Throttling(past=frozenset({FLAGS[bit]}))


def test_other_bits_mean_nothing():
    assert decode(0xFFF0FFF0) == Throttling()


def test_a_raspberry_pi_5_says_it_elsewhere(tmp_path):
    put(tmp_path, FIRMWARE_PI5, "e0008\n")
    throttling = read_vitals(tmp_path, tmp_path).throttling
    assert throttling == decode(0xE0008)


@pytest.mark.parametrize(("alarm", "now"), [("1", {UNDER_VOLTAGE}), ("0", set())])
def test_the_voltage_sensor_speaks_where_the_firmware_s_file_is_not(tmp_path, alarm, now):
    raspberry_pi(tmp_path)
    (tmp_path / FIRMWARE).unlink()
    put(tmp_path, "sys/class/hwmon/hwmon0/name", "cpu_thermal\n")
    put(tmp_path, f"{SENSOR}/in0_lcrit_alarm", f"{alarm}\n")
    assert read_vitals(tmp_path, tmp_path).throttling == Throttling(frozenset(now))


def test_the_processor_s_zone_counts_and_dead_ones_do_not(tmp_path):
    for number, (kind, value) in enumerate(
        [("acpitz", "97000"), ("x86_pkg_temp", "61000"), ("x86_pkg_temp", "64000"), ("cpu-dead", "-274000")]
    ):
        put(tmp_path, f"sys/class/thermal/thermal_zone{number}/type", f"{kind}\n")
        put(tmp_path, f"sys/class/thermal/thermal_zone{number}/temp", f"{value}\n")
    assert read_vitals(tmp_path, tmp_path).temperature == 64.0


def test_any_zone_is_better_than_none(tmp_path):
    put(tmp_path, f"{ZONE}/type", "acpitz\n")
    put(tmp_path, f"{ZONE}/temp", "27800\n")
    assert read_vitals(tmp_path, tmp_path).temperature == 27.8


def test_a_board_without_zones_has_sensors(tmp_path):
    put(tmp_path, f"{SENSOR}/name", "k10temp\n")
    put(tmp_path, f"{SENSOR}/temp1_input", "55125\n")
    put(tmp_path, "sys/class/hwmon/hwmon2/name", "nvme\n")
    put(tmp_path, "sys/class/hwmon/hwmon2/temp1_input", "80000\n")
    assert read_vitals(tmp_path, tmp_path).temperature == 55.125


@pytest.mark.parametrize(
    ("group", "most", "high"),
    [
        ("system.slice/mien.service", 1000 * MEGABYTE, "max"),
        ("system.slice/mien.service", "max", 1000 * MEGABYTE),
        ("system.slice", 1000 * MEGABYTE, "max"),
    ],
)
def test_a_control_group_s_limit_counts(tmp_path, group, most, high):
    raspberry_pi(tmp_path)
    limit(tmp_path, "system.slice", 300 * MEGABYTE)
    limit(tmp_path, "system.slice/mien.service", 300 * MEGABYTE)
    limit(tmp_path, group, 300 * MEGABYTE, most, high, cache=50 * MEGABYTE)
    assert read_vitals(tmp_path, tmp_path).memory == 750 * MEGABYTE


def test_a_group_over_its_limit_has_nothing_left(tmp_path):
    raspberry_pi(tmp_path)
    limit(tmp_path, "system.slice/mien.service", 300 * MEGABYTE, high=str(200 * MEGABYTE))
    assert read_vitals(tmp_path, tmp_path).memory == 0


@pytest.mark.parametrize(
    ("most", "left"), [(400 * MEGABYTE, 100 * MEGABYTE), (9223372036854771712, 2965104 * 1024)]
)
def test_control_groups_of_version_1(tmp_path, most, left):
    put(tmp_path, "proc/meminfo", MEMINFO)
    put(tmp_path, "proc/self/cgroup", "9:name=systemd:/x\n4:cpu,memory:/kiosk\n0::/\n")
    put(tmp_path, "sys/fs/cgroup/memory/kiosk/memory.limit_in_bytes", f"{most}\n")
    put(tmp_path, "sys/fs/cgroup/memory/kiosk/memory.usage_in_bytes", f"{300 * MEGABYTE}\n")
    assert read_vitals(tmp_path, tmp_path).memory == left


def test_a_state_folder_that_is_not_there_yet_lies_on_the_same_disk(tmp_path):
    raspberry_pi(tmp_path)
    assert read_vitals(tmp_path / "not" / "yet", tmp_path).disk is not None


def test_systemd_says_where_the_state_is(monkeypatch):
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/mien-kiosk:/var/lib/other")
    assert str(state_folder()) == "/var/lib/mien-kiosk"
    monkeypatch.delenv("STATE_DIRECTORY")
    assert str(state_folder()) == "/var/lib/mien"
