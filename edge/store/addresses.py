"""Where models may come from: https, http on this machine only, and files."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit

from edge.errors import DownloadError
from edge.settings import is_loopback

SIGNATURE = ".minisig"


def is_address(text: str) -> bool:
    """Whether it is an address rather than a path.

    >>> is_address("https://models.example/slim.mien"), is_address("./slim.mien")
    (True, False)
    """
    return "://" in text


def local_file(address: str) -> Path | None:
    """The path of a file:// address; None for others."""
    parts = urlsplit(address)
    return Path(unquote(parts.path)) if parts.scheme == "file" and not parts.netloc else None


def check_address(address: str) -> None:
    """Refuse what could be altered or listened to on its way.

    Raises:
        DownloadError: it is neither https, nor http to this machine, nor a file.
    """
    parts = urlsplit(address)
    if parts.scheme == "file" and not parts.netloc:
        return
    host = parts.hostname or ""
    if parts.scheme == "http" and host and not is_loopback(host):
        raise DownloadError(f"{shown(address)} is not encrypted: use https, http is for this machine alone")
    if parts.scheme not in ("http", "https") or not host:
        raise DownloadError(f"{shown(address)} cannot be fetched: use https://… or file:///…")


def signature_of(address: str) -> str:
    """The address of a file's signature.

    >>> signature_of("https://models.example/slim.mien?key=1")
    'https://models.example/slim.mien.minisig?key=1'
    """
    parts = urlsplit(address)
    return urlunsplit(parts._replace(path=parts.path + SIGNATURE))


def beside(index: str, address: str) -> str:
    """An address that may be relative to the index that names it.

    >>> beside("https://models.example/v1/index.json", "slim.mien")
    'https://models.example/v1/slim.mien'
    """
    return urljoin(index, address)


def shown(address: str) -> str:
    """The address without what may be secret in it: user, password and query.

    >>> shown("https://me:secret@models.example/slim.mien?token=1")
    'https://models.example/slim.mien'
    """
    parts = urlsplit(address)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
