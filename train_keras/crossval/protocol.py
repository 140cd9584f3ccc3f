"""The protocol: who is trained on and who is tested, which folds are done, and what they said together."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge.errors import ConfigError, DataError
from train_keras import models, predictions
from train_keras.crossval.fold import Answers, Fold, run_fold
from train_keras.crossval.material import Material, fingerprint, read_material
from train_keras.crossval.recipe import CrossvalRecipe
from train_keras.data.faces import Faces, Rows
from train_keras.data.splitting import folds, linked
from train_keras.engines import Engine
from train_keras.measures import SCHEMES
from train_keras.occlusion.masked import Progress, quiet
from train_keras.predictions import Predictions
from train_keras.runs import keep_recipe
from train_keras.starting import STARTS

MATERIAL, DONE = "material.sha256", "fold.json"


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What all folds said.

    Attributes:
        folds: names of the folds, in order.
        answers: each fold's predictions by set and what its faces wear.
        tests: the faces by set.
        weights_sha256: of the folds' networks together.
    """

    folds: tuple[str, ...]
    answers: dict[tuple[str, str], list[Predictions]]
    tests: dict[str, Faces]
    weights_sha256: str


def cross_validate(recipe: CrossvalRecipe, run: Path, engine: Engine, progress: Progress = quiet) -> Outcome:
    """Run every fold that is not done yet in the folder `run`, and put all folds' answers together.

    Each fold has a folder there: its training run, its predictions, and `fold.json` once it is done.

    Raises:
        ConfigError: the folder holds a run of another recipe or on other faces, the recipe does not fit the
            faces, or its start is missing.
        DataError: a data set is missing or damaged.
    """
    recipe = prepared(recipe)
    material = read_material(recipe, progress)
    jobs = plan(recipe, material, run.resolve())
    keep_recipe(recipe, run)
    _keep_material(recipe, material, run)
    waiting = [job for job in jobs if _kept(job, material) is None]
    for place, answers in progress(engine.run(run_fold, material, waiting), len(waiting), "folds"):
        _keep(waiting[place], material, answers)
    found = [(job, _kept(job, material)) for job in jobs]
    done = [kept for _, kept in found if kept is not None]
    if len(done) < len(jobs):
        missing = ", ".join(job.name for job, kept in found if kept is None)
        raise DataError(f"{run}: {missing} cannot be read back: call again")
    digest = hashlib.sha256("".join(sha for _, sha in done).encode()).hexdigest()
    return Outcome(
        tuple(job.name for job in jobs),
        {key: [said[key] for said, _ in done] for key in done[0][0]},
        {name: test.faces for name, test in material.tests.items()},
        digest,
    )


def prepared(recipe: CrossvalRecipe) -> CrossvalRecipe:
    """The recipe with a head of as many classes as it has labels and its start's full path.

    Raises:
        ConfigError: the start is missing, or the network is not a classifier of these labels.
    """
    classes, start = len(SCHEMES[recipe.data.labels]), recipe.model.start
    if start is not None and not start.is_file() and not (STARTS / start).is_file():
        raise ConfigError(f"model.start: {start} is missing: make or train it first")
    model = recipe.model.model_copy(
        update={
            "options": {"classes": classes} | recipe.model.options,
            "start": start.resolve() if start is not None and start.is_file() else start,
        }
    )
    output = models.build(model.builder, **model.options).output
    if isinstance(output, dict) or output.shape[-1] != classes:
        raise ConfigError(
            f"model.builder: '{model.builder}' does not answer with {classes} labels: choose a classifier"
        )
    return recipe.model_copy(update={"model": model})


def plan(recipe: CrossvalRecipe, material: Material, run: Path) -> list[Fold]:
    """The folds, the same ones for the same faces and recipe.

    Raises:
        ConfigError: there are too few people for the folds, or too few faces for a batch.
    """
    training = material.training
    try:
        if recipe.test:
            everyone = {name: np.arange(len(test.faces)) for name, test in material.tests.items()}
            parts = [("cross", np.arange(len(training)), everyone)]
        else:
            (name,) = material.tests
            parts = [
                (f"fold-{number:02d}", learnt, {name: tested})
                for number, (learnt, tested) in enumerate(folds(training, recipe.folds, recipe.seed), 1)
            ]
        return [
            _fold(recipe, training, run, number, *part) for number, part in enumerate(parts)
        ]  # fmt: skip
    except ValueError as error:
        raise ConfigError(f"{recipe.name}: {error}") from error


def _fold(
    recipe: CrossvalRecipe,
    training: Faces,
    run: Path,
    number: int,
    name: str,
    learnt: Rows,
    testing: dict[str, Rows],
) -> Fold:
    seed = recipe.seed + number
    watched = _some_people(training[learnt], recipe.data.held_out, seed)
    rest, apart = learnt[~watched], learnt[watched]
    if len(rest) < recipe.optimiser.batch_size:
        raise ValueError(
            f"{len(rest)} training faces do not fill a batch of {recipe.optimiser.batch_size}: "
            "lower optimiser.batch_size"
        )
    return Fold(name, run / name, recipe, seed, rest, apart, testing)


def _some_people(faces: Faces, share: float, seed: int) -> npt.NDArray[np.bool_]:
    """All faces of some people, at most a share of all faces but of one person at least: bool [N]."""
    groups = linked(faces)
    order = np.random.default_rng(seed).permutation(int(groups.max()) + 1)
    sizes = np.bincount(groups)[order]
    count = max(int(np.searchsorted(np.cumsum(sizes), share * len(faces), side="right")), 1)
    return np.isin(groups, order[:count])


def _keep_material(recipe: CrossvalRecipe, material: Material, run: Path) -> None:
    digest = hashlib.sha256(fingerprint(material).encode())
    if recipe.model.start is not None:
        start = recipe.model.start
        digest.update((start if start.is_file() else STARTS / start).read_bytes())
    file, text = run / MATERIAL, digest.hexdigest()
    if file.is_file() and file.read_text() != text:
        raise ConfigError(f"{run} holds a run on other faces or from another start: give another --run")
    part = run / "material.part"
    part.write_text(text)
    part.replace(file)


def _keep(fold: Fold, material: Material, answers: Answers) -> None:
    """Predictions first, `fold.json` last: a kill between them leaves a fold that is not done."""
    for (name, worn), probabilities in answers.probabilities.items():
        faces = material.tests[name].faces[fold.testing[name]]
        said = Predictions(fold.recipe.name, name, worn, faces.rows, probabilities, faces.classes)
        predictions.save(said, fold.folder)
    part = fold.folder / "fold.part"
    part.write_text(json.dumps({"fold": fold.name, "weights_sha256": answers.weights_sha256}, indent=1))
    part.replace(fold.folder / DONE)


def _kept(fold: Fold, material: Material) -> tuple[dict[tuple[str, str], Predictions], str] | None:
    """A done fold's predictions and its weights' sha256; None where it is not done or cannot be read."""
    found = {}
    try:
        digest = str(json.loads((fold.folder / DONE).read_text())["weights_sha256"])
        for name, test in material.tests.items():
            rows = np.sort(test.faces.rows[fold.testing[name]])
            for worn in test.pictures:
                said = predictions.load(fold.folder / f"{fold.recipe.name}-{name}-{worn}.npz")
                if not np.array_equal(said.rows, rows):
                    return None
                found[name, worn] = said
    except (OSError, ValueError, KeyError, TypeError, DataError):
        return None
    return found, digest
