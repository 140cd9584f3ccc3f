"""The daemon as a service: commands, reloads, several cameras, and what it tells systemd."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from benchmarks.service.camera import FailingCamera, clip_pictures
from edge import bundles
from edge.cameras.demo import CLIP
from edge.config import load
from edge.control import Pause, SwitchModel
from edge.daemon import Daemon

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0


def listen(path):
    """Events of a daemon's Unix socket, once it is there."""
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(PATIENCE)
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            client.connect(str(path))
            break
        except (FileNotFoundError, ConnectionRefusedError):
            assert time.monotonic() < deadline
            time.sleep(0.05)
    for line in client.makefile("rb"):
        yield json.loads(line)


def until(events, **wanted):
    """The first event with these values."""
    deadline = time.monotonic() + PATIENCE
    for event in events:
        if wanted.items() <= event.items():
            return event
        assert time.monotonic() < deadline, wanted
    raise AssertionError(f"no event came with {wanted}")


@pytest.fixture
def talk(tmp_path, bundle, short_clip):
    """Run a daemon on the short clip, over and over, while `conversation(daemon, events)` talks with it."""

    def run(conversation):
        path = tmp_path / "events"
        flags = {
            "camera.source": str(short_clip),
            "camera.loop": True,
            "outputs.http": False,
            "outputs.terminal": False,
            "outputs.socket": str(path),
            "detector.interval": "12",
        }
        daemon = Daemon(lambda: load(None, flags, {}, tmp_path).settings)
        failed = []

        def converse():
            try:
                conversation(daemon, listen(path))
            except BaseException as error:
                failed.append(error)
            finally:
                daemon.stop()

        thread = threading.Thread(target=converse)
        thread.start()
        daemon.run()
        thread.join()
        if failed:
            raise failed[0]

    return run


def test_pausing_stops_observations_until_it_is_told_to_go_on(talk):
    def conversation(daemon, events):
        until(events, schema="mien.observation/1")
        daemon.control.ask(Pause(True))
        assert until(events, schema="mien.camera/1", state="paused")["camera"] == "short.avi"
        daemon.control.ask(Pause(False, "another"))
        daemon.control.ask(Pause(False, "short.avi"))
        until(events, schema="mien.camera/1", state="streaming")
        until(events, schema="mien.observation/1")

    talk(conversation)


def test_the_model_is_switched_while_it_runs_and_one_that_cannot_be_leaves_the_old(talk, tmp_path):
    def conversation(daemon, events):
        until(events, schema="mien.model/1", name=bundles.DEFAULT_MODEL)
        daemon.control.ask(SwitchModel("slim"))
        until(events, schema="mien.model/1", state="loaded", name="slim")
        daemon.control.ask(SwitchModel(str(tmp_path / "none")))
        refused = until(events, schema="mien.model/1", state="refused")
        assert "none" in refused["reason"]
        until(events, schema="mien.observation/1")

    talk(conversation)


class Service:
    """`mien run` with a configuration file, as systemd starts it."""

    def __init__(self, folder: Path, configuration: str, **environment: str) -> None:
        self.file, self.socket = folder / "config.toml", folder / "events"
        self.write(configuration)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "edge.cli", "run", "--no-terminal", "--config", str(self.file)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, **environment},
        )

    def write(self, configuration: str) -> None:
        self.file.write_text(configuration.replace("SOCKET", str(self.socket)))

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def end(self) -> str:
        """Stop it; what it logged."""
        self.process.terminate()
        _, errors = self.process.communicate(timeout=PATIENCE)
        assert self.process.returncode == 0, errors
        assert "Traceback" not in errors
        return errors


CONFIGURATION = """
[camera]
source = "demo"
loop = true
[outputs]
http = false
socket = "SOCKET"
"""


@pytest.fixture
def service(tmp_path, clip, bundle):
    with contextlib.ExitStack() as stack:

        def start(configuration=CONFIGURATION, **environment):
            service = Service(tmp_path, configuration, **environment)
            stack.callback(service.process.kill)
            return service

        yield start


def test_a_reload_applies_what_changed_and_refuses_what_is_wrong(service, tmp_path):
    running = service()
    events = listen(running.socket)
    until(events, schema="mien.observation/1", camera="demo")
    running.write(CONFIGURATION.replace("loop", "lop"))
    running.signal(signal.SIGHUP)
    for _ in range(50):
        until(events, schema="mien.observation/1", camera="demo")
    running.write(CONFIGURATION.replace("[camera]", "[cameras.front]") + f'jsonl = "{tmp_path}/lines"\n')
    running.signal(signal.SIGHUP)
    until(events, schema="mien.observation/1", camera="front")
    errors = running.end()
    assert "the configuration was not applied: unknown key 'camera.lop'" in errors
    assert "the configuration was read again" in errors
    assert '"camera":"front"' in (tmp_path / "lines").read_text()


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ('jsonl = "/no/folder/lines"\n', "cannot write to /no/folder/lines"),
        ('[mqtt]\nhost = "localhost"\nusername = "me"\npassword_file = "/no/password"\n', "/no/password"),
    ],
)
def test_an_output_that_cannot_start_leaves_the_others_as_they_were(service, more, reason):
    running = service()
    events = listen(running.socket)
    until(events, schema="mien.observation/1")
    running.write(CONFIGURATION + more)
    running.signal(signal.SIGHUP)
    for _ in range(100):
        until(events, schema="mien.observation/1")
    assert f"the outputs were left as they were: {reason}" in running.end()


def test_several_cameras_are_looked_through_at_once(service, short_clip):
    running = service(
        f'[cameras.one]\nsource = "demo"\nloop = true\n[cameras.two]\nsource = "{short_clip}"\nloop = true\n'
        '[outputs]\nhttp = false\nsocket = "SOCKET"\n'
    )
    events = listen(running.socket)
    for camera in ("one", "two", "one", "two"):
        until(events, schema="mien.observation/1", camera=camera)
    running.end()


@pytest.mark.slow
def test_a_machine_that_cannot_keep_up_uses_less_step_by_step_and_says_so(service):
    with FailingCamera(
        clip_pictures(), fps=500
    ) as camera:  # no machine keeps up with that and a slow detector
        running = service(
            f'[camera]\nsource = "{camera.url}"\nwait = true\n'
            '[detector]\nname = "hog"\nlongest_side = 640\ninterval = 1\n'
            '[outputs]\nhttp = false\nsocket = "SOCKET"\n'
        )
        events = listen(running.socket)
        until(events, schema="mien.observation/1")
        steps = [until(events, schema="mien.health/1", level=level)["steps"] for level in (1, 2, 3)]
        until(events, schema="mien.observation/1")
    assert [len(step) for step in steps] == [1, 2, 2]
    assert "detector's picture at 75% of its size" in steps[1]
    assert "detector's picture at 50% of its size" in steps[2]
    assert "health: looks at the whole picture up to 2 times as seldom" in running.end()


def test_no_picture_is_kept_anywhere(service, tmp_path):
    """Neither in a file it holds open nor in one it leaves behind."""
    where = {name: str(tmp_path) for name in ("HOME", "TMPDIR", "STATE_DIRECTORY", "XDG_CACHE_HOME")}
    running = service(CONFIGURATION.replace("http = false", f'jsonl = "{tmp_path}/lines"'), **where)
    events = listen(running.socket)
    for _ in range(30):
        until(events, schema="mien.observation/1")
    open_files = {os.readlink(file) for file in Path("/proc", str(running.process.pid), "fd").iterdir()}
    written = [Path(name) for name in open_files if name.startswith(str(tmp_path))]
    running.end()
    assert {name for name in open_files if name.endswith((".mp4", ".jpg", ".png"))} <= {str(CLIP)}
    assert written
    for file in tmp_path.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert not any(mark in content for mark in (b"\xff\xd8\xff", b"\x89PNG", b"WEBP", b"ftyp")), file


def test_systemd_hears_of_start_life_reload_and_end(service, tmp_path):
    address = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(address))
        manager.settimeout(PATIENCE)
        running = service(NOTIFY_SOCKET=str(address), WATCHDOG_USEC="1000000")

        def told(start):
            deadline = time.monotonic() + PATIENCE
            while not (message := manager.recv(4096).decode()).startswith(start):
                assert message.startswith(("WATCHDOG=1", "STATUS="))
                assert time.monotonic() < deadline
            return message

        assert "looking through demo" in told("READY=1")
        told("WATCHDOG=1")
        running.signal(signal.SIGHUP)
        assert "MONOTONIC_USEC=" in told("RELOADING=1")
        told("READY=1")
        told("WATCHDOG=1")
        running.end()
        told("STOPPING=1")
