import os

import numpy as np
import pytest

from edge.errors import ConfigError, DataError
from train_keras.data.faces import Split
from train_keras.data.sets import SETS, read_set
from train_keras.data.splitting import folds


def pictures(faces):
    return {image.tobytes() for image in faces.images}


def test_unknown_name_lists_the_known():
    with pytest.raises(ConfigError, match=r"no data set 'fer': use one of affectnet, ckplus, fedro, fer2013"):
        read_set("fer")


@pytest.mark.parametrize("name", SETS)
def test_every_set_tells_what_it_lacks(name, tmp_path):
    with pytest.raises(DataError, match=r"missing.*: expected "):
        read_set(name, tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["fer2013", "ferplus"])
def test_no_test_picture_is_trained_on(name, shared):
    faces = read_set(name, shared / f"{name}.npz")
    training = pictures(faces.split(Split.TRAINING))
    for split in (Split.PUBLIC_TEST, Split.PRIVATE_TEST):
        assert len(faces.split(split)) > 3000
        assert not training & pictures(faces.split(split))


def test_only_training_rows_are_dropped(shared):
    faces = read_set("fer2013", shared / "fer2013.npz")
    assert [len(faces.split(split)) for split in Split][1:] == [3589, 3589]
    assert 27_900 < len(faces.split(Split.TRAINING)) < 28_709


def test_no_fold_of_lfw_tests_on_a_person_or_a_picture_it_trains_on(lfw):
    tested = []
    for training, test in folds(lfw, 10, 0):
        assert not set(lfw.identities[training]) & set(lfw.identities[test])
        assert not pictures(lfw[training]) & pictures(lfw[test])
        assert len(np.unique(lfw.classes[test])) == 7
        tested.append(test)
    assert np.array_equal(np.sort(np.concatenate(tested)), np.arange(len(lfw)))


def test_no_fold_of_a_set_without_people_tests_on_a_copy(shared):
    faces = read_set("fer2013", shared / "fer2013.npz").split(Split.TRAINING)
    assert len(pictures(faces)) < len(faces)  # it holds copies of its own
    for training, test in folds(faces, 5, 0):
        assert not pictures(faces[training]) & pictures(faces[test])


def test_ferplus_from_its_folder(shared, tmp_path):
    for name in ("fer2013.npz", "ferplus.npz"):
        os.symlink(shared / name, tmp_path / name)
    faces = read_set("ferplus", tmp_path)
    assert len(faces.split(Split.PRIVATE_TEST)) == 3103
    (tmp_path / "fer2013.npz").unlink()
    for path in (tmp_path, tmp_path / "ferplus.npz"):
        with pytest.raises(
            DataError, match=r"fer2013\.npz is missing: expected ferplus\.npz .* and beside it"
        ):
            read_set("ferplus", path)


def test_other_sizes(shared):
    small, usual = (read_set("fer2013", shared / "fer2013.npz", size)[:5] for size in (24, 48))
    assert small.images.shape == (5, 24, 24)
    averaged = usual.images.reshape(5, 24, 2, 24, 2).mean(axis=(2, 4))
    assert np.abs(small.images - averaged).max() <= 1
