"""The dashboard and its data over HTTP, on this machine only. What it answers: `edge/outputs/site.py`."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import threading

import uvicorn

from edge.bus import Bus
from edge.errors import OutputError
from edge.outputs.feed import Feed
from edge.outputs.guard import LOOPBACK
from edge.outputs.site import Site

logger = logging.getLogger(__name__)
MAX_CONNECTIONS = 64
GRACE_SECONDS = 0.3


class HttpServer:
    """Serves the page, the event stream, the state and, with `preview`, the live picture.

    Args:
        bus: where events come from.
        host: 127.0.0.1, ::1 or localhost.
        port: TCP port; 0 takes a free one, and `url` then tells which.
        preview: whether pictures may leave the process.
        camera: the camera on the page.
    """

    failure = None

    def __init__(self, bus: Bus, host: str, port: int, preview: bool, camera: str) -> None:
        self._host, self._port = host, port
        self._feed = Feed(bus)
        self._site = Site(bus, self._feed, preview, camera)
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()

    @property
    def port(self) -> int:
        """The TCP port; before `start` what was asked for."""
        return self._port

    @property
    def url(self) -> str:
        """Where the page is."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}/"

    def start(self) -> None:
        """Bind, then serve in a thread. Raises OutputError when the address cannot be had."""
        # Bound here, not in the thread: a port in use must stop the daemon with its reason.
        listener = bind(self._host, self._port)
        self._port = listener.getsockname()[1]
        config = uvicorn.Config(
            self._site.application(),
            loop="asyncio",
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            limit_concurrency=MAX_CONNECTIONS,
        )
        ready = threading.Event()
        serving = self._serve(uvicorn.Server(config), listener, ready)
        self._thread = threading.Thread(target=asyncio.run, args=(serving,), name="mien-http", daemon=True)
        self._thread.start()
        ready.wait()
        logger.info("page at %s", self.url)

    def close(self) -> None:
        """Stop within a second, open streams or not. Does nothing when not started or closed before."""
        thread, self._thread = self._thread, None
        if thread is not None and self._loop is not None and thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            thread.join()

    async def _serve(self, server: uvicorn.Server, listener: socket.socket, ready: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._feed.attach(self._loop)
        stopping = asyncio.create_task(self._stop_when_asked(server))
        ready.set()
        try:
            await server.serve(sockets=[listener])
            await stopping
        finally:
            self._feed.close()

    async def _stop_when_asked(self, server: uvicorn.Server) -> None:
        await self._stop.wait()
        self._feed.close()
        server.should_exit = True
        # Streams end by themselves now; a client that does not read would keep its connection for ever.
        await asyncio.sleep(GRACE_SECONDS)
        for connection in list(server.server_state.connections):
            connection.transport.abort()


def bind(host: str, port: int) -> socket.socket:
    """A listening socket on a loopback address; OutputError, with the mend, when that cannot be."""
    if host not in LOOPBACK:
        raise OutputError(f"http: {host} is not this machine alone; use one of {', '.join(LOOPBACK)}")
    if not 0 <= port <= 65535:
        raise OutputError(f"http: {port} is no port; use 1024 to 65535")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            mend = f"port {port} is in use; stop what holds it (another mien?), or --http HOST:PORT"
        elif error.errno == errno.EACCES:
            mend = f"port {port} needs root; use 1024 or above"
        else:
            mend = f"{error.strerror}; choose another of {', '.join(LOOPBACK)}"
        raise OutputError(f"http: cannot listen on {host}: {mend}") from error
