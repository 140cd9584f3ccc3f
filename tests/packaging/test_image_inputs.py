"""What the command line of card images takes, and how it says that it does not."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest
from image import inputs, wifi
from image.__main__ import main

from edge.errors import ConfigError, MienError

UNIT = Path(__file__).resolve().parents[2] / "systemd/mien.service"
ED25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"


def test_examples() -> None:
    assert doctest.testmod(inputs).failed == 0


@pytest.mark.parametrize(
    "name", ["", "Kiosk", "kiosk_1", "-kiosk", "kiosk-", "k" * 64, "kiosk.local", "k\n", "ä"]
)
def test_a_name_that_is_none(name: str) -> None:
    with pytest.raises(ConfigError, match="up to 63 of a-z 0-9 -"):
        inputs.check_hostname(name)


@pytest.mark.parametrize("pattern", ["kiosk-{m}", "kiosk-{", "kiosk-{n:q}", "kiosk-{}", "{n.x}"])
def test_a_pattern_that_is_none(pattern: str) -> None:
    with pytest.raises(ConfigError, match=r"write \{n\} or \{n:02d\}"):
        inputs.numbered(pattern, 7, "--hostname")


@pytest.mark.parametrize("name", ["root", "", "Pi", "a b", "-x", "x" * 33])
def test_a_user_that_is_none(name: str) -> None:
    with pytest.raises(ConfigError, match="--user"):
        inputs.check_user(name)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing\n",
        "hello\n",
        "ssh-ed25519\n",
        "ssh-ed25519 AAAA\n",
        "ssh-ed25519 not-base64!\n",
        f"{ED25519[:40]}\n",  # cut off, and no longer base64's length
        f"ssh-rsa {ED25519.split()[1]}\n",  # one type outside, another within
        f"{ED25519}\nrubbish\n",
    ],
)
def test_a_key_that_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "id.pub").write_text(text)
    with pytest.raises(ConfigError, match="holds no public ssh key"):
        inputs.read_ssh_keys(tmp_path / "id.pub")


def test_a_secret_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "id").write_text("-----BEGIN OPENSSH PRIVATE KEY-----\nhush\n")
    with pytest.raises(ConfigError, match=r"give the public one, .*id\.pub") as said:
        inputs.read_ssh_keys(tmp_path / "id")
    assert "hush" not in str(said.value)


def test_several_keys(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text(f"{ED25519} me@desk\n\n# hers\n{ED25519}\n")
    assert inputs.read_ssh_keys(tmp_path / "keys") == (f"{ED25519} me@desk", ED25519)


@pytest.mark.parametrize(
    ("name", "password", "country", "words"),
    [
        ("", "long enough", "DE", "no network's name"),
        ("x" * 33, "long enough", "DE", "no network's name"),
        ("ü" * 17, "long enough", "DE", "no network's name"),
        ("a\nb", "long enough", "DE", "no network's name"),
        ("home", "hush123", "DE", "8 to 63"),
        ("home", "hush" * 16, "DE", "8 to 63"),  # 64, but no hexadecimal digits
        ("home", "hüsh hush", "DE", "8 to 63"),
        ("home", "long enough", "de", "two capitals"),
        ("home", "long enough", "Germany", "two capitals"),
    ],
)
def test_a_network_that_is_none(name: str, password: str, country: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as said:
        wifi.make_wifi(name, password, country)
    assert password not in str(said.value)


def test_a_key_stays_as_it_is_and_is_not_shown() -> None:
    key = "AB" * 32
    made = wifi.make_wifi("home", key, "DE")
    assert made.key == key.lower()
    assert key.lower() not in repr(made)


def test_the_secrets_are_those_of_the_service(tmp_path: Path) -> None:
    lines = UNIT.read_text().splitlines()
    loaded = {line.partition("=")[2] for line in lines if line.startswith("LoadCredential=")}
    assert set(inputs.CREDENTIALS) == loaded
    (tmp_path / "empty").touch()
    for flag in ("mien-pasword=x", "mien-token", "mien-token=", f"mien-token={tmp_path}/no"):
        with pytest.raises(ConfigError):
            inputs.read_credential(flag)
    with pytest.raises(ConfigError, match="is empty"):
        inputs.read_credential(f"mien-token={tmp_path}/empty")


def test_a_wrong_configuration(tmp_path: Path) -> None:
    (tmp_path / "kiosk.toml").write_text('[camera]\nsorce = "demo"\n')
    with pytest.raises(MienError, match=r"camera\.sorce.*source"):
        inputs.read_config(tmp_path / "kiosk.toml")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--count", "2"], "name several devices alike"),
        (["--wifi", "home"], "--wifi comes with --country"),
        (["--wifi", "home", "--country", "DE"], "nobody can be asked"),
    ],
)
def test_flags_that_do_not_go_together(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    more: list[str],
    words: str,
) -> None:
    (tmp_path / "id.pub").write_text(ED25519)
    monkeypatch.setattr("sys.stdin", (tmp_path / "id.pub").open())  # no terminal
    key = str(tmp_path / "id.pub")
    with pytest.raises(SystemExit) as ended:
        main(["stock.img", "--deb", "mien.deb", "--ssh-key", key, "--hostname", "kiosk", *more])
    assert ended.value.code == 30
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    "more", [["--count", "0"], ["--count", "many"], ["--number", "x"], ["--password", "x"]]
)
def test_a_wrong_command_line(more: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["stock.img", "--deb", "mien.deb", "--ssh-key", "id.pub", "--hostname", "kiosk", *more])
    assert ended.value.code == 2
