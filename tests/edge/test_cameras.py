import os
from pathlib import Path

import numpy as np
import pytest

from edge.cameras import camera_name, is_recording, open_camera
from edge.cameras.folder import read_image
from edge.cameras.pacing import Pacer
from edge.cameras.v4l2 import V4L2Camera
from edge.errors import CameraMissingError, FileUnreadableError, NoImagesError, NotAPictureError


def read_all(camera):
    return list(iter(camera.read, None))


def test_a_video_gives_all_its_frames_in_order(short_clip):
    camera = open_camera(str(short_clip))
    frames = read_all(camera)
    assert [frame.sequence for frame in frames] == list(range(12))
    assert {frame.camera for frame in frames} == {"short.avi"}
    assert all(frame.image.dtype == np.uint8 and frame.image.ndim == 3 for frame in frames)
    assert camera.fps == pytest.approx(12.0)
    camera.close()


def test_a_looping_video_begins_again_and_goes_on_counting(short_clip):
    camera = open_camera(str(short_clip), loop=True)
    frames = [camera.read() for _ in range(30)]
    assert [frame.sequence for frame in frames] == list(range(30))
    assert np.array_equal(frames[0].image, frames[12].image)
    assert np.array_equal(frames[5].image, frames[29].image)
    camera.close()


def test_the_demo_plays(clip):
    camera = open_camera("demo")
    assert camera.read().camera == "demo"
    camera.close()


def test_a_folder_is_shown_in_the_order_of_names_without_what_is_damaged(photos, caplog):
    camera = open_camera(str(photos))
    frames = read_all(camera)
    expected = [read_image(photos / name) for name in ("a.png", "b.png", "c/d.png")]
    assert [frame.sequence for frame in frames] == [0, 1, 2]
    assert all(np.array_equal(frame.image, image) for frame, image in zip(frames, expected, strict=True))
    assert camera.skipped == 1
    assert "bad.jpg" in caplog.text


def test_one_image_is_a_recording_of_one_frame(photos):
    assert len(read_all(open_camera(str(photos / "a.png")))) == 1


def test_a_folder_of_damaged_images_is_no_recording(tmp_path):
    (tmp_path / "a.png").write_text("not a picture")
    with pytest.raises(NotAPictureError):
        open_camera(str(tmp_path), loop=True).read()


def test_missing_camera():
    with pytest.raises(CameraMissingError, match="/dev/video97"):
        open_camera("97")
    with pytest.raises(CameraMissingError, match="/dev/video97"):
        open_camera("/dev/video97")


@pytest.mark.parametrize("name", ["missing.mp4", "missing.png", "missing"])
def test_missing_file(tmp_path, name):
    with pytest.raises(FileUnreadableError, match="there is no file"):
        open_camera(str(tmp_path / name))


@pytest.mark.parametrize("name", ["empty.mp4", "empty.png"])
def test_empty_file(tmp_path, name):
    (tmp_path / name).touch()
    with pytest.raises(FileUnreadableError, match="is empty"):
        open_camera(str(tmp_path / name))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_forbidden_file(tmp_path):
    path = tmp_path / "secret.mp4"
    path.write_text("x")
    path.chmod(0)
    with pytest.raises(FileUnreadableError, match="permissions"):
        open_camera(str(path))


def test_something_else_than_a_file():
    with pytest.raises(FileUnreadableError, match="not a regular file"):
        open_camera(os.devnull)


def test_text_called_mp4(tmp_path):
    path = tmp_path / "text.mp4"
    path.write_text("this is no film\n" * 100)
    with pytest.raises(NotAPictureError, match="no video"):
        open_camera(str(path))


def test_folder_without_images(tmp_path):
    (tmp_path / "notes.txt").write_text("nothing to see")
    with pytest.raises(NoImagesError):
        open_camera(str(tmp_path))


def test_what_has_an_end():
    assert all(is_recording(spec) for spec in ("demo", "a.mp4", "faces/", "picamera.mp4", "picamera:x"))
    live = (
        "0",
        "/dev/video2",
        "/dev/v4l/by-id/usb-cam",
        "rtsp://h/1",
        "HTTPS://h/",
        "picamera",
        "picamera:1",
    )
    assert not any(is_recording(spec) for spec in live)


def test_names_in_events_tell_no_secrets():
    names = {
        "demo": "demo",
        "films/a.mp4": "a.mp4",
        "0": "video0",
        "/dev/video2": "video2",
        "/dev/v4l/by-id/usb-cam": "usb-cam",
        "picamera": "picamera0",
        "picamera:1": "picamera1",
        "rtsp://me:p@ss@door.local:554/1?key=secret": "door.local",
        "http://[::1]:80/": "::1",
        "http://[::1/": "network",
    }
    assert {spec: camera_name(spec) for spec in names} == names


def test_devices_that_are_none(tmp_path):
    for device in ("/dev/video97", "/dev/v4l/by-id/nothing", "/dev/videox"):
        with pytest.raises(CameraMissingError, match=f"no camera {device}"):
            open_camera(device)
    link = tmp_path / "video0"
    link.symlink_to(os.devnull)
    with pytest.raises(CameraMissingError, match="is no camera"):
        V4L2Camera(str(link))


def test_pacing_waits_only_when_asked_to():
    for fps in (None, 1000.0):
        pacer = Pacer(fps)
        for _ in range(3):
            pacer.wait()


def test_images_are_read_in_colour_from_grey_and_transparent_files(tmp_path):
    import cv2

    grey, clear = np.full((20, 30), 90, np.uint8), np.full((20, 30, 4), 90, np.uint8)
    for name, image in (("grey.png", grey), ("clear.png", clear)):
        cv2.imwrite(str(Path(tmp_path, name)), image)
        assert read_image(tmp_path / name).shape == (20, 30, 3)
