"""The comparison as it stands in docs/results.md."""

from __future__ import annotations

from pathlib import Path

from train_keras.detection.evaluation import tables
from train_keras.detection.evaluation.intervals import RESAMPLES
from train_keras.detection.evaluation.lean import SIZE, TURNS
from train_keras.detection.evaluation.measures import REFERENCE, Figures
from train_keras.detection.evaluation.scenes import FRAME

_HEAD = """\
{pictures} photographs of the {split} split, fitted into {frame}: {masked} masked faces
({mask_worn_incorrectly} of them with the mask worn incorrectly) and {bare} bare ones whose longer side has
at least {minimum:g} pixels. A face is found by a box above IoU 0.3. Another box of at least {minimum:g}
pixels, unless it lies on a smaller face, is false. Many people in these photographs were not annotated:
behind the false boxes stands, in brackets, how many of them no other kind of detector ({witnesses}) has
too, above IoU 0.5. The number in a detector's name is the longest side of what it looks at. All ran in one
run, on one thread each. Recall and AP in per cent; "to": 95 % of {resamples} draws of pictures."""
_SIZES = """\
Recall on masked / bare faces by size, behind each size how many there are; those of the first column count
nowhere else:"""
_LANDMARKS = """\
Landmarks against those of {reference} on the faces both found: mean distance over the five points, by the
distance between the eyes. Guarded: the eyes taken to be at least a quarter of the box's longer side apart,
for faces in profile."""
_LEAN = """\
Landmarks of faces that lean: {faces} test faces of FER2013, bare and under painted masks, each upright and
turned by {turns} degrees to either side, {size} pixels large in {frame}. Slope of the turn that the line
through the eyes tells over the true one: 1 where landmarks lean with the head, 0 where they stay level.
Error: median of the difference between both, in degrees. Found: turned faces that were found so and
upright."""
_LATENCY = """\
Median time of a `detect` call on {timed} pictures, the detectors taking turns: on frames of 640 x 480,
which each shrinks itself, and on frames of 320 x 256, where those that look at 320 pixels need not shrink.
In brackets: by YuNet's at the same size."""


def write_report(figures: Figures, curves: Path) -> str:
    """Markdown of everything measured; `curves` is the picture's path as the report should name it."""
    detectors = figures["detectors"]
    parts = [
        _head(figures),
        tables.overview(detectors, figures["pictures"]),
        _joined(_SIZES),
        tables.by_size(detectors),
        "Recall on masked / bare faces with equally many false boxes, all or those that nobody else has:",
        tables.at_rates(detectors),
    ]
    if figures["at_yunets_false_boxes"]:
        parts.append("With as many false boxes as YuNet makes at its customary thresholds (gain in points):")
        parts.append(tables.equal_rows(figures["at_yunets_false_boxes"]))
    if figures["sweep"]:
        parts += [f"{figures['primary']} by threshold:", tables.sweep_rows(figures["sweep"])]
    parts.append(_joined(_LATENCY.format(timed=figures["timed"])))
    parts.append(tables.latency(figures["milliseconds"], detectors))
    if figures["landmarks"]:
        parts.append(_joined(_LANDMARKS.format(reference=REFERENCE)))
        parts.append(tables.landmarks(figures["landmarks"]))
        parts.append("Medians on masked / bare faces by size in 640 x 480:")
        parts.append(tables.landmarks_by_size(figures["landmarks"]))
    if figures["lean"]:
        parts += _lean(figures["lean"])
    if figures["mask_state"]:
        parts += ["Mask state:", tables.states(figures["mask_state"])]
    if figures["not_run"]:
        parts.append(tables.not_run(figures["not_run"]))
    return "\n\n".join([*parts, f"![detectors compared]({curves})"])


def write_lean(figures: Figures) -> str:
    """Markdown of `evaluate_lean`'s figures."""
    parts = _lean(figures["lean"]) if figures["lean"] else ["No faces to turn."]
    if figures["not_run"]:
        parts.append(tables.not_run(figures["not_run"]))
    return "\n\n".join(parts)


def _lean(lean: Figures) -> list[str]:
    turns = " / ".join(f"{turn:g}" for turn in sorted({abs(turn) for turn in TURNS}))
    text = _LEAN.format(faces=lean["faces"], turns=turns, size=SIZE, frame=f"{FRAME[0]} x {FRAME[1]}")
    return [_joined(text), tables.lean(lean["detectors"])]


def _head(figures: Figures) -> str:
    witnesses = ", ".join(figures["witnesses"]) or "none ran"
    frame = f"{FRAME[0]} x {FRAME[1]}"
    values = figures | figures["faces"] | {"frame": frame, "witnesses": witnesses, "resamples": RESAMPLES}
    return _joined(_HEAD.format(**values))


def _joined(text: str) -> str:
    """One line, as the paragraphs of docs/results.md are."""
    return " ".join(text.split())
