"""What is answered: keys, secrets, and the file of the answers."""

from __future__ import annotations

import doctest
import tomllib
from pathlib import Path

import pytest

import edge.setup.answers
import edge.sources
from edge.errors import ConfigError
from edge.setup.answers import (
    LOGIN,
    PASSWORD,
    TOKEN,
    Answers,
    broker_config,
    file_text,
    is_edited,
    split_login,
)
from edge.setup.answers import earlier_keys as keys_of
from edge.setup.places import find_places
from edge.sources import add_login

KEYS = {
    "camera.source": "rtsp://door.local/1",
    "http.hosts": ["kiosk.local", "küche"],
    "mqtt.host": "broker",
    "mqtt.port": 1883,
    "mqtt.username": 'a "quoted" \\ name\x7f\n',
    "mqtt.tls": True,
    "cameras.front.source": "0",
}


def test_examples() -> None:
    assert doctest.testmod(edge.setup.answers).failed == 0
    assert doctest.testmod(edge.sources).failed == 0


def test_the_file_holds_the_keys() -> None:
    text = file_text(KEYS)
    assert keys_of(text) == KEYS
    assert tomllib.loads(text)["cameras"]["front"]["source"] == "0"
    assert file_text(keys_of(text)) == text


def test_a_change_by_hand_is_noticed() -> None:
    text = file_text(KEYS)
    assert not is_edited(text)
    assert is_edited(text.replace("1883", "1884"))
    assert is_edited(text + "\n[mqtt]\n")
    assert is_edited(text.partition("\n")[2])
    assert is_edited("")


@pytest.mark.parametrize("text", ["", "camera = 1\n", "not TOML", '[camera]\nsource = "0"\n[camera]\n'])
def test_a_file_that_says_nothing_gives_no_keys(text: str) -> None:
    assert keys_of(text) == {}


@pytest.mark.parametrize("login", ["me:secret", "me:", "m@e:s/e?c#r:e%t", "ü:ß "])
def test_login_and_address_come_apart_and_together(login: str) -> None:
    whole = add_login("rtsp://[::1]:554/1?a=b", login)
    assert split_login(whole) == ("rtsp://[::1]:554/1?a=b", login)


def test_what_has_no_login() -> None:
    for source in ("0", "demo", "a@b.mp4", "/dev/video0", "http://cam/1"):
        assert split_login(source) == (source, None)
    assert split_login("rtsp://@cam/1") == ("rtsp://cam/1", None)


@pytest.mark.parametrize(
    "address", ["rtsp://me:1/2@cam/1", "rtsp://me:a/b@cam/1", "rtsp://me:1#2@cam", "rtsp://", "http://[cam/1"]
)
def test_an_address_whose_password_ends_nowhere_is_refused_without_telling_it(address: str) -> None:
    with pytest.raises(ConfigError, match="cannot be read: write it as") as refusal:
        split_login(address)
    assert address.removeprefix("rtsp://me:") not in str(refusal.value).replace("rtsp://USER", "")


def test_secrets_are_no_keys(tmp_path: Path) -> None:
    answers = Answers(find_places(tmp_path))
    answers.add_camera("door", "rtsp://door.local/1", "me:open sesame")
    answers.use_broker(broker_config("broker", None, True, "me"), "open sesame")
    answers.serve_page("0.0.0.0:80", (), "open sesame")
    assert "sesame" not in file_text(answers.keys) + repr(answers)
    assert answers.secrets.keys() == {f"{LOGIN}-door", PASSWORD, TOKEN}
    assert answers.logins == [f"{LOGIN}-door"]
    assert answers.keys["cameras.door.login_file"] == f"{LOGIN}-door"  # by its name alone, for systemd
    assert "mqtt.port" not in answers.keys


def test_a_token_is_kept_and_no_longer_named_on_this_machine_alone(tmp_path: Path) -> None:
    places = find_places(tmp_path)
    places.secrets.mkdir(parents=True)
    (places.secrets / TOKEN).write_text("an earlier token\n")
    answers = Answers(places)
    answers.serve_page("0.0.0.0:80", ("kiosk",), "a new token")
    assert answers.secrets == {}
    assert answers.keys["http.token_file"] == TOKEN
    answers.serve_page("127.0.0.1:80", (), "a new token")
    assert answers.keys == {"outputs.address": "127.0.0.1:80"}


def test_without_root_everything_is_the_users_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    places = find_places(user=1000)
    assert places.answers == places.config == tmp_path / "mien/50-setup.toml"
    assert places.reference(TOKEN) == str(tmp_path / "mien/secrets" / TOKEN)
    assert find_places(user=0).answers == Path("/etc/mien/config.d/50-setup.toml")
    assert find_places(user=0).config is None


def test_two_cameras_of_one_name_are_refused(tmp_path: Path) -> None:
    answers = Answers(find_places(tmp_path))
    answers.add_camera("a", "0")
    with pytest.raises(ConfigError, match="two cameras are called a"):
        answers.add_camera("a", "1")
    with pytest.raises(ConfigError, match="'No' is no camera's name"):
        answers.add_camera("No", "1")
