"""What the daemon is told to do: defaults < configuration files < MIEN_* variables < flags.

Files are TOML with the sections below. A variable names section and key: MIEN_DETECTOR_LONGEST_SIDE=416.
"""

from __future__ import annotations

import difflib
import ipaddress
import json
import logging
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from edge.bundles import DEFAULT_DETECTOR, DEFAULT_MODEL
from edge.errors import ConfigError

logger = logging.getLogger(__name__)
ETC = Path("/etc/mien")
PREFIX = "MIEN_"
DEFAULT = "default"
AUTO = "auto"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CameraConfig(_Section):
    """None lets mien decide: every frame of a recording that nobody watches, the newest of all else; the
    demo begins again while it is watched."""

    source: str = "demo"
    every_frame: bool | None = None
    loop: bool | None = None


class DetectorConfig(_Section):
    """interval: frames from one look at the whole picture to the next; "auto" as few as there is time for,
    and 1 for a recording without viewer, which nobody waits for. threshold: None takes the detector's own.
    threads 0: one less than there are cores, since capture and outputs want one too."""

    name: str = DEFAULT_DETECTOR
    longest_side: int = Field(320, ge=32, le=4096)
    threshold: float | None = Field(None, gt=0, lt=1)
    interval: int | str = AUTO
    threads: int = Field(0, ge=0, le=64)

    @field_validator("interval")
    @classmethod
    def _is_interval(cls, value: int | str) -> int | str:
        if value == AUTO:
            return value
        frames = int(value) if str(value).isdecimal() else 0
        if not 1 <= frames <= 1000:
            raise ValueError(f"it is a number of frames from 1 to 1000, or '{AUTO}'")
        return frames


class ModelConfig(_Section):
    name: str = DEFAULT_MODEL
    threads: int = Field(1, ge=1, le=64)


class SmoothingConfig(_Section):
    """Seconds: how slowly expressions and mask states change, and how long a face may be lost and still be
    the same one."""

    time_constant: float = Field(0.4, ge=0, le=60)
    mask_time_constant: float = Field(1.0, ge=0, le=60)
    survive: float = Field(1.0, ge=0, le=60)


class OutputsConfig(_Section):
    """None lets mien decide: the terminal view where there is a terminal, pictures of the demo only."""

    jsonl: str | None = None
    http: bool = True
    address: str = "127.0.0.1:8642"
    terminal: bool | None = None
    preview: bool | None = None

    @field_validator("address")
    @classmethod
    def _is_loopback(cls, value: str) -> str:
        split_address(value)
        return value

    @property
    def host_port(self) -> tuple[str, int]:
        return split_address(self.address)


class Settings(_Section):
    """The effective configuration."""

    camera: CameraConfig = CameraConfig()
    detector: DetectorConfig = DetectorConfig()
    model: ModelConfig = ModelConfig()
    smoothing: SmoothingConfig = SmoothingConfig()
    outputs: OutputsConfig = OutputsConfig()


SECTIONS: dict[str, type[BaseModel]] = {
    "camera": CameraConfig,
    "detector": DetectorConfig,
    "model": ModelConfig,
    "smoothing": SmoothingConfig,
    "outputs": OutputsConfig,
}
KEYS = tuple(f"{section}.{key}" for section, model in SECTIONS.items() for key in model.model_fields)


@dataclass(frozen=True, slots=True)
class Configuration:
    """The settings, and where each key's value came from: a file's path, a variable, "flag" or "default"."""

    settings: Settings
    origins: Mapping[str, str]

    def lines(self) -> Iterator[str]:
        """The effective configuration as TOML, origins as comments; what mien decides commented out."""
        values = self.settings.model_dump()
        for section, keys in values.items():
            yield f"[{section}]"
            for key, value in keys.items():
                shown = f"# {key} = (decided at start)" if value is None else f"{key} = {json.dumps(value)}"
                yield f"{shown:<40}  # {self.origins[f'{section}.{key}']}"
            yield ""


def load(
    file: Path | None = None,
    flags: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
    etc: Path = ETC,
) -> Configuration:
    """Put the layers together.

    Args:
        file: read instead of the files under `etc`.
        flags: values of command-line flags by key, such as "camera.source"; None was not given.
        environment: defaults to the process's.
    Raises:
        ConfigError: an unreadable file, an unknown key or an unusable value; it names key and origin.
    """
    values: dict[str, Any] = {}
    origins = dict.fromkeys(KEYS, DEFAULT)
    files = [file] if file else [etc / "config.toml", *sorted((etc / "config.d").glob("*.toml"))]
    layers = [(str(path), _from_file(path)) for path in files if file or path.is_file()]
    variables = _from_environment(os.environ if environment is None else environment)
    layers += [(f"{PREFIX}{key.replace('.', '_').upper()}", {key: value}) for key, value in variables.items()]
    layers.append(("flag", {key: value for key, value in (flags or {}).items() if value is not None}))
    for origin, layer in layers:
        for key, value in layer.items():
            _check_known(key, origin)
            values[key] = value
            origins[key] = origin
    return Configuration(_validate(values, origins), origins)


def split_address(address: str) -> tuple[str, int]:
    """Host and port of "HOST:PORT", where the host is this machine: the page has no password.

    >>> split_address("[::1]:80")
    ('::1', 80)
    """
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    if not port.isdecimal() or int(port) > 65535:
        raise ValueError(f"'{address}' is not HOST:PORT, such as 127.0.0.1:8642")
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise ValueError(f"'{host}' is not this machine; the page has no password, so use 127.0.0.1")
    return host, int(port)


def _from_file(path: Path) -> dict[str, Any]:
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}): check the path") from error
    except ValueError as error:  # TOML and UTF-8 errors alike
        raise ConfigError(f"{path} is not TOML ({error}): correct it") from error
    flat: dict[str, Any] = {}
    for section, table in tables.items():
        if not isinstance(table, dict):
            _check_known(section, str(path))
        flat.update({f"{section}.{key}": value for key, value in table.items()})
        if not table:
            _check_section(section, str(path))
    return flat


def _from_environment(environment: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for name, value in environment.items():
        section, _, key = name.removeprefix(PREFIX).lower().partition("_")
        if not name.startswith(PREFIX):
            continue
        if section in SECTIONS and key:
            found[f"{section}.{key}"] = value
        else:  # perhaps another program's; a misspelt section should still be noticed
            logger.warning("%s means nothing to mien: variables are %sSECTION_KEY", name, PREFIX)
    return found


def _check_known(key: str, origin: str) -> None:
    section, _, rest = key.partition(".")
    if rest:
        _check_section(section, origin)
    if key not in KEYS:
        nearest = difflib.get_close_matches(key, KEYS, 1, 0.0)[0]
        raise ConfigError(f"unknown key '{key}' ({origin}): did you mean '{nearest}'?")


def _check_section(section: str, origin: str) -> None:
    if section not in SECTIONS:
        nearest = difflib.get_close_matches(section, SECTIONS, 1, 0.0)[0]
        raise ConfigError(f"unknown section '{section}' ({origin}): did you mean '{nearest}'?")


def _validate(values: Mapping[str, Any], origins: Mapping[str, str]) -> Settings:
    tables: dict[str, dict[str, Any]] = {section: {} for section in SECTIONS}
    for path, value in values.items():
        section, _, key = path.partition(".")
        tables[section][key] = value
    try:
        return Settings.model_validate(tables)
    except ValidationError as error:
        first = error.errors()[0]
        path = ".".join(str(part) for part in first["loc"][:2])
        reason = first["msg"].removeprefix("Value error, ")
        raise ConfigError(f"{path} = {first['input']!r} ({origins.get(path, DEFAULT)}): {reason}") from error
