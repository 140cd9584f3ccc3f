"""Table 2 of the slim CNN paper on one machine, in one run, all networks through the same runtime.

    python -m benchmarks.table2 [--quick]

Each network as int8 and float32: faces classified a second, and frames a second through the whole pipeline,
on one thread. Writes a section of docs/results.md, docs/results/table2*.json, docs/figures/table2*.png, and,
if the run is clean, the figures of `mien report` that are of the slim CNN; with --quick, which is no
measurement, under runs/quick.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.exporting import VARIANTS, Facts, exported
from benchmarks.material import demo_frames, faces_in, make_pipeline, stepping
from benchmarks.networks import NETWORKS, Network
from benchmarks.outcome import DOCS, QUICK, begin_on_one_thread, key_of, outcome
from benchmarks.rounds import Rounds, Turn, take_turns, turn_of
from benchmarks.table2_report import ADAPTIVE, CLASSIFY, EVERY, OURS, draw, section
from edge.alignment import CropGeometry
from edge.bench.table import measuring
from edge.bundles import load
from edge.classifier import Classifier
from edge.detectors import SizedDetector, open_detector
from edge.errors import MienError
from edge.types import Image
from train_keras.reporting.store import Figure, save
from train_keras.results import write_section

COMMAND = "python -m benchmarks.table2"
ROUNDS, SECONDS = 7, 1.0
QUICK_ROUNDS, QUICK_SECONDS = 2, 0.05


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="only to see that it works")
    options = parser.parse_args()
    try:
        run(options.quick)
    except MienError as error:
        sys.exit(f"error: {error}")


def run(quick: bool, networks: tuple[Network, ...] = NETWORKS) -> dict[str, Any]:
    """Export, measure, write, and return what docs/results/table2*.json holds.

    Raises:
        MienError: a network cannot be exported.
    """
    docs, rounds, seconds = (QUICK, QUICK_ROUNDS, QUICK_SECONDS) if quick else (DOCS, ROUNDS, SECONDS)
    with measuring(len(networks) + rounds) as report:
        context = begin_on_one_thread(report)
        made = {one.key: exported(one, report) for one in networks}
        detector = open_detector("facet")
        images, fps = demo_frames()
        turns: dict[str, Turn] = {}
        for key, (folder, _) in made.items():
            for variant in VARIANTS:
                turns |= turns_of(f"{key}, {variant}", folder / variant, images, detector, fps)
        found = take_turns(turns, rounds, seconds, report)
    result = outcome(context, COMMAND, found.record)
    result |= {"rounds": rounds, "seconds_a_turn": seconds}
    result["networks"] = [row(one, made[one.key][1], found) for one in networks]
    keep(result, docs)
    return result


def keep(result: dict[str, Any], docs: Path) -> None:
    """Write and print a result; what the report claims is taken from clean runs alone."""
    key = key_of("table2")
    picture = f"figures/{key}.png"
    body = section(result, picture)
    title = f"The slim CNN paper's Table 2, {result['machine']['cpu']}"
    write_section(key, title, COMMAND, body, docs / "results.md")
    (docs / "results").mkdir(exist_ok=True)
    (docs / "results" / f"{key}.json").write_text(json.dumps(result, indent=1) + "\n")
    draw(result, docs / picture)
    for figure in figures(result) if result["clean"] else ():
        save(figure, docs / "results")
    print(body)


def turns_of(
    name: str, bundle: Path, images: list[Image], detector: SizedDetector, fps: float
) -> Mapping[str, Turn]:
    """The three things to measure of a bundle, their names beginning with `name`.

    Args:
        images: frames, uint8 [H, W, 3], at `fps`.
        detector: shared by all, as it keeps nothing from one picture to the next.
    """
    classifier = Classifier(load(str(bundle)))
    ones = itertools.cycle(faces_in(images, detector, CropGeometry(classifier.size))[:, None])
    turns = {f"{name}, {CLASSIFY}": turn_of(lambda: classifier.classify(next(ones)))}
    for way, adaptive in ((EVERY, False), (ADAPTIVE, True)):
        pipeline = make_pipeline(classifier, detector, fps, adaptive)
        turns[f"{name}, {way}"] = turn_of(stepping(pipeline, images))
    return turns


def row(one: Network, facts: Facts, found: Rounds) -> dict[str, Any]:
    """A network of the result: what it is, what it takes, and the paper's figures."""
    told = {"key": one.key, "title": one.title, **asdict(facts)}
    for variant in VARIANTS:
        for way in (CLASSIFY, EVERY, ADAPTIVE):
            name = f"{one.key}, {variant}, {way}"
            told["variants"][variant][way] = {
                "fps": found.fps(name),
                "rounds_seconds": list(found.medians[name]),
            }
    return {**told, "paper": None if one.paper is None else asdict(one.paper)}


def figures(result: dict[str, Any]) -> list[Figure]:
    """What the report's claims look for: of the shipped int8 model."""
    (ours,) = (row for row in result["networks"] if row["key"] == OURS)
    int8 = ours["variants"]["int8"]
    clean = "" if result["clean"] else ", not clean"
    machine = f"{result['machine']['cpu']}, one thread{clean}"
    told = (
        (f"parameters-{OURS}", ours["parameters"], "parameters", ""),
        (f"speed-{OURS}-classify", round(int8[CLASSIFY]["fps"], 1), "frames/s", machine),
        (f"speed-{OURS}-pipeline", round(int8[EVERY]["fps"], 1), "frames/s", machine),
    )
    return [
        Figure(
            kind="figure",
            key=key,
            model=OURS,
            value=value,
            unit=unit,
            machine=where,
            command=COMMAND,
            commit=result["commit"],
            date=datetime.now(UTC).date(),
        )
        for key, value, unit, where in told
    ]


if __name__ == "__main__":
    main()
