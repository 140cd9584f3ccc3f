"""Every fault that a daemon left alone has to survive, caused for real, one after another.

    python -m benchmarks.service.faults [--only NAME …]        (make faults)

Needs root (for a small disk), mosquitto with its clients, and cc. Writes its table to docs/results.md; fails
where the daemon was not back to observing within 5 s of the cause's end, or was another process than before.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.service.camera import FPS, FailingCamera, Mode, clip_pictures
from benchmarks.service.running import Broker, Service, wait_for
from train_keras.results import write_section

SILENT = 1.0  # seconds without an observation that count as having stopped
LIMIT = 5.0  # seconds from the cause's end to the next observation
DAY = 86_400
SHIM = Path(__file__).parent / "clock.c"


@dataclass
class Scene:
    """What a fault may touch."""

    service: Service
    camera: FailingCamera
    broker: Broker
    folder: Path


@dataclass(frozen=True)
class Outcome:
    """What a fault did.

    Attributes:
        lasted: seconds of the cause.
        back: seconds from the cause's end to the next observation; None where they never stopped.
        note: what was lost, in words.
    """

    lasted: float
    back: float | None
    note: str


def camera_in(mode: Mode) -> Callable[[Scene], Iterator[str]]:
    """The camera misbehaves for 8 seconds."""

    def fault(scene: Scene) -> Iterator[str]:
        scene.camera.mode = mode
        time.sleep(8)
        yield ""
        scene.camera.mode = "stream"
        yield "the frames of that time"

    return fault


def vanish(scene: Scene) -> Iterator[str]:
    scene.camera.go()
    time.sleep(10)
    yield ""
    scene.camera.come()
    yield "the frames of that time"


def broker_killed(scene: Scene) -> Iterator[str]:
    scene.broker.go()
    time.sleep(30)
    yield ""
    scene.broker.come()
    began = time.monotonic()
    while not scene.broker.hears("mien/test/+/observation", 1):
        if time.monotonic() - began > 20:
            raise RuntimeError("the broker hears nothing")
    back = time.monotonic() - began
    yield f"MQTT's observations of that time, not its states; MQTT is back after {back:.1f} s"


def deaf_client(scene: Scene) -> Iterator[str]:
    with contextlib.ExitStack() as stack:
        for _ in range(4):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", scene.service.port)))
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        time.sleep(20)
        yield ""
    yield "those clients' events"


def full_disk(scene: Scene) -> Iterator[str]:
    disk = scene.folder / "disk"
    ballast = disk / "ballast"
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(1 << 16))
    wait_for(
        lambda: "free some space" in scene.service.log, "the full disk was not noticed", scene.service.log
    )
    time.sleep(5)
    yield ""
    ballast.unlink()
    seconds = wait_for(lambda: "can be written again" in scene.service.log, "the file was not written again")
    yield f"the file's lines of that time; it is written again after {seconds:.1f} s"


def model_deleted(scene: Scene) -> Iterator[str]:
    shutil.move(scene.service.model, scene.folder / "away")
    scene.service.configure("[people]\nhold_seconds = 0.7\n")
    scene.service.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "was not applied" in scene.service.log, "the reload was not refused", scene.service.log)
    time.sleep(2)
    yield ""
    shutil.move(scene.folder / "away", scene.service.model)
    scene.service.configure("")
    yield "nothing: the model in memory goes on, a reload without it is refused"


def clock_jump(scene: Scene) -> Iterator[str]:
    clock = scene.folder / "clock"
    for jump in (3 * DAY, -3 * DAY):
        clock.write_text(str(jump))
        wait_for(lambda: abs(scene.service.ahead - jump) < DAY, "the clock did not jump")  # noqa: B023
        time.sleep(2)
    yield ""
    clock.write_text("0")
    yield "nothing; events carry the clock's time"


def bad_requests(scene: Scene) -> Iterator[str]:
    kinds = (
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64),
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n",
        b"POST /api/v1/state HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n",
        b"GET /preview.jpg?after=\xff\xfe HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    )
    for number in range(200):
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", scene.service.port)) as client,
        ):
            client.settimeout(2)
            client.sendall(kinds[number % len(kinds)])
            client.recv(4096)
    yield ""
    connection = http.client.HTTPConnection("127.0.0.1", scene.service.port, timeout=10)
    connection.request("GET", "/healthz")
    if connection.getresponse().status != 200:
        raise RuntimeError("the server does not answer any more")
    yield "nothing"


def stopped(scene: Scene) -> Iterator[str]:
    os.kill(scene.service.process.pid, signal.SIGSTOP)
    time.sleep(20)
    yield ""
    os.kill(scene.service.process.pid, signal.SIGCONT)
    yield "the frames of that time"


FAULTS: dict[str, tuple[str, Callable[[Scene], Iterator[str]]]] = {
    "freeze": ("the camera freezes in mid-picture", camera_in("freeze")),
    "vanish": ("the camera is gone", vanish),
    "garbage": ("the camera sends garbage", camera_in("garbage")),
    "broker": ("the MQTT broker is killed", broker_killed),
    "deaf": ("four HTTP clients never read", deaf_client),
    "disk": ("the disk is full", full_disk),
    "model": ("the model's files are deleted, and a reload asked for", model_deleted),
    "clock": ("the clock jumps three days ahead, then back", clock_jump),
    "requests": ("200 bad requests", bad_requests),
    "stop": ("the daemon is stopped (SIGSTOP)", stopped),
}


def cause(scene: Scene, fault: Callable[[Scene], Iterator[str]]) -> Outcome:
    """Cause a fault, and see the daemon come back."""
    service = scene.service
    pid, began, service.gap = service.process.pid, time.monotonic(), 0.0
    course = fault(scene)
    next(course)
    ended, seen = time.monotonic(), service.observations
    silent = max(service.gap, ended - service.last) > SILENT
    note = next(course)
    back = wait_for(lambda: service.observations > seen, "the daemon does not observe again", service.log)
    if service.process.poll() is not None or service.process.pid != pid:
        raise RuntimeError(f"the daemon ended with {service.process.returncode}\n{service.log}")
    return Outcome(ended - began, back if silent else None, note)


@contextlib.contextmanager
def scene_in(folder: Path, size: str = "16m", fps: float = FPS) -> Iterator[Scene]:
    """A daemon with everything around it.

    Args:
        size: of its disk, as mount takes it.
        fps: of its camera.
    """
    camera, broker, disk = FailingCamera(clip_pictures(), fps), Broker(folder), folder / "disk"
    broker.come()
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", disk], check=True)  # needs root
    # A clock of its own for the daemon, which can be set without setting this machine's.
    clock, shim = folder / "clock", folder / "clock.so"
    clock.write_text("0")
    subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", shim, SHIM, "-ldl"], check=True)
    moved = {"LD_PRELOAD": str(shim), "FAULTS_CLOCK": str(clock)}
    service = Service(folder, camera.url, broker.port, **moved)
    try:
        with service:
            yield Scene(service, camera, broker, folder)
    finally:
        broker.go()
        camera.go()
        subprocess.run(["umount", "-l", disk], check=False)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="*", choices=FAULTS, default=list(FAULTS), metavar="NAME")
    chosen = parser.parse_args().only
    rows, failed = [], []
    with tempfile.TemporaryDirectory() as folder, scene_in(Path(folder)) as scene:
        for name in chosen:
            what, fault = FAULTS[name]
            print(f"{what} …", end=" ", flush=True)
            try:
                outcome = cause(scene, fault)
            except RuntimeError as error:
                failed.append(name)
                rows.append([what, "-", "-", "failed: " + str(error).partition("\n")[0]])
                print(error)
                continue
            good = outcome.back is None or outcome.back <= LIMIT
            failed += [] if good else [name]
            back = "never stopped" if outcome.back is None else f"{outcome.back:.1f} s"
            rows.append([what, f"{outcome.lasted:.0f} s", back, outcome.note])
            print(f"observing again: {back}{'' if good else ', too late'}")
            time.sleep(3)
    body = "| fault | lasts | observing again after | what is lost |\n|---|---|---|---|\n"
    body += "\n".join("| " + " | ".join(row) + " |" for row in rows)
    body += "\n\nOne process from the first fault to the last."
    if not failed and len(chosen) == len(FAULTS):
        write_section("faults", "Faults that the daemon survives", "make faults", body)
    sys.exit(f"failed: {', '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    main()
