"""Newer models from a static index, a share of the devices at a time.

The index is a signed JSON file:

    {"schema": "mien.models/1", "models": [{"name": "slim_fine", "version": "0.2.0", "url": "slim_fine.mien",
      "size": 871204, "sha256": "…", "minimum_mien": "0.1.0", "rollout": 25, "channel": "stable"}]}

What is told about this device is that it asks, and no more: whether it belongs to the share is decided here.
"""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from edge.bundles import archive, signing
from edge.bundles.signing import TrustedKey
from edge.errors import ConfigError, DownloadError, SignatureError
from edge.settings import UpdatesConfig
from edge.store.addresses import beside, shown, signature_of
from edge.store.disk import writing
from edge.store.fetching import fetch
from edge.store.installing import LARGEST_SIGNATURE
from edge.store.lock import locked
from edge.store.store import Store
from edge.store.versions import rank

LARGEST_INDEX = 1 << 20  # bytes
AGAIN = 0.5  # seconds until a second look at an index whose signature does not fit
SHARES = 10_000
MACHINE = Path("/etc/machine-id")


class Offer(BaseModel):
    """A model of the index.

    Attributes:
        url: may be relative to the index.
        minimum_mien: the oldest mien that can use it.
        rollout: per cent of the devices it is for.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")  # a newer index may say more

    name: str
    version: str
    url: str
    size: int = Field(gt=0, le=archive.LIMIT_ARCHIVE)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    minimum_mien: str = "0"
    rollout: float = Field(100, ge=0, le=100)
    channel: str = "stable"

    @property
    def full_name(self) -> str:
        """NAME@VERSION."""
        return f"{self.name}@{self.version}"


class Index(BaseModel):
    """What there is.

    Attributes:
        expires: from then on nobody believes it, so that a withdrawn model cannot be kept on offer by whoever
            holds back the newer index; None: never.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")
    schema_: Literal["mien.models/1"] = Field(alias="schema")
    models: list[Offer]
    expires: AwareDatetime | None = None


def read_index(config: UpdatesConfig, store: Store, keys: Sequence[TrustedKey]) -> Index:
    """Fetch the index, and believe it if somebody trusted has signed it.

    Raises:
        ConfigError: no index is configured.
        SignatureError: it is not signed by anybody who is trusted.
        DownloadError: it cannot be had, is no index, or has expired.
    """
    if config.url is None:
        raise ConfigError("there is no index to look at: set updates.url")
    folder = store.root / ".downloads/index"
    with writing(store.root):
        store.root.mkdir(parents=True, exist_ok=True)
        with locked(store.root / ".downloads.lock", "a download"):
            try:
                content = _fetch_signed(config.url, folder, keys)
            except SignatureError:
                # Its maker may just be putting a new one there, and file and signature are two.
                time.sleep(AGAIN)
                content = _fetch_signed(config.url, folder, keys)
    try:
        index = Index.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        reason = f"{'.'.join(map(str, first['loc']))} {first['msg']}".strip()
        raise DownloadError(
            f"{shown(config.url)} is no index of models ({reason}): check updates.url"
        ) from error
    if index.expires is not None and index.expires <= datetime.now(UTC):
        raise DownloadError(
            f"{shown(config.url)} has expired on {index.expires:%Y-%m-%d}: its maker has to sign it again, "
            "or this device's clock is wrong"
        )
    return index


def _fetch_signed(url: str, folder: Path, keys: Sequence[TrustedKey]) -> bytes:
    try:
        file = fetch(url, folder, LARGEST_INDEX)
        signing.verify(file, fetch(signature_of(url), folder, LARGEST_SIGNATURE), keys)
        return file.read_bytes()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def newer(index: Index, config: UpdatesConfig, store: Store, mien: str, machine: str) -> list[Offer]:
    """What this device should have: newer versions of the models in use, one of a name.

    Args:
        mien: this mien's version.
        machine: tells this device from others.
    """
    entries, bad = store.entries(), store.state().bad
    in_use = {entry.name for entry in entries if entry.active}
    found = []
    for name in sorted(in_use):
        have = max(rank(entry.version) for entry in entries if entry.name == name)
        offers = [
            offer
            for offer in index.models
            if offer.name == name
            and offer.channel == config.channel
            and rank(offer.version) > have
            and rank(offer.minimum_mien) <= rank(mien)
            and offer.full_name not in bad
            and is_in_share(offer, machine)
        ]
        found += [max(offers, key=lambda offer: rank(offer.version))] if offers else []
    return found


def is_in_share(offer: Offer, machine: str) -> bool:
    """Whether this device is among those a model is for. A larger share holds the smaller one; each model
    has shares of its own, so that it is not always the same devices that go first."""
    digest = hashlib.sha256(f"{offer.full_name}:{machine}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % SHARES < offer.rollout / 100 * SHARES


def machine_id(file: Path = MACHINE) -> str:
    """What tells this device from others; it never leaves the device.

    Raises:
        ConfigError: the device has none.
    """
    try:
        found = file.read_text().strip()
    except OSError:
        found = ""
    if not found:
        raise ConfigError(f"{file} does not tell this device from others: systemd-machine-id-setup makes it")
    return found


def address_of(offer: Offer, config: UpdatesConfig) -> str:
    """Where an offer's file is."""
    return beside(config.url or "", offer.url)
