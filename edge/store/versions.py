"""Names and versions of models, and which version is the newer one."""

from __future__ import annotations

import re
from dataclasses import dataclass

from edge.errors import ModelCorruptError

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+_-]{0,63}")
SHIPPED = "shipped"  # begins the pointer of a model that ships
RESERVED = "active-"  # begins the names of the store's links
_PARTS = re.compile(r"\d+|[A-Za-z]+")


@dataclass(frozen=True, slots=True)
class Wish:
    """NAME or NAME@VERSION; version None: any."""

    name: str
    version: str | None = None

    @classmethod
    def of(cls, text: str) -> Wish:
        """
        >>> Wish.of("slim@0.2.0")
        Wish(name='slim', version='0.2.0')
        """
        name, _, version = text.partition("@")
        return cls(name, version or None)


def split_pointer(pointer: str) -> tuple[str, str | None]:
    """Name and version of a pointer; a shipped model's version is not in it.

    >>> split_pointer("slim/0.2.0-rc1-1a2b3c4d"), split_pointer("shipped/slim")
    (('slim', '0.2.0-rc1'), ('slim', None))
    """
    name, _, version = pointer.partition("/")
    return (version, None) if name == SHIPPED else (name, version.rpartition("-")[0])


def check_names(name: str, version: str) -> None:
    """Refuse what could not be a folder's name.

    Raises:
        ModelCorruptError: the manifest's name or version is not made of letters, digits and a few signs.
    """
    if not NAME.fullmatch(name) or name == SHIPPED or name.startswith(RESERVED):
        raise ModelCorruptError(f"{ascii(name)[:80]} cannot be a model's name: use letters, digits, _ and -")
    if not VERSION.fullmatch(version):
        raise ModelCorruptError(
            f"{ascii(version)[:80]} cannot be a version: use letters, digits, dots and + _ -"
        )


def rank(version: str) -> tuple[tuple[int, int, str], ...]:
    """A key to sort versions by: numbers count as numbers, and what ends in words comes before the release.

    >>> sorted(["0.10.0", "0.2.0", "0.2.0-rc1", "1"], key=rank)
    ['0.2.0-rc1', '0.2.0', '0.10.0', '1']
    >>> rank("1.0") == rank("1.0.0") == rank("1.0+build7")
    True
    """
    parts = _PARTS.findall(version.partition("+")[0])
    key = [(2, int(part), "") if part.isdigit() else (0, 0, part.lower()) for part in parts]
    while key and key[-1] == (2, 0, "") and all(kind == 2 for kind, _, _ in key):
        key.pop()
    return (*key, (1, 0, ""))
