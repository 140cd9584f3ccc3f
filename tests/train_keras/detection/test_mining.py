import numpy as np
from drawn_faces import drawn_face
from hypothesis import given
from hypothesis import strategies as st

from train_keras.detection.mining import hard_regions, with_hard_regions
from train_keras.detection.pictures import BOX, IGNORED, KIND, face_rows
from train_keras.detection.sampling import REFERENCE
from train_keras.detection.training import _network
from train_keras.recipe import DetectionRecipe

FACES = face_rows(np.float32([[10, 10, 40, 50], [100, 10, 130, 50], [200, 10, 206, 18], [10, 100, 40, 140]]))
FACES[3, KIND] = IGNORED
NONE = np.zeros((0, 4), np.float32)


def test_missed_faces_and_false_boxes():
    boxes = np.float32(
        [[11, 11, 41, 51], [101, 10, 131, 50], [60, 60, 90, 90], [12, 102, 42, 142], [70, 150, 90, 170]]
    )
    scores = np.float32([0.9, 0.1, 0.5, 0.6, 0.05])
    # The second face is found, but far from surely; the third is too small; the fourth may be none.
    assert hard_regions(FACES, boxes, scores).tolist() == [FACES[1, BOX].tolist(), boxes[2].tolist()]


def test_nothing_found_and_nothing_there():
    assert len(hard_regions(FACES, NONE, NONE[:, 0])) == 2
    assert hard_regions(FACES[:0], NONE, NONE[:, 0]).shape == (0, 4)
    assert len(hard_regions(FACES[:0], np.float32([[1, 1, 20, 20]]), np.float32([0.9]))) == 1


@given(st.integers(0, 5), st.integers(0, 5), st.integers(0, 1000))
def test_only_faces_and_boxes_are_hard(count, found, seed):
    rng = np.random.default_rng(seed)
    corners = rng.uniform(0, 200, (count + found, 2))
    boxes = np.concatenate([corners, corners + rng.uniform(5, 80, corners.shape)], axis=1).astype(np.float32)
    hard = hard_regions(face_rows(boxes[:count]), boxes[count:], rng.random(found).astype(np.float32))
    assert {tuple(box) for box in hard.tolist()} <= {tuple(box) for box in boxes.tolist()}


def test_an_untrained_network_misses_every_face():
    """Its answers come back in pixels of the photographs."""
    recipe = DetectionRecipe.model_validate({
        "name": "small", "seed": 1, "task": "detection", "optimiser": {"epochs": 1},
        "model": {
            "builder": "facet",
            "options": {"channels": (4, 4, 8, 8, 8), "blocks": (0, 0, 0, 0), "neck": 8},
        },
    })  # fmt: skip
    photos = [drawn_face(side, width=600, height=400) for side in (120, 200)]
    mined = with_hard_regions(_network(recipe, REFERENCE), photos)
    for before, after in zip(photos, mined, strict=True):
        assert after.image is before.image
        assert np.abs(after.hard[0] - before.faces[0, BOX]).max() < 0.5
