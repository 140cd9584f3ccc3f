"""The cameras of a configuration, opened the way each is to be read."""

from __future__ import annotations

from collections.abc import Iterator

from edge.cameras import is_recording, open_camera
from edge.capture import EveryFrame, NewestFrame, Source
from edge.settings import CameraConfig, Settings


def camera_sections(settings: Settings) -> dict[str | None, CameraConfig]:
    """The cameras by name: `[cameras.NAME]`, or `[camera]` alone, whose name its source gives."""
    named: dict[str | None, CameraConfig] = dict(settings.cameras.items())
    return named or {None: settings.camera}


def open_sources(settings: Settings, watched: bool) -> Iterator[Source]:
    """Open every camera.

    Args:
        watched: whether somebody looks on, on the page or in the terminal.
    Raises:
        InputError: what `open_camera` raises.
    """
    for name, config in camera_sections(settings).items():
        yield open_source(name, config, watched)


def open_source(name: str | None, config: CameraConfig, watched: bool) -> Source:
    """Open one camera; `watched` as in `open_sources`."""
    newest = takes_newest(config, watched)
    loop = config.loop
    if loop is None:
        loop = newest and config.source == "demo"
    camera = open_camera(config.source, realtime=newest, loop=loop, name=name)
    return NewestFrame(camera) if newest else EveryFrame(camera)


def takes_newest(config: CameraConfig, watched: bool) -> bool:
    """Whether the newest frame matters more than every frame."""
    if config.every_frame is not None:
        return not config.every_frame
    return watched or not is_recording(config.source)
