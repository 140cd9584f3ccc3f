"""Images on the disk: unpacked, copied without their empty parts, and whole or not there at all."""

from __future__ import annotations

import contextlib
import lzma
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from edge.bundles.writing import sync_folder
from edge.errors import FileUnreadableError, ImageError
from edge.store.disk import writing

BLOCK = 4 * 1024 * 1024  # bytes
Hear = Callable[[int], None]  # of the bytes that were read


@contextlib.contextmanager
def whole(file: Path) -> Iterator[Path]:
    """A file beside `file`, for its owner alone, that takes its place at the end; after a fault it is gone.

    Raises:
        ImageError: `file` is something else than a file, such as the card itself.
        OutputError: the folder cannot be written, or the disk is full.
    """
    if file.exists() and not file.is_file():
        raise ImageError(f"{file} is no file: write the image into one, and that onto the card")
    with writing(file.parent):
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
        part = Path(name)
        try:
            yield part
            os.fsync(descriptor)
            part.replace(file)
            sync_folder(file.parent)
        finally:
            os.close(descriptor)
            part.unlink(missing_ok=True)


@contextlib.contextmanager
def unpacked(stock: Path, folder: Path, hear: Hear) -> Iterator[Path]:
    """The stock image itself or, where it is compressed, a copy in a folder for as long as it is needed.

    Raises:
        FileUnreadableError: there is no such file.
        ImageError: it is damaged.
    """
    if not stock.is_file():
        raise FileUnreadableError(f"{stock} is no file: fetch Raspberry Pi OS, and check the path")
    if stock.suffix != ".xz":
        yield stock
        return
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=f".{stock.stem}.") as part:
            copy(stock, Path(part.name), hear)
            yield Path(part.name)


def copy(source: Path, target: Path, hear: Hear) -> None:
    """Copy an image, unpacking an .xz; what holds zeros alone takes no room on the disk.

    Args:
        target: an empty file.
        hear: is told how much of the source was read, in bytes.
    Raises:
        ImageError: the source is damaged.
        OSError: the target cannot be written.
    """
    with (
        source.open("rb") as raw,
        lzma.open(raw) if source.suffix == ".xz" else raw as stream,
        target.open("r+b") as written,
    ):
        try:
            while block := stream.read(BLOCK):
                if block.count(0) == len(block):
                    written.seek(len(block), os.SEEK_CUR)
                else:
                    written.write(block)
                hear(raw.tell())
        except (lzma.LZMAError, EOFError) as error:
            raise ImageError(f"{source} is damaged ({error}): fetch it again") from error
        written.truncate(written.tell())
