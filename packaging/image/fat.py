"""Files on the boot partition inside an image, by mtools: nothing is mounted, so nobody needs to be root."""

from __future__ import annotations

import os
import re
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

from edge.errors import ImageError

# Nobody's own settings, and no complaint about the geometry of disks that nobody has had since 1995.
ENVIRONMENT = {"MTOOLSRC": "/dev/null", "MTOOLS_SKIP_CHECK": "1", "LC_ALL": "C.UTF-8"}
FREE = re.compile(rb"([\d ]+) bytes free")


@dataclass(frozen=True, slots=True)
class BootPartition:
    """The FAT file system at an offset in bytes of an image."""

    image: Path
    offset: int

    def names(self) -> set[str]:
        """What lies in its top folder; folders end in a slash."""
        listing = self._run("mdir", "-a", "-b", "::").decode()
        return {line.removeprefix("::/") for line in listing.splitlines()}

    def free(self) -> int:
        """Bytes that are not in use."""
        found = FREE.search(self._run("mdir", "::"))
        if found is None:
            raise ImageError(f"{self.image}: mdir does not say what is free: is it mtools' own?")
        return int(found[1].replace(b" ", b""))

    def space_for(self, sizes: list[int]) -> int:
        """Bytes that files of these sizes take up, each in whole clusters."""
        with self.image.open("rb") as file:
            file.seek(self.offset)
            sector, sectors = struct.unpack_from("<11xHB", file.read(16))
        cluster = sector * sectors or 1
        return sum(-(-size // cluster) * cluster for size in sizes)

    def read(self, name: str) -> bytes:
        return self._run("mtype", f"::{name}")

    def make_folder(self, name: str) -> None:
        self._run("mmd", f"::{name}")

    def write(self, name: str, content: bytes) -> None:
        """Put a file there, in the place of what may have that name, and read it back.

        Raises:
            ImageError: there is no mtools, it refuses, or something else was read than written.
        """
        self._run("mcopy", "-o", "-", f"::{name}", given=content)
        if self.read(name) != content:
            raise ImageError(f"{name} was read back otherwise than written: check the disk, and try again")

    def _run(self, program: str, *arguments: str, given: bytes = b"") -> bytes:
        command = [program, "-i", f"{self.image}@@{self.offset}", *arguments]
        try:
            done = subprocess.run(
                command, input=given, capture_output=True, check=True, env={**os.environ, **ENVIRONMENT}
            )
        except FileNotFoundError as error:
            raise ImageError(f"{program} is not installed: apt install mtools") from error
        except subprocess.CalledProcessError as error:
            reason = error.stderr.decode(errors="replace").strip().partition("\n")[0]
            raise ImageError(
                f"{program} fails on the boot partition of {self.image} ({reason}): check image and disk"
            ) from error
        return done.stdout
