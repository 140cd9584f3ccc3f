import os
import time

from edge.bench.machine import board, cpu_model, describe, integer_unit, versions
from edge.bench.recorder import PERIOD, Recorder
from edge.health.vitals import ROOT


def write(root, path, text):
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)


def raspberry_pi(root, temperature=51_000, throttled="0", clock=1_800_000):
    write(root, "proc/device-tree/model", "Raspberry Pi 4 Model B Rev 1.4\0")
    write(root, "proc/cpuinfo", "processor\t: 0\nBogoMIPS\t: 108.00\n")
    write(root, "proc/meminfo", "MemTotal:        3884404 kB\nMemAvailable:    2965104 kB\n")
    write(root, "proc/loadavg", "0.42 0.30 0.20 1/100 4711\n")
    write(root, "proc/self/statm", "98765 25000 12000 2 0 50000 0\n")
    write(root, "sys/class/thermal/thermal_zone0/type", "cpu-thermal\n")
    write(root, "sys/class/thermal/thermal_zone0/temp", f"{temperature}\n")
    write(root, "sys/devices/platform/soc/soc:firmware/get_throttled", f"{throttled}\n")
    for core in range(4):
        folder = f"sys/devices/system/cpu/cpu{core}/cpufreq"
        write(root, f"{folder}/scaling_governor", "ondemand\n")
        write(root, f"{folder}/cpuinfo_max_freq", "1800000\n")
        write(root, f"{folder}/scaling_cur_freq", f"{clock}\n")
    return root


def test_a_raspberry_pi(tmp_path):
    machine = describe(raspberry_pi(tmp_path))
    assert machine.board == machine.cpu == "Raspberry Pi 4 Model B Rev 1.4"
    assert (machine.governor, machine.clock_max_mhz) == ("ondemand", 1800.0)
    assert machine.memory_bytes == 3884404 * 1024


def test_a_pc(tmp_path):
    write(tmp_path, "proc/cpuinfo", "processor\t: 0\nmodel name\t: Intel(R) N100\nflags\t: fpu\n")
    write(tmp_path, "sys/class/dmi/id/sys_vendor", "AcmeBoards\n")
    write(tmp_path, "sys/class/dmi/id/product_name", "Kiosk 3\n")
    assert (board(tmp_path), cpu_model(tmp_path)) == ("AcmeBoards Kiosk 3", "Intel(R) N100")


def test_what_multiplies_integers_is_told(tmp_path):
    pc = "model name\t: AMD EPYC\nflags\t\t: fpu sse4_1 avx2 avx512_vnni\n"
    write(tmp_path, "proc/cpuinfo", pc + pc.replace(" avx512_vnni", ""))
    assert (integer_unit(tmp_path), cpu_model(tmp_path)) == ("AVX-512 VNNI", "AMD EPYC, AVX-512 VNNI")
    raspberry_pi(tmp_path)
    write(tmp_path, "proc/cpuinfo", "processor\t: 0\nFeatures\t: fp asimd evtstrm crc32 cpuid asimddp\n")
    assert cpu_model(tmp_path) == "Raspberry Pi 4 Model B Rev 1.4, NEON DotProd"


def test_a_machine_that_tells_nothing(tmp_path):
    machine = describe(tmp_path)
    assert (machine.board, machine.governor, machine.clock_max_mhz, machine.memory_bytes) == (None,) * 4
    assert machine.cpu == machine.architecture


def test_this_machine():
    machine = describe()
    assert machine.usable_cores == len(os.sched_getaffinity(0))
    assert machine.memory_bytes > 1e8
    assert versions()["python"].startswith("3.")


def test_the_recorder_notes_what_changes_meanwhile(tmp_path):
    recorder = Recorder(1.0, raspberry_pi(tmp_path))
    begin = time.perf_counter()
    assert not recorder.tick(begin, 0)
    raspberry_pi(tmp_path, temperature=82_000, throttled="50005", clock=1_200_000)
    assert recorder.tick(begin + PERIOD + 0.1, 60)
    raspberry_pi(tmp_path, temperature=70_000, throttled="50000")
    record = recorder.stop()
    (during,) = record.during
    assert (record.before.temperature, during.temperature, record.after.temperature) == (51.0, 82.0, 70.0)
    assert during.throttled == ["throttled", "under-voltage"]
    assert (record.after.throttled, record.after.throttled_past) == ([], ["throttled", "under-voltage"])
    assert (record.before.clock_mhz, during.clock_mhz) == (1800.0, 1200.0)
    assert during.fps == 60 / (PERIOD + 0.1) or abs(during.fps - 60 / (PERIOD + 0.1)) < 1
    assert record.energy_joules == {}
    assert record.cpu_seconds is None  # no /proc/stat there


def test_a_long_run_is_looked_at_more_seldom(tmp_path):
    recorder = Recorder(3600.0, tmp_path)
    assert not recorder.tick(time.perf_counter() + 2 * PERIOD, 1)
    assert recorder.tick(time.perf_counter() + 16, 1)


def test_this_machines_processor_time_is_known():
    recorder = Recorder(1.0, ROOT)
    end = time.process_time() + 0.2
    while time.process_time() < end:
        pass
    record = recorder.stop()
    assert record.cpu_seconds >= 0.15
    assert 0 <= record.other_cpu <= 1
    assert record.rss_bytes.after > 1_000_000
