"""All figures of the comparison, as plain dictionaries: what goes into the JSON file and the tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from edge.labels import MASK_STATES
from edge.types import Face, Floats
from train_keras.data.faces import Rows
from train_keras.detection.evaluation.intervals import gain_interval, recall_interval
from train_keras.detection.evaluation.landmarks import FAR, Distances, compare
from train_keras.detection.evaluation.matching import HALF
from train_keras.detection.evaluation.peers import Contender
from train_keras.detection.evaluation.running import Found, witnesses
from train_keras.detection.evaluation.scenes import Scene
from train_keras.detection.evaluation.scores import Chosen, Tally, tally
from train_keras.detection.evaluation.states import state_confusion

BARE = MASK_STATES.index("no_mask")
SMALL = 20.0  # faces between this and the least size that counts are reported for information
SIZES = (64.0, 96.0, 160.0)
CLOCKS = ("passed", "worked")  # as time_all gives them: by the clock, processor time
RATES = (0.05, 0.1, 0.2)  # false boxes a picture
REFERENCE = "YuNet 640"  # whose landmarks the others are held against
YUNET_DEFAULTS = {"mien": 0.5, "OpenCV Zoo's class": 0.6, "OpenCV's FaceDetectorYN": 0.9}
SWEEP = (
    0.05,
    0.1,
    0.15,
    0.2,
    0.25,
    0.3,
    0.35,
    0.4,
    0.45,
    0.5,
    0.55,
    0.6,
    0.65,
    0.7,
    0.75,
    0.8,
    0.85,
    0.9,
    0.95,
)
Figures = dict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """One detector's outcome.

    Attributes:
        touching: matched above an intersection over union of 0.3, the criterion of every recall.
        half: matched at 0.5, the criterion of average precision.
        small: as `touching`, with all faces from SMALL pixels on.
    """

    contender: Contender
    touching: Tally
    half: Tally
    small: Tally


def measure(
    contenders: Sequence[Contender], scenes: Sequence[Scene], found: Found, minimum: float
) -> list[Measured]:
    """Match every detector's faces with the truth; faces count from `minimum` pixels on."""
    out = []
    for contender in contenders:
        faces = found[contender.name]
        others = witnesses(contenders, found, contender.family)
        out.append(
            Measured(
                contender,
                tally(scenes, faces, minimum, witnesses=others),
                tally(scenes, faces, minimum, HALF),
                tally(scenes, faces, min(SMALL, minimum)),
            )
        )
    return out


def groups(states: Rows) -> dict[str, Chosen]:
    """Which faces are masked, bare, and in each of the three states."""
    masked = states != BARE
    return {"masked": masked, "bare": ~masked} | {name: states == i for i, name in enumerate(MASK_STATES)}


def recalls(tally: Tally, threshold: float) -> dict[str, float]:
    """By group."""
    return {name: tally.recall(threshold, chosen) for name, chosen in groups(tally.states).items()}


def bins(minimum: float) -> list[tuple[float, float]]:
    """Of sizes, in pixels; the first is for information.

    >>> bins(40)[:2]
    [(20.0, 40), (40, 64.0)]
    """
    edges = [min(SMALL, minimum), minimum, *(size for size in SIZES if size > minimum), np.inf]
    return list(pairwise(edges))


def detector_figures(measured: Measured, minimum: float) -> Figures:
    """What one detector does at its operating point and at fixed rates of false boxes."""
    contender, touching, half = measured.contender, measured.touching, measured.half
    threshold = contender.threshold
    chosen = groups(touching.states)
    return {
        "threshold": threshold,
        "side": contender.side,
        "recall": recalls(touching, threshold),
        "interval": {name: recall_interval(touching, threshold, chosen[name]) for name in ("masked", "bare")},
        "by_size": {
            _bin_name(low, high): _masked_bare(measured.small, threshold, low, high)
            for low, high in bins(minimum)
        },
        "false_boxes": touching.false_boxes(threshold),
        "false_boxes_alone": touching.false_boxes(threshold, alone=True),
        "average_precision": {
            "all": half.average_precision(),
            **{name: half.average_precision(chosen[name]) for name in ("masked", "bare")},
        },
        "at_rate": _at_rates(touching, alone=False),
        "at_rate_alone": _at_rates(touching, alone=True),
    }


def equal_false_boxes(ours: Measured, yunet: Measured) -> list[Figures]:
    """Both recalls where we make as many false boxes as YuNet does at each of its customary thresholds."""
    rows = []
    for whose, theirs in YUNET_DEFAULTS.items():
        threshold = ours.touching.threshold_for(yunet.touching.false_boxes(theirs))
        chosen = groups(ours.touching.states)
        rows.append(
            {
                "whose_default": whose,
                "theirs": {"name": yunet.contender.name, **_at(yunet.touching, theirs)},
                "ours": {"name": ours.contender.name, **_at(ours.touching, threshold)},
                "gain": {
                    name: gain_interval(ours.touching, yunet.touching, (threshold, theirs), chosen[name])
                    for name in ("masked", "bare")
                },
            }
        )
    return rows


def sweep(measured: Measured) -> list[Figures]:
    """The primary detector by threshold."""
    return [_at(measured.touching, threshold) for threshold in SWEEP]


def landmark_figures(
    measured: Sequence[Measured], scenes: Sequence[Scene], found: Found, minimum: float
) -> dict[str, Figures]:
    """Of every detector with landmarks, against those of REFERENCE; nothing where it did not run."""
    sure = {m.contender.name: above(found[m.contender.name], m.contender.threshold) for m in measured}
    if REFERENCE not in sure:
        return {}
    out = {}
    for name, faces in sure.items():
        distances = compare(scenes, faces, sure[REFERENCE], minimum)
        if name != REFERENCE and len(distances.plain):
            out[name] = _distance_figures(distances, minimum)
    return out


def state_figures(
    measured: Sequence[Measured], scenes: Sequence[Scene], found: Found, minimum: float
) -> dict[str, Figures]:
    """Mask-state confusion of every detector that tells it, at its threshold."""
    out = {}
    for one in measured:
        faces = above(found[one.contender.name], one.contender.threshold)
        confusion = state_confusion(scenes, faces, minimum)
        if confusion is not None:
            out[one.contender.name] = {
                "confusion": confusion.tolist(),
                "accuracy": float(np.trace(confusion) / confusion.sum()),
            }
    return out


def time_figures(
    times: dict[str, dict[str, Floats]], contenders: Sequence[Contender]
) -> dict[str, dict[str, Figures]]:
    """Median milliseconds by kind and name, by each of CLOCKS, and the same by YuNet's at the same size."""
    sides = {contender.name: contender.side for contender in contenders}
    out: dict[str, dict[str, Figures]] = {}
    for kind, each in times.items():
        rows = {
            name: dict(zip(CLOCKS, np.median(v, axis=0).tolist(), strict=True)) for name, v in each.items()
        }
        out[kind] = {
            name: row | {f"{clock}_of_yunet": row[clock] / peer[clock] if peer else None for clock in CLOCKS}
            for name, row in rows.items()
            for peer in [rows.get(f"YuNet {sides[name]}")]
        }
    return out


def above(found: Sequence[Sequence[Face]], threshold: float) -> list[list[Face]]:
    """The faces of each scene that reach a threshold."""
    return [[face for face in faces if face.score >= threshold] for faces in found]


def _at_rates(tally: Tally, alone: bool) -> Figures:
    return {str(rate): _at(tally, tally.threshold_for(rate * tally.pictures, alone)) for rate in RATES}


def _at(tally: Tally, threshold: float) -> Figures:
    values = recalls(tally, threshold)
    return {
        "threshold": threshold,
        "masked": values["masked"],
        "bare": values["bare"],
        "false_boxes": tally.false_boxes(threshold),
        "false_boxes_alone": tally.false_boxes(threshold, alone=True),
    }


def _masked_bare(tally: Tally, threshold: float, low: float, high: float) -> Figures:
    inside = (tally.sizes >= low) & (tally.sizes < high)
    chosen = {name: groups(tally.states)[name] & inside for name in ("masked", "bare")}
    return {name: tally.recall(threshold, which) for name, which in chosen.items()} | {
        f"{name}_faces": int(which.sum()) for name, which in chosen.items()
    }


def _bin_name(low: float, high: float) -> str:
    return f"{low:g}-{high:g}" if np.isfinite(high) else f"{low:g}+"


def _distance_figures(distances: Distances, minimum: float) -> Figures:
    plain, guarded, sizes = distances.plain, distances.guarded, distances.sizes
    chosen = groups(distances.states)
    medians = {f"median_{name}": _median(plain[chosen[name]]) for name in ("masked", "bare")}
    by_size = {
        _bin_name(low, high): {
            name: _median(plain[chosen[name] & (sizes >= low) & (sizes < high)])
            for name in ("masked", "bare")
        }
        for low, high in bins(minimum)[1:]
    }
    return {"faces": len(plain), **medians, "by_size": by_size} | {
        kind: {"mean": float(v.mean()), "median": float(np.median(v)), "far": float((v > FAR).mean())}
        for kind, v in (("plain", plain), ("guarded", guarded))
    }


def _median(values: Floats) -> float:
    return float(np.median(values)) if len(values) else float("nan")
