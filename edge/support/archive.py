"""The bundle's file: a .tar.gz of texts."""

from __future__ import annotations

import io
import tarfile
import time
from collections.abc import Sequence
from pathlib import Path

from edge.bundles.writing import replacing
from edge.errors import OutputError
from edge.store.disk import writing


def write(file: Path, members: Sequence[tuple[str, str]]) -> None:
    """Write names and texts into a new file that its owner alone can read, all in one folder named like it.

    Raises:
        OutputError: there is such a file, or it cannot be written.
    """
    if file.exists():
        raise OutputError(f"{file} exists: give another name with --out")
    folder, now = file.name.partition(".")[0] or "mien-support", int(time.time())
    with (
        writing(file.absolute().parent),
        replacing(file.absolute(), 0o600) as stream,
        tarfile.open(fileobj=stream, mode="w:gz", format=tarfile.PAX_FORMAT) as archive,
    ):
        for name, text in members:
            content = text.encode(errors="replace")
            entry = tarfile.TarInfo(f"{folder}/{name}")
            entry.size, entry.mtime, entry.mode = len(content), now, 0o644
            archive.addfile(entry, io.BytesIO(content))
