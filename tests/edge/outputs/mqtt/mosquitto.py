"""A real broker on a free loopback port, and somebody who listens to it."""

from __future__ import annotations

import contextlib
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

PATIENCE = 40.0  # seconds; the machine may be busy
USER, PASSWORD = "mien", "correct-horse-battery"


def until(condition: Callable[[], object], what: str = "it") -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not happen within {PATIENCE:.0f} s")
        time.sleep(0.02)


def program(name: str, package: str) -> str:
    """The path of a Debian program; skips where it is absent."""
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if path is None:
        pytest.skip(f"{name} is not installed: apt install {package}")
    return path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def guard(folder: Path, users: Mapping[str, tuple[str, Sequence[str]]]) -> list[str]:
    """Lines for a broker that knows its users: a password, and what each may do, as in "read TOPIC"."""
    passwords, access = folder / "passwords", folder / "acl"
    passwords.touch(0o600)
    lines: list[str] = []
    for user, (password, allowed) in users.items():
        subprocess.run(
            [program("mosquitto_passwd", "mosquitto"), "-b", passwords, user, password], check=True
        )
        lines += [f"user {user}", *(f"topic {topic}" for topic in allowed)]
    access.write_text("\n".join([*lines, ""]))
    return [f"password_file {passwords}", f"acl_file {access}", "allow_anonymous false"]


def certify(folder: Path) -> None:
    """Make a `broker` certificate for localhost, its authority `ca`, and an authority `other`, in PEM."""
    openssl = program("openssl", "openssl")

    def make(*arguments: object) -> None:
        subprocess.run([openssl, *map(str, arguments)], check=True, capture_output=True, cwd=folder)

    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    for name in ("ca", "other"):
        make("req", "-x509", *curve, "-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", f"/CN={name}")
    make("req", *curve, "-keyout", "broker.key", "-out", "broker.csr", "-subj", "/CN=localhost")
    (folder / "names").write_text("subjectAltName=DNS:localhost")
    signing = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "names")
    make("x509", "-req", "-in", "broker.csr", "-out", "broker.pem", *signing)


def encrypt(folder: Path) -> list[str]:
    """Lines for a broker that speaks TLS only, with the certificate that `certify` made there."""
    return [f"certfile {folder / 'broker.pem'}", f"keyfile {folder / 'broker.key'}"]


class Mosquitto:
    """A broker. Lines of its configuration come after `listener`."""

    def __init__(self, folder: Path, *lines: str) -> None:
        self.port = free_port()
        self._log = folder / "mosquitto.log"
        self._file = folder / "mosquitto.conf"
        # As root it would become another user, who cannot read the test's folder.
        self._file.write_text(
            "\n".join(["user root", f"listener {self.port} 127.0.0.1", "log_type all", *lines, ""])
        )
        self._program = program("mosquitto", "mosquitto")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._program, "-c", str(self._file)], stdout=log, stderr=subprocess.STDOUT
            )
        until(self._answers, "mosquitto's start")

    def signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        """Without a word to anybody."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._process = None

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def received(self, topic: str) -> int:
        """How many messages of a topic the broker got from mien, whoever listened."""
        return sum(
            "Received PUBLISH from mien-" in line and f"'{topic}'" in line for line in self.log.splitlines()
        )

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False


@dataclass(frozen=True)
class Heard:
    topic: str
    payload: bytes
    qos: int
    retain: bool


class Listener:
    """Hears everything while the `with` lasts, what the broker keeps included; can speak, too."""

    def __init__(
        self, port: int, password: str | None = None, ca_file: Path | None = None, user: str = USER
    ) -> None:
        self.heard: list[Heard] = []
        self._subscribed = threading.Event()
        client = self.client = paho.Client(CallbackAPIVersion.VERSION2)
        if password is not None:
            client.username_pw_set(user, password)
        if ca_file is not None:
            client.tls_set_context(ssl.create_default_context(cafile=ca_file))
        client.on_connect = lambda *_: client.subscribe("#", 1)
        client.on_subscribe = lambda *_: self._subscribed.set()
        client.on_message = lambda _, __, one: self.heard.append(
            Heard(one.topic, one.payload, one.qos, one.retain)
        )
        client.connect("localhost" if ca_file else "127.0.0.1", port)

    def __enter__(self) -> Self:
        self.client.loop_start()
        assert self._subscribed.wait(PATIENCE)
        return self

    def __exit__(self, *_: object) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def on(self, topic: str) -> list[Heard]:
        return [one for one in list(self.heard) if one.topic == topic]

    def wait(self, topic: str, payload: bytes | None = None) -> Heard:
        """The newest message of a topic, once there is one; with `payload`, once it is that."""

        def there() -> bool:
            found = self.on(topic)
            return bool(found) and (payload is None or found[-1].payload == payload)

        until(there, f"{topic} {payload!r}")
        return self.on(topic)[-1]

    def say(self, topic: str, payload: str, retain: bool = False) -> None:
        self.client.publish(topic, payload, 1, retain).wait_for_publish(PATIENCE)
