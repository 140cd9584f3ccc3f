import subprocess
import sys

import numpy as np
import pytest

from edge.errors import DataError, ModelMissingError
from train_keras.data.faces import Split
from train_keras.distillation import teacher_logits
from train_keras.models.slim import slim
from train_keras.models.vit import vit
from train_keras.recipe import DistillationRecipe
from train_keras.soft_labels import keep, read, soft_labels


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
