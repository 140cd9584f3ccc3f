import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.alignment import (
    HOG_TEMPLATE,
    CropGeometry,
    crop_face,
    landmarks_of,
    resize_crop,
    similarity,
    to_grey,
    warp_grey,
)
from edge.scratch import Scratch
from edge.types import Face

GEOMETRY = CropGeometry()
TARGET = np.asarray(GEOMETRY.template) * GEOMETRY.size - 0.5
sizes = st.floats(0.3, 12)
angles = st.floats(-180, 180)
shifts = st.tuples(st.floats(-300, 900), st.floats(-300, 900))


def placed(scale, degrees, shift):
    """The template's landmarks in a frame, float64 [5, 2]."""
    cos, sin = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return scale * TARGET @ np.array([[cos, sin], [-sin, cos]]) + shift


def face_of(marks, margin=0.4):
    low, high = marks.min(0), marks.max(0)
    reach = margin * (high - low).max()
    return Face(np.array([*(low - reach), *(high + reach)], np.float32), 0.9, marks.astype(np.float32))


def scene(height=480, width=640, seed=0):
    """A picture without fine detail, so that resampling alone changes little."""
    coarse = np.random.default_rng(seed).integers(0, 255, (height // 40, width // 40, 3), dtype=np.uint8)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)


@settings(max_examples=100, deadline=None)
@given(scale=sizes, degrees=angles, shift=shifts)
def test_similarity_undoes_turn_scale_and_shift(scale, degrees, shift):
    marks = placed(scale, degrees, shift)
    matrix = similarity(marks, GEOMETRY)
    assert marks @ matrix[:, :2].T + matrix[:, 2] == pytest.approx(TARGET, abs=1e-6)
    assert np.hypot(matrix[0, 0], matrix[1, 0]) == pytest.approx(1 / scale)
    assert np.linalg.det(matrix[:, :2]) > 0


@settings(max_examples=50, deadline=None)
@given(scale=sizes, degrees=angles, seed=st.integers(0, 1000))
def test_similarity_is_the_least_squares_one(scale, degrees, seed):
    rng = np.random.default_rng(seed)
    marks = placed(scale, degrees, (50, 80)) + rng.normal(0, 2 * scale, (5, 2))

    def error(matrix):
        return ((marks @ matrix[:, :2].T + matrix[:, 2] - TARGET) ** 2).sum()

    best = similarity(marks, GEOMETRY)
    for _ in range(5):
        turn, stretch, shift = rng.normal(0, 0.02), np.exp(rng.normal(0, 0.02)), rng.normal(0, 0.2, 2)
        rotation = stretch * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        centre = TARGET.mean(0)
        other = np.column_stack([rotation @ best[:, :2], rotation @ (best[:, 2] - centre) + centre + shift])
        assert error(best) <= error(other) + 1e-9


@pytest.mark.parametrize(
    ("scale", "degrees"), [(0.5, 10), (1, 0), (1.9, -25), (4.3, 40), (7.5, 0), (7.5, 170)]
)
def test_landmarks_land_on_the_template(scale, degrees):
    marks = placed(scale, degrees, (320, 240) - placed(scale, degrees, (0, 0)).mean(0))
    frame = np.full((480, 640, 3), 40, np.uint8)
    radius = max(1.2 * scale, 1.5)
    for spot in range(5):
        picture = frame.copy()
        cv2.circle(
            picture,
            np.round(marks[spot] * 16).astype(int),
            round(radius * 16),
            (250,) * 3,
            -1,
            cv2.LINE_AA,
            4,
        )
        crop = crop_face(picture, face_of(marks)).astype(float) - 40
        rows, columns = np.indices(crop.shape)
        seen = np.array([(columns * crop).sum(), (rows * crop).sum()]) / crop.sum()
        assert np.abs(seen - TARGET[spot]).max() < 0.6


@pytest.mark.parametrize("scale", [3.0, 4.1, 5.7, 8.0, 9.3])
@pytest.mark.parametrize("degrees", [0, 17, 45])
def test_large_faces_do_not_alias(scale, degrees):
    rows, columns = np.indices((900, 900))
    checkers = np.where((rows + columns) % 2, 255, 0).astype(np.uint8)
    marks = placed(scale, degrees, (450, 450) - placed(scale, degrees, (0, 0)).mean(0))
    crop = crop_face(checkers, face_of(marks)).astype(float)
    assert crop.mean() == pytest.approx(127.5, abs=2)
    assert crop.std() < 12  # 127 in the picture


@pytest.mark.parametrize("scale", [0.6, 1.5, 4.4])
def test_grey_and_colour_agree(scale):
    frame = scene()
    face = face_of(placed(scale, 12, (150, 90)))
    colour, grey = crop_face(frame, face), crop_face(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), face)
    assert colour.shape == grey.shape == (48, 48)
    assert colour.dtype == grey.dtype == np.uint8
    assert np.abs(colour.astype(int) - grey).max() <= 2


@pytest.mark.parametrize("scale", [1.5, 6.0])
def test_size_of_the_face_does_not_matter(scale):
    """The same scene photographed larger gives the same crop."""
    frame = scene(240, 320)
    large = cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    marks = placed(1.0, 8, (120, 80))
    first = crop_face(frame, face_of(marks)).astype(int)
    second = crop_face(large, face_of((marks + 0.5) * scale - 0.5)).astype(int)
    assert np.abs(first - second).mean() < 3


@pytest.mark.parametrize("scale", [1.0, 5.0])
@pytest.mark.parametrize("centre", [(0, 0), (639, 479), (320, -5), (-10, 240)])
def test_face_partly_outside_the_frame(scale, centre):
    frame = scene()
    marks = placed(scale, 0, np.array(centre) - placed(scale, 0, (0, 0)).mean(0))
    crop = crop_face(frame, face_of(marks))
    bordered = cv2.copyMakeBorder(frame, 400, 400, 400, 400, cv2.BORDER_REPLICATE)
    assert crop.shape == (48, 48)
    difference = np.abs(crop.astype(int) - crop_face(bordered, face_of(marks + 400)))
    assert difference.mean() < 3


@settings(max_examples=60, deadline=None)
@given(
    scale=st.floats(0.01, 200),
    degrees=angles,
    shift=shifts,
    height=st.integers(1, 50),
    width=st.integers(1, 50),
)
def test_any_face_gives_a_crop_of_the_pictures_pixels(scale, degrees, shift, height, width):
    picture = np.random.default_rng(0).integers(60, 180, (height, width, 3), dtype=np.uint8)
    crop = crop_face(picture, face_of(placed(scale, degrees, shift)))
    assert crop.shape == (48, 48)
    grey = to_grey(picture)
    assert grey.min() - 1 <= crop.min()
    assert crop.max() <= grey.max() + 1


def test_one_pixel():
    crop = crop_face(np.full((1, 1, 3), 77, np.uint8), face_of(placed(1, 0, (0, 0))))
    assert (crop == 77).all()
    assert (resize_crop(np.full((1, 1), 77, np.uint8)) == 77).all()


@pytest.mark.parametrize("shape", [(0, 0, 3), (0, 10), (10, 0, 3)])
def test_empty_picture(shape):
    with pytest.raises(ValueError, match="empty"):
        crop_face(np.zeros(shape, np.uint8), face_of(placed(1, 0, (0, 0))))
    with pytest.raises(ValueError, match="empty"):
        resize_crop(np.zeros(shape, np.uint8))


def test_box_without_landmarks():
    face = Face(np.array([100, 50, 300, 250], np.float32), 0.8)
    marks = landmarks_of(face)
    assert marks.dtype == np.float32
    assert marks == pytest.approx(np.asarray(HOG_TEMPLATE) * 200 + (100, 50), abs=1e-3)
    frame = scene()
    with_marks = crop_face(frame, Face(face.box, 0.8, marks))
    assert np.array_equal(crop_face(frame, face), with_marks)
    assert with_marks.std() > 5


@pytest.mark.parametrize("landmarks", [None, np.full((5, 2), 30, np.float32)])
def test_face_without_extent(landmarks):
    frame = scene()
    crop = crop_face(frame, Face(np.array([30, 30, 30, 30], np.float32), 0.5, landmarks))
    assert crop.shape == (48, 48)


@pytest.mark.parametrize("side", [20, 48, 104, 500])
@pytest.mark.parametrize("colour", [False, True])
def test_resize_crop(side, colour):
    picture = cv2.resize(scene(200, 200), (side, side), interpolation=cv2.INTER_AREA)
    crop = resize_crop(picture if colour else to_grey(picture))
    assert crop.shape == (48, 48)
    assert crop.dtype == np.uint8
    assert crop.mean() == pytest.approx(to_grey(picture).mean(), abs=2)
    if side == 48:
        assert np.array_equal(crop, to_grey(picture))


def test_resize_crop_averages():
    rows, columns = np.indices((480, 480))
    checkers = np.where((rows + columns) % 2, 255, 0).astype(np.uint8)
    assert resize_crop(checkers).std() < 2


@pytest.mark.parametrize("scale", [0.8, 1.7, 2.6, 4.2, 4.9])
def test_not_a_fraction_of_a_pixel_aside(scale):
    """On a ramp the grey level says where a pixel came from; a falling one takes the rounding out."""
    ramp = np.tile(np.arange(256, dtype=np.uint8), (256, 1))
    face = face_of(placed(scale, 0, (8, 8)))
    for rising, axis in ((ramp, 0), (ramp.T.copy(), 1)):
        rises, falls = (
            crop_face(picture, face).astype(float).mean(axis) for picture in (rising, 255 - rising)
        )
        came_from = (rises - falls + 255) / 2
        assert np.mean(came_from - np.arange(48) * scale) == pytest.approx(8, abs=0.15)


def test_warp_moves_by_whole_pixels_exactly():
    grey = to_grey(scene(100, 100))
    crop = warp_grey(grey, np.array([[1.0, 0, -7], [0, 1.0, -11]]), 48)
    assert np.array_equal(crop, grey[11:59, 7:55])


def test_crops_through_one_scratch_are_the_same_and_each_its_own():
    scratch, image = Scratch(), scene()
    faces = [face_of(placed(scale, 20, (200, 150))) for scale in (2, 6, 3, 0.7)]
    crops = [crop_face(image, face, GEOMETRY, scratch) for face in faces]
    for crop, face in zip(crops, faces, strict=True):
        assert np.array_equal(crop, crop_face(image, face, GEOMETRY))
