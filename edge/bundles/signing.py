"""Signatures in minisign's format: that program verifies what mien signs, and mien what it signs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import minisign

from edge.bundles.keys import (
    TrustedKey,
    create_keys,
    key_folders,
    key_id,
    read_key,
    read_secret_key,
    read_small,
    trusted_keys,
)
from edge.bundles.writing import replacing
from edge.errors import ConfigError, FileUnreadableError, OutputError, SignatureError

__all__ = [
    "Signer",
    "TrustedKey",
    "create_keys",
    "key_folders",
    "read_key",
    "sign",
    "signature_of",
    "trusted_keys",
    "verify",
]

AGAIN = "get file and signature again"


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signed.

    Attributes:
        key_id: as the minisign program shows it.
        comment: the trusted comment, which the signature covers.
        key_name: of the trusted key's file, without the ending.
    """

    key_id: str
    comment: str
    key_name: str


def signature_of(file: Path) -> Path:
    """Where a file's signature lies: FILE.minisig."""
    return file.with_name(f"{file.name}.minisig")


def sign(file: Path, secret: Path, password: str | None, comment: str) -> Path:
    """Write FILE.minisig, in place of one that was there, and return its path.

    Args:
        secret: file of the secret key.
        password: of an encrypted secret key.
        comment: becomes part of the trusted comment, behind the time and the file's name; printable ASCII.
    Raises:
        FileUnreadableError: the file to sign.
        ConfigError: the secret key cannot be used, or the password is missing or wrong.
        OutputError: the signature cannot be written.
    """
    with read_secret_key(secret) as key:
        if key.is_encrypted():
            if password is None:
                raise ConfigError(f"{secret} is encrypted: give its password, with --password-file")
            try:
                key.decrypt(password)
            except minisign.Error:
                raise ConfigError(f"{secret}: wrong password, or a damaged key: try again") from None
        trusted = f"timestamp:{int(time.time())}\tfile:{file.name}\thashed\t{comment}"
        try:
            with file.open("rb") as stream:
                signature = key.sign(stream, trusted_comment=trusted)
        except OSError as error:
            raise FileUnreadableError(f"{file} cannot be read ({error.strerror}): check the path") from error
        except minisign.Error as error:
            raise ConfigError(
                f"{file.name} cannot be named in a signature ({error}): rename it, in plain letters"
            ) from error
    target = signature_of(file)
    try:
        with replacing(target) as output:
            output.write(bytes(signature) + b"\n")
    except OSError as error:
        raise OutputError(f"cannot write {target} ({error.strerror}): free some space") from error
    return target


def verify(file: Path, signature: Path, keys: Sequence[TrustedKey]) -> Signer:
    """Check that a file is what somebody trusted has signed.

    Args:
        signature: the .minisig file.
        keys: the trusted ones, as from `trusted_keys`.
    Returns:
        Who that was.
    Raises:
        FileUnreadableError: the file cannot be read.
        SignatureError: the signature is missing, damaged, of another file, or by nobody who is trusted.
    """
    if not file.is_file():
        raise FileUnreadableError(f"{file} is no file: check the path")
    found = _read(file, signature)
    by = key_id(bytes(found).splitlines()[1])
    # An id is no proof: anybody can make a key that bears a known one.
    candidates = [key for key in keys if key.key_id == by]
    if not candidates:
        where = " or ".join(map(str, key_folders()))
        raise SignatureError(
            f"{file} is signed with the key {by}, which is not trusted here: if you trust its owner, put "
            f"their .pub file into {where}"
        )
    for candidate in candidates:
        try:
            with file.open("rb") as stream:
                candidate.key.verify(stream, found)
        except OSError as error:
            raise FileUnreadableError(f"{file} cannot be read ({error.strerror}): check the path") from error
        except ValueError:  # minisign's errors are, and so is what cryptography says of a key that is none
            continue
        return Signer(by, found.trusted_comment, candidate.name)
    raise SignatureError(f"{file} is not what {signature} signs, or one of them was altered: {AGAIN}")


def _read(file: Path, signature: Path) -> minisign.Signature:
    try:
        found = minisign.Signature.from_bytes(read_small(signature))
    except FileNotFoundError as error:
        raise SignatureError(
            f"{file} is not signed ({signature} is missing): get its signature, or allow it with "
            "--allow-unsigned"
        ) from error
    except OSError as error:
        mend = "let mien read it" if isinstance(error, PermissionError) else AGAIN
        raise SignatureError(f"{signature} cannot be read ({error.strerror}): {mend}") from error
    except minisign.Error as error:
        raise SignatureError(f"{signature} is no minisign signature ({error}): {AGAIN}") from error
    if not found.is_prehashed():  # would have the whole file in memory
        raise SignatureError(f"{signature} is of minisign's legacy kind: sign again without -l")
    return found
