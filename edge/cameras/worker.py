"""Reads one camera, in a process of its own: `edge/cameras/child.py` starts it and tells the rest."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import sys
import threading
import time
from typing import Any

from edge.cameras import open_camera
from edge.cameras.slots import Slots
from edge.errors import CameraMissingError, MienError

GRACE = 0.3  # seconds the camera has to be let go of, once nobody wants its frames
PR_SET_PDEATHSIG = 1


def main() -> None:
    """Obey the order on standard input until nobody holds its other end."""
    # Ctrl-C and a service manager's SIGTERM reach every process; it is the daemon who ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    die_with_parent()
    order = json.loads(sys.stdin.buffer.readline() or "null")
    if order is None:
        return
    unwanted = threading.Event()
    threading.Thread(target=_wait_for_the_end, args=(unwanted,), daemon=True).start()
    mouth = Mouth(order["mouth"])
    try:
        stream(order, mouth, unwanted)
    except MienError as error:
        mouth.last_words(error)
    except Exception as error:  # its text may hold the address, and with it a password
        name = type(error).__name__
        mouth.last_words(CameraMissingError(f"the camera's process failed ({name}): see mien doctor"))


def stream(order: dict[str, Any], mouth: Mouth, unwanted: threading.Event) -> None:
    """Hand over frames until there are no more.

    Raises:
        MienError: what `open_camera` raises, or the camera stopped giving frames.
    """
    slots = Slots(order["memory"])
    size = order["size"]
    camera = open_camera(order["source"], size=size and tuple(size), fps=order["fps"])
    try:
        while not unwanted.is_set():
            frame = camera.read()
            if frame is None:
                raise CameraMissingError(f"camera {camera.name} has ended: is it a live camera?")
            if slots.put(frame.image, frame.captured):
                mouth.frame()
    finally:
        camera.close()


class Mouth:
    """The end of a pipe to say things into, for the process that listens."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        os.set_blocking(descriptor, False)

    def frame(self) -> None:
        """There is a new one."""
        # A listener that sleeps has been told often enough: a full pipe wakes it too.
        with contextlib.suppress(BlockingIOError, BrokenPipeError):
            os.write(self._descriptor, b".")

    def last_words(self, error: MienError) -> None:
        """Nothing comes any more, for this reason."""
        os.set_blocking(self._descriptor, True)
        with contextlib.suppress(BrokenPipeError):
            os.write(self._descriptor, f"!{error.exit_code} {error}".encode())


def die_with_parent() -> None:
    """Be killed when the parent is, even in the middle of a read that never returns."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _wait_for_the_end(unwanted: threading.Event) -> None:
    # Not sys.stdin, whose lock, held by this thread, would keep Python from ending.
    while os.read(sys.stdin.fileno(), 1024):
        pass
    unwanted.set()
    time.sleep(GRACE)
    os._exit(0)


if __name__ == "__main__":
    main()
    os._exit(0)  # some camera libraries hang in their clean-up
