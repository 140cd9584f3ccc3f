"""Names and versions of models, and which version is the newer one."""

from __future__ import annotations

import re
from dataclasses import dataclass

from edge.errors import ModelCorruptError

SHIPPED = "shipped"  # begins the pointer of a model that ships
RESERVED = "active-"  # begins the names of the store's links
Rank = tuple[tuple[int, ...], bool, tuple[tuple[int, int, str], ...]]
_RELEASE = re.compile(r"\d+(\.\d+)*", re.ASCII)
_PARTS = re.compile(r"\d+|[A-Za-z]+", re.ASCII)


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


def check_name(name: str) -> None:
    """Refuse what would get into the way of the store's own names.

    Raises:
        ModelCorruptError: no model may have this name.
    """
    if name == SHIPPED or name.startswith(RESERVED):
        raise ModelCorruptError(f"no model may be called '{name}': tell who made it")


def rank(version: str) -> Rank:
    """A key to sort versions by: numbers count as numbers, and what ends in words comes before the release.

    >>> sorted(["0.10.0", "0.2.0", "0.2.0-rc10", "0.2.0-rc2", "1"], key=rank)
    ['0.2.0-rc2', '0.2.0-rc10', '0.2.0', '0.10.0', '1']
    >>> rank("1.0") == rank("1.0.0") == rank("1.0+build7")
    True
    """
    version = version.partition("+")[0]
    release = _RELEASE.match(version)
    numbers = [int(part) for part in release[0].split(".")] if release else []
    while numbers and numbers[-1] == 0:
        numbers.pop()
    words = _PARTS.findall(version[release.end() if release else 0 :])
    key = tuple((1, int(word), "") if word.isdigit() else (0, 0, word.lower()) for word in words)
    return tuple(numbers), not words, key
