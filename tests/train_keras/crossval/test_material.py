import numpy as np
import pytest

from edge.errors import ConfigError, DataError
from train_keras.crossval.material import fingerprint, join, read_material
from train_keras.data.faces import Faces
from train_keras.occlusion.masked import masked_pool


def some_faces(rows, people=None):
    count = len(rows)
    images = np.stack([np.full((8, 8), row, np.uint8) for row in rows])
    return Faces(
        images,
        np.eye(7, dtype=np.float32)[np.zeros(count, int)],
        np.zeros(count, np.int8),
        np.array(rows, np.int64),
        identities=None if people is None else np.array(people),
    )


def test_join_keeps_people_apart():
    joined = join([some_faces([1, 2], ["lfw/Ann", "lfw/Ann"]), some_faces([1, 2])])
    assert joined.identities.tolist() == ["lfw/Ann", "lfw/Ann", "nameless 1/1", "nameless 1/2"]
    assert joined.images[:, 0, 0].tolist() == [1, 2, 1, 2]
    assert join([some_faces([1]), some_faces([2])]).identities is None


@pytest.fixture(scope="module")
def cross(make_recipe, jaffe, fedro):
    sets = {"train": [{"set": "jaffe", "path": jaffe}], "test": [{"set": "fedro", "path": fedro}]}
    return make_recipe(**sets)


@pytest.mark.usefixtures("landmarks68")
def test_training_copies_differ_from_the_fixed_test_ones(make_recipe, jaffe):
    recipe = make_recipe([{"set": "jaffe", "path": jaffe}])
    material = read_material(recipe)
    test = material.tests["jaffe"]
    assert material.training is test.faces
    assert set(test.pictures) == {"full", "mask"}
    assert np.array_equal(test.pictures["full"], test.faces.images)
    assert material.pool.shape == (1, 56, 48, 48)
    masked = test.pictures["mask"]
    changed = [np.mean(a != b) for a, b in zip(masked, test.faces.images, strict=True)]
    assert min(changed) > 0.1, "every test face wears a mask"
    assert not any(np.array_equal(a, b) for a, b in zip(masked, material.pool[0], strict=True))
    assert {person.split("/")[0] for person in material.training.identities} == {"jaffe"}
    # Painted before or after the split, a face's copy is the same.
    some = np.arange(0, 56, 3)
    seen_alone = masked_pool(material.training[some], recipe.seed, 1)
    same = [np.array_equal(a, b) for a, b in zip(seen_alone[0], material.pool[0][some], strict=True)]
    assert np.mean(same) == 1


@pytest.mark.usefixtures("landmarks68")
def test_sets_trained_and_tested_on(cross):
    material = read_material(cross)
    assert (len(material.training), len(material.tests["fedro"].faces)) == (56, 14)
    assert material.training.labels == ("negative", "neutral", "positive")
    assert material.tests["fedro"].faces.classes.max() == 2


@pytest.mark.usefixtures("landmarks68")
def test_fingerprint_changes_with_labels_and_masks(cross):
    material = read_material(cross)
    before = fingerprint(material)
    assert fingerprint(read_material(cross)) == before
    material.training.targets[0] = material.training.targets[0][::-1].copy() + 0.5
    after = fingerprint(material)
    material.tests["fedro"].pictures["mask"][0, 0, 0] ^= 1
    assert len({before, after, fingerprint(material)}) == 3


def test_test_faces_are_not_trained_on(make_recipe, jaffe):
    """The same pictures under another set's name: nothing is left to train on."""
    source = {"set": "jaffe", "path": jaffe}
    with pytest.raises(DataError, match="no face of jaffe is left"):
        read_material(make_recipe([source], test=[source]))


def test_missing_parts_and_sets(make_recipe, jaffe, tmp_path):
    with pytest.raises(DataError, match="jaffe has no test faces"):
        read_material(make_recipe([{"set": "jaffe", "path": jaffe, "part": "test"}]))
    with pytest.raises(DataError, match="is missing"):
        read_material(make_recipe([{"set": "jaffe", "path": tmp_path / "nowhere"}]))
    with pytest.raises(ConfigError, match="no data set 'faces'"):
        read_material(make_recipe([{"set": "faces"}]))
