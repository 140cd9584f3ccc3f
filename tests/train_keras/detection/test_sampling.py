import dataclasses

import cv2
import numpy as np
import pytest
from drawn_faces import drawn_face

from train_keras.detection.backgrounds import background, draw
from train_keras.detection.degrade import Degradation, degrade
from train_keras.detection.pictures import (
    BOX,
    EXACT,
    FACE,
    IGNORED,
    KIND,
    MARKED,
    POINTS,
    STATE,
    Picture,
    face_rows,
)
from train_keras.detection.sampling import MOST_FACES, WIDEST, Mixture, Sources, compose, pad

PHOTO = drawn_face(80, width=400, height=300)
CROPS = [drawn_face(60), drawn_face(50, masked=True)]
SOURCES = Sources([PHOTO], ((1.0, CROPS),))
CLEAN = Degradation(**{field.name: 0.0 for field in dataclasses.fields(Degradation)})
ONLY = {"photo": 0.0, "mosaic": 0.0, "close": 0.0, "pasted": 0.0, "empty": 0.0}


def sample(sources, rng, width, height, mixture):
    """A picture as it is learnt from."""
    image, faces = compose(sources, rng, width, height, mixture)
    return degrade(image, rng, mixture.degradation), faces


@pytest.mark.parametrize("kind", list(ONLY))
def test_kinds(kind):
    mixture = Mixture(**{**ONLY, kind: 1.0})
    counts = []
    for seed in range(25):
        image, faces = sample(SOURCES, np.random.default_rng(seed), 160, 128, mixture)
        assert (image.shape, image.dtype) == ((128, 160, 3), np.uint8)
        assert (faces.shape, faces.dtype) == ((MOST_FACES, 17), np.float32)
        true = faces[faces[:, KIND] == FACE]
        counts.append(len(true))
        assert (true[:, BOX] >= 0).all()
        assert (true[:, BOX] <= [160, 128, 160, 128]).all()
        assert ((true[:, 2:4] - true[:, :2]).max(axis=1, initial=8) >= 8).all()
    assert max(counts) == 0 if kind == "empty" else max(counts) >= 1


@pytest.mark.parametrize("kind", ["photo", "mosaic", "close", "pasted"])
def test_boxes_lie_on_the_faces(kind):
    """Through scaling, cutting, turning and mirroring: eyes are dark where their landmarks say."""
    mixture = Mixture(**{**ONLY, kind: 1.0}, degradation=CLEAN)
    found = []
    for seed in range(40):
        image, faces = sample(SOURCES, np.random.default_rng(seed), 320, 256, mixture)
        for face in faces[(faces[:, KIND] == FACE) & (faces[:, 3] - faces[:, 1] > 40)]:
            for x, y in face[POINTS].reshape(5, 2)[:2].round().astype(int):
                if 1 <= x < 319 and 1 <= y < 255:
                    found.append(image[y - 1 : y + 2, x - 1 : x + 2].min())
    assert len(found) > 20
    assert np.mean(np.array(found) < 70) > 0.97


def test_same_seed_same_picture():
    first, second = (sample(SOURCES, np.random.default_rng(3), 160, 128, Mixture()) for _ in range(2))
    assert np.array_equal(first[0], second[0])
    assert np.array_equal(first[1], second[1])


def test_without_crops_and_tiny_photographs():
    tiny = Picture(np.zeros((3, 2, 3), np.uint8), face_rows(np.zeros((0, 4), np.float32)))
    for seed in range(30):
        image, faces = sample(Sources([tiny]), np.random.default_rng(seed), 64, 64, Mixture())
        assert image.shape == (64, 64, 3)
        assert not (faces[:, KIND] == FACE).any()


def test_pad_keeps_the_largest():
    boxes = np.float32([[i, i, i + 10 + i, i + 10 + i] for i in range(50)])
    rows = pad(face_rows(boxes))
    assert rows.shape == (MOST_FACES, 17)
    assert rows[0, BOX].tolist() == boxes[-1].tolist()
    assert (rows[:-1, KIND] == FACE).all()
    assert rows[-1, KIND] == IGNORED
    assert rows[-1, BOX].tolist() == [0, 0, *boxes[50 - MOST_FACES, 2:].tolist()]
    assert pad(face_rows(boxes[:2]))[2:].sum() == 0


def test_backgrounds_touch_no_face():
    """The face is red and the rest is blue: parts of the photograph are blue all over."""
    image = np.zeros((200, 300, 3), np.uint8)
    image[...] = (255, 0, 0)
    image[20:60, 30:80] = (0, 0, 255)
    photo = Picture(image, face_rows(np.float32([[30, 20, 80, 60]])))
    plain = 0
    for seed in range(60):
        part = background([photo], np.random.default_rng(seed), 64, 48)
        assert part.shape == (48, 64, 3)
        blue = (part == (255, 0, 0)).all(axis=-1)
        plain += blue.all()
        assert blue.all() or not blue.any()  # else it is drawn
    assert plain > 20


def test_drawn_backgrounds_differ():
    pictures = [draw(np.random.default_rng(seed), 64, 48) for seed in range(20)]
    assert all(picture.shape == (48, 64, 3) and picture.dtype == np.uint8 for picture in pictures)
    assert len({picture.tobytes() for picture in pictures}) == 20


@pytest.mark.parametrize("fault", [field.name for field in dataclasses.fields(Degradation)])
def test_each_fault(fault):
    photo = cv2.resize(PHOTO.image, (160, 120))
    chance = dataclasses.replace(CLEAN, **{fault: 1.0})
    worse = degrade(photo, np.random.default_rng(1), chance)
    assert (worse.shape, worse.dtype) == (photo.shape, np.uint8)
    assert np.abs(worse.astype(int) - photo).max() > 3
    if fault == "grey":
        assert np.ptp(worse.astype(int), axis=2).max() == 0
    if fault == "dark":
        assert worse.mean() < 0.8 * photo.mean()


def test_no_fault():
    assert np.array_equal(degrade(PHOTO.image, np.random.default_rng(1), CLEAN), PHOTO.image)


def test_marks_survive_a_mosaic():
    mixture = Mixture(**{**ONLY, "mosaic": 1.0})
    marked = [
        sample(SOURCES, np.random.default_rng(seed), 320, 256, mixture)[1][:, MARKED].sum()
        for seed in range(10)
    ]
    assert max(marked) >= 2


def test_rare_states_are_shown_more_often():
    """One photograph in ten is of a bare face."""
    photos = [drawn_face(80, masked=i > 0, width=400, height=300) for i in range(10)]
    sources = Sources(photos)
    assert [photo is photos[0] for photo in sources.rare] == [True]
    mixture = Mixture(**{**ONLY, "photo": 1.0})
    states = [
        face[STATE]
        for seed in range(100)
        for face in sample(sources, np.random.default_rng(seed), 160, 128, mixture)[1]
        if face[KIND] == FACE
    ]
    assert len(states) > 50
    assert np.mean(states) > 0.3  # bare is 1, masked 0


NEAR = 12  # px
DOTS = ((0, 0, 255), (255, 0, 0), (0, 255, 0), (0, 255, 255), (255, 0, 255))  # BGR, one a landmark


def dotted(width, height, side):
    """A dark picture with a face whose landmarks are dots, each of its own colour."""
    image = np.full((height, width, 3), 40, np.uint8)
    x, y = width / 2, height / 2
    shape = np.float32([[-0.3, -0.25], [0.3, -0.25], [0, 0.05], [-0.2, 0.3], [0.2, 0.3]])
    points = (np.float32([x, y]) + side * shape).round()
    for point, colour in zip(points, DOTS, strict=True):
        cv2.circle(image, point.astype(int).tolist(), max(2, side // 20), colour, -1)
    faces = face_rows(np.float32([[x - side / 2, y - side / 2, x + side / 2, y + side / 2]]))
    # Pixels are drawn by their centres.
    faces[0, POINTS], faces[0, MARKED] = points.ravel() + 0.5, EXACT
    return Picture(image, faces)


def seen_dots(image, points, mirrored):
    """Where each landmark's dot is seen, [5, 2], near where it should be; NaN where no such colour is."""
    order = (1, 0, 2, 4, 3) if mirrored else range(5)
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]] + 0.5
    seen = []
    for colour, (x, y) in zip((DOTS[i] for i in order), points, strict=True):
        away = np.abs(image.astype(int) - colour).max(axis=2)
        weight = np.clip(90 - away, 0, None) * (np.hypot(columns - x, rows - y) < NEAR)
        total = max(weight.sum(), 1e-9)
        seen.append([(weight * columns).sum() / total, (weight * rows).sum() / total])
    return np.where(np.array(seen) > 0, seen, np.nan)


@pytest.mark.parametrize("kind", ["photo", "pasted"])
def test_landmarks_turn_with_the_picture(kind):
    """To a pixel, by angles up to the widest; a photograph as a whole, a pasted face by itself."""
    mixture = Mixture(**{**ONLY, kind: 1.0}, turned=1.0, exchange=0.0, degradation=CLEAN)
    sources = {
        "photo": Sources([dotted(320, 256, 110)]),
        "pasted": Sources([], ((1.0, [dotted(200, 200, 120)]),)),
    }[kind]
    angles = []
    for seed in range(80):
        image, faces = compose(sources, np.random.default_rng(seed), 320, 256, mixture)
        for face in faces[(faces[:, KIND] == FACE) & (faces[:, 3] - faces[:, 1] > 50)]:
            points = face[POINTS].reshape(5, 2)
            if (points < NEAR).any() or (points > np.array([320, 256]) - NEAR).any():
                continue
            ways = [np.abs(seen_dots(image, points, way) - points).max() for way in (False, True)]
            assert np.nanmin(ways) < 1
            assert face[MARKED] == EXACT
            angles.append(np.degrees(np.arctan2(*(points[1] - points[0])[::-1])))
    assert len(angles) >= 10
    assert np.ptp(angles) > 60
    assert np.abs(angles).max() < WIDEST + 31  # a picture of pasted faces may be turned a little, too


def test_no_wide_turns_by_default():
    """And what is drawn for a seed does not change with there being such turns."""
    photos = Sources([dotted(320, 256, 110)])
    mixture = Mixture(**{**ONLY, "photo": 1.0}, turn=0.0, exchange=0.0)
    for seed in range(30):
        _, faces = compose(photos, np.random.default_rng(seed), 320, 256, mixture)
        across = faces[faces[:, KIND] == FACE][:, POINTS].reshape(-1, 5, 2)[:, :2]
        assert np.abs(across[:, 0, 1] - across[:, 1, 1]).max(initial=0) < 1
    assert Mixture().turned == 0


@pytest.mark.parametrize("wrong", [-0.1, 1.5, "often"])
def test_a_probability_is_one(wrong):
    from pydantic import TypeAdapter, ValidationError

    with pytest.raises(ValidationError, match="turned"):
        TypeAdapter(Mixture).validate_python({"turned": wrong})
