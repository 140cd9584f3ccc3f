"""Which outputs a configuration asks for, and how each is made."""

from __future__ import annotations

import sys
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

from edge.bus import Bus
from edge.capture import Source
from edge.control import Control
from edge.outputs import Output
from edge.settings import HttpConfig, Settings
from edge.sources import camera_sections, takes_newest
from edge.store.choosing import ModelNames
from edge.store.verdicts import Verdicts


@dataclass(frozen=True, slots=True)
class Wanted:
    """An output to make; one with an equal `key` would be the same."""

    key: Hashable
    make: Callable[[], Output]


def wanted_outputs(
    settings: Settings,
    bus: Bus,
    control: Control,
    sources: Callable[[], Sequence[Source]],
    running: Callable[[], bool],
    temperature: Callable[[], float | None] = lambda: None,
) -> dict[str, Wanted]:
    """The outputs by name, in the order in which they start.

    Args:
        control: takes what is asked of mien.
        sources: gives the cameras.
        running: whether the daemon is still to go on; recordings wait for slow readers as long as it is.
        temperature: of the processor, degrees Celsius.
    """
    # Each output brings its own libraries, so it is imported only when it is made.
    outputs, found = settings.outputs, {}
    cameras = [source.name for source in sources()]
    models, offered = ModelNames(settings.model), (settings.model.name, settings.model.store)
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

            return HttpServer(
                settings.http,
                outputs.address,
                bus,
                control,
                sources,
                preview=preview,
                models=models,
                temperature=temperature,
            )

        files = _versions_of_files(settings.http)
        found["http"] = Wanted(
            (outputs.address, preview, tuple(cameras), offered, settings.http, files), http
        )
    if settings.mqtt.host is not None:

        def mqtt() -> Output:
            from edge.outputs.mqtt import Mqtt

            verdicts = Verdicts(settings.model)
            return Mqtt(settings.mqtt, bus, control, cameras, models, temperature, verdicts)

        found["mqtt"] = Wanted((settings.mqtt, tuple(cameras), offered), mqtt)
    if has_terminal(settings):
        scheme = "https" if settings.http.tls_certificate else "http"
        page = f"{scheme}://{outputs.address}/" if outputs.http else None

        def terminal() -> Output:
            from edge.outputs.terminal import TerminalView

            return TerminalView(bus, cameras[0], page)

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


def _versions_of_files(http: HttpConfig) -> tuple[int | None, ...]:
    """What changes when a token or a certificate was replaced: a reload is to take the new one."""
    files = (http.token_file, http.control_token_file, http.tls_certificate, http.tls_key)
    return tuple(file.stat().st_mtime_ns if file is not None and file.is_file() else None for file in files)
