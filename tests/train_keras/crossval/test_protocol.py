import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edge.errors import ConfigError
from train_keras.crossval import protocol
from train_keras.crossval.fold import run_fold, training_recipe
from train_keras.crossval.material import read_material
from train_keras.crossval.protocol import cross_validate, plan, prepared
from train_keras.engines import LocalEngine, RayEngine
from train_keras.training import fit

pytestmark = pytest.mark.usefixtures("landmarks68")


class Counting:
    """An engine in this process, for tests that look at which folds are run."""

    def __init__(self) -> None:
        self.ran: list[str] = []

    def run(self, function, shared, jobs) -> Iterator[tuple[int, object]]:
        for place, job in enumerate(jobs):
            self.ran.append(job.name)
            yield place, function(shared, job)


@pytest.fixture(scope="module")
def recipe(make_recipe, jaffe):
    return make_recipe([{"set": "jaffe", "path": jaffe}])


@pytest.fixture(scope="module")
def done(recipe, tmp_path_factory):
    """A finished run on two processes of this machine: its folder and what came of it."""
    run = tmp_path_factory.mktemp("runs") / "tiny"
    return run, cross_validate(recipe, run, LocalEngine(workers=2))


@pytest.fixture
def copied(done, tmp_path):
    """The finished run in a folder that a test may damage."""
    import shutil

    return shutil.copytree(done[0], tmp_path / "tiny")


def same(first, second, within=1e-5):
    assert first.answers.keys() == second.answers.keys()
    for key, folds in first.answers.items():
        for ours, theirs in zip(folds, second.answers[key], strict=True):
            assert np.array_equal(ours.rows, theirs.rows)
            assert np.array_equal(ours.classes, theirs.classes)
            assert ours.probabilities == pytest.approx(theirs.probabilities, abs=within)


def test_nobody_is_trained_on_and_tested(recipe):
    material = read_material(recipe)
    folds = plan(prepared(recipe), material, Path("/run"))
    people = material.training.identities
    assert [fold.name for fold in folds] == ["fold-01", "fold-02"]
    for fold in folds:
        groups = [set(people[rows]) for rows in (fold.training, fold.watched, fold.testing["jaffe"])]
        assert all(groups)
        assert sum(map(len, groups)) == len(set().union(*groups)) == 4
    tested = np.concatenate([fold.testing["jaffe"] for fold in folds])
    assert np.array_equal(np.sort(tested), np.arange(len(people)))
    assert len({training_recipe(fold).seed for fold in folds}) == 2


def test_what_a_run_leaves(done):
    run, outcome = done
    assert {path.name for path in run.iterdir()} == {"recipe.json", "material.sha256", "fold-01", "fold-02"}
    fold = {path.name for path in (run / "fold-01").iterdir()}
    answers = {"tiny-jaffe-full.npz", "tiny-jaffe-mask.npz", "fold.json"}
    assert answers | {"model.keras", "history.json", "log.txt"} <= fold
    assert [len(said) for said in outcome.answers["jaffe", "mask"]] == [28, 28]
    assert outcome.answers["jaffe", "full"][0].scheme == "three"
    assert "epoch 2.0000" in (run / "fold-01" / "log.txt").read_text()


@pytest.mark.slow
def test_ray_gives_the_same_numbers(done, recipe, tmp_path, monkeypatch):
    ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'mien[cluster]'")
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    quiet = {"include_dashboard": False, "log_to_driver": False, "logging_level": "ERROR"}
    ray.init(address="local", num_cpus=2, **quiet)
    try:
        outcome = cross_validate(recipe, tmp_path / "tiny", RayEngine())
    finally:
        ray.shutdown()
    same(outcome, done[1])


def test_finished_folds_are_not_run_again(done, copied, recipe):
    engine = Counting()
    same(cross_validate(recipe, copied, engine), done[1])
    assert engine.ran == []


@pytest.mark.parametrize("name", ["tiny-jaffe-mask.npz", "fold.json"])
@pytest.mark.parametrize("damage", ["cut", "gone"])
def test_damaged_fold_is_run_again(done, copied, recipe, name, damage):
    file = copied / "fold-02" / name
    if damage == "gone":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:20])
    engine = Counting()
    outcome = cross_validate(recipe, copied, engine)
    assert engine.ran == ["fold-02"]
    same(outcome, done[1])


def test_interrupted_fold_goes_on_from_its_epoch(recipe, tmp_path):
    """Killed after the first fold and one epoch of the second."""
    run = tmp_path / "tiny"
    material = read_material(recipe)
    folds = plan(prepared(recipe), material, run)

    def killed(function, shared, job):
        if job.name == "fold-02":
            learnt = material.training[job.training]
            watched = material.training[job.watched]
            pools = material.pool[:, job.training], watched, material.pool[0, job.watched]
            fit(training_recipe(job), job.folder, learnt, *pools, until=1)
            raise KeyboardInterrupt
        return function(shared, job)

    class Dying(Counting):
        def run(self, function, shared, jobs):
            yield from super().run(lambda shared, job: killed(function, shared, job), shared, jobs)

    with pytest.raises(KeyboardInterrupt):
        cross_validate(recipe, run, Dying())
    assert [row["epoch"] for row in json.loads((run / "fold-02" / "history.json").read_text())] == [1]
    engine = Counting()
    outcome = cross_validate(recipe, run, engine)
    assert engine.ran == ["fold-02"]
    log = (folds[1].folder / "log.txt").read_text()
    assert "epoch 2.0000" in log
    assert "epoch 1.0000" not in log, "the first epoch was trained again"
    # Beside a run of this process too: on another number of threads sums round differently, which training
    # makes much of.
    same(outcome, cross_validate(recipe, tmp_path / "straight" / "tiny", Counting()), within=1e-4)


def test_run_of_another_recipe_or_other_faces_is_left_alone(copied, recipe, monkeypatch):
    with pytest.raises(ConfigError, match="another recipe"):
        cross_validate(recipe.model_copy(update={"folds": 3}), copied, Counting())
    monkeypatch.setattr(protocol, "fingerprint", lambda material: "other")
    with pytest.raises(ConfigError, match="other faces"):
        cross_validate(recipe, copied, Counting())


def test_more_folds_than_people(recipe, tmp_path):
    many = recipe.model_copy(update={"folds": 5})
    with pytest.raises(ConfigError, match="5 folds of 4 different people"):
        cross_validate(many, tmp_path / "tiny", Counting())
    assert not (tmp_path / "tiny").exists()


def test_more_faces_in_a_batch_than_in_a_fold(recipe, tmp_path):
    optimiser = recipe.optimiser.model_copy(update={"batch_size": 100})
    with pytest.raises(ConfigError, match="do not fill a batch of 100"):
        cross_validate(recipe.model_copy(update={"optimiser": optimiser}), tmp_path, Counting())


@pytest.mark.parametrize(
    ("update", "message"),
    [
        ({"start": Path("runs/nowhere/model.keras")}, "runs/nowhere/model.keras is missing"),
        ({"builder": "facet", "options": {}}, "facet"),
        ({"builder": "dcnn", "options": {"classes": 7}}, "does not answer with 3 labels"),
    ],
)
def test_network_that_does_not_fit(recipe, tmp_path, update, message):
    model = recipe.model.model_copy(update=update)
    with pytest.raises(ConfigError, match=message):
        cross_validate(recipe.model_copy(update={"model": model}), tmp_path, Counting())


def test_start_is_taken_over(done, recipe, make_recipe, jaffe, tmp_path):
    """Fine-tuning at no learning rate to speak of answers as its start does."""
    run = done[0]
    model = recipe.model.model_copy(update={"start": run / "fold-01" / "model.keras"})
    slow = recipe.optimiser.model_copy(update={"learning_rate": 1e-9, "epochs": 1, "weight_decay": 0.0})
    update = {"model": model, "optimiser": slow, "augmentation": recipe.augmentation}
    tuned = prepared(recipe.model_copy(update=update))
    material = read_material(tuned)
    fold = plan(tuned, material, tmp_path)[0]
    run_fold(material, fold)
    before = fit(training_recipe(fold), tmp_path / "fold-01", *_parts(material, fold))
    import keras

    start = keras.saving.load_model(run / "fold-01" / "model.keras", compile=False)
    for ours, theirs in zip(before.trainable_weights, start.trainable_weights, strict=True):
        assert ours.numpy() == pytest.approx(theirs.numpy(), abs=1e-5)


def _parts(material, fold):
    watched = material.training[fold.watched]
    learnt = material.training[fold.training]
    return learnt, material.pool[:, fold.training], watched, material.pool[0, fold.watched]
