"""One change of the store at a time, over all processes."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from edge.errors import StoreError

PATIENCE = 10.0  # seconds
LOOK = 0.05  # seconds between two tries


@contextlib.contextmanager
def locked(file: Path, purpose: str, patience: float = PATIENCE) -> Iterator[None]:
    """Hold the lock of a file; it is let go with the process, however that ends.

    Args:
        purpose: what is done meanwhile, for whoever waits.
        patience: seconds to wait for another holder.
    Raises:
        StoreError: another process held it all the time; the message says which.
        OSError: the file cannot be made.
    """
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        deadline = time.monotonic() + patience
        while not _try(descriptor):
            if time.monotonic() >= deadline:
                holder = os.pread(descriptor, 200, 0).decode(errors="replace").strip() or "another process"
                raise StoreError(f"the model store is in use ({holder}): try again when that is done")
            time.sleep(LOOK)
        os.ftruncate(descriptor, 0)
        since = datetime.now(UTC).strftime("%H:%M:%S")
        os.pwrite(descriptor, f"process {os.getpid()}, {purpose}, since {since} UTC".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
