import doctest
import os
import subprocess
import sys
import time

import pytest

import edge.bench.processor
from edge.bench.processor import Ticks, read_ticks, usage
from edge.health.vitals import ROOT

# user nice system idle iowait irq softirq steal guest guest_nice, of four processors
STAT = "cpu  1000 20 300 8000 40 5 6 70 11 12\ncpu0 250 5 75 2000 10 1 2 17 3 3\nintr 1 2\n"
OWN = "4711 (mien (bench)) R 1 4711 4711 0 -1 4194304 100 0 0 0 150 30 7 3 20 0 1 0 9999 1 2 3\n"
CHILD = "4712 (camera) S 4711 4711 4711 0 -1 4194304 100 0 0 0 40 2 0 0 20 0 1 0 9999 1 2 3\n"


@pytest.fixture
def root(tmp_path):
    write(tmp_path, "proc/stat", STAT)
    write(tmp_path, "proc/self/stat", OWN)
    write(tmp_path, "proc/self/task/4711/children", "4712 ")
    write(tmp_path, "proc/4712/stat", CHILD)
    return tmp_path


def write(root, path, text):
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)


def test_the_kernels_counts(root):
    # Guests are in user and nice already; a child's time is this process's.
    assert read_ticks(root) == Ticks(total=9441, busy=1331, stolen=70, own=150 + 30 + 7 + 3 + 42)


def test_a_child_that_has_just_ended_counts_no_more(root):
    (root / "proc/4712/stat").unlink()
    assert read_ticks(root).own == 190


@pytest.mark.parametrize("text", ["", "cpu\n", "cpu  1 2 3\n", "cpu  a b c d e f g h i j\n", "intr 1\n"])
def test_counts_that_make_no_sense_are_unknown(root, text):
    write(root, "proc/stat", text)
    assert read_ticks(root) is None


def test_without_proc_nothing_is_known(tmp_path):
    assert read_ticks(tmp_path) is None
    assert usage(None, Ticks(1, 1, 1, 1)) is None
    assert usage(Ticks(1, 1, 1, 1), Ticks(1, 1, 1, 1)) is None


def test_own_work_is_told_from_that_of_others():
    """The real /proc: this process spins, then a child does, then one that is no child of this process."""
    spin = "import time; end = time.process_time() + 0.4\nwhile time.process_time() < end: pass"
    before = read_ticks(ROOT)
    exec(spin, {})
    subprocess.run([sys.executable, "-c", spin], check=True)
    used = usage(before, read_ticks(ROOT))
    assert used.cpu_seconds >= 0.75
    assert 0 <= used.other <= 1
    # Two forks: what is left has another parent.
    orphan = f"import os\nif os.fork(): os._exit(0)\nos.close(1)\n{spin}"
    before = read_ticks(ROOT)
    subprocess.run([sys.executable, "-c", orphan], check=True, stdout=subprocess.PIPE)
    hertz = os.sysconf("SC_CLK_TCK")
    deadline = time.monotonic() + 30
    ended = before
    while ended.busy - before.busy - (ended.own - before.own) < 0.3 * hertz and time.monotonic() < deadline:
        ended = read_ticks(ROOT)
    assert usage(before, ended).other * (ended.total - before.total) >= 0.3 * hertz


def test_examples():
    assert doctest.testmod(edge.bench.processor).failed == 0
