"""The `.mien` file: a bundle as one zip, of the same bytes for the same bundle.

What comes from elsewhere is not trusted: nothing but the four files of a bundle leaves an archive, none
larger than it may be, and none at all from one that holds anything else.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from edge.bundles.folder import load_either
from edge.errors import FileUnreadableError, ModelCorruptError, OutputError

SUFFIX = ".mien"
MIB = 1 << 20
# A bundle's files, in the order they are packed, with the bytes each may have at most.
LIMITS = {
    "manifest.json": MIB,
    "MODEL_CARD.md": MIB,
    "model.tflite": 64 * MIB,
    "golden.npz": 16 * MIB,
}
LARGEST = sum(LIMITS.values()) + MIB  # bytes of an archive
_EPOCH = (1980, 1, 1, 0, 0, 0)  # a zip cannot tell an earlier time
_UNIX, _REGULAR = 3, 0o100644
_KINDS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 1  # bit of an entry's flags
_CHUNK = 1 << 16
MEND = "get it again from where it was published"


def pack(folder: Path, file: Path) -> Path:
    """Write a verified bundle as an archive, whole or not at all, and return its path.

    Raises:
        ModelMissingError, ModelCorruptError: the folder holds no sound bundle, or lacks one of the files.
        OutputError: the archive cannot be written.
    """
    load_either(folder)
    for name, limit in LIMITS.items():
        path = folder / name
        if not path.is_file():
            raise ModelCorruptError(f"{path} is missing: a bundle to be packed has all four files")
        if path.stat().st_size > limit:
            raise ModelCorruptError(f"{path} is larger than {limit // MIB} MiB: no device would take it")
    try:
        with _replacing(file) as part, zipfile.ZipFile(part, "w") as archive:
            for name in LIMITS:
                entry = zipfile.ZipInfo(name, _EPOCH)
                entry.create_system, entry.external_attr = _UNIX, _REGULAR << 16
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, (folder / name).read_bytes(), compresslevel=9)
    except OSError as error:
        raise OutputError(f"cannot write {file} ({error.strerror}): give another path") from error
    return file


def unpack(file: Path, folder: Path) -> None:
    """Write an archive's four files into a new folder; nothing is left of one that is refused.

    Raises:
        FileUnreadableError: there is no such file, or it cannot be read.
        ModelCorruptError: it is no archive of a bundle, is damaged, or holds anything it should not.
        OutputError: the folder cannot be written, or is there already.
    """
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise OutputError(f"cannot make the folder {folder} ({error.strerror})") from error
    try:
        _unpack(file, folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _unpack(file: Path, folder: Path) -> None:
    try:
        size = file.stat().st_size
    except OSError as error:
        raise FileUnreadableError(f"{file} cannot be read: {error.strerror}") from error
    if size > LARGEST:
        raise ModelCorruptError(f"{file} is larger than a bundle can be: {MEND}")
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            _refuse_strange(file, entries)
            for entry in entries:
                _extract(file, archive, entry, folder / entry.filename)
    # A damaged archive fails in zipfile, struct or zlib, wherever the damage shows first.
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, RuntimeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelCorruptError(f"{file} is damaged ({reason}): {MEND}") from error


def _refuse_strange(file: Path, entries: list[zipfile.ZipInfo]) -> None:
    names = [entry.filename for entry in entries]
    if sorted(names) != sorted(LIMITS):
        strange = [name for name in names if name not in LIMITS]
        missing = [name for name in LIMITS if name not in names]
        what = (
            f"holds {ascii(strange[0])[:60]}"
            if strange
            else f"lacks {missing[0]}"
            if missing
            else "holds a file twice"
        )
        raise ModelCorruptError(f"{file} is no bundle: it {what}: {MEND}")
    for entry in entries:
        kind = entry.external_attr >> 16 & 0o170000
        if kind not in (0, 0o100000):
            raise ModelCorruptError(f"{file} is no bundle: {entry.filename} is no plain file: {MEND}")
        if entry.flag_bits & _ENCRYPTED or entry.compress_type not in _KINDS:
            raise ModelCorruptError(
                f"{file} is no bundle: {entry.filename} is encrypted or oddly packed: {MEND}"
            )
        if entry.file_size > LIMITS[entry.filename]:
            raise _too_large(file, entry.filename)


def _extract(file: Path, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path) -> None:
    """Copy one file, counting: what an entry says of its size need not be so."""
    left = LIMITS[entry.filename]
    with archive.open(entry) as packed:
        try:
            with path.open("xb") as plain:
                while chunk := packed.read(_CHUNK):
                    left -= len(chunk)
                    if left < 0:
                        raise _too_large(file, entry.filename)
                    plain.write(chunk)
                plain.flush()
                os.fsync(plain.fileno())
        except OSError as error:
            raise OutputError(f"cannot write {path} ({error.strerror}): free some space") from error


def _too_large(file: Path, name: str) -> ModelCorruptError:
    return ModelCorruptError(f"{file} is no bundle: {name} has more than {LIMITS[name] // MIB} MiB: {MEND}")


@contextlib.contextmanager
def _replacing(file: Path) -> Iterator[IO[bytes]]:
    """A temporary file beside `file` that takes its place at the end, on disk as a whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    part = Path(name)
    try:
        with os.fdopen(descriptor, "w+b") as stream:
            yield stream
            stream.flush()
            os.fchmod(stream.fileno(), 0o644)
            os.fsync(stream.fileno())
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
