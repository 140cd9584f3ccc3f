"""The locked packages as wheels for another machine, and mien's own wheel."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from edge.errors import PackagingError
from shipping.source import Source
from shipping.targets import platform_tags

PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")


def fetch(lock: Path, arch: str, glibc: int, python: str, cache: Path, folder: Path) -> list[Path]:
    """Put the wheels of a lock file, checked against its hashes, into a folder.

    Args:
        lock: a requirements file with hashes.
        arch: Debian's word, such as "arm64".
        python: such as "3.13".
        cache: a folder of wheels; what lies there already is not fetched again.
    Raises:
        PackagingError: a package has no wheel for this machine, or other content than was locked.
    """
    cache.mkdir(parents=True, exist_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    ask = [*PIP, "download", "--no-deps", "--require-hashes", "--only-binary=:all:"]
    ask += [f"--requirement={lock}", f"--find-links={cache}", f"--dest={folder}"]
    ask += [f"--platform={tag}" for tag in platform_tags(arch, glibc)]
    ask += ["--implementation=cp", f"--python-version={python}"]
    # Without the registry first: a second build needs no network.
    if _run([*ask, "--no-index"]).returncode:
        tried = _run(ask)
        if tried.returncode:
            raise PackagingError(
                f"no wheels for {arch}, Python {python}: {_reason(tried)}; see to pip's access"
            )
    wheels = sorted(folder.glob("*.whl"))
    for wheel in wheels:
        if not (cache / wheel.name).exists():
            shutil.copy2(wheel, cache)
    return wheels


def build_own(source: Source, folder: Path) -> Path:
    """mien's wheel, in a folder that holds none yet.

    Raises:
        PackagingError: setuptools refuses.
    """
    build = [*PIP, "wheel", "--no-deps", "--no-build-isolation", "--no-cache-dir", f"--wheel-dir={folder}"]
    built = _run([*build, str(source.folder)], SOURCE_DATE_EPOCH=str(source.epoch))
    if built.returncode:
        raise PackagingError(f"mien's wheel cannot be built: {_reason(built)}; make run, then try again")
    return next(folder.glob("mien-*.whl"))


def _run(command: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment})


def _reason(failed: subprocess.CompletedProcess[str]) -> str:
    """pip's last word, without its prefix."""
    return failed.stderr.strip().rpartition("\n")[2].removeprefix("ERROR: ")
