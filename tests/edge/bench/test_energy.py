import pytest

from edge.bench.energy import EnergyMeter

RAPL = "sys/class/powercap/intel-rapl:0"
SENSOR = "sys/class/hwmon/hwmon3"


def write(root, path, text):
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(f"{text}\n")


def rapl(root, microjoules, zone=RAPL, name="package-0"):
    write(root, f"{zone}/name", name)
    write(root, f"{zone}/energy_uj", microjoules)
    write(root, f"{zone}/max_energy_range_uj", 262143328850)


def test_a_board_without_meter_tells_nothing(tmp_path):
    meter = EnergyMeter(tmp_path)
    meter.note(1.0)
    meter.note(2.0)
    assert meter.joules() == {}


def test_the_package_is_counted_and_not_its_parts_or_its_double(tmp_path):
    rapl(tmp_path, 5_000_000)
    rapl(tmp_path, 1_000_000, f"{RAPL}:0", "core")
    rapl(tmp_path, 5_000_000, "sys/class/powercap/intel-rapl-mmio:0")
    rapl(tmp_path, 5_000_000, "sys/class/powercap/intel-rapl:1", "psys")
    meter = EnergyMeter(tmp_path)
    rapl(tmp_path, 17_500_000)
    meter.note(1.0)
    assert meter.joules() == {"intel-rapl:0 package-0": 12.5}


def test_a_counter_that_begins_again(tmp_path):
    rapl(tmp_path, 262143328850 - 1_000_000)
    meter = EnergyMeter(tmp_path)
    rapl(tmp_path, 2_000_000)
    meter.note(1.0)
    assert meter.joules() == {"intel-rapl:0 package-0": 3.0}


def test_a_counter_that_only_root_may_read(tmp_path):
    rapl(tmp_path, 1)
    (tmp_path / RAPL / "energy_uj").unlink()
    (tmp_path / RAPL / "energy_uj").mkdir()  # reading fails, for root as well
    assert EnergyMeter(tmp_path).joules() == {}


def test_a_sensors_power_is_integrated(tmp_path):
    write(tmp_path, f"{SENSOR}/name", "ina226")
    write(tmp_path, f"{SENSOR}/power1_input", 4_000_000)
    meter = EnergyMeter(tmp_path)
    meter.note(10.0)
    write(tmp_path, f"{SENSOR}/power1_input", 6_000_000)
    meter.note(12.0)
    assert meter.joules() == {"hwmon3 ina226 power1": pytest.approx(10.0)}


def test_a_sensor_of_voltage_and_current(tmp_path):
    write(tmp_path, f"{SENSOR}/name", "ina3221")
    write(tmp_path, f"{SENSOR}/in1_label", "VDD_IN")
    write(tmp_path, f"{SENSOR}/in1_input", 5_000)  # mV
    write(tmp_path, f"{SENSOR}/curr1_input", 600)  # mA
    write(tmp_path, f"{SENSOR}/curr4_input", 600)  # the sum of all channels, which has no voltage
    meter = EnergyMeter(tmp_path)
    meter.note(0.0)
    meter.note(2.0)
    assert meter.joules() == {"hwmon3 ina3221 VDD_IN": pytest.approx(6.0)}


def test_other_sensors_are_no_meters(tmp_path):
    write(tmp_path, f"{SENSOR}/name", "amdgpu")
    write(tmp_path, f"{SENSOR}/power1_input", 4_000_000)
    assert EnergyMeter(tmp_path).joules() == {}


def test_a_meter_that_falls_silent_keeps_what_it_counted(tmp_path):
    rapl(tmp_path, 0)
    meter = EnergyMeter(tmp_path)
    rapl(tmp_path, 2_000_000)
    meter.note(1.0)
    write(tmp_path, f"{RAPL}/energy_uj", "nonsense")
    meter.note(2.0)
    assert meter.joules() == {"intel-rapl:0 package-0": 2.0}
