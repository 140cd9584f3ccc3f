import contextlib
import json
import os
import subprocess
import threading
import time
from datetime import UTC, datetime

import pytest

from edge.bus import SIZE, Bus
from edge.errors import OutputError
from edge.events import PersonEvent
from edge.outputs import ReaderGone
from edge.outputs.jsonl import JsonLines
from edge.types import Observation

PATIENCE = 30.0


def observation(number):
    return Observation("test", number, datetime.now(UTC), 0.1, 0.05, 0.01, ())


def wait_until(holds):
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def bus():
    return Bus()


@pytest.fixture
def stuck_pipe(tmp_path):
    """A named pipe that somebody holds open but never reads."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    yield path, reader
    os.close(reader)


def test_lines_are_appended_in_order(bus, tmp_path):
    path = tmp_path / "events.jsonl"
    for start in (0, 5):
        output = JsonLines(bus, str(path))
        output.start()
        for number in range(start, start + 5):
            bus.publish(observation(number))
        output.close()
    assert [json.loads(line)["frame"] for line in path.read_text().splitlines()] == list(range(10))


def test_every_kind_of_event_is_a_line(bus, tmp_path):
    path = tmp_path / "events.jsonl"
    output = JsonLines(bus, str(path))
    output.start()
    bus.publish(observation(1))
    bus.publish(PersonEvent(camera="test", event="appeared", track=4))
    output.close()
    schemas = [json.loads(line)["schema"] for line in path.read_text().splitlines()]
    assert schemas == ["mien.observation/1", "mien.person/1"]


def test_a_stuck_reader_holds_nothing_up_and_what_it_misses_is_counted(bus, stuck_pipe):
    output = JsonLines(bus, str(stuck_pipe[0]))
    output.start()
    for number in range(SIZE + 2000):  # a pipe holds 64 KiB, some 400 lines
        bus.publish(observation(number))
    assert output.lost
    output.close()


def test_a_slow_reader_of_a_recording_misses_nothing(bus, stuck_pipe):
    path, reader = stuck_pipe
    output = JsonLines(bus, str(path), wait_while=lambda: True)
    output.start()
    read: list[bytes] = []

    def read_slowly():
        deadline = time.monotonic() + PATIENCE
        while sum(part.count(b"\n") for part in read) < 1500 and time.monotonic() < deadline:
            time.sleep(0.02)
            with contextlib.suppress(BlockingIOError):
                read.append(os.read(reader, 1 << 14))

    thread = threading.Thread(target=read_slowly)
    thread.start()
    for number in range(1500):
        bus.publish(observation(number))
    output.close()
    thread.join()
    assert output.lost == 0
    assert [json.loads(line)["frame"] for line in b"".join(read).splitlines()] == list(range(1500))


def test_a_reader_that_goes_is_told_as_such(bus, tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    output = JsonLines(bus, str(path))
    output.start()
    os.close(reader)
    bus.publish(observation(1))
    wait_until(lambda: isinstance(output.failure, ReaderGone))
    with pytest.raises(ReaderGone):
        output.close()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_a_full_disk_is_an_error_of_a_recording(bus):
    output = JsonLines(bus, "/dev/full", wait_while=lambda: True)
    output.start()
    bus.publish(observation(1))
    wait_until(lambda: output.failure is not None)
    with pytest.raises(OutputError, match="free some space"):
        output.close()


@pytest.fixture
def small_disk(tmp_path):
    """A file system of one page, which fills at once."""
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "none", tmp_path], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"nothing can be mounted here: {mounted.stderr.strip()}")
    yield tmp_path
    subprocess.run(["umount", "-l", tmp_path], check=True)


def test_a_live_output_goes_on_when_a_full_disk_has_room_again(bus, small_disk, caplog):
    caplog.set_level("INFO")
    ballast, path = small_disk / "ballast", small_disk / "events.jsonl"
    output = JsonLines(bus, str(path))
    output.start()
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
        file.write(bytes(1 << 20))
    number = 0
    while not output.lost:
        bus.publish(observation(number))
        number += 1
        time.sleep(0.01)
    assert output.failure is None
    ballast.unlink()
    while "can be written again" not in caplog.text:
        bus.publish(observation(-1))
        time.sleep(0.1)
    output.close()
    frames = [json.loads(line)["frame"] for line in path.read_text().splitlines()]  # no half lines
    assert frames[-1] == -1
    assert "free some space" in caplog.text


def test_a_large_file_is_put_aside(bus, tmp_path):
    path = tmp_path / "events.jsonl"
    output = JsonLines(bus, str(path), limit=2000, keep=2)
    output.start()
    for number in range(60):
        bus.publish(observation(number))
        if number % 5 == 4:
            wait_until(lambda: not bus.subscriptions[0].waiting)
    output.close()
    files = sorted(file.name for file in tmp_path.iterdir())
    assert files == ["events.jsonl", "events.jsonl.1", "events.jsonl.2"]
    assert all(file.stat().st_size <= 2000 for file in tmp_path.iterdir())
    kept = [
        json.loads(line)["frame"]
        for name in reversed(files)
        for line in (tmp_path / name).read_text().splitlines()
    ]
    assert kept == list(range(60 - len(kept), 60))


def test_a_path_that_cannot_be_written_is_an_error_at_once(bus, tmp_path):
    with pytest.raises(OutputError, match="give a path"):
        JsonLines(bus, str(tmp_path / "no" / "such" / "folder")).start()
