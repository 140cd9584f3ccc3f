"""Which system an image holds, read from its root partition by debugfs: nothing is mounted."""

from __future__ import annotations

import re
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

from edge.errors import ImageError
from image.partitions import Partition

# Of the ELF header: the kernel's number of an architecture -> Debian's word.
ELF_MACHINES = {0x28: "armhf", 0x3E: "amd64", 0xB7: "arm64"}
RELEASE = re.compile(rb'^VERSION_ID="?(\d+)"?$', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class System:
    """What a package has to fit: Debian's word for the architecture, and the number of its release."""

    arch: str
    release: int


def read_system(image: Path, root: Partition) -> System:
    """The system on the root partition.

    Raises:
        ImageError: there is no debugfs, or no Debian.
    """
    release = RELEASE.search(_read(image, root, "/usr/lib/os-release"))
    program = _read(image, root, "/usr/bin/dpkg")
    if release is None or program[:4] != b"\x7fELF":
        raise ImageError(f"{image} holds no Debian: take an image of Raspberry Pi OS")
    (machine,) = struct.unpack_from("<18xH", program)
    return System(ELF_MACHINES.get(machine, f"another machine ({machine:#x})"), int(release[1]))


def _read(image: Path, root: Partition, path: str) -> bytes:
    """A file's content; empty where there is none."""
    command = ["debugfs", "-R", f"cat {path}", f"{image}?offset={root.offset}"]
    try:
        return subprocess.run(command, capture_output=True, check=True).stdout
    except FileNotFoundError as error:
        raise ImageError("debugfs is not installed: apt install e2fsprogs") from error
    except subprocess.CalledProcessError as error:
        raise ImageError(f"{image}: its root partition cannot be read: fetch it again") from error
