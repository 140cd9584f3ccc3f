"""Results as files: whole, or not there."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

from edge.errors import OutputError


def check_writable(file: Path) -> None:
    """What cannot be written should be known before an hour of measuring; nothing is made yet.

    Raises:
        OutputError: the folder is missing or may not be written, or the path is a folder.
    """
    if file.is_dir():
        raise OutputError(f"{file} is a folder: give the path of a file")
    if not file.parent.is_dir():
        raise OutputError(f"cannot write {file}: there is no folder {file.parent}; give another path")
    if not os.access(file if file.exists() else file.parent, os.W_OK):
        raise OutputError(f"cannot write {file} (permission denied): give another path")


def write_whole(file: Path, text: str) -> None:
    """Put the text into the file; whatever interrupts it leaves the file as it was.

    Raises:
        OutputError: it cannot be written.
    """
    try:
        if file.exists() and not file.is_file():  # a pipe or /dev/stdout: nothing to be replaced
            file.write_text(text, encoding="utf-8")
            return
        part = file.with_name(f"{file.name}.{uuid.uuid4().hex[:8]}.part")
        try:
            part.write_text(text, encoding="utf-8")
            os.replace(part, file)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write {file} ({error.strerror}): give another path") from error
