from pathlib import Path

import keras
import numpy as np
import pytest

from edge.errors import ConfigError
from train_keras.models.slim import slim
from train_keras.starting import take_over


@pytest.fixture
def saved(tmp_path):
    keras.utils.set_random_seed(1)
    model = slim(16, channels=1, rgc=False)
    model.save(tmp_path / "start.keras")
    return model


def same(ours, theirs):
    return all(np.array_equal(a, b) for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True))


def test_all_weights_of_the_same_network(saved, tmp_path):
    model = slim(16, channels=1, rgc=False)
    assert not same(model, saved)
    assert take_over(tmp_path / "start.keras", model) == []
    assert same(model, saved)


def test_a_head_for_other_labels_begins_anew(saved, tmp_path):
    model = slim(16, channels=1, rgc=False, classes=3)
    assert take_over(tmp_path / "start.keras", model) == ["logits"]
    assert same(model.get_layer("head_conv"), saved.get_layer("head_conv"))


def test_layers_the_start_does_not_have(saved, tmp_path):
    fresh = take_over(tmp_path / "start.keras", slim(16, channels=1))
    assert fresh
    assert all(name.startswith("rgc") for name in fresh)


def test_a_start_in_the_home_folder(saved, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert take_over(Path("~/start.keras"), slim(16, channels=1, rgc=False)) == []


def test_a_start_for_other_channels(saved, tmp_path):
    with pytest.raises(ConfigError, match=r"layer stem_conv of .* has another shape"):
        take_over(tmp_path / "start.keras", slim(16, channels=3, rgc=False))


def test_missing_and_foreign_starts(tmp_path):
    with pytest.raises(ConfigError, match=r"nothing\.keras is missing: make or train it first"):
        take_over(Path("nothing.keras"), slim(16, channels=1))
    other = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, name="other")])
    other.save(tmp_path / "other.keras")
    with pytest.raises(ConfigError, match="no layer fits"):
        take_over(tmp_path / "other.keras", slim(16, channels=1))
