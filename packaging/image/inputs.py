"""What is given on the command line, looked at before anything is written."""

from __future__ import annotations

import base64
import binascii
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edge.config import load
from edge.errors import ConfigError, FileUnreadableError, ImageError
from image.system import System

LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
USER = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
KEY_TYPES = ("ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp", "sk-ssh-ed25519@", "sk-ecdsa-sha2-nistp")
# Those that mien.service loads.
CREDENTIALS = (
    "mien-mqtt-password",
    "mien-token",
    "mien-control-token",
    "mien-tls-certificate",
    "mien-tls-key",
)
LONGEST_CREDENTIAL = 64 * 1024  # bytes


@dataclass(frozen=True, slots=True)
class Package:
    """mien's Debian package, and the system it was made for."""

    file: Path
    arch: str
    release: int

    def check_fits(self, system: System) -> None:
        """
        Raises:
            ImageError: it was made for another architecture or release.
        """
        if self.arch != system.arch:
            raise ImageError(
                f"{self.file.name} is for {self.arch} and the image for {system.arch}: take "
                "the 64-bit image, or build the package with make deb ARCH=…"
            )
        if self.release != system.release:
            raise ImageError(
                f"{self.file.name} is for Debian {self.release} and the image {system.release}: build the "
                "package with make deb SUITE=…"
            )


def read_package(file: Path) -> Package:
    """
    Raises:
        FileUnreadableError: there is no such file.
        ImageError: it is no package of mien's, or there is no dpkg-deb.
    """
    if not file.is_file():
        raise FileUnreadableError(f"{file} is no file: build the package with make deb, or name it")
    fields = "${Package} ${Architecture} ${Version}"
    try:
        command = ["dpkg-deb", "--show", f"--showformat={fields}", str(file)]
        shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except FileNotFoundError as error:
        raise ImageError("dpkg-deb is not installed: apt install dpkg") from error
    except subprocess.CalledProcessError as error:
        raise ImageError(f"{file} is no whole Debian package: build it with make deb") from error
    name, arch, version = shown.split()
    release = re.search(r"\+deb(\d+)$", version)
    if name != "mien" or release is None:
        raise ImageError(f"{file} is {name} {version} and not a package of mien's: build one with make deb")
    return Package(file, arch, int(release[1]))


def numbered(pattern: str, number: int, flag: str) -> str:
    """A pattern such as "kiosk-{n:02d}" for one device.

    >>> numbered("kiosk-{n:02d}", 7, "--hostname")
    'kiosk-07'

    Raises:
        ConfigError: its braces hold something else than `n`.
    """
    try:
        return pattern.format(n=number)
    except (LookupError, ValueError, AttributeError) as error:
        raise ConfigError(f"{flag} {pattern!r} is no pattern: write {{n}} or {{n:02d}}") from error


def check_hostname(name: str) -> str:
    """
    Raises:
        ConfigError: DNS takes no such name.
    """
    if not LABEL.fullmatch(name):
        raise ConfigError(f"--hostname {name!r} is none: up to 63 of a-z 0-9 -, with no - at its ends")
    return name


def check_user(name: str) -> str:
    """
    Raises:
        ConfigError: Debian takes no such name, or it is root's.
    """
    if not USER.fullmatch(name) or name == "root":
        raise ConfigError(f"--user {name!r} is no user's name: up to 32 of a-z 0-9 _ -, and not root")
    return name


def read_ssh_keys(file: Path) -> tuple[str, ...]:
    """The public keys of a file, one a line.

    Raises:
        ConfigError: there is none, one is damaged, or it is the secret half.
    """
    text = _read(file).decode(errors="replace")
    if "PRIVATE KEY" in text:
        raise ConfigError(f"{file} is a secret key, which stays with you: give the public one, {file}.pub")
    lines = [line.strip() for line in text.splitlines()]
    keys = [line for line in lines if line and not line.startswith("#")]
    if not keys or not all(map(_is_ssh_key, keys)):
        raise ConfigError(f"{file} holds no public ssh key, or a damaged one: make one with ssh-keygen")
    return tuple(keys)


def read_config(file: Path) -> bytes:
    """A configuration that mien takes.

    Raises:
        ConfigError: it does not.
    """
    load(file, environment={})
    return _read(file)


def read_credential(flag: str) -> tuple[str, bytes]:
    """Name and content of NAME=FILE.

    Raises:
        ConfigError: the service knows no such secret, or the file holds none; never quotes it.
    """
    name, _, file = flag.partition("=")
    if name not in CREDENTIALS or not file:
        raise ConfigError(f"--credential {name}=FILE: the service knows {', '.join(CREDENTIALS)}")
    content = _read(Path(file))
    if not content.strip() or len(content) > LONGEST_CREDENTIAL:
        raise ConfigError(f"{file} is empty, or too long for a secret: check the path")
    return name, content


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ConfigError(f"{file} cannot be read ({error.strerror}): check the path") from error


def _is_ssh_key(line: str) -> bool:
    """Whether the key says of itself the type that stands before it, as ssh wants it."""
    kind, _, rest = line.partition(" ")
    try:
        blob = base64.b64decode(rest.partition(" ")[0], validate=True)
    except (binascii.Error, ValueError):
        return False
    fields = list(_fields(blob))
    whole = sum(4 + len(each) for each in fields) == len(blob)
    return (
        kind.startswith(KEY_TYPES)
        and line.isprintable()
        and whole
        and len(fields) > 1
        and fields[0] == kind.encode()
    )


def _fields(blob: bytes) -> Iterator[bytes]:
    """The fields of a key, each after its length in four bytes, as far as they are whole."""
    while 4 <= len(blob) >= (end := 4 + int.from_bytes(blob[:4], "big")):
        yield blob[4:end]
        blob = blob[end:]
