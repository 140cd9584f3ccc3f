"""What was answered, as keys of the configuration and as secrets, and the file the keys stand in."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from pydantic import ValidationError

from edge.cameras import is_network
from edge.errors import ConfigError
from edge.hiding import value_without_password
from edge.settings import NAME, MqttConfig, is_loopback, split_address
from edge.setup.places import Places

TOKEN, PASSWORD, LOGIN = "mien-token", "mien-mqtt-password", "mien-camera-login"
HEADER = (
    "# Written by `mien setup`, which makes it anew: keep changes of your own in a file that sorts after it."
)
MARK = "# What follows, as setup wrote it, has the checksum "
Keys = dict[str, Any]


@dataclass
class Answers:
    """Keys such as "camera.source" with their values, and secrets by the names of their files."""

    places: Places
    keys: Keys = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict, repr=False)

    def forget(self, *sections: str) -> None:
        """Answer anew what belongs to these sections."""
        self.keys = {key: value for key, value in self.keys.items() if key.split(".")[0] not in sections}

    def add_camera(self, name: str | None, source: str, login: str | None = None) -> None:
        """A camera by its name, None for the only one.

        Args:
            source: without user and password, which `login` holds as USER:PASSWORD.
        Raises:
            ConfigError: the name is none, or is taken.
        """
        section = "camera" if name is None else f"cameras.{name}"
        if name is not None and not NAME.fullmatch(name):
            raise ConfigError(f"'{name}' is no camera's name: up to 32 of a-z 0-9 _ -")
        if f"{section}.source" in self.keys:
            raise ConfigError(
                f"two cameras are called {name or 'nothing'}: give each a name, --camera NAME=…"
            )
        self.keys[f"{section}.source"] = source
        if login is not None:
            secret = LOGIN if name is None else f"{LOGIN}-{name}"
            self.keys[f"{section}.login_file"] = self.places.reference(secret)
            self.secrets[secret] = login

    def use_broker(self, config: MqttConfig, password: str | None) -> None:
        """The MQTT broker; `config` names no password file, which is the one that setup makes."""
        self.forget("mqtt")
        self.keys |= {f"mqtt.{key}": value for key, value in config.model_dump(exclude_defaults=True).items()}
        if password is not None:
            self.keys["mqtt.password_file"] = self.places.reference(PASSWORD)
            self.secrets[PASSWORD] = password

    def serve_page(self, address: str, names: tuple[str, ...], token: str) -> None:
        """Where the page is served, and under which names.

        Args:
            token: kept as a secret where other machines can reach the page, unless there is one already.
        """
        self.forget("outputs", "http")
        self.keys["outputs.address"] = address
        if is_loopback(split_address(address)[0]):
            return
        self.keys["http.token_file"] = self.places.reference(TOKEN)
        if names:
            self.keys["http.hosts"] = list(names)
        if not (self.places.secrets / TOKEN).exists():
            self.secrets[TOKEN] = token

    @property
    def logins(self) -> list[str]:
        """Names of the secrets that hold cameras' logins."""
        return [str(value).rpartition("/")[2] for key, value in self.keys.items() if "login_file" in key]


def split_login(address: str) -> tuple[str, str | None]:
    """A camera's address without user and password, and those as USER:PASSWORD.

    >>> split_login("rtsp://me:p%40ss@door.local/1")
    ('rtsp://door.local/1', 'me:p@ss')

    Raises:
        ConfigError: it cannot be told where the password ends.
    """
    if not is_network(address):
        return address, None
    try:
        parts = urlsplit(address)
        user, password = parts.username, parts.password
        _ = parts.port  # not a number: a part of the password
    except ValueError:
        parts, user, password = urlsplit("//"), None, None
    login, at, place = parts.netloc.rpartition("@")
    if not place or (not at and "@" in address):
        raise ConfigError(
            "the camera's address cannot be read: write it as rtsp://USER:PASSWORD@HOST/PATH, and / ? # @ : "
            "of a password as %2F %3F %23 %40 %3A"
        )
    if not login or not user:
        return urlunsplit(parts._replace(netloc=place)), None
    return urlunsplit(parts._replace(netloc=place)), f"{unquote(user)}:{unquote(password or '')}"


def broker_config(host: str, port: int | None, tls: bool, username: str | None) -> MqttConfig:
    """The broker's section.

    Raises:
        ConfigError: a value is unusable.
    """
    try:
        return MqttConfig(host=host, port=port, tls=tls, username=username)
    except ValidationError as error:
        first = error.errors()[0]
        shown = repr(value_without_password(first["input"]))
        reason = first["msg"].removeprefix("Value error, ")
        raise ConfigError(f"mqtt.{first['loc'][0]} = {shown}: {reason}") from None


def file_text(keys: Mapping[str, Any]) -> str:
    """The file of the answers: the keys as TOML, below a line that tells whether they were changed since."""
    tables: dict[str, list[str]] = {}
    for key, value in keys.items():
        section, _, name = key.rpartition(".")
        shown = json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        tables.setdefault(section, []).append(f"{name} = {shown}\n")
    body = "\n".join(f"[{section}]\n{''.join(lines)}" for section, lines in sorted(tables.items()))
    return f"{HEADER}\n{MARK}{_checksum(body)}\n\n{body}"


def is_edited(text: str) -> bool:
    """Whether a file of answers is not as setup wrote it."""
    head, _, body = text.partition("\n\n")
    return head != f"{HEADER}\n{MARK}{_checksum(body)}"


def earlier_keys(text: str) -> Keys:
    """The keys in a file of answers; none where somebody's change left no TOML."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return {}
    cameras = tables.pop("cameras", {})
    sections = {**tables, **{f"cameras.{name}": table for name, table in dict(cameras).items()}}
    return {
        f"{section}.{key}": value
        for section, table in sections.items()
        if isinstance(table, dict)
        for key, value in table.items()
    }


def _checksum(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()[:16]
