"""Takes out of a text what nobody but its owner should read."""

from __future__ import annotations

import re
from typing import Any

HIDDEN = "***"
USER = "mqtt.username"
# To the last @ of a word, whatever a password is made of: rather a path too much than half a password. Where
# the first word has a colon and no @, the password may hold blanks: on to the next @ of the line.
_LOGIN = re.compile(r"(?<=://)(?:[^\s:@]*:(?:(?!://)[^@\n])*|[^\s:@]*)@(?:\S*@)?")
_QUERY = re.compile(r"(?<=://)([^\s?\"']*\?)[^\s\"']*")
_USER = re.compile(r"(?<=user ')[^']*")
_HOME = re.compile(r"/home/[^/\s\"']+")


def hide(text: str) -> str:
    """The text without logins and queries of addresses, and without users' names.

    >>> hide("camera rtsp://me:p@ss@cam/1 of /home/anna/mien, http://cam/v?user=me&pwd=x lost")
    'camera rtsp://***@cam/1 of /home/***/mien, http://cam/v?*** lost'
    >>> hide("it refuses the user 'anna': check mqtt.username")
    "it refuses the user '***': check mqtt.username"
    >>> hide("rtsp://me:my pass/word@cam/1 is lost")
    'rtsp://***@cam/1 is lost'
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
    scheme, login, place = _split(text)
    if not scheme:
        return hide(text)
    address, mark, _ = place.partition("?")
    return f"{scheme}{f'{HIDDEN}@' if login else ''}{address}{mark}{HIDDEN if mark else ''}"


def without_password(text: str) -> str:
    """The text with passwords in addresses hidden, for the eyes of the owner.

    A password that holds both an @ and a blank cannot be told from the text around it: see
    `value_without_password`.

    >>> without_password("camera rtsp://me:my pass/word@cam/1 is lost")
    'camera rtsp://me:***@cam/1 is lost'
    """
    return _LOGIN.sub(lambda found: _user_alone(found[0]), text)


def value_without_password(value: Any) -> Any:
    """The same for what a key of the configuration holds, in which an address is nothing else.

    >>> value_without_password(["rtsp://me:my p@ss@cam/1", "0", 5])
    ['rtsp://me:***@cam/1', '0', 5]
    """
    if isinstance(value, dict):
        return {key: value_without_password(each) for key, each in value.items()}
    if isinstance(value, list):
        return [value_without_password(each) for each in value]
    if not isinstance(value, str):
        return value
    scheme, login, place = _split(value)
    return f"{scheme}{_user_alone(login)}{place}"


def hide_key(key: str, value: Any) -> Any:
    """What is shown of a key of the configuration. Passwords and tokens are in files, of which it holds the
    names alone."""
    if key == USER and value is not None:
        return HIDDEN
    if isinstance(value, list):
        return [hide_key(key, each) for each in value]
    return hide_value(value) if isinstance(value, str) else value


def _split(value: str) -> tuple[str, str, str]:
    """`rtsp://`, `USER:PASSWORD@` and the rest; the first two may be empty."""
    scheme, divider, rest = value.partition("://")
    if not divider:
        return "", "", value
    login, at, place = rest.rpartition("@")
    return f"{scheme}{divider}", f"{login}{at}", place


def _user_alone(login: str) -> str:
    user, colon, _ = login.partition(":")
    return f"{user}:{HIDDEN}@" if colon else login
