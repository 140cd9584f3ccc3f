"""Which small network, taught how, reads most for its time: candidates trained alike for a few epochs.

    python -m benchmarks.students [FILE.toml] [--quick]

A file, `benchmarks/students.toml` by default, names a recipe, what all candidates change of it (`common`) and
what each does. All are trained on FER+'s training faces, as many side by side as there are cores, in a folder
of runs/ with the file's name; called again, it goes on where it stopped. Accuracy is PublicTest's, bare and
under painted masks, one look at a face, float32: designs are chosen by it, so PrivateTest is not looked at.
Writes a section of docs/results.md, its figure and a JSON file in docs/results, all by the file's name;
--quick, which is no measurement, writes under runs/quick.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import os
import re
import sys
import time
import tomllib
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from pydantic import ValidationError
from rich.console import Console
from rich.progress import Progress as Bars

from benchmarks.outcome import DOCS, QUICK
from edge.bench.machine import describe
from edge.errors import ConfigError, MienError
from train_keras.recipe import Recipe, read_recipe

COMMAND = "python -m benchmarks.students"
FILE = Path(__file__).with_suffix(".toml")
RUNS = Path("runs")
TITLE = "Student designs"
CALIBRATION_FACES, QUICK_FACES = 64, 256


@dataclass(frozen=True, slots=True)
class Student:
    """A candidate once trained.

    Attributes:
        macs: multiply-accumulates of one look, in 1e6.
        size: of the int8 file, in KiB.
        milliseconds: of the int8 network on one thread of this machine.
        bare, masked: share of PublicTest's faces that it names right.
    """

    name: str
    parameters: int
    macs: float
    size: float
    milliseconds: float
    bare: float
    masked: float


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("file", nargs="?", type=Path, default=FILE, help="the candidates")
    parser.add_argument("--quick", action="store_true", help="only to see that it works")
    arguments = parser.parse_args()
    try:
        print(compare(arguments.file, quick=arguments.quick))
    except MienError as error:
        sys.exit(f"error: {error}")


def compare(file: Path, *, quick: bool = False) -> str:
    """Train and measure a file's candidates, and return the section's text.

    Raises:
        MienError: the file holds none, or what one of them is trained from is missing.
    """
    recipes, folder, docs = read_candidates(file), RUNS / file.stem, DOCS
    if quick:
        recipes, folder, docs = (
            {name: _short(one) for name, one in recipes.items()},
            QUICK / file.stem,
            QUICK,
        )
    train_all(recipes, folder)
    students = [measure(name, recipe, run_of(name, folder)) for name, recipe in recipes.items()]
    return write(students, next(iter(recipes.values())), file, docs)


def read_candidates(file: Path) -> dict[str, Recipe]:
    """The recipes of a file's candidates, by name.

    Raises:
        ConfigError: no such file, not TOML, no candidate, or one that is no recipe.
    """
    try:
        table = tomllib.loads(file.read_text())
        base, epochs, students = table["recipe"], table["epochs"], table["students"]
    except OSError as error:
        raise ConfigError(f"no candidates in {file}: give a TOML file like {FILE.name}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} is not TOML: {error}") from error
    except KeyError as error:
        raise ConfigError(f"{file} has no {error}: it needs recipe, epochs and students") from error
    recipe = merged(read_recipe(Path(base)).model_dump(), {"optimiser": {"epochs": epochs}})
    recipe, recipes = merged(recipe, table.get("common", {})), {}
    for name, changes in students.items():
        whole = merged(merged(recipe, {"name": name}), changes)
        try:
            recipes[name] = Recipe.model_validate(whole)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"]))
            raise ConfigError(f"{file}: {name}: {place}: {first['msg']}") from error
    if not recipes:
        raise ConfigError(f"{file} names no students")
    return recipes


def merged(table: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The table with the changes in it, nested tables likewise.

    >>> merged({"a": {"b": 1, "c": 2}}, {"a": {"b": 3}})
    {'a': {'b': 3, 'c': 2}}
    """
    both = dict(table)
    for key, value in changes.items():
        inner = isinstance(value, Mapping) and isinstance(table.get(key), Mapping)
        both[key] = merged(table[key], value) if inner else value
    return both


def train_all(recipes: Mapping[str, Recipe], folder: Path) -> None:
    """Train what is not trained yet, one candidate a core; a bar counts epochs."""
    from train_keras.commands import bar
    from train_keras.data.faces import Split
    from train_keras.occlusion.masked import masked_test
    from train_keras.training import occluded_copies, read_faces

    for recipe in recipes.values():  # whatever is kept on disk is made once, before the processes share it
        faces = read_faces(recipe)
        occluded_copies(recipe, faces.split(Split.TRAINING)[: recipe.data.limit], bar)
        masked_test(faces.split(Split.PUBLIC_TEST), bar)
    fresh = multiprocessing.get_context("spawn")
    cores = len(os.sched_getaffinity(0))
    with ProcessPoolExecutor(cores, mp_context=fresh, max_tasks_per_child=1) as processes:
        jobs = [processes.submit(_train, recipe, run_of(name, folder)) for name, recipe in recipes.items()]
        _wait(jobs, recipes, folder)
        for job in jobs:  # where one failed, those that have not begun need not
            job.cancel()
    for job in jobs:
        if not job.cancelled():
            job.result()


def _wait(jobs: Sequence[Future[None]], recipes: Mapping[str, Recipe], folder: Path) -> None:
    with Bars(console=Console(stderr=True)) as bars:
        tasks = {name: bars.add_task(name, total=one.optimiser.epochs) for name, one in recipes.items()}
        while True:
            over = all(job.done() for job in jobs)
            for name, task in tasks.items():
                bars.update(task, completed=len(history(run_of(name, folder))))
            if over or any(job.done() and job.exception() for job in jobs):
                return
            time.sleep(1)


def run_of(name: str, folder: Path) -> Path:
    """Where a candidate is trained: its name in characters that suit a folder.

    >>> run_of("80 px, stem 2", Path("runs")).name
    '80_px_stem_2'
    """
    return folder / re.sub(r"[^A-Za-z0-9.]+", "_", name)


def history(run: Path) -> list[dict[str, float]]:
    """A run's epochs so far."""
    file = run / "history.json"
    return json.loads(file.read_text()) if file.is_file() else []


def _train(recipe: Recipe, run: Path) -> None:
    """In a process of its own, on one thread: two networks side by side train faster than one on two."""
    os.environ |= {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1", "OMP_NUM_THREADS": "1"}
    run.mkdir(parents=True, exist_ok=True)
    with (run / "log.txt").open("a") as log, contextlib.redirect_stdout(log):
        import cv2

        from train_keras import training

        cv2.setNumThreads(1)
        training.train(recipe, run)


def measure(name: str, recipe: Recipe, run: Path) -> Student:
    """What a trained candidate knows and what its int8 file costs."""
    import keras

    from convert import measuring
    from convert.calibration import representative_faces
    from convert.exporting import export_variants
    from train_keras.cost import gflops
    from train_keras.data.faces import Split
    from train_keras.models.outputs import expression_only
    from train_keras.training import read_faces

    model = expression_only(keras.saving.load_model(run / "model.keras", compile=False))
    training = read_faces(recipe).split(Split.TRAINING)
    occlusions, side = recipe.data.occlusions if recipe.data.masked else (), model.input_shape[1]
    faces = list(representative_faces(training, occlusions, CALIBRATION_FACES, recipe.seed, side))
    flatbuffer = export_variants(model, faces, ("int8",))["int8"]
    last = history(run)[-1]
    return Student(
        name,
        model.count_params(),
        round(500 * gflops(model), 1),
        round(len(flatbuffer) / 1024),
        round(measuring.measure(flatbuffer).latency_ms, 3),
        last["public_full"],
        last["public_masked"],
    )


def write(students: Sequence[Student], recipe: Recipe, file: Path, docs: Path) -> str:
    """Keep the results in a folder like `docs`, and return the section's text."""
    from train_keras.results import write_section

    (docs / "results").mkdir(parents=True, exist_ok=True)
    kept = {"machine": describe().model_dump(), "students": [asdict(student) for student in students]}
    (docs / "results" / f"{file.stem}.json").write_text(json.dumps(kept, indent=1) + "\n")
    figure = None
    # Where all cost the same, times differ by noise alone.
    if len({student.macs for student in students}) > 1:
        figure = Path("figures") / f"{file.stem}.png"
        draw(students, docs / figure)
    command = COMMAND if file == FILE else f"{COMMAND} {file}"
    body = section(students, recipe, figure)
    title = tomllib.loads(file.read_text()).get("title", TITLE)
    write_section(file.stem, title, command, body, docs / "results.md")
    return body


def section(students: Sequence[Student], recipe: Recipe, figure: Path | None) -> str:
    """Markdown; differences are to the first."""
    first, start = students[0], recipe.model.start
    begun = "the same seed" if start is None else f"{start.parent.name}'s weights"
    lines = [
        f"Each is trained {recipe.optimiser.epochs} epochs from {begun}, a short proxy for the whole",
        "schedule; differences are to the first. Two runs that differ by their seed alone may lie two points",
        "apart. FER+ PublicTest, crowd majority, float32, one look; milliseconds are int8's on one thread,",
        f"{describe().cpu}.",
        "",
        "| student | parameters | 1e6 MAC | int8, KiB | ms | bare | masked | bare, points | masked, points |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for one in students:
        gains = f"{100 * (one.bare - first.bare):+.1f} | {100 * (one.masked - first.masked):+.1f}"
        lines.append(
            f"| {one.name} | {one.parameters:,} | {one.macs:.1f} | {one.size:.0f} | {one.milliseconds:.2f} "
            f"| {100 * one.bare:.1f} | {100 * one.masked:.1f} | {gains} |"
        )
    if figure is not None:
        lines += ["", f"![accuracy over time]({figure})"]
    return "\n".join(lines)


def draw(students: Sequence[Student], path: Path) -> None:
    """Accuracy over the int8 network's time, bare and masked: up and to the left is better."""
    figure = Figure(figsize=(11, 4.6), layout="constrained")
    for axes, kind in zip(figure.subplots(1, 2, sharex=True), ("bare", "masked"), strict=True):
        for number, one in enumerate(students, 1):
            accuracy = 100 * getattr(one, kind)
            (point,) = axes.plot(one.milliseconds, accuracy, "o", label=f"{number} {one.name}")
            axes.annotate(
                str(number),
                (one.milliseconds, accuracy),
                xytext=(5, 3),
                textcoords="offset points",
                color=point.get_color(),
            )
        axes.locator_params(axis="x", nbins=5)
        axes.set(title=f"{kind} faces of PublicTest", xlabel="milliseconds a look, int8, one thread")
        axes.grid(color="#ddd", linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
        axes.margins(0.12)
    figure.axes[0].set_ylabel("accuracy, %")
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, frameon=False, loc="outside right upper")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


def _short(recipe: Recipe) -> Recipe:
    changes = {"optimiser": {"epochs": 1}, "data": {"limit": QUICK_FACES, "watched": QUICK_FACES}}
    return Recipe.model_validate(merged(recipe.model_dump(), changes))


if __name__ == "__main__":
    main()
