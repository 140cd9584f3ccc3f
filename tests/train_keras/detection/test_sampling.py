import dataclasses

import cv2
import numpy as np
import pytest
from drawn_faces import drawn_face

from train_keras.detection.backgrounds import background, draw
from train_keras.detection.degrade import Degradation, degrade
from train_keras.detection.pictures import BOX, FACE, IGNORED, KIND, MARKED, POINTS, STATE, Picture, face_rows
from train_keras.detection.sampling import MOST_FACES, Mixture, Sources, compose, pad

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
