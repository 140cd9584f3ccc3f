import numpy as np
import pytest

from train_keras.augment import Augmentation
from train_keras.batches import FaceBatches, scale_pixels
from train_keras.data.faces import Faces, Split

STILL = Augmentation(
    rotation=0, shift=0, zoom=0, aspect=0, flip=0, brightness=0, contrast=0, noise=0, resample=0, erase=0
)
COUNT = 100
MASK = 200  # grey level of the first mask, the second is brighter


@pytest.fixture(scope="module")
def faces():
    """Face i is of level i and of class i % 7; masked, it is of level 200 or 201."""
    levels = np.arange(COUNT, dtype=np.uint8)
    images = levels[:, None, None] * np.ones((1, 8, 8), np.uint8)
    targets = np.eye(7, dtype=np.float32)[np.arange(COUNT) % 7]
    return Faces(images, targets, np.zeros(COUNT, np.int8), np.arange(COUNT))


def batches(faces, epoch=0, masked=0.6, seed=5, augmentation=STILL, batch_size=20):
    pool = np.stack([np.full_like(faces.images, MASK + k) for k in range(2)])
    made = FaceBatches(
        faces, pool, masked=masked, batch_size=batch_size, seed=seed, augmentation=augmentation
    )
    made.epoch = epoch
    return made


def levels(images):
    return np.round((images.mean((1, 2, 3)) + 1) * 128).astype(int)


def test_same_seed_epoch_and_step_give_the_same_batch(faces):
    first, again = (
        batches(faces, 3, augmentation=Augmentation()),
        batches(faces, 3, augmentation=Augmentation()),
    )
    again[0]  # order of the calls does not matter
    for one, other in zip(first[2], again[2], strict=True):
        assert one.dtype == other.dtype == np.float32
        assert np.array_equal(one, other)
    for other in (batches(faces, 4), batches(faces, 3, seed=6)):
        assert not np.array_equal(batches(faces, 3)[2][1], other[2][1])
    assert not np.array_equal(batches(faces, 3)[2][0], batches(faces, 3)[1][0])


def test_an_epoch_shows_every_face_once_with_its_own_target(faces):
    bare = batches(faces, masked=0.0)
    assert len(bare) == 5
    seen = []
    for step in range(len(bare)):
        images, targets = bare[step]
        assert images.shape == (20, 8, 8, 1)
        assert np.array_equal(targets.argmax(1), levels(images) % 7)
        seen += levels(images).tolist()
    assert sorted(seen) == list(range(COUNT))


@pytest.mark.parametrize("masked", [0.0, 0.3, 0.6, 1.0])
def test_share_of_masks(faces, masked):
    drawn = np.concatenate([
        levels(made[step][0])
        for made in (batches(faces, epoch, masked) for epoch in range(8))
        for step in range(len(made))
    ])  # fmt: skip
    assert np.mean(drawn >= MASK) == pytest.approx(masked, abs=0.06 if 0 < masked < 1 else 0)
    if masked:
        assert np.mean(drawn[drawn >= MASK] - MASK) == pytest.approx(0.5, abs=0.12)  # either mask as often


def test_scaling_is_exact():
    scaled = scale_pixels(np.array([[[0, 64, 128, 255]]], np.uint8))
    assert scaled.shape == (1, 1, 4, 1)
    assert scaled.dtype == np.float32
    assert scaled.ravel().tolist() == [-1.0, -0.5, 0.0, 127 / 128]


def whole(faces, pool, **options):
    return FaceBatches(faces, pool, masked=0.0, batch_size=32, seed=3, augmentation=STILL, **options)


def test_balanced_batches_draw_rare_classes_more_often(ferplus):
    faces = ferplus.split(Split.TRAINING)[:2000]
    drawn = {}
    for balance in (0.0, 0.5, 1.0):
        batches = whole(faces, faces.images[None], balance=balance)
        rows = batches._order()
        assert len(rows) == len(faces)
        drawn[balance] = np.bincount(faces.classes[rows], minlength=7) / len(rows)
    assert sorted(whole(faces, faces.images[None])._order()) == list(range(len(faces)))
    spreads = [shares[shares > 0].std() for shares in drawn.values()]
    assert spreads[0] > spreads[1] > spreads[2]
    assert drawn[1.0][drawn[0.0] > 0].min() > 0.08


def test_a_teacher_that_was_shown_every_mask_speaks_of_the_one_that_is_worn(faces):
    few = faces[:50]
    pool = np.stack([few.images + 60, few.images + 120])
    said = np.zeros((3, 50, 7), np.float32)
    said[:] = 60 * np.arange(3)[:, None, None] + np.arange(50)[:, None]
    options = {"masked": 0.5, "batch_size": 25, "seed": 3, "augmentation": STILL, "teacher": said}
    seen = set()
    for pictures, targets in map(FaceBatches(few, pool, **options).__getitem__, range(2)):
        assert np.array_equal(levels(pictures), targets[:, 7])
        assert np.array_equal(targets[:, 7:] % 60, np.tile(targets[:, 7:8] % 60, 7))
        assert np.array_equal(targets[:, :7], few.targets[targets[:, 7].astype(int) % 60])
        seen |= set(targets[:, 7] // 60)
    assert seen == {0, 1, 2}


def test_enlarged_batches_with_a_teachers_logits(ferplus):
    faces = ferplus.split(Split.TRAINING)[:64]
    logits = np.arange(64 * 7, dtype=np.float32).reshape(64, 7)
    pictures, targets = whole(faces, faces.images[None], side=72, teacher=logits)[0]
    assert pictures.shape[1:] == (72, 72, 1)
    assert np.abs(pictures).max() <= 1
    for row in targets:
        (number,) = np.flatnonzero((logits == row[7:]).all(1))
        assert np.array_equal(row[:7], faces.targets[number])
