"""A stock image with mien's package and a seed for cloud-init on its boot partition."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from edge.errors import ImageError
from image import copying
from image.copying import Hear
from image.fat import BootPartition
from image.inputs import Package
from image.partitions import Layout, read_layout
from image.seed import CMDLINE, FOLDER, SCRIPT, Card, seed
from image.system import read_system

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class Payload:
    """What all devices of a fleet get.

    Attributes:
        config: mien's, as TOML; None for its defaults.
        credentials: secrets by the names that the service knows them by.
    """

    package: Package
    config: bytes | None = None
    credentials: dict[str, bytes] = field(default_factory=dict, repr=False)

    def files(self) -> dict[str, bytes]:
        """What goes into FOLDER, by its path from the partition's top."""
        files = {
            SCRIPT: (HERE / "first-boot.sh").read_bytes(),
            f"{FOLDER}/{self.package.file.name}": self.package.file.read_bytes(),
        }
        if self.config is not None:
            files[f"{FOLDER}/config.toml"] = self.config
        return files | {f"{FOLDER}/credentials/{name}": each for name, each in self.credentials.items()}


def check(image: Path, payload: Payload) -> Layout:
    """Whether a stock image can be made use of; it is read alone.

    Raises:
        ImageError: it is no Raspberry Pi OS that cloud-init sets up, the package is for another system, or
            its boot partition has too little room.
    """
    layout = read_layout(image)
    boot = BootPartition(image, layout.boot.offset)
    names = boot.names()
    if f"{FOLDER}/" in names:
        raise ImageError(f"{image} has mien on it already: begin with the stock image")
    if not {CMDLINE, "user-data"} <= names:
        raise ImageError(
            f"{image} has no {CMDLINE} or no user-data on its boot partition: take Raspberry Pi OS "
            "Trixie, which cloud-init sets up"
        )
    payload.package.check_fits(read_system(image, layout.root))
    # The seed's four small files take the places of the image's own, or a cluster or two more.
    missing = boot.space_for([len(each) for each in payload.files().values()] + 8 * [1]) - boot.free()
    if missing > 0:
        raise ImageError(
            f"the boot partition of {image} has {missing / 1e6:.1f} MB too little room for the package: "
            "take an image with a larger one"
        )
    return layout


def make(image: Path, out: Path, card: Card, payload: Payload, hear: Hear) -> None:
    """Make the image of one device.

    Args:
        image: a stock image, not compressed.
        out: where the new one is put, for its owner alone: it may hold secrets.
        hear: is told how much was copied, in bytes.
    Raises:
        ImageError: see `check`; or what was written was not read back.
        OutputError: the folder cannot be written, or the disk is full.
    """
    if out.exists() and out.samefile(image):
        raise ImageError(f"{out} is the stock image: give the new one another name with --out")
    layout = check(image, payload)
    with copying.whole(out) as part:
        copying.copy(image, part, hear)
        boot = BootPartition(part, layout.boot.offset)
        boot.make_folder(FOLDER)
        if payload.credentials:
            boot.make_folder(f"{FOLDER}/credentials")
        cmdline = boot.read(CMDLINE).decode()
        for name, content in {**payload.files(), **seed(card, cmdline)}.items():
            boot.write(name, content)
