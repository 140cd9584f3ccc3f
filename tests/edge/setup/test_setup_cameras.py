"""Which devices are cameras, by what their drivers answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.setup.cameras import CAPABILITY, find_cameras, is_camera

OWN = 0x80000000


def answer(driver: bytes, everything: int, own: int) -> bytes:
    return CAPABILITY.pack(driver, b"HD Webcam", b"usb-1", 0x60000, everything, own)


@pytest.mark.parametrize(
    ("given", "camera"),
    [
        (answer(b"uvcvideo", OWN | 0x04A00001, 0x04200001), True),
        (answer(b"uvcvideo", OWN | 0x04A00001, 0x04A00000), False),  # its second node: metadata
        (answer(b"old", 0x1, 0), True),
        (answer(b"planes", OWN, 0x1000), True),
        (answer(b"bcm2835-isp", OWN, 0x04200001), False),
        (answer(b"pispbe", OWN, 0x1000), False),
        (b"", False),
    ],
)
def test_what_is_a_camera(given: bytes, camera: bool) -> None:
    assert CAPABILITY.size == 104  # what the kernel writes
    assert is_camera(given) == camera


def test_what_is_no_video_device_is_not_shown(tmp_path: Path) -> None:
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/video0").write_text("no device")
    (tmp_path / "dev/video-link").symlink_to("video0")
    assert find_cameras(tmp_path) == []
