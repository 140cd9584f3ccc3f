"""The keys bundles are signed with and checked against, in the files of the `minisign` program."""

from __future__ import annotations

import base64
import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import minisign

from edge.errors import ConfigError, OutputError

logger = logging.getLogger(__name__)
ETC_KEYS = Path("/etc/mien/keys")
LARGEST = 16 << 10  # bytes of a key or a signature; those of minisign have some hundred
# scrypt with 256 MiB and about a second: the program's own default takes 1 GiB, more than a Pi may have.
_OPSLIMIT, _MEMLIMIT = 1 << 23, 1 << 28


@dataclass(frozen=True, slots=True)
class TrustedKey:
    """A public key whose signatures count.

    Attributes:
        name: of its file, without the ending.
        key_id: as the minisign program shows it, 16 hexadecimal digits.
    """

    name: str
    key_id: str
    key: minisign.PublicKey


def key_folders() -> tuple[Path, ...]:
    """Where trusted keys lie: the machine's, then the user's."""
    home = os.environ.get("HOME", "")
    config = os.environ.get("XDG_CONFIG_HOME") or (f"{home}/.config" if home else "")
    return (ETC_KEYS, Path(config) / "mien/keys") if config else (ETC_KEYS,)


def trusted_keys(folders: Sequence[Path] | None = None) -> list[TrustedKey]:
    """The keys in all *.pub files of some folders, by default of `key_folders()`.

    A folder that is missing holds none; a file that is no key is told of in the log and trusted in nothing.
    """
    keys = []
    for folder in key_folders() if folders is None else folders:
        for file in sorted(folder.glob("*.pub")):
            try:
                keys.append(read_key(file))
            except ConfigError as error:
                logger.warning("%s", error)
    return keys


def read_key(file: Path) -> TrustedKey:
    """A public key's file.

    Raises:
        ConfigError: it cannot be read or is no minisign public key.
    """
    try:
        key = minisign.PublicKey.from_bytes(read_small(file))
    except OSError as error:
        raise ConfigError(f"{file} cannot be read ({error.strerror}): check the path") from error
    except minisign.Error as error:
        raise ConfigError(f"{file} is no minisign public key ({error}): give a .pub file") from error
    return TrustedKey(file.stem, key_id(key.to_base64()), key)


def create_keys(secret: Path, public: Path, password: str | None) -> TrustedKey:
    """Write a new pair of keys: the secret one for its owner's eyes only.

    Args:
        password: encrypts the secret key; None leaves it readable to whoever gets the file.
    Raises:
        OutputError: a file is there already, or cannot be written. Keys are never overwritten.
    """
    pair = minisign.KeyPair.generate()
    pair.public_key.untrusted_comment = f"minisign public key {key_id(pair.public_key.to_base64())}"
    with pair.secret_key as key:
        if password is not None:
            key.encrypt(password, opslimit=_OPSLIMIT, memlimit=_MEMLIMIT)
        _write_new(secret, bytes(key) + b"\n", 0o600)
    try:
        _write_new(public, bytes(pair.public_key) + b"\n", 0o644)
    except OutputError:
        secret.unlink()  # half a pair is of no use, and would be in the way of the next try
        raise
    return TrustedKey(public.stem, key_id(pair.public_key.to_base64()), pair.public_key)


def read_secret_key(file: Path) -> minisign.SecretKey:
    """A secret key's file; the key may still be encrypted.

    Raises:
        ConfigError: it cannot be read or is no minisign secret key. The message quotes nothing of it.
    """
    try:
        return minisign.SecretKey.from_bytes(read_small(file))
    except OSError as error:
        raise ConfigError(f"{file} cannot be read ({error.strerror}): check the path") from error
    except minisign.Error:
        raise ConfigError(
            f"{file} is no minisign secret key: give the file `mien bundle keygen` made"
        ) from None


def key_id(encoded: bytes) -> str:
    """The id in a base64 line of a key or a signature: behind two bytes of algorithm, little-endian."""
    return base64.b64decode(encoded)[2:10][::-1].hex().upper()


def read_small(file: Path) -> bytes:
    """Read a file that should be small; of one that is not, no more than shows it."""
    with file.open("rb") as stream:
        return stream.read(LARGEST + 1)


def _write_new(file: Path, content: bytes, mode: int) -> None:
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError as error:
        raise OutputError(f"{file} is there already and is not overwritten: give another path") from error
    except OSError as error:
        raise OutputError(f"cannot write {file} ({error.strerror}): give another path") from error
    try:
        with os.fdopen(descriptor, "wb") as stream:
            os.fchmod(descriptor, mode)  # whatever the umask
            stream.write(content)
            stream.flush()
            os.fsync(descriptor)
    except OSError as error:
        file.unlink()
        raise OutputError(f"cannot write {file} ({error.strerror}): give another path") from error
