"""What a bundle says of itself and who vouches for it, for `mien bundle info`."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from edge.bundles.archive import LIMITS, unpack
from edge.bundles.folder import Bundle, verify
from edge.bundles.signing import TrustedKey, signature_of
from edge.bundles.signing import verify as verify_signature
from edge.errors import SignatureError


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Path]:
    """The folder of a bundle: itself, or where its archive lies unpacked meanwhile.

    Raises:
        FileUnreadableError, ModelCorruptError, OutputError: as `archive.unpack`.
    """
    if path.is_dir():
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="mien-") as scratch:
        folder = Path(scratch) / path.stem  # messages name it
        unpack(path, folder)
        yield folder


def summarise(path: Path, keys: Sequence[TrustedKey]) -> dict[str, Any]:
    """What is to be told of a bundle, as JSON has it; `signature` is that of `signature_state`.

    Raises:
        FileUnreadableError, ModelMissingError, ModelCorruptError: it is no sound bundle.
    """
    with opened(path) as folder:
        bundle = verify(folder)
        sizes = {name: (folder / name).stat().st_size for name in LIMITS}
    told = bundle.manifest.model_dump(
        mode="json",
        include={"name", "version", "task", "labels", "input", "quantisation", "minimum_runtime", "metrics"},
    )
    if isinstance(bundle, Bundle):
        told["calibration"] = bundle.manifest.calibration.model_dump()
    else:
        told["threshold"] = bundle.manifest.threshold
    return {**told, "bytes": sizes, "signature": signature_state(path, keys)}


def signature_state(path: Path, keys: Sequence[TrustedKey]) -> dict[str, str]:
    """`state` is "good" (with `key_id`, `key_name` and `comment`), "bad" (with the `reason`) or "none"."""
    signature = signature_of(path)
    if path.is_dir() or not signature.exists():
        return {"state": "none"}
    try:
        signer = verify_signature(path, signature, keys)
    except SignatureError as error:
        return {"state": "bad", "reason": str(error)}
    return {
        "state": "good",
        "key_id": signer.key_id,
        "key_name": signer.key_name,
        "comment": signer.comment,
    }
