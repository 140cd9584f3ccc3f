"""Which versions of mien and of what it stands on are installed."""

from __future__ import annotations

import platform
import re
from importlib.metadata import PackageNotFoundError, requires, version

OPTIONAL = ("tflite-runtime", "picamera2")  # used where they are, so no requirement of mien's
NOT_INSTALLED = "not installed"


def installed_versions() -> dict[str, str]:
    """Versions by name: Python, mien, and the packages that the device needs, or may use and has."""
    found = {"python": platform.python_version()}
    found |= {name: version_of(name) for name in ("mien", *_required())}
    optional = {name: version_of(name) for name in OPTIONAL}
    return found | {name: installed for name, installed in optional.items() if installed != NOT_INSTALLED}


def version_of(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return NOT_INSTALLED


def _required() -> list[str]:
    """What mien's own metadata asks for, without its extras; nothing where it runs from a bare checkout."""
    try:
        lines = requires("mien") or []
    except PackageNotFoundError:
        return []
    names = [match[0] for line in lines if "extra ==" not in line and (match := re.match(r"[\w.-]+", line))]
    return sorted(names)
