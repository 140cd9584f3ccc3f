"""What a device is, as far as wheels and Debian's archive are concerned."""

from __future__ import annotations

from dataclasses import dataclass

# Debian's word for an architecture -> the wheels' word, which is the kernel's too.
MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}


@dataclass(frozen=True, slots=True)
class Suite:
    """A release of Debian; Raspberry Pi OS has the same names.

    Attributes:
        number: of the release, which orders the packages of one version for several suites.
        python: the one that /usr/bin/python3 is.
        glibc: its minor version, 2.x.
    """

    number: int
    python: str
    glibc: int


SUITES = {"bookworm": Suite(12, "3.11", 36), "trixie": Suite(13, "3.13", 41)}
PYTHONS = ("3.11", "3.12", "3.13")
# The oldest glibc that the wheels of every locked package run with.
OLDEST_GLIBC = 28


def platform_tags(arch: str, glibc: int) -> list[str]:
    """The wheel platforms a machine takes, newest first.

    >>> platform_tags("arm64", 18)
    ['manylinux_2_18_aarch64', 'manylinux_2_17_aarch64', 'manylinux2014_aarch64']
    """
    machine = MACHINES[arch]
    numbered = [f"manylinux_2_{minor}_{machine}" for minor in range(glibc, 16, -1)]
    return [*numbered, f"manylinux2014_{machine}"]
