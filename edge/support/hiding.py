"""Takes out of a text what nobody but its owner should read."""

from __future__ import annotations

import re
from typing import Any

HIDDEN = "***"
USER = "mqtt.username"
# To the last @ before a blank, whatever a password is made of: rather a path too much than half a password.
_LOGIN = re.compile(r"(?<=://)\S*@")
_QUERY = re.compile(r"(?<=://)([^\s?\"']*\?)[^\s\"']*")
_USER = re.compile(r"(?<=user ')[^']*")
_HOME = re.compile(r"/home/[^/\s\"']+")


def hide(text: str) -> str:
    """The text without logins and queries of addresses, and without users' names.

    >>> hide("camera rtsp://me:p@ss@cam/1 of /home/anna/mien, http://cam/v?user=me&pwd=x lost")
    'camera rtsp://***@cam/1 of /home/***/mien, http://cam/v?*** lost'
    >>> hide("it refuses the user 'anna': check mqtt.username")
    "it refuses the user '***': check mqtt.username"
    """
    text = _LOGIN.sub(f"{HIDDEN}@", text)
    text = _QUERY.sub(rf"\1{HIDDEN}", text)
    text = _USER.sub(HIDDEN, text)
    return _HOME.sub(f"/home/{HIDDEN}", text)


def hide_value(text: str) -> str:
    """The same for one value, in which what looks like an address is nothing else, blanks and all.

    >>> hide_value("rtsp://me:my pass@cam/1"), hide_value("http://cam/v?a=b c")
    ('rtsp://***@cam/1', 'http://cam/v?***')
    """
    scheme, divider, rest = text.partition("://")
    if not divider:
        return hide(text)
    login, at, place = rest.rpartition("@")
    address, mark, _ = place.partition("?")
    return f"{scheme}://{HIDDEN if login else ''}{at}{address}{mark}{HIDDEN if mark else ''}"


def hide_key(key: str, value: Any) -> Any:
    """What is shown of a key of the configuration. Passwords and tokens are in files, of which it holds the
    names alone."""
    if key == USER and value is not None:
        return HIDDEN
    if isinstance(value, list):
        return [hide_key(key, each) for each in value]
    return hide_value(value) if isinstance(value, str) else value
