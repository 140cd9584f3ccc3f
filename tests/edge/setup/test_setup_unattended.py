"""`mien setup --yes`: what it writes, what it refuses, and that a refusal changes nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from talking import ROOT, contents

from edge.config import load
from edge.errors import (
    CameraMissingError,
    ConfigError,
    FileUnreadableError,
    InputError,
    MienError,
    OutputError,
)

ANSWERS = "etc/mien/config.d/50-setup.toml"
CREDSTORE = "etc/credstore"
DROP_IN = "etc/systemd/system/mien.service.d/50-setup.conf"
PASSWORD = "correct horse"


def test_everything_by_flags_and_again(device: Path, setup, tmp_path: Path, bundle) -> None:
    (tmp_path / "login").write_text("me:p@ss/word\n")
    (tmp_path / "password").write_text(PASSWORD)
    flags = ["--no-check", "--camera", "front=0", "--camera", "door=rtsp://door.local/1?channel=2"]
    flags += [
        "--camera-login-file",
        f"door={tmp_path / 'login'}",
        "--mqtt-host",
        "broker.local",
        "--mqtt-tls",
    ]
    flags += ["--mqtt-user", "kiosk", "--mqtt-password-file", tmp_path / "password"]
    flags += ["--address", "0.0.0.0:8642", "--page-name", "kiosk.local"]
    done = setup(*flags)
    assert done.exit_code == 0, done.output
    written = contents(device)
    assert written.keys() == {
        ANSWERS,
        f"{CREDSTORE}/mien-camera-login-door",
        f"{CREDSTORE}/mien-mqtt-password",
        f"{CREDSTORE}/mien-token",
        DROP_IN,
    }
    assert written[f"{CREDSTORE}/mien-camera-login-door"] == ("me:p@ss/word\n", 0o600)
    assert written[f"{CREDSTORE}/mien-mqtt-password"] == (f"{PASSWORD}\n", 0o600)
    token, mode = written[f"{CREDSTORE}/mien-token"]
    assert (len(token) >= 33, mode) == (True, 0o600)
    text, mode = written[ANSWERS]
    assert mode == 0o644
    settings = load(None, etc=device / "etc/mien", environment={}).settings
    assert settings.cameras["door"].source == "rtsp://door.local/1?channel=2"
    assert str(settings.cameras["door"].login_file) == "mien-camera-login-door"
    assert settings.mqtt.effective_port == 8883
    assert settings.http.hosts == ("kiosk.local",)
    assert "LoadCredential=mien-camera-login-door" in written[DROP_IN][0]
    for secret in ("p@ss", PASSWORD, token.strip()):
        assert secret not in text + done.output
    again = setup(*flags)
    assert again.exit_code == 0
    assert "everything is as it was" in again.output
    assert "everything is as it was" in setup("--no-check").output
    assert contents(device) == written


def test_another_answer_takes_the_place_of_the_earlier_one(device: Path, setup, bundle) -> None:
    assert setup("--camera", "demo", "--address", "127.0.0.1:9000").exit_code == 0
    done = setup("--no-check", "--camera", "1", "--mqtt-host", "broker")
    assert '-source = "demo"' in done.output
    assert '+source = "1"' in done.output
    settings = load(None, etc=device / "etc/mien", environment={}).settings
    assert (settings.camera.source, settings.mqtt.host) == ("1", "broker")
    assert settings.outputs.address == "127.0.0.1:9000"
    setup("--no-check", "--mqtt-host", "")
    assert load(None, etc=device / "etc/mien", environment={}).settings.mqtt.host is None


def test_other_files_are_left_alone_and_what_they_overrule_is_told(device: Path, setup, bundle) -> None:
    folder = device / "etc/mien/config.d"
    folder.mkdir(parents=True)
    (folder.parent / "config.toml").write_text('[camera]\nsource = "3"\n')
    (folder / "90-own.toml").write_text('[outputs]\naddress = "127.0.0.1:1"\n')
    done = setup("--camera", "demo", "--address", "127.0.0.1:2")
    assert f"but outputs.address is overruled by {folder / '90-own.toml'}" in done.output
    assert "camera.source is overruled" not in done.output
    assert (folder.parent / "config.toml").read_text() == '[camera]\nsource = "3"\n'


@pytest.mark.parametrize(
    ("flags", "kind", "reason"),
    [
        (["--camera", "97"], CameraMissingError, "there is no camera /dev/video97"),
        (["--camera", "missing.mp4"], FileUnreadableError, "there is no file"),
        (["--camera", "http://127.0.0.1:1/"], CameraMissingError, "nothing answers at port 1"),
        (["--camera", "rtsp://me:secret@cam/1"], ConfigError, "--camera-login-file"),
        (["--camera", "0", "--camera", "1"], ConfigError, "two cameras are called nothing"),
        (["--camera", "a=0", "--camera", "1"], ConfigError, "several cameras need names"),
        (["--camera", "0", "--camera-login-file", "LOGIN"], ConfigError, "no address that takes a login"),
        (["--camera", "a=0", "--camera-login-file", "b=x"], ConfigError, "there is no camera 'b'"),
        (["--camera", "rtsp://cam", "--camera-login-file", "none"], ConfigError, "cannot be read"),
        (["--camera", "rtsp://cam", "--camera-login-file", "LOGIN"], ConfigError, "holds no login"),
        (["--camera", "0", "--mqtt-user", "me"], ConfigError, "come with --mqtt-host"),
        (["--camera", "0", "--mqtt-host", "a b"], ConfigError, "a name or an address alone"),
        (["--camera", "0", "--mqtt-host", "a", "--mqtt-password-file", "x"], ConfigError, "--mqtt-user"),
        (["--camera", "0", "--address", "nowhere"], ConfigError, "--address: 'nowhere' is not HOST:PORT"),
        (["--camera", "0", "--page-name", "a"], ConfigError, "--page-name comes with --address"),
    ],
)
def test_answers_that_cannot_be_used(
    device: Path, setup, tmp_path: Path, flags: list[str], kind: type[MienError], reason: str
) -> None:
    (tmp_path / "login").write_text("nobody\n")
    flags = [str(tmp_path / "login") if flag == "LOGIN" else flag for flag in flags]
    done = setup(*flags, *([] if issubclass(kind, InputError) else ["--no-check"]))
    assert isinstance(done.exception, kind), done.output
    assert reason in str(done.exception)
    assert "secret" not in f"{done.output}{done.exception}"
    assert contents(device) == {}


def test_no_camera_and_none_named(device: Path, setup) -> None:
    if list(Path("/dev").glob("video*")):
        pytest.skip("there are cameras here")
    done = setup()
    assert isinstance(done.exception, CameraMissingError)
    assert "name one with --camera" in str(done.exception)
    assert contents(device) == {}


def test_a_camera_in_use(device: Path) -> None:
    fakes = ROOT / "tests/edge/cameras/fakes"
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{fakes}", "FAKE_PICAMERA2": "busy"}
    command = [sys.executable, "-m", "edge.cli", "setup", "--yes", "--camera", "picamera", "--root", device]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT, timeout=60)
    assert done.returncode == 10, done.stderr
    assert "busy" in done.stderr
    assert "Traceback" not in done.stderr
    assert contents(device) == {}


def test_a_broker_that_is_not_there(device: Path, setup) -> None:
    done = setup("--camera", "demo", "--mqtt-host", "127.0.0.1", "--mqtt-port", "1")
    assert isinstance(done.exception, OutputError)
    assert "nobody listens there" in str(done.exception)
    assert contents(device) == {}


def test_answers_changed_by_hand_are_kept_unless_told_otherwise(device: Path, setup, bundle) -> None:
    setup("--no-check", "--camera", "0")
    file = device / ANSWERS
    file.write_text(file.read_text() + "fps = 5\n")
    before = contents(device)
    done = setup("--no-check", "--camera", "1")
    assert isinstance(done.exception, ConfigError)
    assert "changed by hand" in str(done.exception)
    assert contents(device) == before
    assert setup("--no-check", "--camera", "1", "--replace").exit_code == 0
    assert "fps" not in file.read_text()
    file.write_text("no TOML at all")
    assert isinstance(setup("--no-check", "--camera", "1").exception, ConfigError)
    file.write_bytes(b"\xff\xfe")
    assert "it holds no text" in str(setup("--no-check", "--camera", "1").exception)


def test_a_configuration_that_does_not_fit_puts_everything_back(device: Path, setup) -> None:
    own = device / "etc/mien/config.d/90-own.toml"
    own.parent.mkdir(parents=True)
    own.write_text('[mqtt]\nca_file = "a.pem"\n')
    before = contents(device)
    done = setup("--no-check", "--camera", "0", "--mqtt-host", "broker", "--address", "0.0.0.0:1")
    assert isinstance(done.exception, ConfigError)
    assert "ca_file comes with tls" in str(done.exception)
    assert contents(device) == before


def test_a_place_that_cannot_be_written(device: Path, setup) -> None:
    (device / "etc").write_text("a file where the folder should be")
    done = setup("--no-check", "--camera", "0")
    assert isinstance(done.exception, OutputError)
    assert "cannot write below" in str(done.exception)


def test_without_a_terminal_or_with_half_the_flags(mien) -> None:
    for arguments in ((), ("--camera", "0")):
        done = mien("setup", *arguments)
        assert done.returncode == 2
        assert len(done.stderr.splitlines()) == 1
        assert "--yes" in done.stderr
        assert done.stdout == ""


def test_the_service_of_an_image_is_enabled(device: Path, setup, bundle) -> None:
    if shutil.which("systemctl") is None:
        pytest.skip("no systemctl here: apt install systemd")
    units = device / "etc/systemd/system"
    units.mkdir(parents=True)
    shutil.copy(ROOT / "systemd/mien.service", units)
    assert setup("--no-check", "--camera", "0", "--no-service").exit_code == 0
    assert not (units / "multi-user.target.wants").exists()
    assert "starts when the device boots" in setup("--no-check").output
    assert (units / "multi-user.target.wants/mien.service").is_symlink()
