"""The web server, asked over real connections."""

from __future__ import annotations

import http.client
import itertools
import json
import socket
import threading
from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from observing import HEIGHT, WIDTH, Publisher, frame_of, observation_of
from serving import PATIENCE, Served, events, until

from edge.errors import OutputError
from edge.events import CameraEvent, ModelEvent
from edge.outputs.http.serving import WebServer
from edge.settings import HttpConfig


@pytest.fixture
def served() -> Iterator[Served]:
    with Served() as served:
        yield served


def deaf(served: Served, path: str) -> socket.socket:
    """A client that asks and never reads."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", served.port))
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return client


def test_a_server_that_fails_as_it_begins_says_so_and_leaves_the_port_free() -> None:
    class Failing(WebServer):
        def begin(self, loop: object) -> None:
            raise OutputError("not today")

    failing = Failing(HttpConfig(), "127.0.0.1:0")
    with pytest.raises(OutputError, match="not today"):
        failing.start()
    failing.close()
    with socket.create_server(("127.0.0.1", failing.port)):
        pass


@pytest.mark.parametrize(
    "path", ["/", "/app.js", "/style.css", "/icon.svg", "/healthz", "/api/v1/state", "/no"]
)
def test_every_answer_carries_the_security_headers(served: Served, path: str) -> None:
    answer = served.ask(path)
    assert answer.status == (404 if path == "/no" else 200)
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none';")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Date"].endswith("GMT")
    assert answer.headers["Server"] is None


def test_page_has_nothing_inline_and_nothing_from_outside(served: Served) -> None:
    page = served.ask("/").read().decode()
    assert "<script>" not in page
    assert "style=" not in page
    assert "http" not in page.replace("http-equiv", "")


def test_state_is_the_newest_observation_and_counters(served: Served) -> None:
    (empty,) = served.json("/api/v1/state")["cameras"]
    assert (empty["observation"], empty["frame_size"], empty["frames"], empty["fps"]) == (None, None, 0, 0)
    for number in range(3):
        observation = observation_of(number)
        served.bus.publish(observation, frame_of(number))
    served.counters[0].overtaken = 7
    state = served.json("/api/v1/state")
    assert (state["preview"], state["temperature_celsius"], state["access"]) == (True, 47.5, "control")
    (camera,) = state["cameras"]
    assert camera["observation"] == observation.to_dict()
    assert camera["frame_size"] == [WIDTH, HEIGHT]
    assert (camera["name"], camera["state"], camera["frames"], camera["overtaken"]) == (
        "test",
        "streaming",
        3,
        7,
    )
    assert camera["latency_seconds"] == {"p50": 0.012, "p90": 0.012}


def test_events_are_the_published_observations_in_order(served: Served) -> None:
    stream = events(served.ask("/events"))
    name, state = next(stream)
    assert (name, state["clients"], state["lost_here"]) == ("state", 1, 0)
    published = [observation_of(number, faces=number % 3) for number in range(20)]
    for observation in published:
        served.bus.publish(observation, frame_of(observation.frame))
    heard = (payload for name, payload in stream if name == "message")
    assert [next(heard) for _ in published] == [observation.to_dict() for observation in published]


def test_heartbeats_come_without_observations(served: Served) -> None:
    heard = (name for name, _ in events(served.ask("/events")) if name != "camera")
    assert [next(heard) for _ in range(2)] == ["state"] * 2


def test_who_comes_late_hears_how_things_are(served: Served) -> None:
    served.bus.publish(CameraEvent(camera="test", state="lost", reason="unplugged"))
    served.bus.publish(ModelEvent(state="loaded", name="slim"))
    heard = dict(itertools.islice(events(served.ask("/api/v1/events")), 3))
    assert heard["state"]["model"]["name"] == heard["model"]["name"] == "slim"
    assert heard["camera"]["reason"] == heard["state"]["cameras"][0]["reason"] == "unplugged"


def test_a_client_that_goes_is_forgotten(served: Served) -> None:
    leaving = served.ask("/events")
    watching = events(served.ask("/events"))
    assert next(watching)[1]["clients"] == 2
    leaving.close()
    assert any(state["clients"] == 1 for name, state in watching if name == "state")


def test_client_that_never_reads_loses_only_its_own_events(served: Served) -> None:
    stream = events(served.ask("/events"))
    next(stream)
    with deaf(served, "/events"):
        assert any(state["clients"] == 2 for name, state in stream if name == "state")
        # Until the sockets' buffers are full, each observation is heard by the client that reads.
        number = 0
        while number % 100 or served.json("/api/v1/state")["events_lost"]["http"] == 0:
            observation = observation_of(number, faces=12)
            served.bus.publish(observation, frame_of(number))
            assert next(payload for name, payload in stream if name == "message") == observation.to_dict()
            number += 1
        assert next(state for name, state in stream if name == "state")["lost_here"] == 0


def test_publish_does_not_wait_for_a_server_that_cannot_keep_up(served: Served) -> None:
    stream = events(served.ask("/events"))
    next(stream)
    frame = frame_of(0)
    for number in range(20_000):
        served.bus.publish(observation_of(number), frame)
    # Some were lost, but the newest was not, and the losses are known.
    heard = 0
    for name, payload in stream:
        heard += name != "state"
        if payload.get("frame") == 19_999:
            break
    assert heard + served.json("/api/v1/state")["events_lost"]["http"] == 20_001  # with the camera's state


def test_picture_is_the_frame_it_says(served: Served) -> None:
    for number in (5, 9):
        served.bus.publish(observation_of(number), frame_of(number))
        answer = served.ask(f"/preview.jpg?after={number - 1}")
        assert (answer.status, answer.headers["Content-Type"]) == (200, "image/jpeg")
        assert int(answer.headers["Mien-Frame"]) in (5, 9)
        picture = cv2.imdecode(np.frombuffer(answer.read(), np.uint8), cv2.IMREAD_COLOR)
        expected = frame_of(int(answer.headers["Mien-Frame"])).image
        assert picture.shape == expected.shape
        assert np.abs(picture.astype(int) - expected).mean() < 4


def test_picture_waits_for_a_newer_frame(served: Served) -> None:
    served.bus.publish(observation_of(1), frame_of(1))
    assert served.ask("/preview.jpg").headers["Mien-Frame"] == "1"
    answers: list[str] = []
    waiting = threading.Thread(
        target=lambda: answers.append(served.ask("/preview.jpg?after=1").headers["Mien-Frame"])
    )
    waiting.start()
    waiting.join(timeout=0.3)
    assert not answers
    served.bus.publish(observation_of(2), frame_of(2))
    waiting.join(timeout=PATIENCE)
    assert answers == ["2"]


def test_wide_pictures_are_scaled_down(served: Served) -> None:
    frame = frame_of(1)
    wide = type(frame)(np.repeat(np.repeat(frame.image, 6, axis=0), 6, axis=1), 1, 0.0, "test")
    served.bus.publish(observation_of(1), wide)
    picture = cv2.imdecode(np.frombuffer(served.ask("/preview.jpg").read(), np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == (720, 960, 3)


def test_motion_jpeg_stream(served: Served) -> None:
    with Publisher(served.bus):
        answer = served.ask("/preview.mjpeg")
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
def test_no_picture_leaves_without_preview(path: str) -> None:
    with Served(preview=False) as served:
        served.bus.publish(observation_of(1), frame_of(1))
        answer = served.ask(path)
        assert answer.status == 404
        assert json.load(answer)["error"].startswith("preview is off")


def test_each_camera_has_its_own_pictures_and_events() -> None:
    with Served(("left", "right")) as served:
        left = events(served.ask("/events?camera=left"))
        everything = events(served.ask("/events"))
        for stream in (left, everything):
            next(stream)
        for number, camera in ((3, "left"), (4, "right"), (5, "left")):
            served.bus.publish(observation_of(number, camera=camera), frame_of(number, camera))
        observed = (payload for name, payload in left if name == "message")
        assert [next(observed)["frame"] for _ in range(2)] == [3, 5]
        observed = (payload for name, payload in everything if name == "message")
        assert [next(observed)["frame"] for _ in range(3)] == [3, 4, 5]
        for camera, frame in (("left", "5"), ("right", "4")):
            assert served.ask(f"/preview.jpg?camera={camera}").headers["Mien-Frame"] == frame
        assert served.ask("/preview.jpg").headers["Mien-Frame"] == "5"
        assert [one["name"] for one in served.json("/api/v1/cameras")["cameras"]] == ["left", "right"]
        assert served.json("/api/v1/cameras/right")["observation"]["frame"] == 4
        for path in ("/events", "/preview.jpg", "/preview.mjpeg"):
            assert served.ask(f"{path}?camera=middle").status == 404
        assert served.ask("/api/v1/cameras/middle").status == 404


def test_too_many_streams_are_refused() -> None:
    with Served(clients=8) as served:
        streams = [served.ask("/events") for _ in range(4)]
        refused = served.ask("/events")
        assert (refused.status, json.load(refused)["error"]) == (503, "4 streams are open already")
        streams.pop().close()
        until(lambda: served.ask("/events").status == 200)
        for stream in streams:
            stream.close()


def test_head_of_a_stream_ends(served: Served) -> None:
    answer = served.ask("/events", "HEAD")
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    assert answer.read() == b""


def test_port_in_use_is_an_output_error(served: Served) -> None:
    with pytest.raises(OutputError, match=f"port {served.port} is in use; stop what holds it"):
        Served(address=f"127.0.0.1:{served.port}").server.start()


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "example.org", "[::]"])
def test_only_loopback_without_a_token(host: str) -> None:
    with pytest.raises(OutputError, match=r"set http\.token_file, or use one of 127\.0\.0\.1"):
        Served(address=f"{host}:0").server.start()


def test_closes_with_open_streams_and_starts_again_on_its_port() -> None:
    with Served() as first, Publisher(first.bus, faces=8):
        reading = events(first.ask("/events"))
        next(reading)
        pictures = first.ask("/preview.mjpeg")
        with deaf(first, "/events"), deaf(first, "/preview.mjpeg"):
            pictures.readline()
            first.server.close()
            first.server.close()
            assert not [thread for thread in threading.enumerate() if thread.name == "mien-http"]
            assert all(name in ("message", "state", "camera") for name, _ in reading)
            assert not [one for one in first.bus.subscriptions if one.name in ("http", "metrics")]
            with Served(address=f"127.0.0.1:{first.port}") as second:
                assert second.ask("/healthz").status == 200


def test_publishing_after_close_is_harmless(served: Served) -> None:
    served.server.close()
    served.bus.publish(observation_of(1), frame_of(1))
