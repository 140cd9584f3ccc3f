"""The cameras of a configuration, opened the way each is to be read."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

from edge.cameras import camera_name, is_recording, open_camera
from edge.capture import EveryFrame, LiveFrames, NewestFrame, Source, Tell
from edge.errors import ConfigError
from edge.hiding import value_without_password
from edge.secrets import read_secret
from edge.settings import CameraConfig, Settings


def camera_sections(settings: Settings) -> dict[str | None, CameraConfig]:
    """The cameras by name: `[cameras.NAME]`, or `[camera]` alone, whose name its source gives."""
    named: dict[str | None, CameraConfig] = dict(settings.cameras.items())
    return named or {None: settings.camera}


def open_source(name: str | None, config: CameraConfig, viewer: bool, tell: Tell, *, patient: bool) -> Source:
    """Open one camera.

    Args:
        name: the camera's name in events; None for one that its source gives.
        viewer: whether somebody looks on, on the page or in the terminal.
        tell: takes the camera's states.
        patient: whether a live camera that is missing is waited for, unless `config.wait` says it.
    Raises:
        InputError: what `open_camera` raises.
    """
    if not is_recording(config.source):
        from edge.cameras.live import LiveCamera

        if config.login_file is not None:
            config = config.model_copy(update={"source": with_login(config.source, config.login_file)})
        live = LiveFrames(LiveCamera(name or camera_name(config.source), config, tell))
        if not (patient if config.wait is None else config.wait):
            live.check()
        return live
    newest = takes_newest(config, viewer)
    loop = config.loop
    if loop is None:
        loop = newest and config.source == "demo"
    camera = open_camera(config.source, realtime=newest, loop=loop, name=name)
    return NewestFrame(camera, tell) if newest else EveryFrame(camera, tell)


def with_login(address: str, file: Path) -> str:
    """An address with the user and password that the file holds.

    Raises:
        ConfigError: the file cannot be read or holds no USER:PASSWORD, or the address has a user already.
    """
    login = read_secret(file)
    netloc = urlsplit(address).netloc
    if not login.partition(":")[0] or ":" not in login:
        raise ConfigError(f"{file} holds no login: write USER:PASSWORD into it")
    if not netloc or "@" in netloc:
        raise ConfigError(
            f"{file} cannot be used with {value_without_password(address)}: give an address without user"
        )
    return add_login(address, login)


def add_login(address: str, login: str) -> str:
    """An address with a USER:PASSWORD.

    >>> add_login("rtsp://door.local/1", "me:p@ss")
    'rtsp://me:p%40ss@door.local/1'
    """
    user, _, password = login.partition(":")
    parts = urlsplit(address)
    return urlunsplit(
        parts._replace(netloc=f"{quote(user, safe='')}:{quote(password, safe='')}@{parts.netloc}")
    )


def takes_newest(config: CameraConfig, viewer: bool) -> bool:
    """Whether the newest frame matters more than every frame; `viewer` as in `open_source`."""
    if config.every_frame is not None:
        return not config.every_frame
    return viewer or not is_recording(config.source)
