"""The answers as flags give them, without a question: `mien setup --yes`."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edge.cameras import is_network
from edge.errors import CameraMissingError, ConfigError, OutputError
from edge.secrets import read_secret
from edge.settings import split_address
from edge.setup.answers import Answers, broker_config, split_login
from edge.setup.cameras import find_cameras

TOKEN_BYTES = 24
_NAMED = re.compile(r"([a-z0-9][a-z0-9_-]{0,31})=(.+)", re.DOTALL)
Show = Callable[[str, str | None], None]


@dataclass(frozen=True, slots=True)
class Flags:
    """What was given on the command line, None or empty where nothing was; `mqtt_host` "" is: no broker."""

    cameras: tuple[str, ...] = ()
    login_files: tuple[str, ...] = ()
    mqtt_host: str | None = None
    mqtt_port: int | None = None
    mqtt_tls: bool = False
    mqtt_user: str | None = None
    mqtt_password_file: Path | None = None
    address: str | None = None
    names: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self != Flags()


def answer(answers: Answers, flags: Flags, show: Show | None) -> None:
    """Put the flags among the answers; what none speaks of stays as it was answered earlier.

    Args:
        answers: those of an earlier setup, to be changed.
        show: looks through a camera, by source and login, and raises where it cannot; None to try neither
            cameras nor the broker.
    Raises:
        MienError: an answer is missing, contradicts another or cannot be used.
    """
    if flags.cameras or not any(key.endswith(".source") for key in answers.keys):
        _answer_cameras(answers, flags, show)
    elif flags.login_files:
        raise ConfigError("--camera-login-file comes with --camera: name the camera, too")
    _answer_broker(answers, flags, check=show is not None)
    if flags.address is not None:
        try:
            split_address(flags.address)
        except ValueError as error:
            raise ConfigError(f"--address: {error}") from None
        answers.serve_page(flags.address, flags.names, secrets.token_urlsafe(TOKEN_BYTES))
    elif flags.names:
        raise ConfigError("--page-name comes with --address: say where the page is served")


def _answer_cameras(answers: Answers, flags: Flags, show: Show | None) -> None:
    answers.forget("camera", "cameras")
    files = dict(map(_split_name, flags.login_files))
    cameras = [_split_name(each) for each in flags.cameras or [only_camera()]]
    for name, source in cameras:
        address, login = split_login(source)
        if login is not None:
            raise ConfigError(
                "--camera holds a password, which everybody on this machine can see: write USER:PASSWORD "
                "into a file and give --camera-login-file"
            )
        if name in files:
            if not is_network(address):
                raise ConfigError(f"--camera-login-file: {address} is no address that takes a login")
            login = read_login(Path(files.pop(name)))
        answers.add_camera(name, address, login)
        if show is not None:
            show(address, login)
    if len(cameras) > 1 and any(name is None for name, _ in cameras):
        raise ConfigError("several cameras need names: --camera front=0 --camera door=rtsp://…")
    if files:
        raise ConfigError(f"--camera-login-file: there is no camera '{next(iter(files)) or 'without name'}'")


def _answer_broker(answers: Answers, flags: Flags, check: bool) -> None:
    if flags.mqtt_host is None:
        if flags.mqtt_port or flags.mqtt_tls or flags.mqtt_user or flags.mqtt_password_file:
            raise ConfigError("the --mqtt flags come with --mqtt-host: name the broker")
        return
    if not flags.mqtt_host:
        answers.forget("mqtt")
        return
    config = broker_config(flags.mqtt_host, flags.mqtt_port, flags.mqtt_tls, flags.mqtt_user)
    if flags.mqtt_password_file is not None and config.username is None:
        raise ConfigError("--mqtt-password-file comes with --mqtt-user: say whose password it is")
    password = None if flags.mqtt_password_file is None else read_secret(flags.mqtt_password_file)
    if check:
        from edge.setup.broker import find_fault

        if fault := find_fault(config, password):
            raise OutputError(f"{fault}; nothing was changed")
    answers.use_broker(config, password)


def only_camera() -> str:
    """The source of the one camera of this machine.

    Raises:
        CameraMissingError: there is none.
        ConfigError: there are several.
    """
    found = find_cameras()
    if not found:
        raise CameraMissingError("there is no camera here: plug one in, or name one with --camera")
    if len(found) > 1:
        present = ", ".join(f"{each.source} is {each.words}" for each in found)
        raise ConfigError(f"there are several cameras ({present}): choose with --camera")
    return found[0].source


def read_login(file: Path) -> str:
    """A file's USER:PASSWORD.

    Raises:
        ConfigError: it cannot be read or holds none.
    """
    login = read_secret(file)
    if not login.partition(":")[0] or ":" not in login:
        raise ConfigError(f"{file} holds no login: write USER:PASSWORD into it")
    return login


def _split_name(flag: str) -> tuple[str | None, str]:
    """NAME and the rest of NAME=REST; None and all where there is no name."""
    match = _NAMED.fullmatch(flag)
    return (match[1], match[2]) if match else (None, flag)
