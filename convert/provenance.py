"""Where a model comes from, and the numbers beside it: for its manifest and its card."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from convert.records import FOLDER, ParityRecord
from convert.variants import Variant
from train_keras.occlusion.masked import TEST_SEED
from train_keras.recipe import Recipe
from train_keras.reporting.store import Measurement, key_of, load
from train_keras.soft_labels import teacher_name

TITLES = {"ferplus": "FER+", "fer2013": "FER2013"}
TRUTHS = {"ferplus": "crowd majority", "fer2013": "the first labels"}


def protocol_of(recipe: Recipe, faces: int) -> str:
    return (
        f"{TITLES[recipe.data.set]} PrivateTest, {faces:,} faces, bare and under painted masks, the same for "
        f"every variant; {TRUTHS[recipe.data.set]}"
        + ("; each face and its mirror image, the mean of both answers" if recipe.model.mirror else "")
    )


def command_of(recipe: Recipe, variants: Sequence[Variant], keep_float: Sequence[str]) -> str:
    to = "" if tuple(variants) == ("int8",) else f" --to {','.join(variants)}"
    return f"mien convert {recipe.name}{to}" + (f" --keep-float {','.join(keep_float)}" if keep_float else "")


def training_of(recipe: Recipe, faces: int, calibrated: int, kept: Sequence[str]) -> dict[str, str]:
    told = {"ferplus": "FER+ vote distributions", "fer2013": "its first labels"}[recipe.data.set]
    seen = {
        "recipe": recipe.model_dump_json(
            exclude={"data": {"fer2013", "ferplus"}, "unlabelled": {"lfw", "crops"}}
        ),
        "data": f"FER2013 pictures with {told}, {faces} faces",
        "masks": f"painted, seed {recipe.seed}; test masks have seed {TEST_SEED}",
        "calibration": f"{calibrated} training faces of every class, bare and "
        "under every occlusion of the recipe",
    }
    if recipe.distillation is not None:
        seen["teacher"] = (
            f"{', '.join(map(teacher_name, recipe.distillation.teachers))}, which saw bare faces"
        )
    if recipe.matching is not None:
        seen["matched"] = f"{teacher_name(recipe.matching.teacher)}, which saw bare faces"
    if recipe.unlabelled is not None:
        seen["unlabelled"] = (
            f"faces of {recipe.unlabelled.lfw.name} and {recipe.unlabelled.crops.name}, labelled by "
            + ", ".join(map(teacher_name, recipe.unlabelled.teachers))
        )
    if kept:
        seen["kept_float"] = ", ".join(kept)
    return seen


def metrics_of(
    recipe: Recipe, record: ParityRecord, variant: Variant, faces: int
) -> list[dict[str, str | float]]:
    measured = next(each for each in record.variants if each.variant == variant).measured
    return [
        {
            "set": f"{TITLES[recipe.data.set]} PrivateTest, {kind}",
            "value": round(values["accuracy"], 2),
            "protocol": f"seven classes, {TRUTHS[recipe.data.set]}, {faces:,} faces"
            + (", synthetic masks" if kind == "masked" else ""),
        }
        for kind, values in measured.items()
    ]


def measurements_of(recipe: Recipe, weights: Path) -> list[Measurement]:
    """What `mien evaluate` found of exactly these weights, one a kind of occlusion."""
    digest, found = hashlib.sha256(weights.read_bytes()).hexdigest(), []
    for path in sorted(FOLDER.glob(f"{key_of(f'{recipe.name}_keras', recipe.data.set, '*', 'seven')}.json")):
        record = load(path)
        if isinstance(record, Measurement) and record.weights_sha256 == digest:
            found.append(record)
    return found
