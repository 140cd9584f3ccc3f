"""The questions in a real terminal, the broker a real one."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from talking import Talk, contents

from edge.config import load
from tests.edge.outputs.mqtt.mosquitto import PASSWORD, USER, Mosquitto, program

TO_THE_BROKER = [("Camera:", "demo\n"), ("Use it, look again", "\n"), ("another camera", "\n")]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    """One that wants a password."""
    passwords = tmp_path / "passwords"
    command = [program("mosquitto_passwd", "mosquitto"), "-b", "-c", passwords, USER, PASSWORD]
    subprocess.run(command, check=True)
    made = Mosquitto(tmp_path, f"password_file {passwords}", "allow_anonymous false")
    made.start()
    yield made
    made.kill()


def test_from_a_wrong_password_to_a_device_that_is_set_up(device: Path, broker: Mosquitto, bundle) -> None:
    def connect(talk: Talk, password: str) -> None:
        for question, text in (
            ("Broker's name", "127.0.0.1"),
            ("Encrypted", "n"),
            ("Port", str(broker.port)),
            ("User", USER),
            ("Password", password),
        ):
            talk.answer(question, f"{text}\n")

    with Talk("--root", device) as talk:
        talk.answer("Camera:", "no-such-file.mp4\n")
        talk.answer("Try again, choose another", "other\n")
        for question, text in TO_THE_BROKER:
            talk.answer(question, text)
        talk.answer("Tell an MQTT broker", "y\n")
        connect(talk, "wrong")
        talk.answer("Try again, do without", "again\n")
        connect(talk, PASSWORD)
        talk.answer("Should other machines", "y\n")
        talk.answer("Names this machine", "kiosk.local\n")
        assert talk.end() == 0, talk.screen
    assert "there is no file no-such-file.mp4" in talk.screen
    assert "the user or the password is wrong" in talk.screen
    assert "the broker takes this device" in talk.screen
    assert "640x360" in talk.screen
    assert talk.raw.count("▀".encode()) > 500, "no picture was drawn"
    assert b"38;2;255;195;74m" not in talk.raw  # colours are rounded, the boxes' too
    assert b"2;248;192;72m" in talk.raw, "no box was drawn"
    written = contents(device)
    token = written["etc/credstore/mien-token"][0].strip()
    assert talk.screen.count(token) == 1
    assert written["etc/credstore/mien-mqtt-password"] == (f"{PASSWORD}\n", 0o600)
    assert PASSWORD not in talk.screen + written["etc/mien/config.d/50-setup.toml"][0]
    settings = load(None, etc=device / "etc/mien", environment={}).settings
    assert (settings.camera.source, settings.mqtt.port) == ("demo", broker.port)
    assert settings.outputs.address == "0.0.0.0:8642"

    with Talk("--root", device) as talk:
        for question in ("Keep the camera demo", "Keep the MQTT broker 127.0.0.1", "Keep the page"):
            talk.answer(question, "\n")
        assert talk.end() == 0, talk.screen
    assert "everything is as it was" in talk.screen
    assert token not in talk.screen
    assert contents(device) == written


QUESTIONS = [*TO_THE_BROKER, ("Tell an MQTT broker", "n\n"), ("Should other machines", "y\n"), ("Names", "")]


@pytest.mark.parametrize(("count", "key"), [(0, "\x03"), (1, "\x03"), (4, "\x04"), (5, "\x03")])
def test_ctrl_c_and_ctrl_d_leave_everything_as_it_was(
    device: Path, photos: Path, count: int, key: str
) -> None:
    with Talk("--root", device) as talk:
        for question, text in QUESTIONS[:count]:
            talk.answer(question, text.replace("demo", f"{photos}/a.png"))
        talk.answer(QUESTIONS[count][0], key)
        assert talk.end() == 130, talk.screen
    assert talk.screen.endswith("mien: interrupted: nothing was changed\n")
    assert list(device.iterdir()) == []


def test_several_cameras_get_names_and_logins_of_their_own(device: Path, bundle) -> None:
    with Talk("--root", device) as talk:
        talk.answer("Camera:", "http://127.0.0.1:1/video\n")
        talk.answer("User at the camera", "me\n")
        talk.answer("Password", "p@ss word\n")
        talk.answer("Try again, choose another", "use\n")
        talk.answer("another camera", "y\n")
        talk.answer("Camera:", "demo\n")
        talk.answer("Use it, look again", "use\n")
        talk.answer("another camera", "n\n")
        talk.answer("A name for http", "No Name\n")
        talk.answer("A name for http", "door\n")
        talk.answer("A name for demo", "\n")
        talk.answer("Tell an MQTT broker", "n\n")
        talk.answer("Should other machines", "n\n")
        assert talk.end() == 0, talk.screen
    assert "'No Name' is no camera's name" in talk.screen
    assert "p@ss" not in talk.screen
    settings = load(None, etc=device / "etc/mien", environment={}).settings
    assert settings.cameras.keys() == {"door", "demo"}
    assert contents(device)["etc/credstore/mien-camera-login-door"] == ("me:p@ss word\n", 0o600)


def test_an_answer_changed_by_hand_is_shown_and_kept_by_default(device: Path) -> None:
    file = device / "etc/mien/config.d/50-setup.toml"
    file.parent.mkdir(parents=True)
    file.write_text('[camera]\nsource = "demo"\nfps = 5\n[outputs]\naddress = "127.0.0.1:1"\n')
    before = contents(device)
    with Talk("--root", device) as talk:
        talk.answer("Keep the camera demo", "y\n")
        talk.answer("Tell an MQTT broker", "n\n")
        talk.answer("Keep the page at 127.0.0.1:1", "n\n")
        talk.answer("Should other machines", "n\n")
        talk.answer("Replace the earlier answers? [y/n] (n)", "\n")
        assert talk.end() == 0, talk.screen
    assert "was changed by hand" in talk.screen
    assert '-address = "127.0.0.1:1"' in talk.screen
    assert talk.screen.endswith("nothing was changed\n")
    assert contents(device) == before
