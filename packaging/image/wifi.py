"""A wireless network, with its key instead of the password that the key is made from."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field

from edge.errors import ConfigError

ROUNDS, KEY_BYTES = 4096, 32  # of WPA's PBKDF2
KEY = re.compile(r"[0-9a-fA-F]{64}")
PASSWORD = re.compile(r"[ -~]{8,63}")
COUNTRY = re.compile(r"[A-Z]{2}")


@dataclass(frozen=True, slots=True)
class Wifi:
    """A network that a device joins.

    Attributes:
        name: the SSID.
        key: 64 hexadecimal digits. It opens this network, but tells nothing of the password.
        country: two letters, whose rules for radio are kept; without one the radio stays off.
    """

    name: str
    key: str = field(repr=False)
    country: str


def make_wifi(name: str, password: str, country: str) -> Wifi:
    """A network from what people know of it.

    Args:
        password: or the key itself.
    Raises:
        ConfigError: a value is none of WPA's; the message never quotes the password.
    """
    if not 1 <= len(name.encode()) <= 32 or not name.isprintable():
        raise ConfigError(f"--wifi {name!r} is no network's name: give 1 to 32 bytes of printable text")
    if not COUNTRY.fullmatch(country):
        raise ConfigError(f"--country {country!r} is no country: give two capitals, such as DE")
    if KEY.fullmatch(password):
        return Wifi(name, password.lower(), country)
    if not PASSWORD.fullmatch(password):
        raise ConfigError("the password of --wifi has not 8 to 63 ASCII characters: check it")
    key = hashlib.pbkdf2_hmac("sha1", password.encode(), name.encode(), ROUNDS, KEY_BYTES)
    return Wifi(name, key.hex(), country)
