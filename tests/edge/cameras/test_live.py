import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from watching import ROOT, Watched, alive, until, workers

from edge.cameras.live import LiveCamera
from edge.settings import CameraConfig

# A program that keeps one camera and tells of it: a line for every event and every frame.
KEEPER = """
import json, sys
from edge.cameras.live import LiveCamera
from edge.settings import CameraConfig
def say(**words): print(json.dumps(words), flush=True)
config = CameraConfig(source=sys.argv[1], stall_seconds=1.0, retry_seconds=1.0)
camera = LiveCamera("cam", config, lambda event: say(state=event.state), opening=30.0)
camera.start()
while True:
    if frame := camera.newest(1.0): say(frame=frame.sequence)
"""


def link(descriptor):
    """What a file descriptor of this process is."""
    with contextlib.suppress(OSError):
        return os.readlink(f"/proc/self/fd/{descriptor}")
    return ""


def test_frames_come_in_order_and_those_nobody_took_are_counted(server):
    with Watched(server.url) as watched:
        frames = watched.frames(5)
        time.sleep(0.5)  # frames to overtake
        frames.append(watched.frame())
        sequences = [frame.sequence for frame in frames]
        assert sequences == sorted(set(sequences))
        assert watched.camera.overtaken == sequences[-1] + 1 - len(sequences) > 0
        assert {frame.camera for frame in frames} == {"cam"}
        captured = [frame.captured for frame in frames]
        assert captured == sorted(set(captured))
        assert 0 <= time.monotonic() - frames[-1].captured < 10
        assert watched.states == ["opening", "streaming"]
        assert watched.camera.state == "streaming"
        # Signals for the whole group leave the process alone.
        (worker,) = workers()
        os.kill(worker, signal.SIGINT)
        os.kill(worker, signal.SIGTERM)
        watched.frames(3)
        assert workers() == {worker}
    assert not alive(worker)
    assert watched.states == ["opening", "streaming"]


def test_a_process_that_hangs_or_crashes_is_replaced_while_another_camera_goes_on(server):
    with Watched(server.url, stall_seconds=5.0) as well:
        well.frame()
        (well_worker,) = workers()
        with Watched(server.url, stall_seconds=0.5) as ill:
            ill.frame()
            (hanging,) = workers() - {well_worker}
            os.kill(hanging, signal.SIGSTOP)
            while "stalled" not in ill.states:
                well.frame()
            assert "gives no more pictures" in ill.said("stalled").reason
            ill.said("streaming", after=ill.states.index("stalled"))
            ill.frame()
            assert not alive(hanging)
            (crashing,) = workers() - {well_worker}
            told = len(ill.events)
            os.kill(crashing, signal.SIGSEGV)
            assert "SIGSEGV" in ill.said("lost", after=told).reason
            ill.said("streaming", after=told)
            assert ill.camera.reopened == 2
        well.frame()
        assert workers() == {well_worker}
        assert well.states == ["opening", "streaming"]


def test_pausing_lets_go_of_the_camera(server):
    with Watched(server.url) as watched:
        last = watched.frame().sequence
        (worker,) = workers()
        watched.camera.pause(False)  # it is not paused: nothing changes
        last = watched.frames(10)[-1].sequence
        assert workers() == {worker}
        watched.camera.pause(True)
        watched.said("paused")
        until(lambda: not alive(worker))
        watched.camera.newest(0.0)
        assert watched.camera.newest(0.3) is None
        watched.camera.pause(False)
        assert watched.frame().sequence > last
        assert watched.states == ["opening", "streaming", "paused", "opening", "streaming"]
        assert watched.camera.reopened == 0


def test_a_missing_camera_is_tried_again_and_again():
    with Watched("97", retry_seconds=0.5) as watched:
        until(lambda: watched.states.count("lost") >= 2)
        lost = watched.events[1:3]
    assert [event.attempt for event in lost] == [1, 2]
    assert all("there is no camera /dev/video97" in event.reason for event in lost)
    assert all(0.4 <= event.retry_seconds <= 0.5 for event in lost)


def test_closing_does_not_wait_for_a_process_that_hangs_and_leaves_nothing_open(server):
    before = set(os.listdir("/proc/self/fd"))
    with Watched(server.url) as watched:
        watched.frame()
        (worker,) = workers()
        os.kill(worker, signal.SIGSTOP)
        watched.camera.close()
        until(lambda: not alive(worker))
    assert not workers()
    until(lambda: not any(thread.name == "camera cam" for thread in threading.enumerate()))
    mine = set(os.listdir("/proc/self/fd")) - before
    assert not [number for number in mine if "memfd" in link(number) or "pipe" in link(number)]


def test_a_camera_that_never_ran_can_be_closed():
    LiveCamera("cam", CameraConfig(source="97"), print).close()


def test_a_password_stays_out_of_sight(server):
    address = server.url.replace("//", "//me:secret@")
    with Watched(address) as watched:
        watched.frame()
        (worker,) = workers()
        proc = Path(f"/proc/{worker}")
        assert b"secret" not in proc.joinpath("cmdline").read_bytes() + proc.joinpath("environ").read_bytes()
        server.go()
        assert "127.0.0.1" in watched.said("lost").reason
        until(lambda: len(watched.events) > 3)
    assert "secret" not in repr(watched.events) + repr(watched.camera)


@pytest.fixture
def keep():
    """Start the program with a camera's source."""
    processes = []

    def start(source):
        command = [sys.executable, "-c", KEEPER, source]
        processes.append(subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True, cwd=ROOT))
        return processes[-1]

    yield start
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def listen(keeper, frames):
    """The states the program tells until so many frames have come."""
    states = []
    while frames:
        words = json.loads(keeper.stdout.readline())
        states += [words["state"]] if "state" in words else []
        frames -= "frame" in words
    return states


@pytest.mark.slow
def test_who_was_asleep_does_not_blame_the_camera(server, keep):
    keeper = keep(server.url)
    assert listen(keeper, 5) == ["opening", "streaming"]
    before = workers(keeper.pid)
    for send in (os.kill, os.killpg):  # it alone, then the camera's process too
        send(keeper.pid, signal.SIGSTOP)
        time.sleep(1.6)  # longer than a camera may be silent
        send(keeper.pid, signal.SIGCONT)
        assert listen(keeper, 20) == []
    assert workers(keeper.pid) == before


def test_who_is_killed_takes_the_camera_along_though_its_process_is_stuck(keep, monkeypatch):
    monkeypatch.setenv("FAKE_PICAMERA2", "seize")
    keeper = keep("picamera")
    listen(keeper, 1)
    (worker,) = workers(keeper.pid)
    time.sleep(0.3)  # by then it is stuck
    keeper.kill()
    until(lambda: not alive(worker))
