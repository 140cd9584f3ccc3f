import contextlib
import json
import os
import threading
import time
from datetime import UTC, datetime

import numpy as np
import pytest

from edge.errors import OutputError
from edge.outputs import ReaderGone
from edge.outputs.jsonl import WAITING, JsonLines
from edge.types import Frame, Observation

FRAME = Frame(np.zeros((2, 2, 3), np.uint8), 0, 0.0, "test")


def observation(number):
    return Observation("test", number, datetime.now(UTC), 0.1, 0.05, 0.01, ())


def publish_for_long(output):
    """Publish for 5 seconds, which is long enough to be told that writing went wrong."""
    for number in range(500):
        output.publish(observation(number), FRAME)
        time.sleep(0.01)


@pytest.fixture
def stuck_pipe(tmp_path):
    """A named pipe that somebody holds open but never reads."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    yield path, reader
    os.close(reader)


def test_lines_are_appended_in_order(tmp_path):
    path = tmp_path / "events.jsonl"
    for start in (0, 5):
        output = JsonLines(str(path))
        output.start()
        for number in range(start, start + 5):
            output.publish(observation(number), FRAME)
        output.close()
    assert [json.loads(line)["frame"] for line in path.read_text().splitlines()] == list(range(10))


def test_a_stuck_reader_holds_nothing_up_and_what_it_misses_is_counted(stuck_pipe):
    output = JsonLines(str(stuck_pipe[0]))
    output.start()
    begin = time.monotonic()
    count = WAITING + 1000  # a pipe holds 64 KiB, some 400 lines
    for number in range(count):
        output.publish(observation(number), FRAME)
    assert time.monotonic() - begin < 5
    assert output.dropped
    output.close()


def test_a_slow_reader_of_a_recording_misses_nothing(stuck_pipe):
    path, reader = stuck_pipe
    output = JsonLines(str(path), wait_while=lambda: True)
    output.start()
    read: list[bytes] = []

    def read_slowly():
        deadline = time.monotonic() + 30
        while sum(part.count(b"\n") for part in read) < 1500 and time.monotonic() < deadline:
            time.sleep(0.02)
            with contextlib.suppress(BlockingIOError):
                read.append(os.read(reader, 1 << 14))

    thread = threading.Thread(target=read_slowly)
    thread.start()
    for number in range(1500):
        output.publish(observation(number), FRAME)
    output.close()
    thread.join()
    assert output.dropped == 0
    assert [json.loads(line)["frame"] for line in b"".join(read).splitlines()] == list(range(1500))


def test_a_reader_that_goes_is_no_error(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    output = JsonLines(str(path))
    output.start()
    os.close(reader)
    with pytest.raises(ReaderGone):
        publish_for_long(output)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_a_full_disk_is_an_error():
    output = JsonLines("/dev/full")
    output.start()
    with pytest.raises(OutputError):
        publish_for_long(output)
    with pytest.raises(OutputError, match="free some space"):
        output.close()


def test_a_path_that_cannot_be_written_is_an_error_at_once(tmp_path):
    with pytest.raises(OutputError, match="give a path"):
        JsonLines(str(tmp_path / "no" / "such" / "folder")).start()
