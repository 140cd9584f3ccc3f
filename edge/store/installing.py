"""From a file or an address to an installed model; nothing is visible before everything was checked."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edge import bundles
from edge.bundles import Task, archive, sha256, signing
from edge.bundles.admission import admit
from edge.bundles.signing import TrustedKey
from edge.errors import DownloadError, FileUnreadableError, MienError, SignatureError
from edge.store.addresses import is_address, signature_of
from edge.store.disk import reading, writing
from edge.store.fetching import Progress, fetch
from edge.store.lock import locked
from edge.store.shelf import Entry
from edge.store.store import Store

LARGEST_SIGNATURE = 8192  # bytes
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Terms:
    """On which a model is taken.

    Attributes:
        keys: whom to trust.
        budgets: seconds a look of the model may take, by its task; without one, any.
        size, digest: bytes and sha256 the file must have, where an index promised them.
        unsigned: also without a signature; a wrong one is refused all the same.
        force: also a version older than one that is there.
    """

    keys: Sequence[TrustedKey]
    budgets: Mapping[Task, float] = field(default_factory=dict)
    size: int | None = None
    digest: str | None = None
    unsigned: bool = False
    force: bool = False


def install(
    store: Store, source: str, terms: Terms, *, use: bool = False, progress: Progress | None = None
) -> Entry:
    """Install a .mien file.

    Args:
        source: a path or an address; its signature lies beside it.
        use: make it the active one.
        progress: hears how far a download is.
    Raises:
        MienError: it cannot be had, is not what it should be, or does not fit this device.
    """
    if not is_address(source):
        file = Path(source)
        return _install(store, file, signing.signature_of(file), terms, use)
    folder = store.root / ".downloads"
    with writing(store.root):
        store.root.mkdir(parents=True, exist_ok=True)
        with locked(store.root / ".downloads.lock", "a download"):
            file = fetch(source, folder, archive.LIMIT_ARCHIVE, terms.size, progress)
            try:
                signature = _fetch_signature(source, folder, terms)
                return _install(store, file, signature, terms, use)
            finally:  # only what broke off is worth keeping
                shutil.rmtree(folder, ignore_errors=True)


def _fetch_signature(source: str, folder: Path, terms: Terms) -> Path:
    try:
        return fetch(signature_of(source), folder, LARGEST_SIGNATURE)
    except (DownloadError, FileUnreadableError) as error:
        if terms.unsigned:
            return folder / "none"
        raise SignatureError(f"no signature; get one, or use --allow-unsigned: {error}") from error


def _install(store: Store, file: Path, signature: Path, terms: Terms, use: bool) -> Entry:
    def fill(folder: Path) -> str | None:
        copy = folder.with_suffix(archive.SUFFIX)
        try:
            _copy(file, copy)
            if terms.digest is not None and sha256(copy) != terms.digest:
                raise DownloadError(
                    f"{file.name} is not what the index promised (its sha256 differs): try later"
                )
            signer = None
            with reading(signature):
                signed = signature.exists()
            if signed or not terms.unsigned:
                by = signing.verify(copy, signature, terms.keys)
                signer = f"{by.key_name} ({by.key_id})"
            archive.unpack(copy, folder)
            admit(folder, terms.budgets.get(bundles.load_either(folder).manifest.task))
        except MienError as error:  # who reads it knows the file, not where it was looked at
            said = str(error).replace(str(copy), str(file)).replace(str(folder.absolute()), str(file))
            raise type(error)(said) from error
        return signer

    return store.install(fill, use=use, force=terms.force)


def _copy(file: Path, copy: Path) -> None:
    """What is checked is what is unpacked: whoever may write the file cannot change it between the two."""
    with reading(file):
        if not file.is_file():
            raise FileUnreadableError(f"{file} is not there: give a .mien file or an address")
        source = file.open("rb")
    left = archive.LIMIT_ARCHIVE + 1  # one byte more than unpacking takes
    with source, copy.open("xb") as target:
        while left > 0:
            with reading(file):
                chunk = source.read(min(left, _CHUNK))
            if not chunk:
                break
            left -= target.write(chunk)
