"""The index of models where it is made: changed, signed again, and written so that devices see old or new."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from edge import bundles
from edge.bundles import archive, signing
from edge.bundles.signing import TrustedKey
from edge.errors import ConfigError, FileUnreadableError, ModelMissingError, OutputError
from edge.store.updates import Index

SCHEMA = "mien.models/1"


@dataclass(frozen=True, slots=True)
class Pen:
    """Signs.

    Attributes:
        secret: file of the secret key.
        password: of an encrypted one.
        days: that what is signed is believed for; None: for ever.
    """

    secret: Path
    password: str | None = None
    days: float | None = None


class IndexFile:
    """A signed index in a folder that a web server serves.

    Args:
        keys: whom to trust; what somebody else altered is not signed again.
    """

    def __init__(self, path: Path, pen: Pen, keys: Sequence[TrustedKey]) -> None:
        self.path, self._pen, self._keys = path, pen, keys

    def share(self, model: str) -> float:
        """Per cent of the devices that NAME@VERSION is for.

        Raises:
            FileUnreadableError, SignatureError, ConfigError: there is no index, or not a trusted one.
            ModelMissingError: it does not offer the model; the message lists what it does.
        """
        return float(self._offer(self._read(), model).get("rollout", 100))

    def set_share(self, model: str, share: float) -> None:
        """Offer NAME@VERSION to so many per cent of the devices.

        Raises what `share` raises, and:
            OutputError: it cannot be written; the one that was there still is.
        """
        content = self._read()
        self._offer(content, model)["rollout"] = share
        self._write(content)

    def add(self, file: Path, channel: str = "stable", minimum_mien: str | None = None) -> str:
        """Offer a .mien file that lies beside the index, to nobody yet, and return its NAME@VERSION. Makes
        the index where there is none.

        Raises:
            MienError: the file is no bundle, not signed by anybody trusted, or is offered already.
        """
        if file.resolve().parent != self.path.resolve().parent:
            raise ConfigError(
                f"{file} does not lie beside {self.path.name}: put it there, with its signature"
            )
        signing.verify(file, signing.signature_of(file), self._keys)
        with tempfile.TemporaryDirectory() as folder:
            archive.unpack(file, Path(folder, "bundle"))
            made = bundles.load_either(Path(folder, "bundle")).manifest
        name = f"{made.name}@{made.version}"
        content: dict[str, Any] = {"schema": SCHEMA, "models": []}
        if self.path.exists():
            content = self._read()
        if any(_name(one) == name for one in content["models"]):
            raise ConfigError(f"{self.path} offers {name} already: give a changed model a new version")
        offer: dict[str, Any] = {"name": made.name, "version": made.version, "url": file.name}
        offer |= {"size": file.stat().st_size, "sha256": bundles.sha256(file)}
        offer |= {"rollout": 0, "channel": channel}
        if minimum_mien is not None:
            offer["minimum_mien"] = minimum_mien
        content["models"].append(offer)
        self._write(content)
        return name

    def _read(self) -> dict[str, Any]:
        signing.verify(self.path, signing.signature_of(self.path), self._keys)
        try:
            text = self.path.read_bytes()
            Index.model_validate_json(text)
        except OSError as error:
            raise FileUnreadableError(
                f"{self.path} cannot be read ({error.strerror}): check the path"
            ) from error
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(map(str, first["loc"]))
            raise ConfigError(
                f"{self.path} is no index of models ({place} {first['msg']}): mend it"
            ) from error
        content: dict[str, Any] = json.loads(text)  # as it is: a newer mien may know more of it than this one
        return content

    def _offer(self, content: dict[str, Any], model: str) -> dict[str, Any]:
        for offer in content["models"]:
            if _name(offer) == model:
                found: dict[str, Any] = offer
                return found
        there = ", ".join(map(_name, content["models"])) or "nothing"
        raise ModelMissingError(f"{self.path} does not offer '{model}': it offers {there}")

    def _write(self, content: dict[str, Any]) -> None:
        pen = self._pen
        content.pop("expires", None)
        if pen.days is not None:
            content["expires"] = f"{datetime.now(UTC) + timedelta(days=pen.days):%Y-%m-%dT%H:%M:%SZ}"
        try:
            # Signed before it takes the old one's place. A device that comes between the two renames finds a
            # signature that does not fit, and looks again half a second later.
            with tempfile.TemporaryDirectory(dir=self.path.parent, prefix=".signing-") as folder:
                part = Path(folder, self.path.name)
                part.write_text(json.dumps(content, indent=1) + "\n")
                signature = signing.sign(part, pen.secret, pen.password, "index of models")
                signature.replace(signing.signature_of(self.path))
                part.replace(self.path)
        except OSError as error:
            raise OutputError(f"cannot write {self.path} ({error.strerror}): check the folder") from error


def _name(offer: dict[str, Any]) -> str:
    return f"{offer['name']}@{offer['version']}"
