"""The API: control, WebSocket, probes, metrics, and its description."""

from __future__ import annotations

import http.client
import json
import shutil
import ssl
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from observing import frame_of, observation_of
from prometheus_client.parser import text_string_to_metric_families
from serving import Served, events
from websocket_client import WebSocketClient

from edge.control import Pause, SwitchModel
from edge.errors import ConfigError
from edge.events import CameraEvent, ExpressionEvent, HealthEvent, ModelEvent, PersonEvent

OPENSSL = shutil.which("openssl")


@pytest.fixture
def served() -> Iterator[Served]:
    with Served(("left", "right")) as served:
        yield served


def publish_one_of_each(served: Served) -> None:
    for number in range(3):
        served.bus.publish(observation_of(number, camera="left"), frame_of(number, "left"))
    served.bus.publish(PersonEvent(camera="left", event="appeared", track=1))
    served.bus.publish(
        ExpressionEvent(
            camera="left",
            track=1,
            label="happy",
            previous=None,
            coarse="happiness",
            probability=0.7,
            mask_state="mask",
            seconds=0,
        )
    )
    served.bus.publish(CameraEvent(camera="right", state="lost", reason="unplugged", attempt=2))
    served.bus.publish(ModelEvent(state="loaded", name="slim", version="1", quantisation="int8"))
    served.bus.publish(HealthEvent(level=1, conditions=("hot",), temperature=81))


def test_pausing_one_camera_or_all(served: Served) -> None:
    for body, command in (
        ({"paused": True}, Pause(True)),
        ({"paused": False, "camera": None}, Pause(False)),
        ({"paused": True, "camera": "right"}, Pause(True, "right")),
    ):
        answer = served.ask("/api/v1/pause", "POST", body)
        assert (answer.status, json.load(answer)) == (202, {"accepted": True})
        assert served.control.next(1) == command


def test_switching_the_model(served: Served) -> None:
    assert served.json("/api/v1/models") == {"models": ["slim", "slim_fine"], "loaded": None}
    assert served.ask("/api/v1/model", "POST", {"name": "slim"}).status == 202
    assert served.control.next(1) == SwitchModel("slim")
    served.bus.publish(ModelEvent(state="loaded", name="slim"))
    served.bus.publish(ModelEvent(state="refused", name="slim_fine", reason="altered"))
    assert served.json("/api/v1/models")["loaded"] == "slim"
    state = served.json("/api/v1/state")
    assert (state["model"]["name"], state["refused"]["reason"]) == ("slim", "altered")


def test_the_face_detector_is_told_apart_from_the_model(served: Served) -> None:
    served.bus.publish(ModelEvent(state="loaded", name="slim"))
    served.bus.publish(ModelEvent(state="loaded", name="facet", version="9", task="detection"))
    served.bus.publish(ModelEvent(state="refused", name="facet", reason="altered", task="detection"))
    served.bus.publish(ModelEvent(state="loaded", name="slim_fine"))
    state = served.json("/api/v1/state")
    assert (state["model"]["name"], state["detector"]["version"]) == ("slim_fine", "9")
    assert state["refused"]["reason"] == "altered"  # another model of the other task says nothing about it
    served.bus.publish(ModelEvent(state="loaded", name="facet", version="10", task="detection"))
    assert served.json("/api/v1/state")["refused"] is None
    metrics = served.ask("/metrics").read().decode()
    assert 'mien_model_info{name="slim_fine"' in metrics
    assert 'mien_detector_info{name="facet",quantisation="",version="10"}' in metrics


def test_a_model_that_was_installed_meanwhile_is_offered(served: Served) -> None:
    assert served.ask("/api/v1/model", "POST", {"name": "newer"}).status == 404
    served.models.append("newer")
    assert served.json("/api/v1/models")["models"] == ["slim", "slim_fine", "newer"]
    assert served.json("/api/v1/state")["models"][-1] == "newer"
    assert served.ask("/api/v1/model", "POST", {"name": "newer"}).status == 202


def test_only_so_many_commands_wait(served: Served) -> None:
    while served.control.ask(Pause(True)):
        pass
    answer = served.ask("/api/v1/pause", "POST", {"paused": False})
    assert answer.status == 503
    assert "try again later" in answer.read().decode()
    assert served.control.next(0) == Pause(True)
    assert served.ask("/api/v1/pause", "POST", {"paused": False}).status == 202


def test_what_cannot_be_done_is_refused_with_its_reason(served: Served) -> None:
    for path, body, status, reason in (
        ("pause", {"paused": True, "camera": "middle"}, 404, "use one of left, right"),
        ("pause", {"paused": "yes"}, 422, "paused"),
        ("pause", {"pause": True}, 422, "paus"),
        ("pause", {}, 422, "paused"),
        ("pause", [], 422, ""),
        ("pause", b"\xff{", 415, "application/json"),
        ("model", {"name": "/etc"}, 404, "use one of slim, slim_fine"),
        ("model", {"name": "../slim"}, 404, "use one of"),
        ("model", {"name": "x" * 300}, 422, "name"),
    ):
        answer = served.ask(f"/api/v1/{path}", "POST", body)
        assert (answer.status, reason in json.load(answer)["error"]) == (status, True)
    for path in ("/api/v1/pause", "/api/v1/model"):
        assert served.ask(path).status == 405
    assert served.control.next(0.01) is None


def test_a_websocket_hears_the_same_events(served: Served) -> None:
    stream = events(served.ask("/events"))
    with WebSocketClient(served.port, "/api/v1/ws") as client:
        assert {client.hear()["camera"] for _ in range(2)} == {"left", "right"}
        publish_one_of_each(served)
        heard = [client.hear() for _ in range(8)]
        told = (said for _, said in stream if "schema" in said and said["time"] >= heard[0]["time"])
        assert [next(told) for _ in heard] == heard
        client.say("nobody listens")
        client.ping()
        served.bus.publish(observation_of(9), frame_of(9))
        assert client.hear()["frame"] == 9


def test_a_websocket_of_one_camera(served: Served) -> None:
    with WebSocketClient(served.port, "/api/v1/ws?camera=right") as client:
        assert client.hear()["camera"] == "right"
        served.bus.publish(observation_of(1, camera="left"), frame_of(1))
        served.bus.publish(observation_of(2, camera="right"), frame_of(2))
        assert client.hear()["frame"] == 2


def test_websockets_of_nobody_known_are_refused(served: Served, tmp_path: Path) -> None:
    refused = WebSocketClient(served.port, "/api/v1/ws", Origin="https://evil.example")
    assert refused.status == 403
    assert WebSocketClient(served.port, "/api/v1/ws?camera=middle").status == 404
    token = tmp_path / "token"
    token.write_text("0123456789abcdef")
    with Served(token_file=token) as guarded:
        assert WebSocketClient(guarded.port, "/api/v1/ws").status == 401
        with WebSocketClient(guarded.port, "/api/v1/ws", Authorization="Bearer 0123456789abcdef") as client:
            assert client.hear()["camera"] == "test"


def test_a_websocket_ends_with_the_server_and_is_forgotten(served: Served) -> None:
    with WebSocketClient(served.port, "/api/v1/ws") as client:
        client.hear()
        served.server.close()
        assert client.until_closed() in (1001, 1012)


def test_readiness(served: Served) -> None:
    assert served.json("/readyz") == {"ready": True, "reasons": {}}
    served.bus.publish(CameraEvent(camera="left", state="ended"))
    assert served.json("/readyz")["ready"]
    served.bus.publish(CameraEvent(camera="right", state="lost", reason="there is no camera 7"))
    answer = served.ask("/readyz")
    assert answer.status == 503
    assert json.load(answer) == {"ready": False, "reasons": {"right": "lost: there is no camera 7"}}
    assert served.json("/healthz") == {"status": "ok"}


def test_metrics(served: Served) -> None:
    publish_one_of_each(served)
    served.counters[0].overtaken = 5
    answer = served.ask("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    found = {
        (sample.name, *sorted(value for key, value in sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.read().decode())
        for sample in family.samples
    }
    for sample, value in {
        ("mien_camera_up", "left"): 1,
        ("mien_camera_up", "right"): 0,
        ("mien_frames_processed_total", "left"): 3,
        ("mien_frames_overtaken_total", "left"): 5,
        ("mien_people", "left"): 1,
        ("mien_people_appeared_total", "left"): 1,
        ("mien_expressions_total", "happy", "left"): 1,
        ("mien_latency_seconds_bucket", "0.01", "capture_to_event", "left"): 0,
        ("mien_latency_seconds_bucket", "0.025", "capture_to_event", "left"): 3,
        ("mien_latency_seconds_count", "detect", "left"): 3,
        ("mien_model_info", "1", "int8", "slim"): 1,
        ("mien_temperature_celsius",): 47.5,
        ("mien_health_level",): 1,
        ("mien_health_condition", "hot"): 1,
        ("mien_events_lost_total", "http"): 0,
        ("mien_http_clients",): 0,
    }.items():
        assert found[sample] == value
    assert found[("mien_latency_seconds_sum", "capture_to_event", "left")] == pytest.approx(0.036)
    assert found[("process_resident_memory_bytes",)] > 1e6
    modern = served.ask("/metrics", Accept="application/openmetrics-text; version=1.0.0")
    assert modern.read().decode().endswith("# EOF\n")


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    with Served() as served:
        return served.json("/openapi.json")


def check(described: dict[str, Any], name: str, payload: Any) -> None:
    """Raises ValidationError where the payload is not what the description says."""
    schema = {**described, "$ref": f"#/components/schemas/{name}"}
    jsonschema.Draft202012Validator(schema).validate(payload)


def test_answers_are_as_described(served: Served, described: dict[str, Any]) -> None:
    for full in (False, True):
        if full:
            publish_one_of_each(served)
        for path, name in (
            ("/api/v1/state", "State"),
            ("/api/v1/cameras", "Cameras"),
            ("/api/v1/cameras/left", "CameraSeen"),
            ("/api/v1/models", "Models"),
            ("/healthz", "Alive"),
        ):
            check(described, name, served.json(path))
    check(described, "Ready", json.load(served.ask("/readyz")))
    check(described, "Error", json.load(served.ask("/api/v1/cameras/middle")))
    for message in served.bus.states():
        payload = message.event.to_dict()
        check(described, payload["schema"].replace("/", "."), payload)


def test_everything_described_is_answered(served: Served, described: dict[str, Any]) -> None:
    served.bus.publish(observation_of(1, camera="left"), frame_of(1, "left"))
    assert described["openapi"] == "3.1.0"
    for path, operations in described["paths"].items():
        for method in operations:
            answer = served.ask(path.replace("{name}", "left"), method.upper())
            assert answer.status not in (404, 405) or path == "/api/v1/ws"


@pytest.mark.skipif(OPENSSL is None, reason="openssl is not installed: apt install openssl")
def test_https(tmp_path: Path) -> None:
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    wanted = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    names = "subjectAltName=DNS:localhost,IP:127.0.0.1"
    command = [OPENSSL, *wanted.split(), "-addext", names, "-keyout", key, "-out", certificate]
    subprocess.run(command, check=True, capture_output=True)
    trust = ssl.create_default_context(cafile=str(certificate))
    with Served(tls_certificate=certificate, tls_key=key) as served:
        assert served.url.startswith("https://")
        with urllib.request.urlopen(f"{served.url}api/v1/state", context=trust, timeout=30) as answer:
            assert json.load(answer)["access"] == "control"
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            served.ask("/healthz").read()


def test_a_certificate_that_cannot_be_used_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "no.pem"
    with pytest.raises(ConfigError, match=r"no\.pem cannot be read .* check the paths"):
        Served(tls_certificate=file, tls_key=file)
    file.write_text("no certificate")
    with pytest.raises(ConfigError, match=r"give the PEM files of one certificate"):
        Served(tls_certificate=file, tls_key=file)
