"""Which outputs a configuration asks for, and how each is made."""

from __future__ import annotations

import sys
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

from edge.bundles import shipped
from edge.bus import Bus
from edge.control import Control
from edge.outputs import Output
from edge.settings import Settings
from edge.sources import camera_sections, takes_newest


@dataclass(frozen=True, slots=True)
class Wanted:
    """An output to make; one with an equal `key` would be the same."""

    key: Hashable
    make: Callable[[], Output]


def wanted_outputs(
    settings: Settings, bus: Bus, control: Control, cameras: Sequence[str], running: Callable[[], bool]
) -> dict[str, Wanted]:
    """The outputs by name, in the order in which they start.

    Args:
        control: takes what outputs are asked to ask.
        cameras: names of the cameras.
        running: whether the daemon is still to go on; recordings wait for slow readers as long as it is.
    """
    # Each output brings its own libraries, so it is imported only when it is made.
    outputs, found = settings.outputs, {}
    whole = None if any_newest(settings) else running
    if outputs.jsonl is not None:
        path = outputs.jsonl

        def jsonl() -> Output:
            from edge.outputs.jsonl import JsonLines

            return JsonLines(
                bus,
                path,
                interval=outputs.jsonl_interval,
                limit=int(outputs.jsonl_megabytes * 1e6),
                keep=outputs.jsonl_keep,
                wait_while=whole,
            )

        rotation = (outputs.jsonl_interval, outputs.jsonl_megabytes, outputs.jsonl_keep)
        found["jsonl"] = Wanted((path, rotation, whole is None), jsonl)
    if outputs.socket is not None:
        socket = outputs.socket

        def unix_socket() -> Output:
            from edge.outputs.unix_socket import UnixSocket

            return UnixSocket(bus, socket)

        found["socket"] = Wanted(socket, unix_socket)
    if outputs.http:
        preview = shows_pictures(settings)

        def http() -> Output:
            from edge.outputs.http import HttpServer

            return HttpServer(bus, *outputs.host_port, preview, cameras[0])

        found["http"] = Wanted((outputs.address, preview, tuple(cameras)), http)
    if settings.mqtt.host is not None:

        def mqtt() -> Output:
            from edge.outputs.mqtt import Mqtt

            return Mqtt(settings.mqtt, bus, control, cameras, shipped("expression"))

        found["mqtt"] = Wanted((settings.mqtt, tuple(cameras)), mqtt)
    if has_terminal(settings):
        page = outputs.address if outputs.http else None

        def terminal() -> Output:
            from edge.outputs.terminal import TerminalView

            return TerminalView(bus, cameras[0], page and f"http://{page}/")

        found["terminal"] = Wanted((page, cameras[0]), terminal)
    return found


def has_viewer(settings: Settings) -> bool:
    """Whether somebody may look on, on the page or in the terminal."""
    return settings.outputs.http or has_terminal(settings)


def has_terminal(settings: Settings) -> bool:
    """Whether the live view is shown."""
    outputs = settings.outputs
    return sys.stdout.isatty() and outputs.jsonl != "-" if outputs.terminal is None else outputs.terminal


def shows_pictures(settings: Settings) -> bool:
    """Whether pictures may leave the process."""
    preview = settings.outputs.preview
    sources = {config.source for config in camera_sections(settings).values()}
    return sources == {"demo"} if preview is None else preview


def any_newest(settings: Settings) -> bool:
    """Whether frames of some camera may be skipped; otherwise nothing at all is to be lost."""
    viewer = has_viewer(settings)
    return any(takes_newest(config, viewer) for config in camera_sections(settings).values())
