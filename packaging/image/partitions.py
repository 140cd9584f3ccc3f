"""Where the two partitions of a Raspberry Pi OS image lie."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from edge.errors import FileUnreadableError, ImageError

SECTOR = 512  # bytes
TABLE = 446  # where the four entries of 16 bytes begin
SIGNATURE = b"\x55\xaa"
FAT32, LINUX, GPT = frozenset({0x0B, 0x0C}), frozenset({0x83}), 0xEE


@dataclass(frozen=True, slots=True)
class Partition:
    """A part of an image; offset and size in bytes."""

    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class Layout:
    """The FAT32 partition that the firmware boots from, and the ext4 one of the system."""

    boot: Partition
    root: Partition


def read_layout(image: Path) -> Layout:
    """The partitions of an image, from its master boot record.

    Raises:
        FileUnreadableError: the file cannot be read.
        ImageError: it is no image, is cut off, or is partitioned otherwise.
    """
    try:
        with image.open("rb") as file:
            record = file.read(SECTOR)
        size = image.stat().st_size
    except OSError as error:
        raise FileUnreadableError(f"{image} cannot be read ({error.strerror}): check the path") from error
    if len(record) < SECTOR or record[-2:] != SIGNATURE:
        raise ImageError(f"{image} is no image of a card: take an .img or .img.xz of Raspberry Pi OS")
    kinds, partitions = zip(*(_entry(record, number) for number in range(4)), strict=True)
    if kinds[0] == GPT:
        raise ImageError(f"{image} has a GPT: take an image of Raspberry Pi OS, which has an MBR")
    if kinds[0] not in FAT32 or kinds[1] not in LINUX:
        raise ImageError(
            f"{image} holds no FAT32 partition followed by a Linux one (it has the types {kinds[0]:#04x} and "
            f"{kinds[1]:#04x}): take an image of Raspberry Pi OS"
        )
    layout = Layout(partitions[0], partitions[1])
    if layout.root.offset + layout.root.size > size:
        raise ImageError(f"{image} is shorter than its partitions: fetch it again")
    return layout


def _entry(record: bytes, number: int) -> tuple[int, Partition]:
    """Type and place of one of the four partitions."""
    kind, start, length = struct.unpack_from("<4xB3xII", record, TABLE + 16 * number)
    return kind, Partition(start * SECTOR, length * SECTOR)
