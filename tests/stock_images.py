"""Images with the partitions of Raspberry Pi OS, small, and packages to put on them; made without root."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

SECTOR = 512
# In sectors. FAT32 begins at 65,525 clusters, here of one sector each.
BOOT_START, BOOT_SECTORS = 8192, 73728
ROOT_SECTORS = 16384
BOOT_OFFSET, ROOT_OFFSET = BOOT_START * SECTOR, (BOOT_START + BOOT_SECTORS) * SECTOR
PROGRAMS = {"sfdisk": "fdisk", "mkfs.vfat": "dosfstools", "mcopy": "mtools", "mke2fs": "e2fsprogs"}
CMDLINE = "console=tty1 root=PARTUUID=1234-02 rootfstype=ext4 rootwait resize\n"
TRIXIE = {
    "cmdline.txt": CMDLINE,
    "config.txt": "arm_64bit=1\n",
    "meta-data": "",
    "network-config": "",
    "user-data": "#cloud-config\n",
}
ELF_MACHINES = {"amd64": 0x3E, "arm64": 0xB7}
# These programs lie where no user's PATH leads.
ENVIRONMENT = {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin", "MTOOLSRC": "/dev/null"}


def skip_without_programs() -> None:
    for program, package in PROGRAMS.items():
        if shutil.which(program, path=ENVIRONMENT["PATH"]) is None:
            pytest.skip(f"no {program} here: apt install {package}")


def run(*command: str | Path, given: bytes = b"") -> bytes:
    return subprocess.run(command, input=given, capture_output=True, check=True, env=ENVIRONMENT).stdout


def make_stock(
    folder: Path,
    arch: str = "arm64",
    types: str = "c 83",
    boot: dict[str, str] | None = None,
    boot_sectors: int = BOOT_SECTORS,
) -> Path:
    """A stock image of Debian 13.

    Args:
        types: of the two partitions, in hexadecimal.
        boot: texts of the boot partition's files by their names; None for those of Trixie.
    """
    skip_without_programs()
    image = folder / "stock.img"
    root_start = BOOT_START + boot_sectors
    with image.open("wb") as file:
        file.truncate((root_start + ROOT_SECTORS) * SECTOR)
    first, second = types.split()
    table = f"label: dos\n{BOOT_START},{boot_sectors},{first}\n{root_start},,{second}\n"
    run("sfdisk", "--quiet", image, given=table.encode())
    run("mkfs.vfat", "-F", "32", "-s", "1", "--offset", str(BOOT_START), image, str(boot_sectors // 2))
    for name, text in (TRIXIE if boot is None else boot).items():
        put(image, name, text.encode())
    root = folder / "stock-root"
    (root / "usr/lib").mkdir(parents=True)
    (root / "usr/bin").mkdir()
    (root / "usr/lib/os-release").write_text('ID=debian\nVERSION_ID="13"\n')
    header = struct.pack("<4s12xHH", b"\x7fELF", 3, ELF_MACHINES[arch])
    (root / "usr/bin/dpkg").write_bytes(header + bytes(1000))
    place = [f"offset={root_start * SECTOR}", image, f"{ROOT_SECTORS // 2}k"]
    run("mke2fs", "-q", "-t", "ext4", "-d", root, "-E", *place)
    return image


def put(image: Path, name: str, content: bytes) -> None:
    run("mcopy", "-o", "-i", f"{image}@@{BOOT_OFFSET}", "-", f"::{name}", given=content)


def take_out(image: Path, folder: Path) -> Path:
    """What lies on the boot partition, in a new folder."""
    folder.mkdir()
    run("mcopy", "-s", "-n", "-i", f"{image}@@{BOOT_OFFSET}", "::*", folder)
    return folder


def root_of(image: Path) -> bytes:
    """The bytes of the root partition."""
    return image.read_bytes()[ROOT_OFFSET:]


def make_package(
    folder: Path, arch: str = "arm64", version: str = "0.1.0-1+deb13", name: str = "mien"
) -> Path:
    """A package that holds nothing but its description."""
    if shutil.which("dpkg-deb") is None:
        pytest.skip("no dpkg-deb here")
    tree = folder / f"tree-{name}-{arch}-{version}"
    (tree / "DEBIAN").mkdir(parents=True)
    fields = f"Package: {name}\nVersion: {version}\nArchitecture: {arch}\nMaintainer: a <a@b.invalid>\n"
    (tree / "DEBIAN/control").write_text(f"{fields}Description: a test\n")
    file = folder / f"{name}_{version}_{arch}.deb"
    run("dpkg-deb", "--root-owner-group", "--build", tree, file)
    return file
