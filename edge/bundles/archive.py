"""The `.mien` file: a bundle as one zip, of the same bytes for the same bundle.

What comes from elsewhere is not trusted: nothing but the four files of a bundle leaves an archive, none
larger than it may be, and none at all from one that holds anything else.
"""

from __future__ import annotations

import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from edge.bundles.folder import verify
from edge.bundles.writing import replacing, sync_folder
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
LIMIT_FILES = len(LIMITS)
LIMIT_ARCHIVE = sum(LIMITS.values()) + MIB  # bytes
LIMIT_DIRECTORY = 4096  # bytes of a zip's list of files; of these four it has some 240
_EPOCH = (1980, 1, 1, 0, 0, 0)  # a zip cannot tell an earlier time
_UNIX, _REGULAR = 3, 0o100644
_KINDS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# Bits of an entry's flags that are no cause for suspicion: deflate's level, sizes behind the data, UTF-8.
_PLAIN_FLAGS = 0b110 | 1 << 3 | 1 << 11
_CHUNK = 1 << 16
MEND = "get it again from where it was published"
# A damaged archive fails in zipfile, struct or zlib, wherever the damage shows first.
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    ValueError,
    OverflowError,
    NotImplementedError,
    RuntimeError,
    OSError,
)


def pack(folder: Path, file: Path) -> Path:
    """Write a verified bundle as an archive, whole or not at all, and return its path.

    The files are stored, not compressed: its bytes depend on no version of zlib, and golden outputs and int8
    weights, which are most of it, hardly shrink.

    Raises:
        ModelMissingError, ModelCorruptError: the folder holds no sound bundle, or lacks one of the files.
        OutputError: the archive cannot be written.
    """
    verify(folder)
    for name, limit in LIMITS.items():
        if (folder / name).stat().st_size > limit:
            raise ModelCorruptError(
                f"{folder / name} is larger than {limit // MIB} MiB, which no device takes: make it smaller"
            )
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with replacing(file) as part, zipfile.ZipFile(part, "w") as archive:
            for name in LIMITS:
                entry = zipfile.ZipInfo(name, _EPOCH)
                entry.create_system, entry.external_attr = _UNIX, _REGULAR << 16
                archive.writestr(entry, (folder / name).read_bytes())
    except OSError as error:
        raise OutputError(f"cannot write {file} ({error.strerror}): free space or another path") from error
    return file


def unpack(file: Path, folder: Path) -> None:
    """Write an archive's four files into a folder, and verify them.

    Args:
        folder: empty, or not there yet. Of an archive that is refused nothing is left in it.
    Raises:
        FileUnreadableError: there is no such file, or it cannot be read.
        ModelCorruptError: it is no archive of a bundle, is damaged, or holds anything it should not.
        OutputError: the folder cannot be written, or holds something.
    """
    try:
        if not file.is_file():
            raise FileUnreadableError(f"{file} is no file: check the path")
        source = file.open("rb")
    except OSError as error:
        raise FileUnreadableError(f"{file} cannot be read ({error.strerror}): check the path") from error
    with source:
        made = not folder.exists()
        _make(folder)
        written: list[Path] = []
        try:
            _unpack(file, source, folder, written)
            sync_folder(folder)
            verify(folder)
        except BaseException:
            for path in written:
                path.unlink(missing_ok=True)
            if made:
                folder.rmdir()
            raise


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        full = next(folder.iterdir(), None)
    except OSError as error:
        raise OutputError(f"cannot make the folder {folder} ({error.strerror}): give another one") from error
    if full is not None:
        raise OutputError(f"{folder} is not empty: give an empty folder")


def _unpack(file: Path, source: IO[bytes], folder: Path, written: list[Path]) -> None:
    try:
        _refuse_long_directory(file, source)
        archive = zipfile.ZipFile(source)
    except _DAMAGE as error:
        raise _damaged(file, error) from error
    with archive:
        entries = archive.infolist()
        _refuse_strange(file, entries)
        for entry in entries:
            path = folder / entry.filename
            written.append(path)
            _write(path, _chunks(file, archive, entry))


def _refuse_long_directory(file: Path, source: IO[bytes]) -> None:
    """zipfile reads the list of files into memory, whatever its length: look at the end record first.

    Every zip of four files and without a comment ends with 22 bytes that tell where the list is. Another
    record of the 64-bit kind, which would count instead, has no place before it.
    """
    size = source.seek(0, os.SEEK_END)
    if size > LIMIT_ARCHIVE:
        raise ModelCorruptError(f"{file} is larger than a bundle can be: {MEND}")
    source.seek(max(0, size - 42))
    tail = source.read()
    if len(tail) < 22 or tail[-22:-18] != b"PK\5\6" or tail[:4] == b"PK\6\7":
        raise ModelCorruptError(f"{file} is cut off or no bundle: {MEND}")
    length, offset = struct.unpack("<LL", tail[-10:-2])
    if length > LIMIT_DIRECTORY or length + offset + 22 != size:
        raise ModelCorruptError(f"{file} is no bundle: its list of files is not where it should be: {MEND}")


def _refuse_strange(file: Path, entries: list[zipfile.ZipInfo]) -> None:
    names = [entry.orig_filename for entry in entries]  # as it stands there, before zipfile makes it fit
    refused = f"{file} is no bundle"
    for entry, name in zip(entries, names, strict=True):
        if name not in LIMITS or entry.filename != name:
            raise ModelCorruptError(f"{refused}: it holds {ascii(name)[:60]}: {MEND}")
        if entry.external_attr >> 16 & 0o170000 not in (0, 0o100000):
            raise ModelCorruptError(f"{refused}: {name} is no plain file: {MEND}")
        if entry.flag_bits & ~_PLAIN_FLAGS or entry.compress_type not in _KINDS:
            raise ModelCorruptError(f"{refused}: {name} is encrypted or oddly compressed: {MEND}")
        if entry.file_size > LIMITS[name]:
            raise _too_large(file, name)
    if len(set(names)) < len(names):
        raise ModelCorruptError(f"{refused}: it holds a file twice: {MEND}")
    if len(names) < LIMIT_FILES:
        missing = next(name for name in LIMITS if name not in names)
        raise ModelCorruptError(f"{refused}: it lacks {missing}: {MEND}")


def _chunks(file: Path, archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """What an entry holds, counted: what it says of its size need not be so."""
    left = LIMITS[entry.filename]
    try:
        with archive.open(entry) as packed:
            while chunk := packed.read(_CHUNK):
                left -= len(chunk)
                if left < 0:
                    raise _too_large(file, entry.filename)
                yield chunk
    except _DAMAGE as error:
        raise _damaged(file, error) from error


def _write(path: Path, chunks: Iterator[bytes]) -> None:
    try:
        with path.open("xb") as plain:
            for chunk in chunks:
                plain.write(chunk)
            plain.flush()
            os.fsync(plain.fileno())
    except OSError as error:
        raise OutputError(f"cannot write {path} ({error.strerror}): free some space") from error


def _damaged(file: Path, error: Exception) -> ModelCorruptError:
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    return ModelCorruptError(f"{file} is damaged ({reason}): {MEND}")


def _too_large(file: Path, name: str) -> ModelCorruptError:
    return ModelCorruptError(f"{file} is no bundle: {name} has more than {LIMITS[name] // MIB} MiB: {MEND}")
