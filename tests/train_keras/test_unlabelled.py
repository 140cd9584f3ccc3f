import csv
import io
import zipfile
from collections import Counter

import keras
import numpy as np
import pytest

from edge.errors import DataError, ModelMissingError
from train_keras import unlabelled
from train_keras.data.faces import Split
from train_keras.data.lfw import identity_of
from train_keras.models.slim import slim
from train_keras.predicting import both_sides, probabilities
from train_keras.recipe import UnlabelledRecipe
from train_keras.unlabelled import CROP_ROWS, LFW_ROWS, more_faces

PEOPLE, CROPS = 40, 8


@pytest.fixture(scope="module")
def teacher(tmp_path_factory):
    keras.utils.set_random_seed(3)
    model = slim(48, channels=1, rgc=False)
    logits = model.get_layer("logits")  # an untrained network says the same of every face but for traces
    logits.set_weights([3e5 * weight for weight in logits.get_weights()])
    file = tmp_path_factory.mktemp("teacher") / "model.keras"
    model.save(file)
    return file


@pytest.fixture(scope="module")
def lfw(shared, tmp_path_factory):
    """Published faces of forty people, those with most pictures."""
    file = tmp_path_factory.mktemp("lfw") / "lfw.zip"
    with zipfile.ZipFile(shared / "lfw_expressions.zip") as published, zipfile.ZipFile(file, "w") as few:
        members = {name.rsplit("/", 1)[-1]: name for name in published.namelist()}
        table = list(csv.DictReader(io.TextIOWrapper(published.open(members["labels.csv"]))))
        often = Counter(identity_of(row["image"]) for row in table)
        people = {name for name, _ in often.most_common(PEOPLE + 5)[5:]}
        chosen = [row for row in table if identity_of(row["image"]) in people]
        for name in {row["image"] for row in chosen}:
            few.writestr(f"images/{name}", published.read(members[name]))
        lines = ["image,emotion", *(f"{row['image']},{row['emotion']}" for row in chosen)]
        few.writestr("labels.csv", "\n".join(lines))
    return file


@pytest.fixture(scope="module")
def crops(shared, tmp_path_factory):
    """The first published crops without a mask, and one with."""
    file = tmp_path_factory.mktemp("crops") / "crops.zip"
    with zipfile.ZipFile(shared / "mask_crops.zip") as published, zipfile.ZipFile(file, "w") as few:
        pictures = sorted(n for n in published.namelist() if n.endswith((".jpg", ".jpeg", ".png")))
        bare = [name for name in pictures if "/no_mask/" in f"/{name}"][:CROPS]
        masked = [name for name in pictures if "/mask/" in f"/{name}"][:1]
        for name in bare + masked:
            few.writestr(name, published.read(name))
    return file


@pytest.fixture
def recipe(teacher, lfw, crops):
    return UnlabelledRecipe(teachers=(teacher,), sure=0, lfw=lfw, crops=crops)


def test_whom_framing_tests_on_nobody_learns_from(recipe, monkeypatch):
    monkeypatch.setattr(unlabelled, "PER_CLASS", 0)
    everybody = more_faces(recipe, 48)
    monkeypatch.setattr(unlabelled, "PER_CLASS", 3)
    without = more_faces(recipe, 48)
    assert set(without.rows) < set(everybody.rows)
    with zipfile.ZipFile(recipe.lfw) as archive:
        table = list(csv.DictReader(io.TextIOWrapper(archive.open("labels.csv"))))
    tested = unlabelled.read_lfw(recipe.lfw, 3, unlabelled.DRAW_SEED).rows
    people = {identity_of(table[row]["image"]) for row in tested}
    shown = {identity_of(table[row - LFW_ROWS]["image"]) for row in without.rows if row < CROP_ROWS}
    assert shown
    assert not shown & people


def test_bare_crops_are_cut_out_and_rows_are_nobody_elses(recipe, monkeypatch):
    monkeypatch.setattr(unlabelled, "PER_CLASS", 3)
    faces = more_faces(recipe, 40)
    assert faces.images.shape == (len(faces), 40, 40)
    assert faces.images.dtype == np.uint8
    assert len(set(faces.rows)) == len(faces)
    assert faces.rows.min() >= LFW_ROWS > 35_887
    assert CROPS - 2 <= (faces.rows >= CROP_ROWS).sum() <= CROPS, "facet finds these faces, and no masked one"
    assert (faces.splits == Split.TRAINING).all()


def test_targets_are_the_teachers_answers_where_they_are_sure(recipe, teacher, monkeypatch):
    monkeypatch.setattr(unlabelled, "PER_CLASS", 3)
    every = more_faces(recipe, 48)
    model = keras.saving.load_model(teacher, compile=False)
    said = both_sides(lambda images: probabilities(model, images), every.images)
    assert every.targets == pytest.approx(said, abs=1e-5)
    limit = float(np.median(said.max(1)))
    sure = more_faces(recipe.model_copy(update={"sure": limit}), 48)
    assert 0 < len(sure) < len(every)
    assert (sure.targets.max(1) >= limit).all()


def test_teachers_that_are_sure_of_nothing(recipe, tmp_path, monkeypatch):
    monkeypatch.setattr(unlabelled, "PER_CLASS", 3)
    slim(48, channels=1, rgc=False).save(tmp_path / "model.keras")  # untrained: a seventh for every label
    unsure = recipe.model_copy(update={"teachers": (tmp_path / "model.keras",), "sure": 0.9})
    with pytest.raises(DataError, match=r"unlabelled\.sure: the teachers are 0\.9 sure of none of \d+ faces"):
        more_faces(unsure, 48)


@pytest.mark.parametrize(
    ("change", "error", "complaint"),
    [
        ("teachers", ModelMissingError, "train it first"),
        ("lfw", DataError, "is missing: expected lfw_expressions"),
        ("crops", DataError, "is missing: expected"),
    ],
)
def test_what_is_missing(recipe, tmp_path, monkeypatch, change, error, complaint):
    monkeypatch.setattr(unlabelled, "PER_CLASS", 3)
    nowhere = tmp_path / "none"
    changed = recipe.model_copy(update={change: (nowhere,) if change == "teachers" else nowhere})
    with pytest.raises(error, match=complaint):
        more_faces(changed, 48)
