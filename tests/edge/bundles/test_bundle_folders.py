import hashlib
import json

import pytest

from edge import bundles
from edge.errors import ConfigError, ModelCorruptError, ModelMissingError
from edge.labels import MASK_STATES

MODEL = b"not run here"
DETECTION = {
    "name": "small",
    "version": "1.0.0",
    "task": "detection",
    "labels": list(MASK_STATES),
    "input": {"width": 320, "height": 256, "channels": 3, "scale": 0.0078125, "offset": -1.0},
    "strides": [8, 16, 32],
    "threshold": 0.5,
    "quantisation": "int8",
    "training": {},
    "metrics": [],
    "minimum_runtime": "1.0",
    "sha256": {"model.tflite": hashlib.sha256(MODEL).hexdigest()},
}


@pytest.fixture
def folder(tmp_path):
    """A detector's bundle."""
    path = tmp_path / "small"
    path.mkdir()
    (path / "model.tflite").write_bytes(MODEL)
    write(path)
    return path


def write(path, **changes):
    (path / "manifest.json").write_text(json.dumps(DETECTION | changes))


def test_a_detectors_bundle(folder):
    bundle = bundles.load_detection(str(folder))
    assert bundle.model == folder / "model.tflite"
    assert bundle.golden == folder / "golden.npz"
    assert bundle.manifest.strides == (8, 16, 32)
    assert bundle.manifest.model_dump(mode="json") == DETECTION


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"threshold": 1.5}, "threshold"),
        ({"threshold": 0}, "threshold"),
        ({"strides": []}, "strides"),
        ({"strides": [8, 0]}, "strides"),
        ({"input": {"size": 320}}, "input"),
        ({"labels": ["mask", "no_mask"]}, "labels are"),
        ({"crop": {}}, "crop"),
        ({"task": "segmentation"}, "task"),
        ({"sha256": {"model.tflite": "0"}}, "truncated or altered"),
        ({"sha256": {"golden.npz": "0"}}, "golden.npz is missing"),
    ],
)
def test_a_detectors_bundle_that_does_not_fit(folder, changes, message):
    write(folder, **changes)
    with pytest.raises(ModelCorruptError, match=message) as caught:
        bundles.load_detection(str(folder))
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(": install the model again")


@pytest.mark.parametrize("text", ["", "{", "[]", "7", "null", '{"task": 3}', "\xff"])
def test_a_manifest_that_is_none(folder, text):
    (folder / "manifest.json").write_text(text, encoding="latin-1")
    for read in (bundles.load, bundles.load_detection):
        with pytest.raises(ModelCorruptError, match="install the model again"):
            read(str(folder))


def test_a_bundle_of_the_other_task_is_told_where_it_belongs(folder, bundle):
    with pytest.raises(ConfigError, match=r"'small' is no expression model.*--detector facet:"):
        bundles.load(str(folder))
    with pytest.raises(ConfigError, match=f"'{bundle.path.name}' is no face detector.*--model"):
        bundles.load_detection(str(bundle.path))


def test_what_is_missing_is_told_with_the_names_that_ship(bundle):
    with pytest.raises(ModelMissingError, match=r"no expression model 'nonesuch'.*slim_fine"):
        bundles.load("nonesuch")
    with pytest.raises(ModelMissingError, match="no face detector 'nonesuch'") as caught:
        bundles.load_detection("nonesuch")
    assert "slim_fine" not in str(caught.value)
