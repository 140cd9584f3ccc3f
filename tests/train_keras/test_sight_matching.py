import keras
import numpy as np
import pytest

from edge.errors import ConfigError, ModelMissingError
from train_keras.augment import Augmentation
from train_keras.data.faces import Split
from train_keras.joint_batches import JointBatches
from train_keras.joint_losses import joint_losses
from train_keras.matching import AttentionTransfer, Shown, show
from train_keras.models.slim import slim
from train_keras.models.vit import vit

STILL = Augmentation(rotation=0, shift=0, zoom=0, aspect=0, brightness=0, contrast=0, noise=0, resample=0)


@pytest.fixture(scope="module")
def faces(ferplus):
    return ferplus.split(Split.TRAINING)[:16]


@pytest.fixture(scope="module")
def teacher(tmp_path_factory):
    keras.utils.set_random_seed(5)
    file = tmp_path_factory.mktemp("teacher") / "model.keras"
    slim(48, channels=1, rgc=False, stem_strides=1).save(file)
    return file


@pytest.fixture(scope="module")
def shown(teacher, faces):
    return show(teacher, faces.images)


def test_what_a_teacher_shows(shown):
    assert shown.features.shape == (16, 640)
    assert shown.features.dtype == np.float32
    assert shown.attention.shape == (16, 48, 48)
    assert shown.attention.dtype == np.uint8
    assert (shown.attention.max((1, 2)) == 255).all()


def test_a_mirrored_face_shows_the_same_mirrored(teacher, faces, shown):
    mirrored = show(teacher, faces.images[:, :, ::-1])
    assert mirrored.features == pytest.approx(shown.features, rel=1e-3, abs=1e-5)
    assert np.abs(mirrored.attention[:, :, ::-1].astype(int) - shown.attention).max() <= 1


def test_no_teacher(tmp_path, faces):
    with pytest.raises(ModelMissingError, match="train it first"):
        show(tmp_path / "model.keras", faces.images)


def test_a_teacher_without_a_map_that_is_averaged(tmp_path, faces):
    vit(28, blocks=1, width=32, heads=1).save(tmp_path / "model.keras")
    with pytest.raises(ConfigError, match="no layer 'pool'"):
        show(tmp_path / "model.keras", faces.images)


def test_attention_counts_where_the_face_is_seen():
    rng = np.random.default_rng(3)
    theirs, seen = rng.random((2, 4, 6, 6)).astype(np.float32)
    seen = np.round(seen)
    targets = np.stack([theirs, seen], -1)
    loss = AttentionTransfer(reduction=None)
    same = np.where(seen > 0, 3 * theirs, 9.0)[..., None]
    assert np.asarray(loss(targets, same)) == pytest.approx(np.zeros(4), abs=1e-5)
    elsewhere = np.asarray(loss(targets, (theirs[:, ::-1] ** 4)[..., None]))
    ours = (seen * theirs[:, ::-1] ** 4).reshape(4, -1)
    aim = (seen * theirs).reshape(4, -1)
    cosines = (ours * aim).sum(1) / np.linalg.norm(ours, axis=1) / np.linalg.norm(aim, axis=1)
    assert elsewhere == pytest.approx(1 - cosines, abs=1e-5)


def test_a_face_that_is_covered_whole_teaches_no_attention():
    targets = np.stack([np.ones((1, 3, 3)), np.zeros((1, 3, 3))], -1).astype(np.float32)
    assert np.isfinite(np.asarray(AttentionTransfer()(targets, np.ones((1, 3, 3, 1), np.float32))))


def test_targets_follow_the_picture(faces, shown):
    pool, maps = faces.images[None] // 2, np.zeros((1, *faces.images.shape), np.uint8)
    maps[:, :, 24:] = 255
    points = np.full((16, 68, 2), 24, np.float32)
    for flip in (0.0, 1.0):
        strength = Augmentation(**{**{f: getattr(STILL, f) for f in STILL.__slots__}, "flip": flip})
        made = JointBatches(
            faces,
            pool,
            maps,
            points,
            masked=1,
            batch_size=16,
            seed=2,
            augmentation=strength,
            outputs=("expression", "features", "attention"),
            shown=shown,
            look=3,
        )
        order = made._order()
        targets = made[0][1]
        assert np.array_equal(targets["features"], shown.features[order])
        look, seen = targets["attention"][..., 0], targets["attention"][..., 1]
        assert seen[0].tolist() == [[1, 1, 1], [0.5, 0.5, 0.5], [0, 0, 0]]
        whole = shown.attention[order].reshape(16, 3, 16, 3, 16).mean((2, 4)) / 255
        assert look == pytest.approx(whole[:, :, ::-1] if flip else whole, abs=0.01)


def test_nobody_to_match(faces):
    maps = np.zeros((1, *faces.images.shape), np.uint8)
    points = np.zeros((16, 68, 2), np.float32)
    with pytest.raises(ValueError, match=r"name it in \[matching\]"):
        JointBatches(
            faces,
            maps,
            maps,
            points,
            masked=1,
            batch_size=16,
            seed=2,
            augmentation=STILL,
            outputs=("features",),
        )


def test_a_student_comes_to_see_what_the_teacher_sees(faces, shown):
    keras.utils.set_random_seed(6)
    student = slim(
        48,
        channels=1,
        rgc=False,
        stem_strides=1,
        first_expansion=0,
        strides=(2, 2, 1, 2, 1, 1),
        parse=True,
        features=640,
        attention=True,
    )
    student.compile("adam", **joint_losses(student))
    features = np.random.default_rng(7).normal(size=(16, 640)).astype(np.float32)
    black = np.zeros((1, *faces.images.shape), np.uint8)
    batches = JointBatches(
        faces,
        faces.images[None],
        black,
        np.zeros((16, 68, 2), np.float32),
        masked=0.5,
        batch_size=16,
        seed=2,
        augmentation=STILL,
        outputs=tuple(student.output),
        shown=Shown(features, shown.attention),
    )
    history = student.fit(batches, epochs=12, verbose=0).history
    for name in ("features_loss", "attention_loss"):
        assert history[name][-1] < history[name][0] - 0.05
