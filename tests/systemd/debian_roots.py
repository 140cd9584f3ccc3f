"""Root file systems of a small Debian trixie, fetched once and kept below build/."""

from __future__ import annotations

import shutil
import subprocess
import zlib
from pathlib import Path

import pytest
from machine import ROOT

SOURCES = Path("/etc/apt/sources.list.d/debian.sources")


def unpack_debian(folder: Path, arch: str, variant: str, packages: str) -> Path:
    """Unpack a trixie into a folder that is not there yet; the test is skipped where none can be fetched.

    Args:
        variant: mmdebstrap's; "extract" runs none of the packages' programs, so any architecture will do.
        packages: beyond the variant's own, with commas between.
    """
    kept = ROOT / f"build/trixie-{arch}-{variant}-{zlib.crc32(packages.encode()):08x}.tar"
    if not kept.is_file():
        if shutil.which("mmdebstrap") is None:
            pytest.skip("no mmdebstrap here: apt install mmdebstrap")
        kept.parent.mkdir(exist_ok=True)
        part = kept.with_suffix(".part.tar")
        make = ["mmdebstrap", f"--variant={variant}", f"--arch={arch}", f"--include={packages}", "trixie"]
        made = subprocess.run([*make, part, *mirror()], capture_output=True, text=True)
        if made.returncode:
            pytest.skip(f"no Debian could be fetched: {made.stderr.strip().splitlines()[-1]}")
        part.rename(kept)
    folder.mkdir()
    subprocess.run(["tar", "--extract", f"--file={kept}", f"--directory={folder}"], check=True)
    return folder


def mirror() -> list[str]:
    """Where this machine's own apt gets Debian from; nothing, for mmdebstrap's default, where none is set."""
    if not SOURCES.is_file():
        return []
    lines = SOURCES.read_text().splitlines()
    return [line.split()[1] for line in lines if line.startswith("URIs:")][:1]
