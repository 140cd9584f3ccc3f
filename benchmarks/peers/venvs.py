"""Environments of the peers, made with pip under build/peers."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.peers.catalogue import Environment

FOLDER = Path("build/peers")
LONGEST = 200  # characters of a reason
MADE = ".made"  # holds the list of packages; written when all are installed


class PeerError(Exception):
    """Why a peer cannot take part, in one line."""

    def __str__(self) -> str:
        return plain(super().__str__())


def plain(reason: str) -> str:
    """The first sentence, without addresses and folders: reasons are published, and are about the peer.

    >>> plain("no weights at https://example.org/a.h5 for /home/me/.x/a.h5. Get them.")
    'no weights at (address) for a.h5'
    """
    text = re.sub(r"\w+://\S+", "(address)", " ".join(reason.encode("ascii", "ignore").decode().split()))
    text = re.sub(r"(?<!\S)(['\"(]*)/(?:[^\s/]+/)+", r"\1", text)
    return text.split(". ")[0][:LONGEST]


def python_of(environment: Environment, folder: Path = FOLDER) -> Path:
    """The interpreter of an environment that was made.

    Raises:
        PeerError: it was not, or from other packages.
    """
    home = folder / environment.name
    made = home / MADE
    if not made.is_file() or made.read_text() != _list(environment):
        raise PeerError("no environment was made: python -m benchmarks.peers --make-venvs")
    return home / "bin" / "python"


def make_venv(environment: Environment, folder: Path = FOLDER) -> None:
    """Make the environment, unless it is there.

    Raises:
        PeerError: there is no Python that is old enough, or pip refuses; its own last words.
    """
    home = folder / environment.name
    if (home / MADE).is_file() and (home / MADE).read_text() == _list(environment):
        return
    shutil.rmtree(home, ignore_errors=True)
    _run([base_python(environment.newest_python), "-m", "venv", str(home)])
    pip = [str(home / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    first, *others = environment.packages
    if environment.alone:
        _run([*pip, "--no-deps", first])
    else:
        others = [first, *others]
    _run([*pip, *others])
    (home / MADE).write_text(_list(environment))


def install_beside(packages: tuple[str, ...], target: Path) -> None:
    """Put packages into a folder, without what they ask for, for this Python to find by PYTHONPATH.

    Raises:
        PeerError: pip refuses; its own last words.
    """
    if (target / MADE).is_file():
        return
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-deps"]
    _run([*pip, "--target", str(target), *packages])
    (target / MADE).write_text("")


def base_python(newest: tuple[int, int] | None) -> str:
    """A Python that is no newer.

    Raises:
        PeerError: there is none.
    """
    if newest is None or sys.version_info[:2] <= newest:
        return sys.executable
    for minor in range(newest[1], 10, -1):
        if found := shutil.which(f"python3.{minor}"):
            return found
    raise PeerError(f"needs Python {newest[0]}.{newest[1]} or older, and there is none")


def last_words(text: str) -> str:
    """The last line that says something, of a traceback or of pip's complaints.

    >>> last_words("ERROR: no matching distribution\\n\\n[notice] a new pip")
    'ERROR: no matching distribution'
    """
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("[notice]")]
    errors = [line for line in lines if line.startswith("ERROR")]
    return (errors or lines or ["no reason given"])[-1]


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PeerError(last_words(done.stderr or done.stdout))


def _list(environment: Environment) -> str:
    return "\n".join(environment.packages) + "\n"
