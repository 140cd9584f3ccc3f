import json

import numpy as np
import pytest

from convert import classifier, gate, measuring
from convert.classifier import convert_classifier
from convert.frontier import PATH
from convert.records import FOLDER, load_records
from convert.variants import VARIANTS
from edge import bundles
from edge.classifier import Classifier
from edge.errors import ConfigError, ModelMissingError
from train_keras import training
from train_keras.data.faces import Split
from train_keras.occlusion import masked
from train_keras.recipe import Recipe
from train_keras.results import RESULTS
from train_keras.runs import WEIGHTS

DATA = {"variants": 1, "limit": 64}


def recipe(builder="slim", options=None, **data):
    return Recipe.model_validate({
        "name": "small",
        "seed": 11,
        "model": {"builder": builder, "options": options or {"channels": 1, "bounded": True}},
        "data": DATA | data,
        "optimiser": {"epochs": 1, "batch_size": 16},
    })  # fmt: skip


@pytest.fixture
def few(ferplus, landmarks68, monkeypatch, tmp_path):
    """A fiftieth of FER+, masks of its own, and a working folder for what the report writes."""
    chosen = ferplus[::50]
    monkeypatch.setattr(masked, "CACHE", tmp_path / "cache")
    for module in (classifier, training):
        monkeypatch.setattr(module, "read_faces", lambda recipe: chosen)
    monkeypatch.chdir(tmp_path)
    return chosen


def trained(recipe, few, folder):
    sets = few.split(Split.TRAINING)[:64], few.split(Split.PUBLIC_TEST)[:16]
    return training.fit(recipe, folder, sets[0], sets[0].images[None], sets[1], sets[1].images)


@pytest.mark.parametrize(
    ("builder", "options", "kept"),
    [
        ("slim", {"channels": 1, "bounded": True}, []),
        ("cbam", {"input_size": 64, "channels": 1, "widths": [4, 6, 8, 10]}, ["stem_conv"]),
    ],
)
@pytest.mark.slow
def test_a_run_becomes_bundles(builder, options, kept, few, tmp_path, monkeypatch):
    monkeypatch.setattr(gate, "LARGEST_LOSS", 100)  # one epoch decides by a hair's breadth
    chosen = recipe(builder, options)
    monkeypatch.setattr(measuring, "PROCESSES", 1)
    if kept:  # as good as trained, to what is asked below
        (tmp_path / "run").mkdir()
        training.network(chosen).save(tmp_path / "run" / WEIGHTS)
    else:
        trained(chosen, few, tmp_path / "run")
    converted = convert_classifier(
        chosen, tmp_path / "run", tmp_path / "out", "1.2.3", ["dynamic", "int8"], kept
    )
    assert [made.manifest.quantisation for made in converted] == ["dynamic", "int8"]
    assert [made.path.name for made in converted] == ["small_dynamic", "small"]
    bundle = converted[1]
    manifest = bundles.load(str(tmp_path / "out" / "small")).manifest
    side = options.get("input_size", 48)
    assert (manifest.version, manifest.quantisation, manifest.input.size) == ("1.2.3", "int8", side)
    assert 0.4 <= manifest.calibration.temperature <= 3
    assert 0.4 <= manifest.calibration.masked <= 3
    assert manifest.calibration.masked != 1
    golden = np.load(bundle.golden)
    assert golden["inputs"].shape == (16, side, side)
    again = Classifier(bundle).classify(golden["inputs"])
    assert again == pytest.approx(golden["probabilities"], abs=1e-3)
    assert [metric["set"] for metric in manifest.metrics] == [
        "FER+ PrivateTest, full",
        "FER+ PrivateTest, masked",
    ]
    assert json.loads(manifest.training["recipe"])["model"]["builder"] == builder
    section = (tmp_path / RESULTS).read_text()
    assert "Parity of small" in section
    assert ("Kept float32 for `stem_conv`" in section) == bool(kept)
    (record,) = load_records(tmp_path / FOLDER)
    assert [each.variant for each in record.variants] == list(VARIANTS)
    assert ("stem_conv" in record.kept_float or "stem_bn" in record.kept_float) == bool(kept)
    assert record.variants[-1].input == "uint8"  # pixels as they are, also with layers in float
    assert (tmp_path / PATH).is_file()
    card = (bundle.path / "MODEL_CARD.md").read_text()
    assert record.machine in card
    assert f"`{record.command}`" in card


def test_a_network_of_fewer_labels_is_no_devices(tmp_path):
    with pytest.raises(
        ConfigError, match="small answers with five labels: a device's model answers with seven"
    ):
        convert_classifier(recipe(labels="five"), tmp_path, tmp_path, "0.1.0")


def test_a_run_that_has_not_ended(tmp_path):
    with pytest.raises(ModelMissingError, match=r"model\.keras is missing: run `mien train small` first"):
        convert_classifier(recipe(), tmp_path, tmp_path, "0.1.0")
