from dataclasses import replace

import numpy as np
import pytest

from edge.errors import DataError, ModelMissingError
from train_keras import evaluating, predictions
from train_keras.data.faces import Split
from train_keras.evaluating import evaluate_classifier
from train_keras.models.slim import slim
from train_keras.occlusion import masked
from train_keras.occlusion.kinds import Occlusion
from train_keras.reporting import store
from train_keras.results import RESULTS
from train_keras.subjects import open_subject


@pytest.fixture
def few(ferplus, landmarks68, monkeypatch, tmp_path):
    """Sixty test faces, their occlusions painted anew, and a working folder for what is written."""
    chosen = ferplus.split(Split.PRIVATE_TEST)[::50]
    monkeypatch.setattr(masked, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(evaluating, "read_set", lambda *_, **__: chosen)
    monkeypatch.chdir(tmp_path)
    return chosen


def test_a_shipped_model_on_bare_and_occluded_faces(few, tmp_path):
    kinds = [Occlusion.MASK, Occlusion.EYES]
    body = evaluate_classifier("slim", "ferplus", None, kinds, command="mien evaluate slim")
    assert body in (tmp_path / RESULTS).read_text()
    kept = {said.occlusion: said for said in predictions.load_all()}
    assert set(kept) == {"full", "mask", "eyes"}
    records = store.load_store()
    assert set(records) == {f"slim-ferplus-{o}-{labels}" for o in kept for labels in ("seven", "five")}
    for occlusion, said in kept.items():
        assert np.array_equal(said.classes, few.classes)
        right = said.probabilities.argmax(1) == few.classes
        record = records[f"slim-ferplus-{occlusion}-seven"]
        assert record.accuracy == pytest.approx(right.mean())
        assert f"| {occlusion} | {len(few)} | **{100 * right.mean():.2f}** |" in body
    assert kept["full"].probabilities.argmax(1).tolist() != kept["mask"].probabilities.argmax(1).tolist()
    assert records["slim-ferplus-full-five"].accuracy >= records["slim-ferplus-full-seven"].accuracy


def test_a_runs_keras_network_of_another_size(few, tmp_path):
    (tmp_path / "mine").mkdir()
    slim(32, channels=1).save(tmp_path / "mine" / "model.keras")
    evaluate_classifier(str(tmp_path / "mine"), "fer2013", None, [], command="mien evaluate mine")
    (said,) = predictions.load_all()
    assert said.name == "mine_keras-fer2013-full"
    subject = open_subject(str(tmp_path / "mine"))
    half = 2**-11  # what half precision rounds away, as the answers are kept
    assert subject.answer(few.images) == pytest.approx(said.probabilities, rel=half, abs=1e-5)


def test_an_ensemble_is_the_mean_over_members_and_mirror_images(few, tmp_path):
    (tmp_path / "mine").mkdir()
    slim(32, channels=1).save(tmp_path / "mine" / "model.keras")
    members = "slim", str(tmp_path / "mine")
    evaluate_classifier("+".join(members), "ferplus", None, [], command="mien evaluate slim+mine")
    (said,) = predictions.load_all()
    assert said.name == "ensemble_slim_mine-ferplus-full"
    views = [few.images, few.images[:, :, ::-1]]
    expected = np.mean([open_subject(each).answer(view) for each in members for view in views], axis=0)
    assert said.probabilities == pytest.approx(expected, abs=1e-3)
    digests = {open_subject(each).digest for each in members}
    (record,) = (each for each in store.load_store().values() if each.key.endswith("seven"))
    assert record.weights_sha256 not in digests


def test_another_split_is_measured_on_its_own_faces_and_leaves_no_trace(few, monkeypatch, tmp_path):
    splits = few.splits.copy()
    splits[::2] = Split.PUBLIC_TEST
    mixed = replace(few, splits=splits)
    monkeypatch.setattr(evaluating, "read_set", lambda *_, **__: mixed)
    body = evaluate_classifier("slim", "ferplus", None, [Occlusion.MASK], command="", split=Split.PUBLIC_TEST)
    right = open_subject("slim").answer(few.images[::2]).argmax(1) == few.classes[::2]
    assert f"| full | {len(right)} | **{100 * right.mean():.2f}** |" in body
    assert not (tmp_path / RESULTS.parent).exists()
    with pytest.raises(DataError, match="ferplus has no published TRAINING faces"):
        evaluate_classifier("slim", "ferplus", None, [], command="", split=Split.TRAINING)


def test_a_set_without_test_faces(few, monkeypatch):
    bare = few.split(Split.TRAINING)
    monkeypatch.setattr(evaluating, "read_set", lambda *_, **__: bare)
    with pytest.raises(DataError, match="lfw has no published test faces: use `mien crossval`"):
        evaluate_classifier("slim", "lfw", None, [], command="mien evaluate slim --set lfw")


def test_neither_a_run_nor_a_model(tmp_path):
    with pytest.raises(ModelMissingError, match="give a bundle's folder or one of"):
        open_subject(str(tmp_path))
