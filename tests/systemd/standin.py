"""Takes the daemon's place in the boot tests: tells systemd what the daemon tells it, but sees nothing.

It is ready once the file /run/mien/go is there, and puts what it learned of its surroundings into its state
folder.
"""

import errno
import json
import mmap
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from edge import notify

STATE = Path(os.environ["STATE_DIRECTORY"])
CONFIG = Path(os.environ["CONFIGURATION_DIRECTORY"], "config.toml")
GO = Path(os.environ["RUNTIME_DIRECTORY"], "go")


def forbidden(what) -> bool:
    try:
        what()
    except (OSError, ValueError):
        return True
    return False


def error_of_opening(path: Path) -> str | None:
    try:
        os.close(os.open(path, os.O_RDWR))
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    return None


def share_memory() -> None:
    memory = os.memfd_create("frames")
    os.ftruncate(memory, 4096)
    mmap.mmap(memory, 4096)[0] = 1


def open_socket(family: int) -> None:
    socket.socket(family, socket.SOCK_DGRAM).close()


def surroundings() -> dict:
    credentials = Path(os.environ.get("CREDENTIALS_DIRECTORY", "/nowhere"))
    return {
        "user": os.getuid(),
        "groups": os.getgroups(),
        "cpuinfo": Path("/proc/cpuinfo").stat().st_size is not None
        and bool(Path("/proc/cpuinfo").read_text()),
        "interval": notify.watchdog_interval(),
        "another device": error_of_opening(Path("/dev/another")),
        "credentials": {file.name: file.read_text() for file in credentials.glob("*")},
        # What a camera in a process of its own, MQTT, HTTP and libcamera's hot plugging need.
        "allowed": {
            "start a process": not forbidden(lambda: subprocess.run([sys.executable, "-c", ""], check=True)),
            "share memory with it": not forbidden(share_memory),
            "use the network": not forbidden(lambda: open_socket(socket.AF_INET6)),
            "listen to udev": not forbidden(lambda: open_socket(socket.AF_NETLINK)),
        },
        "forbidden": {
            "write its configuration": forbidden(lambda: CONFIG.write_text("")),
            "write its program": forbidden(lambda: Path(__file__).with_name("x").touch()),
            "see homes": forbidden(lambda: list(Path("/root").iterdir())),
            "send raw packets": forbidden(lambda: open_socket(socket.AF_PACKET)),
            "run what it wrote": forbidden(
                lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
            ),
        },
    }


def reload(*_: object) -> None:
    notify.reloading()
    notify.ready(CONFIG.read_text())


def stop(*_: object) -> None:
    notify.stopping()
    sys.exit(0)


def main() -> None:
    signal.signal(signal.SIGHUP, reload)
    signal.signal(signal.SIGTERM, stop)
    starts = STATE / "starts"
    starts.write_text(str(int(starts.read_text()) + 1 if starts.exists() else 1))
    (STATE / "surroundings.json").write_text(json.dumps(surroundings()))
    while not GO.exists():
        time.sleep(0.05)
    notify.ready("looking")
    while True:
        notify.watchdog()
        time.sleep(notify.watchdog_interval() or 1.0)


main()
