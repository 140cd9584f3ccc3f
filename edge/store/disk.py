"""Changes of the disk that a power cut leaves done or not done, never half."""

from __future__ import annotations

import contextlib
import errno
import os
import pwd
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

from edge.bundles.writing import sync_folder
from edge.errors import FileUnreadableError, OutputError

MENDS = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), "free some space"),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), "try again as its owner, or with sudo"),
}


@contextlib.contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Say what keeps the folder from being written, in one line.

    Raises:
        OutputError: the disk is full, the folder belongs to somebody else, or it cannot be made.
    """
    try:
        yield
    except OSError as error:
        mend = MENDS.get(error.errno or 0, "check the path")
        raise OutputError(f"cannot write below {folder} ({error.strerror}): {mend}") from error


@contextlib.contextmanager
def reading(file: Path) -> Iterator[None]:
    """Say what keeps a file from being read, in one line; within `writing`, which takes it for the folder's.

    Raises:
        FileUnreadableError: this user may not read it, it is not there, or its disk is broken.
    """
    try:
        yield
    except PermissionError as error:
        raise FileUnreadableError(
            f"{file} cannot be read by {_user()}, as whom mien installs ({error.strerror}): copy it to where "
            f"{_user()} may read it, such as /tmp"
        ) from error
    except OSError as error:
        raise FileUnreadableError(f"{file} cannot be read ({error.strerror}): check the path") from error


def _user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:  # an account of another machine
        return f"user {os.geteuid()}"


def replace_file(path: Path, content: bytes, scratch: Path) -> None:
    """Put a file in the place of another, on the disk when this returns.

    Args:
        scratch: a folder of the same file system for what is not whole yet.
    """
    part = scratch / f"{path.name}-{uuid.uuid4().hex}"
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    try:
        left = memoryview(content)
        while left:
            left = left[os.write(descriptor, left) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    os.replace(part, path)
    sync_folder(path.parent)


def replace_link(link: Path, target: str | None, scratch: Path) -> None:
    """Let a symbolic link hold another text, by one rename; None takes the link away."""
    if target is None:
        link.unlink(missing_ok=True)
    else:
        part = scratch / f"{link.name}-{uuid.uuid4().hex}"
        os.symlink(target, part)
        os.replace(part, link)
    sync_folder(link.parent)


def move(source: Path, target: Path) -> None:
    """Rename a folder whose files are on the disk, and have its new name there too."""
    sync_folder(source)
    if not target.parent.is_dir():
        target.parent.mkdir()
        sync_folder(target.parent.parent)
    os.rename(source, target)
    sync_folder(target.parent)


def discard(folder: Path, scratch: Path) -> None:
    """Take a folder away: gone from its place at once, and from the disk a little later."""
    rest = scratch / f"{folder.name}-{uuid.uuid4().hex}"
    os.rename(folder, rest)
    sync_folder(folder.parent)
    shutil.rmtree(rest)
