"""The web server, asked over real connections."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from observing import HEIGHT, WIDTH, Publisher, frame_of, observation_of

from edge.bus import Bus
from edge.errors import OutputError
from edge.outputs.http import HttpServer
from edge.outputs.site import MAX_STREAMS

PATIENCE = 20.0


@pytest.fixture
def bus() -> Bus:
    return Bus()


@pytest.fixture
def server(bus: Bus) -> Iterator[HttpServer]:
    server = HttpServer(bus, "127.0.0.1", 0, preview=True, camera="test")
    server.start()
    yield server
    server.close()


def ask(server: HttpServer, path: str, **headers: str) -> http.client.HTTPResponse:
    """The answer to a GET; a stream's body can be read as it comes."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    connection.request("GET", path, headers=headers)
    return connection.getresponse()


def events(answer: http.client.HTTPResponse) -> Iterator[tuple[str, dict]]:
    """Name and payload of each server-sent event."""
    name = "message"
    for line in answer:
        key, _, value = line.decode().strip().partition(": ")
        if key == "event":
            name = value
        elif key == "data":
            yield name, json.loads(value)
            name = "message"


def deaf(server: HttpServer, path: str) -> socket.socket:
    """A client that asks and never reads."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", server.port))
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return client


@pytest.mark.parametrize(
    "path", ["/", "/app.js", "/style.css", "/icon.svg", "/healthz", "/api/v1/state", "/no"]
)
def test_every_answer_carries_the_security_headers(server: HttpServer, path: str) -> None:
    answer = ask(server, path)
    assert answer.status == (404 if path == "/no" else 200)
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'self';")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Server"] is None


def test_page_has_nothing_inline_and_nothing_from_outside(server: HttpServer) -> None:
    page = ask(server, "/").read().decode()
    assert "<script>" not in page
    assert "style=" not in page
    assert "http" not in page.replace("http-equiv", "")


def test_state_is_the_newest_observation_and_counters(server: HttpServer, bus: Bus) -> None:
    empty = json.load(ask(server, "/api/v1/state"))
    assert (empty["observation"], empty["frame_size"], empty["frames"], empty["fps"]) == (None, None, 0, 0)
    for number in range(3):
        observation = observation_of(number)
        bus.publish(observation, frame_of(number))
    state = json.load(ask(server, "/api/v1/state"))
    assert state["observation"] == observation.to_dict()
    assert state["frame_size"] == [WIDTH, HEIGHT]
    assert (state["camera"], state["preview"], state["frames"]) == ("test", True, 3)
    assert state["latency_seconds"] == {"p50": 0.012, "p90": 0.012}


def test_events_are_the_published_observations_in_order(server: HttpServer, bus: Bus) -> None:
    stream = events(ask(server, "/events"))
    name, state = next(stream)
    assert (name, state["clients"], state["lost_here"]) == ("state", 1, 0)
    published = [observation_of(number, faces=number % 3) for number in range(20)]
    for observation in published:
        bus.publish(observation, frame_of(observation.frame))
    heard = (payload for name, payload in stream if name == "message")
    assert [next(heard) for _ in published] == [observation.to_dict() for observation in published]


def test_heartbeats_come_without_observations(server: HttpServer) -> None:
    stream = events(ask(server, "/events"))
    assert [next(stream)[0] for _ in range(3)] == ["state"] * 3


def test_a_client_that_goes_is_forgotten(server: HttpServer) -> None:
    leaving = ask(server, "/events")
    watching = events(ask(server, "/events"))
    assert next(watching)[1]["clients"] == 2
    leaving.close()
    assert any(state["clients"] == 1 for _, state in watching)


def test_client_that_never_reads_loses_only_its_own_events(server: HttpServer, bus: Bus) -> None:
    stream = events(ask(server, "/events"))
    next(stream)
    with deaf(server, "/events"):
        assert any(state["clients"] == 2 for name, state in stream if name == "state")
        # Until the sockets' buffers are full, each observation is heard by the client that reads.
        number = 0
        while number % 100 or json.load(ask(server, "/api/v1/state"))["events_lost"] == 0:
            observation = observation_of(number, faces=12)
            bus.publish(observation, frame_of(number))
            assert next(payload for name, payload in stream if name == "message") == observation.to_dict()
            number += 1
        assert next(state for name, state in stream if name == "state")["lost_here"] == 0


def test_publish_does_not_wait_for_a_server_that_cannot_keep_up(server: HttpServer, bus: Bus) -> None:
    stream = events(ask(server, "/events"))
    next(stream)
    frame = frame_of(0)
    for number in range(20_000):
        bus.publish(observation_of(number), frame)
    # Some were lost, but the newest was not, and the losses are known.
    heard = 0
    for name, payload in stream:
        heard += name == "message"
        if payload.get("frame") == 19_999:
            break
    assert heard + json.load(ask(server, "/api/v1/state"))["events_lost"] == 20_000


def test_picture_is_the_frame_it_says(server: HttpServer, bus: Bus) -> None:
    for number in (5, 9):
        bus.publish(observation_of(number), frame_of(number))
        answer = ask(server, f"/preview.jpg?after={number - 1}")
        assert (answer.status, answer.headers["Content-Type"]) == (200, "image/jpeg")
        assert int(answer.headers["Mien-Frame"]) in (5, 9)
        picture = cv2.imdecode(np.frombuffer(answer.read(), np.uint8), cv2.IMREAD_COLOR)
        expected = frame_of(int(answer.headers["Mien-Frame"])).image
        assert picture.shape == expected.shape
        assert np.abs(picture.astype(int) - expected).mean() < 4


def test_picture_waits_for_a_newer_frame(server: HttpServer, bus: Bus) -> None:
    bus.publish(observation_of(1), frame_of(1))
    assert ask(server, "/preview.jpg").headers["Mien-Frame"] == "1"
    answers: list[str] = []
    waiting = threading.Thread(
        target=lambda: answers.append(ask(server, "/preview.jpg?after=1").headers["Mien-Frame"])
    )
    waiting.start()
    waiting.join(timeout=0.3)
    assert not answers
    bus.publish(observation_of(2), frame_of(2))
    waiting.join(timeout=PATIENCE)
    assert answers == ["2"]


def test_wide_pictures_are_scaled_down(server: HttpServer, bus: Bus) -> None:
    frame = frame_of(1)
    wide = type(frame)(np.repeat(np.repeat(frame.image, 6, axis=0), 6, axis=1), 1, 0.0, "test")
    bus.publish(observation_of(1), wide)
    picture = cv2.imdecode(np.frombuffer(ask(server, "/preview.jpg").read(), np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == (720, 960, 3)


def test_motion_jpeg_stream(server: HttpServer, bus: Bus) -> None:
    with Publisher(bus):
        answer = ask(server, "/preview.mjpeg")
        assert answer.headers["Content-Type"].startswith("multipart/x-mixed-replace")
        numbers = []
        for _ in range(3):
            assert answer.readline().startswith(b"--mien-frame")
            head = http.client.parse_headers(answer)
            picture = cv2.imdecode(np.frombuffer(answer.read(int(head["Content-Length"])), np.uint8), 1)
            assert picture.shape == (HEIGHT, WIDTH, 3)
            numbers.append(int(head["Mien-Frame"]))
            answer.readline()
        assert numbers == sorted(set(numbers))


@pytest.mark.parametrize("path", ["/preview.jpg", "/preview.mjpeg"])
def test_no_picture_leaves_without_preview(path: str, bus: Bus) -> None:
    server = HttpServer(bus, "127.0.0.1", 0, preview=False, camera="test")
    server.start()
    bus.publish(observation_of(1), frame_of(1))
    answer = ask(server, path)
    assert answer.status == 404
    assert answer.read().decode().startswith("preview is off")
    server.close()


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:80", "192.168.1.5", "[::2]", ""])
def test_foreign_host_names_are_refused(server: HttpServer, host: str) -> None:
    answer = ask(server, "/api/v1/state", Host=host)
    assert answer.status == 421
    assert b"camera" not in answer.read()


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "[::1]:8642", "127.0.0.1:8642"])
def test_loopback_names_are_served(server: HttpServer, host: str) -> None:
    assert ask(server, "/healthz", Host=host).status == 200


def test_too_many_streams_are_refused(server: HttpServer) -> None:
    streams = [ask(server, "/events") for _ in range(MAX_STREAMS)]
    refused = ask(server, "/events")
    assert (refused.status, refused.read()) == (503, b"32 streams are open already\n")
    for stream in streams:
        stream.close()


def test_head_of_a_stream_ends(server: HttpServer) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    connection.request("HEAD", "/events")
    answer = connection.getresponse()
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    assert answer.read() == b""


def test_port_in_use_is_an_output_error(server: HttpServer, bus: Bus) -> None:
    with pytest.raises(OutputError, match=f"port {server.port} is in use; stop what holds it"):
        HttpServer(bus, "127.0.0.1", server.port, preview=False, camera="test").start()


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "example.org", "::"])
def test_only_loopback(host: str, bus: Bus) -> None:
    with pytest.raises(OutputError, match=r"use one of 127\.0\.0\.1, ::1, localhost"):
        HttpServer(bus, host, 0, preview=False, camera="test").start()


def test_impossible_port(bus: Bus) -> None:
    with pytest.raises(OutputError, match="70000 is no port"):
        HttpServer(bus, "127.0.0.1", 70000, preview=False, camera="test").start()


def test_closes_with_open_streams_and_starts_again_on_its_port(bus: Bus) -> None:
    first = HttpServer(bus, "127.0.0.1", 0, preview=True, camera="test")
    first.start()
    with Publisher(bus, faces=8):
        reading = events(ask(first, "/events"))
        next(reading)
        pictures = ask(first, "/preview.mjpeg")
        with deaf(first, "/events"), deaf(first, "/preview.mjpeg"):
            pictures.readline()
            first.close()
            first.close()
            assert not [thread for thread in threading.enumerate() if thread.name == "mien-http"]
            assert all(name in ("message", "state") for name, _ in reading)
            second = HttpServer(bus, "127.0.0.1", first.port, preview=True, camera="test")
            second.start()
            assert ask(second, "/healthz").status == 200
            second.close()


def test_publishing_after_close_is_harmless(server: HttpServer, bus: Bus) -> None:
    server.close()
    bus.publish(observation_of(1), frame_of(1))
