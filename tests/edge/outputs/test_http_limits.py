"""Clients that cost more than they should."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
from typing import Self

import pytest
from observing import Publisher
from serving import PATIENCE, Served, until

from edge.outputs.http.bodies import LARGEST
from edge.outputs.http.connection import Limits

SHORT = Limits(clients=16, request_seconds=0.6, stalled_seconds=0.6)


class Raw:
    """A plain connection. A context manager."""

    def __init__(self, served: Served) -> None:
        self.socket = socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.socket.close()

    def say(self, data: bytes) -> None:
        self.socket.sendall(data)

    def ended(self) -> bool:
        """Wait until the other side ends it; what it said before is thrown away."""
        try:
            while self.socket.recv(65536):
                pass
        except ConnectionError:
            pass
        return True


def test_requests_that_do_not_arrive_are_given_up() -> None:
    beginnings = (
        b"",
        b"GET / HT",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n",
        b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\ntok",
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nGET /",
    )
    with Served(limits=SHORT) as served, contextlib.ExitStack() as stack:
        clients = [stack.enter_context(Raw(served)) for _ in beginnings]
        for client, beginning in zip(clients, beginnings, strict=True):
            client.say(beginning)
        assert all(client.ended() for client in clients)


def test_a_request_that_drips_is_given_up() -> None:
    with Served(limits=SHORT) as served, Raw(served) as slow:
        stop = threading.Event()

        def drip() -> None:
            slow.say(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
            while not stop.wait(0.1):
                try:
                    slow.say(b"X: y\r\n")
                except OSError:
                    return

        thread = threading.Thread(target=drip)
        thread.start()
        try:
            assert slow.ended()
        finally:
            stop.set()
            thread.join()


def test_a_stream_lasts_though_its_client_says_nothing_more() -> None:
    with Served(limits=SHORT) as served:
        stream = served.ask("/events")
        heard = [stream.readline() for _ in range(12)]  # three heartbeats: longer than a request may take
        assert any(b"state" in line for line in heard[-4:])


def test_a_client_that_does_not_read_is_cut_off() -> None:
    with Served(limits=SHORT) as served, Publisher(served.bus, faces=40), Raw(served) as deaf:
        deaf.say(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        until(lambda: served.json("/api/v1/state")["clients"] == 1)
        until(lambda: served.json("/api/v1/state")["clients"] == 0)
        assert deaf.ended()


def test_more_connections_than_allowed_are_refused_and_the_rest_goes_on() -> None:
    with Served(clients=4) as served:
        stream = served.ask("/events")
        idle = [Raw(served) for _ in range(3)]
        refused = served.ask("/healthz")
        assert (refused.status, refused.headers["Retry-After"]) == (503, "5")
        assert json.load(refused) == {"error": "too many connections are open"}
        assert stream.readline()
        for one in idle:
            one.socket.close()
        until(lambda: served.ask("/healthz").status == 200)


def test_large_headers_are_refused() -> None:
    with Served() as served:
        for request in ("GET /{} HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nX: {}\r\n\r\n"):
            with Raw(served) as client:
                client.say(request.format("a" * 20_000).encode())
                assert client.socket.recv(64).startswith(b"HTTP/1.1 400")
                assert client.ended()
        assert served.ask("/healthz").status == 200


@pytest.mark.parametrize("chunked", [False, True])
def test_large_bodies_are_refused_before_they_are_there(chunked: bool) -> None:
    with Served() as served:
        connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=PATIENCE)
        connection.putrequest("POST", "/api/v1/pause")
        connection.putheader("Content-Type", "application/json")
        if chunked:
            connection.putheader("Transfer-Encoding", "chunked")
            connection.endheaders()
            connection.send(b"%x\r\n%s\r\n" % (LARGEST + 1, b" " * (LARGEST + 1)))
        else:
            connection.putheader("Content-Length", str(10**9))
            connection.endheaders(b" " * (LARGEST + 1))
        assert connection.getresponse().status == 413


NONSENSE = (
    b"\x16\x03\x01\x02\x00\x01\x00",
    b"\r\n\r\n\r\n",
    b"GET\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"GET /%00%ff HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"POST /api/v1/pause HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
    b"BREW / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
    b"GET /api/v1/ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
)


def test_nonsense_is_answered_without_a_fault(caplog: pytest.LogCaptureFixture) -> None:
    with Served(limits=SHORT) as served, contextlib.ExitStack() as stack:
        clients = [stack.enter_context(Raw(served)) for _ in NONSENSE]
        for client, nonsense in zip(clients, NONSENSE, strict=True):
            client.say(nonsense)
        assert all(client.ended() for client in clients)
        assert served.ask("/healthz").status == 200
    assert "Traceback" not in caplog.text
    assert not [record for record in caplog.records if record.levelname in ("ERROR", "CRITICAL")]
