"""What lies in site-packages on a device: the wheels, without what no device uses."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from email.parser import HeaderParser
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

# Locked for building only.
NOT_SHIPPED = frozenset({"setuptools"})
# Patterns of files below site-packages, `*` spanning folders.
DROPPED = (
    "train_keras/*",  # mien's own training stack
    "convert/*",
    "*/tests/*",
    "ai_edge_litert/libLiteRtWebGpuAccelerator.so",  # 17 MB for desktop GPUs; mien runs on the CPU
    "ai_edge_litert/aot/*",  # compilers for phones
    "ai_edge_litert/tools/*",
    "ai_edge_litert/vendors/*",  # plugins for chips, which want libraries of their makers
    "numpy/_core/*_tests.*",
    "numpy/f2py/*",
    "numpy/_core/include/*",
    "numpy/random/_examples/*",
    "tqdm/completion.sh",
    "typer/.agents/*",
    "*.a",  # for those who compile against the packages
    "*.h",
    "*.c",
    "*.pyx",
    "*.pxd",
    "*.pyi",
    "*.dist-info/RECORD",  # pip's list of files, no longer true; dpkg has its own
    "*.data/scripts/*",
)


def is_dropped(name: str) -> bool:
    """Whether no device needs a file of site-packages.

    >>> is_dropped("numpy/ma/tests/test_core.py"), is_dropped("numpy/ma/core.py")
    (True, False)
    """
    return any(fnmatchcase(name, pattern) for pattern in DROPPED)


def unpack(wheels: Iterable[Path], site_packages: Path) -> int:
    """Unpack wheels as pip would, but for scripts and bytecode.

    Returns:
        the bytes that were left out.
    """
    left_out = 0
    for wheel in wheels:
        if distribution(wheel) in NOT_SHIPPED:
            continue
        with zipfile.ZipFile(wheel) as archive:
            for member in archive.infolist():
                if member.is_dir():
                    continue
                if is_dropped(member.filename):
                    left_out += member.file_size
                    continue
                target = site_packages / _place(member.filename)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(archive.read(member))
    return left_out


def distribution(wheel: Path) -> str:
    """The name of a wheel's package.

    >>> distribution(Path("ai_edge_litert-2.3.0-cp313-cp313-manylinux_2_27_aarch64.whl"))
    'ai-edge-litert'
    """
    return wheel.name.partition("-")[0].replace("_", "-").lower()


def inventory(site_packages: Path) -> str:
    """One line a package: name, version, licence, sorted by name."""
    lines = []
    for file in site_packages.glob("*.dist-info/METADATA"):
        about = HeaderParser().parsestr(file.read_text(encoding="utf-8"))
        licence = about["License-Expression"] or about["License"] or "see its METADATA"
        lines.append(f"{about['Name']} {about['Version']}: {licence.partition(chr(10))[0]}")
    return "\n".join(sorted(lines, key=str.lower)) + "\n"


def _place(name: str) -> PurePosixPath:
    """Where a wheel's file belongs: what is in NAME.data/purelib or platlib lies beside the rest."""
    parts = PurePosixPath(name).parts
    if parts[0].endswith(".data") and parts[1] in ("purelib", "platlib"):
        return PurePosixPath(*parts[2:])
    return PurePosixPath(name)
