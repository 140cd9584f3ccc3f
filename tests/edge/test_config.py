import doctest
from pathlib import Path

import pytest

import edge.config
import edge.settings
from edge.config import load
from edge.errors import ConfigError


@pytest.fixture
def etc(tmp_path) -> Path:
    (tmp_path / "config.d").mkdir()
    return tmp_path


def test_later_layers_win_and_origins_are_kept(etc):
    (etc / "config.toml").write_text(
        '[camera]\nsource = "a"\n[detector]\nlongest_side = 100\nthreshold = 0.3\n'
    )
    (etc / "config.d/20.toml").write_text("[detector]\nlongest_side = 300\n")
    (etc / "config.d/10.toml").write_text("[detector]\nlongest_side = 200\n")
    environment = {"MIEN_DETECTOR_THRESHOLD": "0.4", "MIEN_CAMERA_SOURCE": "b", "PATH": "/bin"}
    found = load(None, {"camera.source": "c", "model.name": None}, environment, etc)
    assert found.settings.camera.source == "c"
    assert found.settings.detector.longest_side == 300
    assert found.settings.detector.threshold == 0.4
    assert found.settings.model.name is None
    assert found.origins["camera.source"] == "flag"
    assert found.origins["detector.longest_side"] == str(etc / "config.d/20.toml")
    assert found.origins["detector.threshold"] == "MIEN_DETECTOR_THRESHOLD"
    assert found.origins["model.name"] == "default"


def test_a_named_file_replaces_the_files_of_the_machine(etc, tmp_path):
    (etc / "config.toml").write_text('[camera]\nsource = "a"\n')
    named = tmp_path / "mine.toml"
    named.write_text("[smoothing]\ntime_constant = 2\n")
    found = load(named, {}, {}, etc)
    assert found.settings.camera.source == "demo"
    assert found.settings.smoothing.time_constant == 2.0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[camera]\nsorce = "x"\n', "unknown key 'camera.sorce' .*did you mean 'camera.source'"),
        ("[detecter]\nthreshold = 0.4\n", "unknown section 'detecter' .*did you mean 'detector'"),
        ("[outputz]\n", "unknown section 'outputz' .*did you mean 'outputs'"),
        ('camera = "demo"\n', "unknown key 'camera'"),
        ("[detector]\nthreshold = 4\n", r"detector.threshold = 4 \(.*less than 1"),
        ("[detector]\nlongest_side = 'wide'\n", "detector.longest_side = 'wide'"),
        ("[detector]\ninterval = 0\n", r"detector.interval = 0 \(.*1 to 1000, or 'auto'"),
        ("[detector]\ninterval = 'often'\n", r"detector.interval = 'often' \(.*1 to 1000, or 'auto'"),
        (
            '[outputs]\naddress = "0.0.0.0:80"\n',
            r"outputs.address 0.0.0.0:80 can be reached from other machines: set http.token_file",
        ),
        ('[outputs]\naddress = "127.0.0.1"\n', "outputs.address = .* not HOST:PORT"),
        ("[camera\n", "is not TOML"),
    ],
)
def test_mistakes_in_files_are_named(tmp_path, text, message):
    file = tmp_path / "config.toml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=message) as caught:
        load(file, {}, {})
    assert str(file) in str(caught.value) or "set http.token_file" in message
    assert "\n" not in str(caught.value)


def test_mistakes_in_variables_are_named():
    with pytest.raises(ConfigError, match=r"unknown key 'camera.sorce' \(MIEN_CAMERA_SORCE\)"):
        load(None, {}, {"MIEN_CAMERA_SORCE": "x"}, Path("/nowhere"))
    with pytest.raises(ConfigError, match=r"detector.longest_side = 'x' \(MIEN_DETECTOR_LONGEST_SIDE\)"):
        load(None, {}, {"MIEN_DETECTOR_LONGEST_SIDE": "x"}, Path("/nowhere"))


@pytest.mark.parametrize(("given", "meant"), [("auto", "auto"), ("7", 7), ("1", 1)])
def test_the_interval_is_a_number_or_auto(given, meant):
    assert (
        load(None, {}, {"MIEN_DETECTOR_INTERVAL": given}, Path("/nowhere")).settings.detector.interval
        == meant
    )


def test_the_store_has_a_short_variable():
    for name in ("MIEN_MODELS", "MIEN_MODEL_STORE"):
        assert load(None, {}, {name: "/models"}, Path("/nowhere")).settings.model.store == Path("/models")


def test_an_empty_model_name_is_none(tmp_path):
    file = tmp_path / "config.toml"
    file.write_text('[model]\nname = ""\n')
    assert load(file, {}, {}).settings.model.name is None


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path / "none.toml", {}, {})


def test_the_effective_configuration_is_toml_that_loads_again(tmp_path):
    first = load(None, {"camera.source": 'a "b"', "outputs.jsonl": "-"}, {}, Path("/nowhere"))
    file = tmp_path / "shown.toml"
    file.write_text("\n".join(first.lines()))
    assert load(file, {}, {}).settings == first.settings


def test_several_cameras_have_sections_of_their_own(tmp_path):
    file = tmp_path / "config.toml"
    file.write_text('[cameras.front]\nsource = "0"\nsize = "640x480"\n[cameras.door]\nsource = "a.mp4"\n')
    found = load(file, {}, {})
    assert {name: camera.source for name, camera in found.settings.cameras.items()} == {
        "front": "0",
        "door": "a.mp4",
    }
    assert found.settings.cameras["front"].width_height == (640, 480)
    assert found.origins["cameras.front.size"] == str(file)
    shown = tmp_path / "shown.toml"
    shown.write_text("\n".join(found.lines()))
    assert load(shown, {}, {}).settings == found.settings


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[cameras.front]\nsorce = "0"\n', "unknown key 'cameras.front.sorce' .*'cameras.front.source'"),
        ('[cameras.front]\nsize = "big"\n', r"cameras.front.size = 'big' \(.*config.toml\): .*1280x720"),
        ('[cameras."a b"]\nsource = "0"\n', "'a b' is no camera's name"),
        ("cameras = 3\n", r"write \[cameras.NAME\]"),
        ("[cameras]\nsource = 'demo'\n", r"write \[cameras.NAME\]"),
        ("[http]\ntls_key = 'key.pem'\n", "tls_certificate and tls_key come together"),
        ("[mqtt]\ndevice = 'a/b'\n", "mqtt.device = 'a/b' .*one level of a topic"),
    ],
)
def test_mistakes_in_the_service_are_named(tmp_path, text, message):
    file = tmp_path / "config.toml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=message) as caught:
        load(file, {}, {})
    assert "\n" not in str(caught.value)


def test_a_token_opens_the_door_to_other_machines(tmp_path):
    file = tmp_path / "config.toml"
    file.write_text('[outputs]\naddress = "0.0.0.0:80"\n[http]\ntoken_file = "token"\n')
    assert load(file, {}, {}).settings.outputs.host_port == ("0.0.0.0", 80)


@pytest.mark.parametrize("password", ["secret", "se/cret", "my secret", "s@cret x"])
def test_a_password_in_an_address_is_never_shown(tmp_path, password):
    address = f"rtsp://me:{password}@cam/1"
    file = tmp_path / "config.toml"
    file.write_text(f'[camera]\nfps = "{address}"\n')
    with pytest.raises(ConfigError, match=r"camera\.fps = 'rtsp://me:\*\*\*@cam/1'"):
        load(file, {}, {})
    found = load(None, {"camera.source": address}, {}, Path("/nowhere"))
    assert 'source = "rtsp://me:***@cam/1"' in "\n".join(found.lines())


def test_check_says_what_is_wrong_or_that_all_is_good(tmp_path, mien):
    file = tmp_path / "config.toml"
    file.write_text("[detector]\nthreshold = 4\n")
    done = mien("config", "check", file)
    assert (done.returncode, done.stdout) == (ConfigError.exit_code, "")
    assert "detector.threshold = 4" in done.stderr
    file.write_text(mien("config", "init").stdout)
    done = mien("config", "check", file)
    assert (done.returncode, done.stdout) == (0, f"{file} is good\n")


def test_examples():
    assert doctest.testmod(edge.config).failed == 0
    assert doctest.testmod(edge.settings).failed == 0
