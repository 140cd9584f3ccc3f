"""Frames on their way from one process to another: three slots of shared memory, the newest frame wins.

The memory has no name and is never on disk. The writer always finds a slot that is neither the newest nor
being read, so it never waits for the reader; a lock on the slot keeps the reader from seeing half a frame.
The kernel takes the locks of a process that dies.
"""

from __future__ import annotations

import contextlib
import fcntl
import mmap
import os
import struct
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from edge.types import Image

SLOTS = 3
LONGEST_SIDE = 8192  # pixels; more is taken for garbage
HEADER = 4096  # bytes, for the records
SLOT = 7680 * 4320 * 3  # bytes; memory that is not written to costs nothing
SIZE = HEADER + SLOTS * SLOT
TRIES = 10
_RECORD = struct.Struct("<QdII")


class Record(NamedTuple):
    """What is in a slot: a frame's number since the process began, 0 for none; its capture time in monotonic
    seconds; its size in pixels."""

    number: int
    captured: float
    height: int
    width: int


class Slots:
    """The memory, mapped by both processes.

    Args:
        descriptor: of the memory, as `allocate` made it.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._memory = mmap.mmap(descriptor, SIZE)
        self._count = 0

    @classmethod
    def allocate(cls) -> Slots:
        """New memory. The writer cannot change its size, which would kill a reader."""
        descriptor = os.memfd_create("mien-frames", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.ftruncate(descriptor, SIZE)
        fcntl.fcntl(
            descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
        )
        return cls(descriptor)

    def put(self, image: Image, captured: float) -> bool:
        """Write a frame, for the one writer; False for what is no picture.

        Args:
            image: uint8 [H, W, 3], BGR.
            captured: monotonic seconds.
        """
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not _fits(*image.shape[:2]):
            return False
        for slot in self._by_age()[:-1]:
            with self._locked(slot, fcntl.LOCK_EX) as locked:
                if locked:
                    self._write(slot, image, captured)
                    return True
        return False

    def take(self, after: int) -> tuple[Record, Image] | None:
        """A copy of the newest frame, for the one reader; None where its number is not above `after`."""
        for _ in range(TRIES):
            slot = self._by_age()[-1]
            if self._record(slot).number <= after:
                return None
            with self._locked(slot, fcntl.LOCK_SH) as locked:
                record = self._record(slot)
                # Else the writer has gone on to newer frames meanwhile.
                if locked and record.number > after and _fits(record.height, record.width):
                    return record, self._pixels(slot, record.height, record.width).copy()
        return None

    @property
    def count(self) -> int:
        """Frames written so far."""
        return max(self._record(slot).number for slot in range(SLOTS))

    def close(self) -> None:
        """Give the memory back."""
        self._memory.close()
        os.close(self.descriptor)

    def _write(self, slot: int, image: Image, captured: float) -> None:
        height, width = image.shape[:2]
        # A writer that is killed at this point must not leave half a frame that counts as one.
        self._set_record(slot, Record(0, 0.0, 0, 0))
        np.copyto(self._pixels(slot, height, width), image)
        self._count += 1
        self._set_record(slot, Record(self._count, captured, height, width))

    def _by_age(self) -> list[int]:
        """Oldest first. Written to while one looks; what is true is seen under the lock."""
        return sorted(range(SLOTS), key=lambda slot: self._record(slot).number)

    def _record(self, slot: int) -> Record:
        return Record(*_RECORD.unpack_from(self._memory, slot * _RECORD.size))

    def _set_record(self, slot: int, record: Record) -> None:
        _RECORD.pack_into(self._memory, slot * _RECORD.size, *record)

    def _pixels(self, slot: int, height: int, width: int) -> Image:
        pixels = np.frombuffer(self._memory, np.uint8, height * width * 3, HEADER + slot * SLOT)
        return pixels.reshape(height, width, 3)

    @contextlib.contextmanager
    def _locked(self, slot: int, kind: int) -> Iterator[bool]:
        """Hold a slot's lock, a byte of the file; False where the other process has it."""
        try:
            fcntl.lockf(self.descriptor, kind | fcntl.LOCK_NB, 1, slot)
        except BlockingIOError:
            yield False
            return
        try:
            yield True
        finally:
            fcntl.lockf(self.descriptor, fcntl.LOCK_UN, 1, slot)


def _fits(height: int, width: int) -> bool:
    return 0 < height <= LONGEST_SIDE and 0 < width <= LONGEST_SIDE and height * width * 3 <= SLOT
