"""Events as JSON lines to whoever connects to a Unix socket: `nc -U /run/mien/events`."""

from __future__ import annotations

import contextlib
import logging
import selectors
import socket
import stat
import threading
from pathlib import Path

from edge.bus import Bus
from edge.errors import OutputError

logger = logging.getLogger(__name__)
CLIENTS = 32
BACKLOG = 1 << 20  # bytes a client may be behind; older lines are lost to it
MODE = 0o660  # the user and the group of the daemon


class _Client:
    """What a client has not read yet; whole lines are lost, never parts of one."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self._rest = b""
        self._lines: list[bytes] = []
        self._size = 0

    def add(self, lines: list[bytes]) -> int:
        """Put lines behind those that wait; how many there was no room for."""
        lost = 0
        for line in lines:
            if self._size + len(line) > BACKLOG:
                lost += 1
                continue
            self._lines.append(line)
            self._size += len(line)
        return lost

    def send(self) -> bool:
        """Send what goes at once; whether anything is left. OSError: the client is gone."""
        while self._rest or self._lines:
            if not self._rest:
                self._rest = b"".join(self._lines)
                self._lines.clear()
            try:
                sent = self.connection.send(self._rest)
            except BlockingIOError:
                return True
            self._rest = self._rest[sent:]
            self._size -= sent
        return False


class UnixSocket:
    """Serves events on a socket, in a thread of its own.

    Args:
        bus: where events come from.
        path: of the socket; what a dead mien left there is taken away.
        interval: least seconds between two observations of a camera.
    """

    failure = None

    def __init__(self, bus: Bus, path: Path, interval: float = 0.0) -> None:
        self._bus, self._path, self._interval = bus, path, interval
        self._clients: dict[socket.socket, _Client] = {}
        self._selector = selectors.DefaultSelector()
        self._thread = threading.Thread(target=self._serve, name="socket", daemon=True)
        self._reading, self._writing = socket.socketpair()

    @property
    def lost(self) -> int:
        """Events that slow clients missed."""
        return self._subscription.lost

    def start(self) -> None:
        self._listener = socket.socket(socket.AF_UNIX)
        try:
            self._take_away_old()
            self._listener.bind(str(self._path))
            self._path.chmod(MODE)
        except OSError as error:
            self._listener.close()
            reason = error.strerror or str(error)
            raise OutputError(
                f"cannot listen on {self._path} ({reason}): give a path in a folder that can be written"
            ) from error
        self._listener.listen()
        for waker in (self._listener, self._reading, self._writing):
            waker.setblocking(False)
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._reading, selectors.EVENT_READ)
        self._subscription = self._bus.subscribe("socket", interval=self._interval, wake=self._wake)
        self._thread.start()

    def close(self) -> None:
        self._bus.unsubscribe(self._subscription)
        self._thread.join()
        self._path.unlink(missing_ok=True)

    def _take_away_old(self) -> None:
        """A socket nobody listens on; one that answers belongs to a mien that runs."""
        with contextlib.suppress(FileNotFoundError):
            if not stat.S_ISSOCK(self._path.stat().st_mode):
                raise OSError(None, "there is a file of that name")
            with socket.socket(socket.AF_UNIX) as probe:
                try:
                    probe.connect(str(self._path))
                except ConnectionRefusedError:
                    self._path.unlink()
                    return
            raise OSError(None, "another mien listens there")

    def _wake(self) -> None:
        with contextlib.suppress(BlockingIOError):  # full of wake-ups: it is awake
            self._writing.send(b"\0")

    def _serve(self) -> None:
        try:
            while not self._subscription.closed:
                ready = self._selector.select()
                # The wake-up is swallowed before the queue is emptied: one that comes later must not be lost.
                with contextlib.suppress(BlockingIOError):
                    self._reading.recv(4096)
                # First what was told before a new client came, which then learns the state it left.
                self._tell([message.json + b"\n" for message in self._subscription.take()])
                for key, events in ready:
                    if key.fileobj is self._listener:
                        self._accept()
                    elif key.fileobj is not self._reading:
                        client = self._clients.get(key.fileobj)  # type: ignore[call-overload]
                        if client is not None:  # not dropped a moment ago
                            self._serve_client(client, events)
        finally:
            for connection in (*self._clients, self._listener, self._reading, self._writing):
                connection.close()
            self._selector.close()

    def _tell(self, lines: list[bytes]) -> None:
        for client in list(self._clients.values()) if lines else ():
            if lost := client.add(lines):
                self._subscription.lose(lost)
            self._send(client)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            connection, _ = self._listener.accept()
            if len(self._clients) >= CLIENTS:
                logger.warning(
                    "%s: %d clients are connected already; one more was refused", self._path, CLIENTS
                )
                connection.close()
                return
            connection.setblocking(False)
            client = _Client(connection)
            self._clients[connection] = client
            self._selector.register(connection, selectors.EVENT_READ)
            client.add([message.json + b"\n" for message in self._bus.states()])
            self._send(client)

    def _serve_client(self, client: _Client, events: int) -> None:
        if events & selectors.EVENT_READ:
            try:
                if not client.connection.recv(4096):  # what clients say means nothing, but for their end
                    self._drop(client)
                    return
            except OSError:
                self._drop(client)
                return
        self._send(client)

    def _send(self, client: _Client) -> None:
        try:
            behind = client.send()
        except OSError:
            self._drop(client)
            return
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if behind else 0)
        self._selector.modify(client.connection, wanted)

    def _drop(self, client: _Client) -> None:
        del self._clients[client.connection]
        self._selector.unregister(client.connection)
        client.connection.close()
