import numpy as np
import pytest

from train_keras.augment import Augmentation
from train_keras.batches import FaceBatches
from train_keras.data.faces import Faces
from train_keras.joint_batches import JointBatches, heat_maps, occlusion_map

STILL = Augmentation(
    rotation=0, shift=0, zoom=0, aspect=0, flip=0, brightness=0, contrast=0, noise=0, resample=0, erase=0
)
COUNT, SIDE = 40, 48


@pytest.fixture(scope="module")
def faces():
    """Black faces of class i % 7."""
    images = np.zeros((COUNT, SIDE, SIDE), np.uint8)
    targets = np.eye(7, dtype=np.float32)[np.arange(COUNT) % 7]
    return Faces(images, targets, np.zeros(COUNT, np.int8), np.arange(COUNT))


@pytest.fixture(scope="module")
def masks(faces):
    """White squares that are their own occlusion maps, two to a face: uint8 [2, N, S, S]."""
    pool = np.zeros((2, *faces.images.shape), np.uint8)
    pool[0, :, 12:20, 10:18] = 255
    pool[1, :, 12:20, 30:38] = 255
    return pool


@pytest.fixture(scope="module")
def points(faces):
    """All landmarks at the centre of the first square."""
    return np.full((COUNT, 68, 2), (13.5, 15.5), np.float32)


def batches(faces, masks, points, epoch=0, masked=0.5, augmentation=STILL, size=48, **options):
    given = {"batch_size": 10, "seed": 3, **options}
    made = JointBatches(
        faces, masks, masks, points, masked=masked, augmentation=augmentation, side=size, **given
    )
    made.epoch = epoch
    return made


@pytest.mark.parametrize(
    ("size", "cells", "side"), [(48, None, 12), (64, None, 16), (96, 12, 12), (224, None, 56)]
)
def test_shapes(faces, masks, points, size, cells, side):
    pictures, targets = batches(faces, masks, points, size=size, cells=cells)[0]
    assert pictures.shape == (10, size, size, 1)
    assert {name: target.shape for name, target in targets.items()} == {
        "expression": (10, 7),
        "occlusion": (10, side, side, 1),
        "landmarks": (10, side, side, 68),
        "masked": (10, 1),
    }
    assert {array.dtype for array in (pictures, *targets.values())} == {np.dtype(np.float32)}


def test_whether_there_is_a_mask(faces, masks, points):
    pictures, targets = batches(faces, masks, points, outputs=("expression", "occlusion", "masked"))[0]
    assert targets["masked"].shape == (10, 1)
    seen = (pictures > -1).any((1, 2, 3))
    assert 0 < seen.sum() < 10
    assert np.array_equal(targets["masked"][:, 0], seen)
    assert np.array_equal(targets["occlusion"].any((1, 2, 3)), seen)


def test_a_teachers_logits_follow_the_expression(faces, masks, points):
    logits = np.arange(COUNT * 7, dtype=np.float32).reshape(COUNT, 7)
    targets = batches(faces, masks, points, teacher=logits)[0][1]
    for row in targets["expression"]:
        (number,) = np.flatnonzero((logits == row[7:]).all(1))
        assert np.array_equal(row[:7], faces.targets[number])


def test_same_seed_epoch_and_step_give_the_same_batch(faces, masks, points):
    def batch(**options):
        pictures, targets = batches(faces, masks, points, augmentation=Augmentation(), **options)[1]
        return [pictures, *targets.values()]

    first = batch()
    assert all(map(np.array_equal, first, batch()))
    for other in (batch(epoch=1), batch(seed=4)):
        assert not any(map(np.array_equal, first, other))


def test_faces_are_those_of_the_plain_batches(faces, masks, points):
    """The joint network and any other see the same pictures in the same order."""
    options = {"masked": 0.5, "batch_size": 10, "seed": 3, "augmentation": Augmentation(erase=0.3)}
    plain = FaceBatches(faces, masks, side=64, **options)
    joint = JointBatches(faces, masks, masks, points, side=64, **options)
    for step in range(len(plain)):
        pictures, targets = joint[step]
        assert np.array_equal(pictures, plain[step][0])
        assert np.array_equal(targets["expression"], plain[step][1])


@pytest.mark.parametrize("size", [48, 80])
def test_map_and_landmarks_follow_the_picture(faces, masks, points, size):
    """Turned, moved or mirrored, a white square lies where the map and, the first one, the landmarks say."""
    wild = Augmentation(rotation=15, shift=0.05, zoom=0.1, brightness=0, contrast=0, noise=0, resample=0)
    seen = 0
    for epoch in range(3):
        made = batches(faces, masks, points, epoch, masked=1.0, augmentation=wild, size=size)
        for step in range(len(made)):
            pictures, targets = made[step]
            for picture, occlusion, landmarks in zip(
                pictures[..., 0], targets["occlusion"][..., 0], targets["landmarks"], strict=True
            ):
                cells = len(occlusion)
                fields = ((picture + 1) / 2).reshape(cells, size // cells, cells, size // cells).mean((1, 3))
                assert np.abs(fields - occlusion).max() < 0.15
                peak = np.array(np.unravel_index(landmarks[..., 30].argmax(), (cells, cells)))
                if np.hypot(*(centre(occlusion) - peak)) < 2:  # the landmarks are at the first square only
                    assert centre(occlusion) == pytest.approx(centre(landmarks[..., 30]), abs=0.35)
                    seen += 1
    assert 30 < seen < 90


def test_bare_faces_are_not_covered(faces, masks, points):
    pictures, targets = batches(faces, masks, points, masked=0.0, augmentation=Augmentation())[0]
    assert not targets["occlusion"].any()
    assert targets["landmarks"].max() > 0.8
    pictures, targets = batches(faces, masks, points)[0]
    worn = pictures.max((1, 2, 3)) > 0
    assert np.array_equal(targets["occlusion"].max((1, 2, 3)) > 0.5, worn)
    assert 0 < worn.sum() < 10


def test_only_what_the_network_answers(faces, masks, points):
    assert set(batches(faces, masks, points, outputs=["expression"])[0][1]) == {"expression"}


def test_occlusion_map_is_the_covered_share():
    cover = np.zeros((48, 48), np.uint8)
    cover[:6, :4] = 255
    cover[8:12, 8:12] = 51
    shares = occlusion_map(cover, 12)[..., 0]
    assert shares[:3, :2].tolist() == [[1, 0], [0.5, 0], [0, 0]]
    assert shares[2, 2] == pytest.approx(0.2)
    assert shares.sum() == pytest.approx(1.7)


def test_heat_maps():
    """Pixel 47.5 of 48 is the right edge, so cell 11.5 of 12; a landmark far outside leaves its map blank."""
    points = np.zeros((1, 68, 2), np.float32)
    points[0, :3] = (5.5, 21.5), (47.5, -0.5), (80, 20)
    maps = heat_maps(points, 48, 12, sigma=1.5)[0]
    assert maps.shape == (12, 12, 68)
    assert maps.dtype == np.float32
    assert maps[5, 1, 0] == maps[..., 0].max() == pytest.approx(1)
    assert maps[5, 4, 0] == maps[2, 1, 0] == pytest.approx(np.exp(-2))
    assert maps[7, 2, 0] == pytest.approx(np.exp(-5 / 4.5))
    assert maps[0, 11, 1] == maps[..., 1].max() == pytest.approx(np.exp(-0.5 / 4.5))
    assert maps[..., 2].max() < 1e-6


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"maps": np.zeros((1, COUNT, SIDE, SIDE), np.uint8)}, "pool and maps need the shape"),
        ({"pool": np.zeros((2, 3, SIDE, SIDE), np.uint8)}, "pool and maps need the shape"),
        (
            {"points": np.zeros((COUNT, 5, 2), np.float32)},
            r"points needs the shape \(40, 68, 2\), got \(40, 5, 2\)",
        ),
        ({"outputs": ["expression", "pose"]}, "no target for pose"),
        ({"batch_size": 41}, "40 faces do not fill a batch of 41"),
    ],
)
def test_unusable_input(faces, masks, points, change, said):
    given = {"pool": masks, "maps": masks, "points": points, "batch_size": 10, **change}
    with pytest.raises(ValueError, match=said):
        JointBatches(faces, **given, masked=0.5, seed=0, augmentation=STILL, side=48)


def centre(weights):
    return np.array([(axis * weights).sum() / weights.sum() for axis in np.indices(weights.shape)])
