"""A file that is put aside when it has grown large, and begun again."""

from __future__ import annotations

import os
from pathlib import Path


class RotatingFile:
    """Appends lines to a file; at `limit` bytes it becomes FILE.1, the former FILE.1 FILE.2, and so on.

    Args:
        path: the file.
        limit: bytes; 0 for a file that only grows.
        keep: how many files are kept beside it.
    Raises:
        OSError: it cannot be opened; later, it cannot be written.
    """

    def __init__(self, path: Path, limit: int = 0, keep: int = 3) -> None:
        self._path, self._limit, self._keep = path, limit, keep
        self._descriptor = self._open()
        self._size = os.fstat(self._descriptor).st_size

    def write(self, lines: bytes) -> None:
        """Append whole lines."""
        if self._limit and self._size and self._size + len(lines) > self._limit:
            self._put_aside()
        rest = memoryview(lines)
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError:
            # A line cut off would spoil the one after it, once there is room again.
            if len(rest) < len(lines):
                os.ftruncate(self._descriptor, self._size)
            raise
        self._size += len(lines)

    def close(self) -> None:
        os.close(self._descriptor)

    def _open(self) -> int:
        return os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)

    def _put_aside(self) -> None:
        for number in range(self._keep - 1, 0, -1):
            older = self._numbered(number)
            if older.exists():
                older.replace(self._numbered(number + 1))
        if self._path.exists():  # somebody may have moved it meanwhile
            self._path.replace(self._numbered(1))
        descriptor = self._open()
        os.close(self._descriptor)
        self._descriptor, self._size = descriptor, os.fstat(descriptor).st_size

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")
