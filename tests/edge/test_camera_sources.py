import pytest

from edge.errors import CameraMissingError, ConfigError
from edge.settings import CameraConfig, Settings
from edge.sources import camera_sections, open_source, takes_newest, with_login


def test_a_login_stands_in_a_file_and_not_in_the_address(tmp_path):
    file = tmp_path / "login"
    file.write_text("me:p@ss/wörd\n")
    file.chmod(0o600)
    assert with_login("rtsp://cam:554/1", file) == "rtsp://me:p%40ss%2Fw%C3%B6rd@cam:554/1"


@pytest.mark.parametrize(
    ("content", "address", "message"),
    [
        ("secret", "rtsp://cam/1", "holds no login: write USER:PASSWORD"),
        (":secret", "rtsp://cam/1", "holds no login"),
        ("me:secret", "rtsp://you:hidden@cam/1", r"cannot be used with rtsp://you:\*\*\*@cam/1"),
        ("me:secret", "0", "cannot be used with 0"),
        (None, "rtsp://cam/1", "cannot be read"),
    ],
)
def test_logins_that_cannot_be_used(tmp_path, content, address, message):
    file = tmp_path / "login"
    if content is not None:
        file.write_text(content)
    with pytest.raises(ConfigError, match=message) as caught:
        with_login(address, file)
    assert "secret" not in str(caught.value)
    assert "hidden" not in str(caught.value)


def test_a_missing_camera_is_an_error_at_once_or_waited_for():
    config, events = CameraConfig(source="97"), []
    with pytest.raises(CameraMissingError, match="there is no camera /dev/video97"):
        open_source("front", config, False, events.append, patient=False)
    assert [event.state for event in events] == ["opening", "lost"]
    source = open_source("front", config, False, events.append, patient=True)
    assert (source.name, source.down) == ("front", True)
    patient = CameraConfig(source="97", wait=True)
    assert open_source("front", patient, False, events.append, patient=False).down


def test_named_cameras_stand_in_for_the_single_one():
    assert list(camera_sections(Settings())) == [None]
    both = Settings(cameras={"a": CameraConfig(source="0"), "b": CameraConfig(source="1")})
    assert list(camera_sections(both)) == ["a", "b"]


@pytest.mark.parametrize(
    ("source", "every_frame", "viewer", "newest"),
    [
        ("a.mp4", None, False, False),
        ("a.mp4", None, True, True),
        ("a.mp4", False, False, True),
        ("a.mp4", True, True, False),
        ("0", None, False, True),
    ],
)
def test_which_frames_matter(source, every_frame, viewer, newest):
    assert takes_newest(CameraConfig(source=source, every_frame=every_frame), viewer) == newest
