"""The daemon's web server: the dashboard, the API, the metrics. What it answers: `site.py`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from edge.bus import Bus
from edge.control import Control
from edge.outputs.http.connection import Limits
from edge.outputs.http.feed import Feed
from edge.outputs.http.ledger import PERIOD_SECONDS, Ledger
from edge.outputs.http.serving import WebServer
from edge.outputs.http.site import application
from edge.outputs.http.view import Counted, View
from edge.settings import HttpConfig


class HttpServer(WebServer):
    """Serves the dashboard, the API, the metrics and, with `preview`, the live picture.

    Args:
        settings: tokens, TLS, limits.
        address: HOST:PORT; port 0 takes a free one, and `url` then tells which.
        bus: where events come from.
        control: takes what is asked of mien.
        cameras: gives the cameras there are, with their counters.
        preview: whether pictures may leave the process.
        models: gives the names that may be switched to.
        temperature: tells the processor's, in degrees Celsius.
        limits: what a client may cost, but for `settings.clients`.
    Raises:
        ConfigError: a token or certificate cannot be used.
    """

    def __init__(
        self,
        settings: HttpConfig,
        address: str,
        bus: Bus,
        control: Control,
        cameras: Callable[[], Sequence[Counted]],
        preview: bool,
        models: Callable[[], Sequence[str]] = tuple,
        temperature: Callable[[], float | None] | None = None,
        limits: Limits | None = None,
    ) -> None:
        super().__init__(settings, address, limits)
        self._feed, self._ledger = Feed(bus, settings.interval), Ledger(bus)
        view = View(bus, self._feed, self._ledger, cameras, models, preview, temperature)
        most_streams = max(1, self._limits.clients // 2)
        self.application = application(view, control, self.access, self.hosts, most_streams)

    def close(self) -> None:
        """Stop within a second, open streams or not. Does nothing when not started or closed before."""
        super().close()
        self._ledger.close()

    def begin(self, loop: asyncio.AbstractEventLoop) -> None:
        """Hear the bus from now on."""
        self._ledger.open()
        self._feed.attach(loop)

    def end(self) -> None:
        """Let the streams end."""
        self._feed.close()

    async def work(self) -> None:
        """Keep the counters up to date."""
        while True:
            await asyncio.sleep(PERIOD_SECONDS)
            self._ledger.catch_up()
