"""The commit that is packaged: its files, its date and mien's version in it."""

from __future__ import annotations

import subprocess
import tarfile
import tomllib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from edge.errors import PackagingError


@dataclass(frozen=True, slots=True)
class Source:
    """A commit, unpacked.

    Attributes:
        epoch: seconds since 1970 of the commit, the date of every file that is packaged.
        version: of mien.
    """

    folder: Path
    commit: str
    epoch: int
    version: str


def check_out(repository: Path, folder: Path) -> Source:
    """Put the files of the last commit into an empty folder.

    What is not committed is left behind: the same commit gives the same package.

    Raises:
        PackagingError: the repository is none of git's.
    """
    archive = _git(repository, "archive", "--format=tar", "HEAD")
    with tarfile.open(fileobj=BytesIO(archive)) as tar:
        tar.extractall(folder, filter="data")
    commit, epoch = _git(repository, "log", "-1", "--format=%h %ct").decode().split()
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    return Source(folder, commit, int(epoch), project["version"])


def uncommitted(repository: Path) -> bool:
    """Whether tracked files differ from the last commit."""
    return bool(_git(repository, "status", "--porcelain", "--untracked-files=no").strip())


def _git(repository: Path, *arguments: str) -> bytes:
    try:
        return subprocess.run(["git", "-C", repository, *arguments], capture_output=True, check=True).stdout
    except FileNotFoundError as error:
        raise PackagingError("git is not installed: apt install git") from error
    except subprocess.CalledProcessError as error:
        reason = error.stderr.decode(errors="replace").strip().partition("\n")[0]
        raise PackagingError(
            f"{repository} cannot be packaged ({reason}): build in a git checkout"
        ) from error
