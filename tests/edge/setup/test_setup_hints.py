"""What a look shows, and what is said about it; the faces are those of the demo clip."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.detectors import Detector, open_detector
from edge.errors import CameraMissingError, MienError, NotAPictureError
from edge.settings import CameraConfig
from edge.setup.hints import hints
from edge.setup.looking import Look, look_through
from edge.types import Face, Image

SIDE = 320


@pytest.fixture(scope="module")
def detector() -> Detector:
    return open_detector("facet")


@pytest.fixture(scope="module")
def scene(images: list[Image]) -> Image:
    """A lit picture of one face."""
    return cv2.convertScaleAbs(images[0], alpha=1.3, beta=20)


def said(image: Image, detector: Detector, fps: float | None = 24.0) -> list[str]:
    return list(hints(Look(image, detector.detect(image), fps), SIDE))


def test_nothing_is_said_where_all_is_well(scene: Image, detector: Detector) -> None:
    assert said(scene, detector) == []


def test_nobody(detector: Detector) -> None:
    (hint,) = said(np.full((360, 640, 3), 120, np.uint8), detector)
    assert "nobody is seen" in hint


def test_light(scene: Image, detector: Detector) -> None:
    assert any("is dark" in hint for hint in said(scene // 5, detector))
    assert any("too bright" in hint for hint in said(np.full_like(scene, 250), detector))
    faces = detector.detect(scene)
    x0, y0, x1, y1 = (int(side) for side in faces[0].box)
    window = np.full_like(scene, 200)
    window[y0:y1, x0:x1] = scene[y0:y1, x0:x1] // 4
    (hint,) = hints(Look(window, faces, 24.0), SIDE)
    assert "darker" in hint
    assert "light from the front" in hint


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0.04, "raise detector.longest_side above 320"),
        (0.1, "larger picture (camera.size)"),
        (0.95, "step back"),
    ],
)
def test_distance(scene: Image, share: float, words: str) -> None:
    height = scene.shape[0]
    side = share * height
    box = np.array([100, 5, 100 + 0.8 * side, 5 + side], np.float32)
    said = list(hints(Look(scene, [Face(box, 0.9)], 24.0), SIDE))
    assert any(words in hint for hint in said)


@pytest.mark.parametrize(("degrees", "way"), [(30, " anticlockwise,"), (-30, " clockwise,"), (0, None)])
def test_tilt(images: list[Image], detector: Detector, tmp_path: Path, degrees: int, way: str | None) -> None:
    scene = images[0]
    height, width = scene.shape[:2]
    # OpenCV turns the picture anticlockwise by a positive angle.
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    cv2.imwrite(str(tmp_path / "turned.png"), cv2.warpAffine(scene, turn, (width, height)))
    look = look_through(CameraConfig(source=str(tmp_path / "turned.png")), detector, seconds=0.5)
    leaning = [hint for hint in hints(look, SIDE) if "seems to lean" in hint]
    assert len(leaning) == (way is not None)
    assert all(f"turn the camera{way}" in hint for hint in leaning)


def test_slowness(scene: Image, detector: Detector) -> None:
    assert said(scene, detector, fps=4.0) == [
        "only 4 pictures a second: more light, or a smaller size (camera.size)"
    ]
    assert said(scene, detector, fps=None) == []


def test_a_look_tells_size_and_rate(clip: object, detector: Detector) -> None:
    look = look_through(CameraConfig(source="demo"), detector, seconds=1.0)
    assert look.size == (640, 360)
    assert look.fps is not None
    assert 0 < look.fps < 60
    assert "1 face in view" in look.words()


def test_one_picture_has_no_rate(photos: object, detector: Detector) -> None:
    look = look_through(CameraConfig(source=f"{photos}/a.png"), detector, seconds=1.0)
    assert look.fps is None
    assert "a second" not in look.words()


@pytest.mark.parametrize(
    ("source", "kind"),
    [("97", CameraMissingError), ("http://127.0.0.1:1/", CameraMissingError), (__file__, NotAPictureError)],
)
def test_cameras_that_show_nothing(source: str, kind: type[MienError], detector: Detector) -> None:
    with pytest.raises(kind):
        look_through(CameraConfig(source=source), detector)
