"""A web server's life: bind, serve in a thread of its own, end. What it answers is up to who makes it."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import threading
from concurrent.futures import Future
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp
from uvicorn.server import ServerState

from edge.errors import OutputError
from edge.outputs.http.access import Access, check_token
from edge.outputs.http.connection import HttpConnection, Limits
from edge.outputs.http.door import DELAY_SECONDS
from edge.outputs.http.guard import LOOPBACK
from edge.outputs.http.tls import server_context
from edge.secrets import read_secret
from edge.settings import HttpConfig, is_loopback, split_address

logger = logging.getLogger(__name__)
GRACE_SECONDS = 0.3
HANDSHAKE_SECONDS = 5.0  # of TLS
IDLE_SECONDS = 10  # between two requests on one connection
SEND_BUFFER = 128 * 1024  # bytes of a connection, in the kernel
LARGEST_MESSAGE = 4096  # bytes that a WebSocket client may say; nobody listens


class WebServer:
    """Serves an application, to whom may come in.

    Args:
        settings: tokens, TLS, limits.
        address: HOST:PORT; port 0 takes a free one, and `url` then tells which.
        limits: what a client may cost, but for `settings.clients`.
    Attributes:
        access: knows the tokens.
        hosts: names it is served under.
        application: what answers; to be set before `start`.
    Raises:
        ConfigError: a token or certificate cannot be used.
    """

    failure = None
    application: ASGIApp

    def __init__(self, settings: HttpConfig, address: str, limits: Limits | None = None) -> None:
        self._host, self._port = split_address(address)
        self.access = Access(
            _token(settings.token_file, "http.token_file"),
            _token(settings.control_token_file, "http.control_token_file"),
        )
        self.hosts = (self._host, *settings.hosts)
        self._has_token = settings.token_file is not None
        self._tls = None
        if settings.tls_certificate is not None and settings.tls_key is not None:
            self._tls = server_context(settings.tls_certificate, settings.tls_key)
        self._limits = limits or Limits(settings.clients)
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
        return f"{'https' if self._tls else 'http'}://{host}:{self._port}/"

    def start(self) -> None:
        """Bind, then serve in a thread.

        Raises:
            OutputError: the address cannot be had. And what `begin` raises.
        """
        if not self._has_token and not is_loopback(self._host):
            raise OutputError(
                f"http: {self._host} is not this machine alone: set http.token_file, "
                f"or use one of {', '.join(LOOPBACK)}"
            )
        # Bound here, not in the thread: a port in use must stop the daemon with its reason.
        listener = bind(self._host, self._port)
        self._port = listener.getsockname()[1]
        ready: Future[None] = Future()
        serving = self._serve(listener, ready)
        self._thread = threading.Thread(target=asyncio.run, args=(serving,), name="mien-http", daemon=True)
        self._thread.start()
        ready.result()
        logger.info("page at %s", self.url)

    def close(self) -> None:
        """Stop within a second, open streams or not. Does nothing when not started or closed before."""
        thread, self._thread = self._thread, None
        if thread is not None and self._loop is not None and thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            thread.join()

    def begin(self, loop: asyncio.AbstractEventLoop) -> None:
        """Called in the server's thread before anything is answered."""

    def end(self) -> None:
        """Called in the server's thread before the connections end."""

    async def work(self) -> None:
        """Runs beside the server until it ends."""

    async def _serve(self, listener: socket.socket, ready: Future[None]) -> None:
        loop = self._loop = asyncio.get_running_loop()
        try:
            self.begin(loop)
            config, state = self._config(), ServerState()
            server = await loop.create_server(
                lambda: HttpConnection(config, state, self._limits),
                sock=listener,
                ssl=self._tls,
                ssl_handshake_timeout=HANDSHAKE_SECONDS if self._tls else None,
            )
        except Exception as error:  # whoever waits in `start` raises it
            listener.close()
            ready.set_exception(error)
            return
        ready.set_result(None)
        working = asyncio.create_task(self.work())
        try:
            await self._stop.wait()
        finally:
            working.cancel()
            self.end()
            server.close()
            await _end(state)

    def _config(self) -> uvicorn.Config:
        config = uvicorn.Config(
            self.application,
            loop="asyncio",
            http="h11",
            ws="wsproto",
            lifespan="off",
            log_config=None,
            log_level="error",  # a client's faults are not worth a line each
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,  # anybody on this machine could claim to be a proxy
            timeout_keep_alive=IDLE_SECONDS,
            h11_max_incomplete_event_size=self._limits.header_bytes,
            ws_max_size=LARGEST_MESSAGE,
            ws_per_message_deflate=False,
        )
        config.load()
        return config


async def _end(state: ServerState) -> None:
    """Give what is being answered a moment to come to its end, then cut off: a client that does not read
    would keep its connection for ever."""
    for connection in list(state.connections):
        connection.shutdown()
    if state.tasks:
        await asyncio.wait(state.tasks, timeout=GRACE_SECONDS)
    for connection in list(state.connections):
        connection.transport.abort()
    if state.tasks:  # they end by themselves; cancelled, they would be logged as faults
        await asyncio.wait(state.tasks, timeout=DELAY_SECONDS)


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; OutputError, with the mend, when that cannot be."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family)
        # Connections inherit it. A slow client then misses events instead of hearing old ones, and costs
        # the kernel little.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        return listener
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            mend = f"port {port} is in use; stop what holds it (another mien?), or --http HOST:PORT"
        elif error.errno == errno.EACCES:
            mend = f"port {port} needs root; use 1024 or above"
        else:
            mend = f"{error.strerror}; use an address of this machine, such as {LOOPBACK[0]}"
        raise OutputError(f"http: cannot listen on {host}: {mend}") from error


def _token(file: Path | None, key: str) -> str | None:
    return None if file is None else check_token(read_secret(file), key)
