"""Several files that are all replaced, or none."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edge.bundles.writing import replacing
from edge.store.disk import writing

FOR_ALL, FOR_OWNER = 0o644, 0o600


@dataclass(frozen=True, slots=True)
class File:
    """What a file is to hold; None where there is to be no such file.

    Attributes:
        mode: of the file; its folder, where that is made, can be entered by the same.
    """

    path: Path
    text: str | None = field(repr=False)
    mode: int = FOR_ALL

    def is_there(self) -> bool:
        """Whether there is nothing to write."""
        if self.text is None or not self.path.is_file():
            return self.text is None and not self.path.exists()
        return self.path.read_bytes() == self.text.encode() and self.path.stat().st_mode & 0o777 == self.mode


@contextlib.contextmanager
def replaced(files: Sequence[File]) -> Iterator[list[Path]]:
    """Write those that are not there as they should be; where that or the block fails, put back what was.

    Yields:
        the paths of the files that were changed.
    Raises:
        OutputError: a folder cannot be written, or the disk is full.
    """
    before: list[File] = []
    try:
        for file in files:
            with writing(file.path.parent):
                if not file.is_there():
                    before.append(_as_it_is(file.path))
                    _write(file)
        yield [file.path for file in before]
    except BaseException:
        for file in reversed(before):
            with contextlib.suppress(OSError):
                _write(file)
        raise


def _as_it_is(path: Path) -> File:
    if not path.exists():
        return File(path, None)
    return File(path, path.read_text(encoding="utf-8"), path.stat().st_mode & 0o777)


def _write(file: File) -> None:
    if file.text is None:
        file.path.unlink(missing_ok=True)
        return
    if not file.path.parent.is_dir():
        file.path.parent.mkdir(mode=0o755 if file.mode == FOR_ALL else 0o700, parents=True)
    with replacing(file.path, file.mode) as stream:
        stream.write(file.text.encode())
