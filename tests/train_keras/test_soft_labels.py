import subprocess
import sys
from dataclasses import replace

import keras
import numpy as np
import pytest

from edge.errors import ConfigError, DataError, ModelMissingError
from train_keras.data.faces import Split
from train_keras.distillation import teacher_logits
from train_keras.models.slim import slim
from train_keras.models.vit import vit
from train_keras.recipe import DistillationRecipe
from train_keras.soft_labels import keep, read, soft_labels, taught


@pytest.fixture
def faces(ferplus):
    return ferplus.split(Split.TRAINING)[:12]


def test_kept_labels_come_back_in_the_order_of_the_faces(faces, tmp_path):
    logits = np.random.default_rng(1).normal(0, 3, (12, 7)).astype(np.float32)
    keep(tmp_path / "new" / "a.npz", faces, logits, [tmp_path / "runs" / "a" / "model.keras"])
    chosen = np.array([7, 2, 11])
    assert read(tmp_path / "new" / "a.npz", faces[chosen]) == pytest.approx(logits[chosen], abs=5e-3)


def test_teachers_count_alike(faces, tmp_path):
    """One speaks ten times louder than the other: shifting all its logits changes nothing."""
    rng = np.random.default_rng(2)
    one, other = rng.normal(0, 2, (2, 12, 7)).astype(np.float32)
    keep(tmp_path / "one.npz", faces, one, [])
    keep(tmp_path / "other.npz", faces, other + 40, [])
    said = soft_labels([tmp_path / "one.npz", tmp_path / "other.npz"], faces, tmp_path)
    expected = np.mean([x - np.log(np.exp(x).sum(1, keepdims=True)) for x in (one, other)], axis=0)
    assert said.dtype == np.float32
    assert said == pytest.approx(expected, abs=0.02)


def test_a_network_and_a_file_teach_together(faces, tmp_path):
    slim(48, channels=1).save(tmp_path / "model.keras")
    flat = np.zeros((12, 7), np.float32)
    keep(tmp_path / "flat.npz", faces, flat, [])
    said = soft_labels([tmp_path / "model.keras", tmp_path / "flat.npz"], faces, tmp_path)
    alone = teacher_logits(tmp_path / "model.keras", faces.images, tmp_path)
    alone -= np.log(np.exp(alone).sum(1, keepdims=True))
    assert said == pytest.approx((alone - np.log(7)) / 2, abs=1e-3)


def test_teachers_are_shown_what_the_recipe_says(faces, tmp_path):
    keras.utils.set_random_seed(1)
    model = slim(48, channels=1, rgc=False)
    logits = model.get_layer("logits")  # an untrained network says the same of every face but for traces
    logits.set_weights([1e5 * weight for weight in logits.get_weights()])
    model.save(tmp_path / "model.keras")
    pool = np.stack([255 - faces.images, faces.images // 2])

    def said(sees, shown=pool):
        recipe = DistillationRecipe(teacher=tmp_path / "model.keras", sees=sees)
        return taught(recipe, faces, shown, tmp_path)

    bare, same, both = said("bare"), said("same"), said("both")
    assert bare.shape == (12, 7)
    assert same.shape == both.shape == (3, 12, 7)
    assert np.array_equal(same[0], bare)
    for number, images in enumerate(pool, 1):
        alone = soft_labels([tmp_path / "model.keras"], replace(faces, images=images), tmp_path)
        assert np.array_equal(same[number], alone)
        assert not np.allclose(alone, bare, atol=1e-6)
    assert both == pytest.approx((bare + same) / 2, abs=1e-4)
    assert np.array_equal(said("same", None), bare)
    keep(tmp_path / "kept.npz", faces, bare, [])
    recipe = DistillationRecipe(teacher=tmp_path / "kept.npz", sees="same")
    with pytest.raises(ConfigError, match=r"sees: .*kept\.npz holds what was said of bare faces"):
        taught(recipe, faces, pool, tmp_path)


def test_what_cannot_teach(faces, tmp_path):
    with pytest.raises(ModelMissingError, match="train it first"):
        soft_labels([tmp_path / "model.keras"], faces, tmp_path)
    with pytest.raises(DataError, match=r"absent\.npz is damaged"):
        read(tmp_path / "absent.npz", faces)
    keep(tmp_path / "few.npz", faces[:5], np.zeros((5, 7), np.float32), [])
    with pytest.raises(DataError, match=r"few\.npz lacks 7 of 12 faces"):
        read(tmp_path / "few.npz", faces)
    np.savez(tmp_path / "odd.npz", rows=np.arange(3), logits=np.zeros(3))
    with pytest.raises(DataError, match="holds no soft labels"):
        read(tmp_path / "odd.npz", faces)
    content = (tmp_path / "few.npz").read_bytes()
    (tmp_path / "few.npz").write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match="is damaged"):
        read(tmp_path / "few.npz", faces[:5])


def test_a_recipe_names_one_teacher_or_several(tmp_path):
    assert len(DistillationRecipe(teacher=tmp_path / "a.keras").teachers) == 1
    several = DistillationRecipe.model_validate({"teacher": ["a.keras", "b.npz"]})
    assert [path.name for path in several.teachers] == ["a.keras", "b.npz"]


def test_a_teacher_with_layers_of_its_own_is_read_in_a_new_process(tmp_path):
    vit(28, width=16, blocks=1, heads=2).save(tmp_path / "teacher.keras")
    ask = """if True:
        import sys
        from pathlib import Path

        import numpy as np

        from train_keras.distillation import teacher_logits

        folder = Path(sys.argv[1])
        print(teacher_logits(folder / "teacher.keras", np.zeros((2, 48, 48), np.uint8), folder).shape)
    """
    said = subprocess.run([sys.executable, "-c", ask, tmp_path], capture_output=True, text=True)
    assert said.stdout.strip() == "(2, 7)", said.stderr
