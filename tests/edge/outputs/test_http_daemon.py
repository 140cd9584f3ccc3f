"""The web server in a daemon that runs: commands take effect, a reload takes a new token, nothing leaks."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from serving import PATIENCE, events, until

ROOT = Path(__file__).parents[3]
READ, CONTROL, NEXT = "read-token-0123456789", "control-token-0123456789", "another-token-0123456789"
CONFIGURATION = """
[cameras.front]
source = "{clip}"
loop = true
[cameras.back]
source = "{clip}"
loop = true
[detector]
interval = 12
[outputs]
address = "127.0.0.1:{port}"
terminal = false
[http]
token_file = "{folder}/token"
control_token_file = "{folder}/control"
"""


class Running:
    """`mien run` and how it is asked."""

    def __init__(self, folder: Path, port: int) -> None:
        self.log, self.port = folder / "log", port
        self.process = subprocess.Popen(
            [sys.executable, "-m", "edge.cli", "run", "--config", str(folder / "config.toml")],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self.log.open("w"),
            cwd=ROOT,
        )

    def serves(self, token: str) -> bool:
        """Whether it does, for who has this token."""
        assert self.process.poll() is None, self.log.read_text()
        try:
            return self.ask("/api/v1/cameras", token).status == 200
        except OSError:
            return False

    def ask(self, path: str, token: str, body: Any = None) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        connection.request("POST" if body else "GET", path, body and json.dumps(body), headers)
        return connection.getresponse()


@pytest.fixture
def running(tmp_path: Path, short_clip: Path, bundle: object) -> Iterator[Running]:
    for name, token in (("token", READ), ("control", CONTROL)):
        (tmp_path / name).write_text(token)
        (tmp_path / name).chmod(0o600)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    configuration = CONFIGURATION.format(clip=short_clip, folder=tmp_path, port=port)
    (tmp_path / "config.toml").write_text(configuration)
    running = Running(tmp_path, port)
    until(lambda: running.serves(READ))
    yield running
    running.process.terminate()
    assert running.process.wait(PATIENCE) == 0
    log = running.log.read_text()
    assert "Traceback" not in log
    assert not [token for token in (READ, CONTROL, NEXT) if token in log]


def test_what_is_asked_is_done(running: Running, tmp_path: Path) -> None:
    heard = events(running.ask("/api/v1/events", READ))

    def hear(**wanted: object) -> dict[str, Any]:
        return next(event for _, event in heard if wanted.items() <= event.items())

    hear(schema="mien.model/1", state="loaded", name="slim_fine")
    assert running.ask("/api/v1/pause", READ, {"paused": True}).status == 403
    assert running.ask("/api/v1/pause", CONTROL, {"paused": True, "camera": "back"}).status == 202
    hear(schema="mien.camera/1", camera="back", state="paused")
    assert json.load(running.ask("/readyz", READ))["reasons"] == {"back": "paused"}
    running.ask("/api/v1/pause", CONTROL, {"paused": False})
    hear(schema="mien.camera/1", camera="back", state="streaming")
    running.ask("/api/v1/model", CONTROL, {"name": "slim"})
    hear(schema="mien.model/1", state="loaded", name="slim")
    for camera in ("front", "back"):
        hear(schema="mien.observation/1", camera=camera)
    metrics = running.ask("/metrics", READ).read().decode()
    assert 'mien_frames_processed_total{camera="front"}' in metrics
    assert 'mien_model_info{name="slim"' in metrics

    process = Path("/proc") / str(running.process.pid)
    assert READ.encode() not in (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
    (tmp_path / "token").write_text(NEXT)
    running.process.send_signal(signal.SIGHUP)
    until(lambda: running.serves(NEXT))
    assert not running.serves(READ)
