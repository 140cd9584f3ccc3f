import threading
import time

import numpy as np
import pytest

from edge.capture import EveryFrame, NewestFrame
from edge.errors import CameraMissingError
from edge.types import Frame


class Counting:
    """A camera that numbers its frames, and dies after the last where it is told to."""

    name, fps, skipped = "counting", None, 0

    def __init__(self, count, delay=0.0, dies=False):
        self.count, self.delay, self.dies = count, delay, dies
        self.at = 0
        self.closed = threading.Event()

    def read(self):
        time.sleep(self.delay)
        if self.at == self.count:
            if self.dies:
                raise CameraMissingError("gone")
            return None
        self.at += 1
        return Frame(np.zeros((2, 2, 3), np.uint8), self.at - 1, time.monotonic(), self.name)

    def close(self):
        self.closed.set()


def quiet(event):
    pass


def never():
    return False


def test_every_frame_of_a_recording_comes():
    camera = Counting(50)
    assert [frame.sequence for frame in EveryFrame(camera, quiet).frames(never)] == list(range(50))
    assert camera.closed.is_set()


def test_every_frame_ends_when_asked():
    camera = Counting(50)
    assert len(list(EveryFrame(camera, quiet).frames(lambda: camera.at >= 7))) == 7
    assert camera.closed.is_set()


def test_a_slow_reader_gets_the_newest_frame_and_the_others_are_counted():
    camera = Counting(200, delay=0.001)
    source = NewestFrame(camera, quiet)
    seen = []
    for frame in source.frames(never):
        seen.append(frame.sequence)
        assert camera.at - frame.sequence <= 2
        time.sleep(0.02)
    assert seen == sorted(set(seen))
    assert seen[-1] == 199
    assert len(seen) + source.overtaken == 200
    assert source.overtaken
    assert camera.closed.is_set()


def test_a_camera_that_dies_is_reported_after_its_last_frame():
    seen = []
    frames = NewestFrame(Counting(3, delay=0.01, dies=True), quiet).frames(never)
    with pytest.raises(CameraMissingError, match="gone"):
        seen.extend(frame.sequence for frame in frames)
    assert seen[-1] == 2


def test_the_newest_frame_ends_when_asked_though_none_comes():
    camera = Counting(10, delay=0.3)
    asked = threading.Event()
    threading.Timer(0.05, asked.set).start()
    assert list(NewestFrame(camera, quiet).frames(asked.is_set)) == []
    assert camera.closed.wait(2)
