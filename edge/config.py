"""What the daemon is told to do: defaults < configuration files < MIEN_* variables < flags.

Files are TOML with the sections of `edge/settings.py`. A variable names section and key:
MIEN_DETECTOR_LONGEST_SIDE=416. `[cameras.NAME]` sections stand in files only.
"""

from __future__ import annotations

import difflib
import json
import logging
import os
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from edge.errors import ConfigError
from edge.hiding import value_without_password
from edge.settings import CameraConfig, Section, Settings

logger = logging.getLogger(__name__)
ETC = Path("/etc/mien")
PREFIX = "MIEN_"
STORE_VARIABLE = "MIEN_MODELS"  # the short word for MIEN_MODEL_STORE
DEFAULT = "default"
CAMERAS = "cameras"
SECTIONS: dict[str, type[Section]] = {
    name: type(field.default) for name, field in Settings.model_fields.items() if name != CAMERAS
}
KEYS = tuple(f"{section}.{key}" for section, model in SECTIONS.items() for key in model.model_fields)


@dataclass(frozen=True, slots=True)
class Configuration:
    """The settings, and where each key's value came from: a file's path, a variable, "flag" or "default"."""

    settings: Settings
    origins: Mapping[str, str]

    def lines(self, hide: Callable[[str, Any], Any] = lambda key, value: value) -> Iterator[str]:
        """The effective configuration as TOML, origins as comments; what mien decides commented out, and
        passwords in addresses hidden.

        Args:
            hide: gives what is to be shown of a key's value, for those who should see less.
        """
        values = self.settings.model_dump(mode="json")
        named = values.pop(CAMERAS)
        tables = {**values, **{f"{CAMERAS}.{name}": keys for name, keys in named.items()}}
        for table, keys in tables.items():
            yield f"[{table}]"
            for key, value in keys.items():
                undecided = value is None
                shown = (
                    f"# {key} = (decided at start)"
                    if undecided
                    else f"{key} = {_toml(hide(f'{table}.{key}', value))}"
                )
                yield f"{shown:<40}  # {self.origins.get(f'{table}.{key}', DEFAULT)}"
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


def _toml(value: Any) -> str:
    return json.dumps(value_without_password(value))


def _from_file(path: Path) -> dict[str, Any]:
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}): check the path") from error
    except ValueError as error:  # TOML and UTF-8 errors alike
        raise ConfigError(f"{path} is not TOML ({error}): correct it") from error
    cameras = tables.pop(CAMERAS, {})
    if not isinstance(cameras, dict) or not all(isinstance(table, dict) for table in cameras.values()):
        raise ConfigError(f"'{CAMERAS}' ({path}) holds sections: write [{CAMERAS}.NAME]")
    tables.update({f"{CAMERAS}.{name}": table for name, table in cameras.items()})
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
        if name == STORE_VARIABLE:
            found["model.store"] = value
        elif section in SECTIONS and key:
            found[f"{section}.{key}"] = value
        else:  # perhaps another program's; a misspelt section should still be noticed
            logger.warning("%s means nothing to mien: variables are %sSECTION_KEY", name, PREFIX)
    return found


def _check_known(key: str, origin: str) -> None:
    section = key.rpartition(".")[0]
    keys = KEYS
    if section.startswith(f"{CAMERAS}."):
        keys = tuple(f"{section}.{rest}" for rest in CameraConfig.model_fields)
    elif section:
        _check_section(section, origin)
    if key not in keys:
        nearest = difflib.get_close_matches(key, keys, 1, 0.0)[0]
        raise ConfigError(f"unknown key '{key}' ({origin}): did you mean '{nearest}'?")


def _check_section(section: str, origin: str) -> None:
    if section not in SECTIONS and not section.startswith(f"{CAMERAS}."):
        nearest = difflib.get_close_matches(section, SECTIONS, 1, 0.0)[0]
        raise ConfigError(f"unknown section '{section}' ({origin}): did you mean '{nearest}'?")


def _validate(values: Mapping[str, Any], origins: Mapping[str, str]) -> Settings:
    tables: dict[str, Any] = {section: {} for section in (*SECTIONS, CAMERAS)}
    for path, value in values.items():
        section, _, key = path.rpartition(".")
        if section.startswith(f"{CAMERAS}."):
            tables[CAMERAS].setdefault(section.partition(".")[2], {})[key] = value
        else:
            tables[section][key] = value
    try:
        return Settings.model_validate(tables)
    except ValidationError as error:
        first = error.errors()[0]
        place = [str(part) for part in first["loc"]]
        path = ".".join(place[: 3 if place[:1] == [CAMERAS] else 2])
        reason = first["msg"].removeprefix("Value error, ")
        if len(place) < 2:  # two sections contradict each other, or a camera's name is none
            raise ConfigError(f"{path}: {reason}" if path else reason) from error
        shown = repr(value_without_password(first["input"]))
        raise ConfigError(f"{path} = {shown} ({origins.get(path, DEFAULT)}): {reason}") from error
