"""From a file or an address to an installed model; nothing is visible before everything was checked."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from edge.bundles import archive, sha256, signing
from edge.bundles.signing import TrustedKey
from edge.errors import DownloadError, FileUnreadableError, SignatureError
from edge.store.addresses import SIGNATURE, is_address, local_file, signature_of
from edge.store.disk import writing
from edge.store.fetching import Progress, fetch
from edge.store.lock import locked
from edge.store.store import Entry, Store

LARGEST_SIGNATURE = 8192  # bytes


def install(
    store: Store,
    source: str,
    budget: float | None,
    keys: Sequence[TrustedKey],
    *,
    size: int | None = None,
    digest: str | None = None,
    unsigned: bool = False,
    force: bool = False,
    use: bool = False,
    progress: Progress | None = None,
) -> Entry:
    """Install a .mien file.

    Args:
        source: a path or an address; its signature lies beside it.
        budget: seconds a face may take; None for any.
        keys: whom to trust.
        size, digest: bytes and sha256 it must have, where an index promised them.
        unsigned: also take one without a signature; a wrong signature is refused all the same.
        force: also install a version older than one that is there.
        use: make it the active one.
        progress: hears how far a download is.
    Raises:
        MienError: it cannot be had, is not what it should be, or does not fit this device.
    """
    if not is_address(source):
        return _install(store, Path(source), Path(source + SIGNATURE), budget, keys, digest, unsigned, force, use)
    folder = store.root / ".downloads"
    with writing(store.root):
        store.root.mkdir(parents=True, exist_ok=True)
        with locked(store.root / ".downloads.lock", "a download"):
            file = fetch(source, folder, archive.LARGEST, size, progress)
            try:
                signature = _signature(source, folder, file, unsigned)
                entry = _install(store, file, signature, budget, keys, digest, unsigned, force, use)
            finally:  # only what broke off is worth keeping
                shutil.rmtree(folder, ignore_errors=True)
            return entry


def verify_beside(file: Path, keys: Sequence[TrustedKey], signature: Path, unsigned: bool = False) -> str | None:
    """Who signed a file; None for one without a signature, where that is allowed.

    Raises:
        SignatureError: it has none, a wrong one, or one by nobody who is trusted.
    """
    if unsigned and not signature.exists():
        return None
    signer = signing.verify(file, signature, keys)
    return f"{signer.key_name} ({signer.key_id})"


def _signature(source: str, folder: Path, file: Path, unsigned: bool) -> Path:
    try:
        return fetch(signature_of(source), folder, LARGEST_SIGNATURE)
    except (DownloadError, FileUnreadableError) as error:
        if unsigned:
            return file.with_name(file.name + SIGNATURE)
        raise SignatureError(f"no signature: {error}; or allow it with --allow-unsigned") from error


def _install(
    store: Store,
    file: Path,
    signature: Path,
    budget: float | None,
    keys: Sequence[TrustedKey],
    digest: str | None,
    unsigned: bool,
    force: bool,
    use: bool,
) -> Entry:
    from edge.bundles.admission import admit

    def fill(folder: Path) -> str | None:
        if not file.is_file():
            raise FileUnreadableError(f"{file} is not there: give a .mien file or an address")
        if digest is not None and sha256(file) != digest:
            raise DownloadError(f"{file.name} is not the file of the index (its sha256 differs): try again later")
        signer = verify_beside(file, keys, signature, unsigned)
        archive.unpack(file, folder)
        admit(folder, budget)
        return signer

    return store.install(fill, use=use, force=force)
