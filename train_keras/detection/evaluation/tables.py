"""The figures of the comparison as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from edge.labels import MASK_STATES
from train_keras.detection.evaluation.measures import CLOCKS, RATES, Figures

Rows = dict[str, Figures]


def overview(detectors: Rows, pictures: int) -> str:
    """Recall with its interval, false boxes and average precision, each detector at its own threshold."""
    head = (
        "detector", "threshold", "masked", "bare", *(f"`{name}`" for name in MASK_STATES),
        "false boxes (nobody else's)", "a picture", "AP@0.5", "masked", "bare",
    )  # fmt: skip
    return table(
        head,
        (
            (
                name, f"{d['threshold']:.3g}",
                *(f"**{_percent(d['recall'][g])}** ({_span(d['interval'][g])})" for g in ("masked", "bare")),
                *(_percent(d["recall"][state]) for state in MASK_STATES),
                f"{d['false_boxes']} ({d['false_boxes_alone']})", f"{d['false_boxes'] / pictures:.2f}",
                *(_percent(d["average_precision"][group]) for group in ("all", "masked", "bare")),
            )
            for name, d in detectors.items()
        ),
    )  # fmt: skip


def by_size(detectors: Rows) -> str:
    """Recall on masked / bare faces by their longer side in pixels."""
    first = next(iter(detectors.values()))["by_size"]
    head = (
        "detector",
        *(f"{name} px ({b['masked_faces']} / {b['bare_faces']})" for name, b in first.items()),
    )
    return table(head, ((name, *(_both(b) for b in d["by_size"].values())) for name, d in detectors.items()))


def at_rates(detectors: Rows) -> str:
    """Recall on masked / bare faces where each detector makes as many false boxes as the others."""
    kinds = (("at_rate", "false boxes"), ("at_rate_alone", "nobody else's"))
    head = ("detector", *(f"{rate} {what} a picture" for _, what in kinds for rate in RATES))
    return table(
        head,
        (
            (name, *(_both(row) for key, _ in kinds for row in d[key].values()))
            for name, d in detectors.items()
        ),
    )


def equal_rows(rows: Sequence[Figures]) -> str:
    """The primary detector against YuNet, both with YuNet's number of false boxes."""
    head = ("YuNet's threshold", "false boxes (nobody else's)", "masked / bare", "ours at", "false boxes",
            "masked / bare", "gain masked", "gain bare")  # fmt: skip
    return table(
        head,
        (
            (
                f"{r['theirs']['name']} at {r['theirs']['threshold']:.2g}, default of {r['whose_default']}",
                _false(r["theirs"]), _both(r["theirs"]),
                f"{r['ours']['name']} at {r['ours']['threshold']:.3f}", _false(r["ours"]), _both(r["ours"]),
                *(
                    f"{100 * (r['ours'][g] - r['theirs'][g]):+.1f} ({_span(r['gain'][g], '+.1f')})"
                    for g in ("masked", "bare")
                ),
            )
            for r in rows
        ),
    )  # fmt: skip


def sweep_rows(rows: Sequence[Figures]) -> str:
    """The primary detector by threshold."""
    head = ("threshold", "masked / bare", "false boxes (nobody else's)")
    return table(head, ((f"{r['threshold']:.2f}", _both(r), _false(r)) for r in rows))


def latency(times: dict[str, Rows], detectors: Rows) -> str:
    """Median milliseconds of a call, and as a share of YuNet's at the same size."""
    parts = ("by the clock", "processor time")
    head = ("detector", *(f"{kind}: {part}, ms" for kind in ("640 x 480", "320 x 256") for part in parts))
    return table(
        head, ((name, *_times(times["frame"], name), *_times(times["bare"], name)) for name in detectors)
    )


def landmarks(rows: Rows) -> str:
    """Mean distance over five points by the distance between the eyes."""
    measures = ("mean", "median", "above 0.1, %")
    head = (
        "detector",
        "faces",
        *measures,
        "median, masked",
        "median, bare",
        *(f"guarded: {m}" for m in measures),
    )
    return table(
        head,
        (
            (
                name,
                str(r["faces"]),
                *_distance(r["plain"]),
                *(f"{r[f'median_{group}']:.3f}" for group in ("masked", "bare")),
                *_distance(r["guarded"]),
            )
            for name, r in rows.items()
        ),
    )


def landmarks_by_size(rows: Rows) -> str:
    """Median distances on masked / bare faces of each size."""
    sizes = list(next(iter(rows.values()))["by_size"])
    return table(
        ("detector", *(f"{size} px" for size in sizes)),
        (
            (name, *(f"{one['masked']:.3f} / {one['bare']:.3f}" for one in r["by_size"].values()))
            for name, r in rows.items()
        ),
    )


def states(rows: Rows) -> str:
    """One confusion matrix after the other, truth down, answer across."""
    return "\n\n".join(
        f"{name}: {_percent(r['accuracy'])} % of {int(np.sum(r['confusion']))} found faces\n\n"
        + table(
            ("truth \\ answer", *(f"`{state}`" for state in MASK_STATES)),
            ((f"`{s}`", *map(str, line)) for s, line in zip(MASK_STATES, r["confusion"], strict=True)),
        )
        for name, r in rows.items()
    )


def lean(detectors: Rows) -> str:
    """How landmarks follow turned faces, by detector, on bare and on masked ones."""
    groups = ("bare", "masked")
    head = (
        "detector",
        *(f"{group}: {what}" for group in groups for what in ("slope", "error, °", "found, %")),
    )
    return table(
        head,
        (
            (name, *(text for group in groups for text in _follows(row.get(group))))
            for name, row in detectors.items()
        ),
    )


def not_run(absent: dict[str, str]) -> str:
    """Who could not take part, and why; empty when all did."""
    return (
        "\n".join(["Not run:", *(f"- {name}: {reason}" for name, reason in absent.items())]) if absent else ""
    )


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Markdown.

    >>> print(table(("a", "b"), [("1", "2")]))
    | a | b |
    |---|---|
    | 1 | 2 |
    """
    lines = [head, *rows]
    drawn = [f"| {' | '.join(line)} |" for line in lines]
    return "\n".join([drawn[0], "|---" * len(head) + "|", *drawn[1:]])


def _times(times: Rows, name: str) -> list[str]:
    row = times.get(name)
    if row is None:
        return [""] * len(CLOCKS)
    ratios = [row[f"{clock}_of_yunet"] for clock in CLOCKS]
    behind = [f" ({ratio:.2f})" if ratio else "" for ratio in ratios]
    return [f"{row[clock]:.2f}{b}" for clock, b in zip(CLOCKS, behind, strict=True)]


def _distance(figures: Figures) -> tuple[str, str, str]:
    return f"{figures['mean']:.3f}", f"{figures['median']:.3f}", _percent(figures["far"])


def _follows(figures: Figures | None) -> tuple[str, str, str]:
    if figures is None:
        return "-", "-", "-"
    # The zero takes the sign from what rounds to nothing from below.
    slope, error = (
        f"{round(figures[key], 2) + 0.0:.2f}" if np.isfinite(figures[key]) else "-"
        for key in ("slope", "error")
    )
    return slope, error, _percent(figures["found"])


def _percent(share: float) -> str:
    return f"{100 * share:.1f}" if np.isfinite(share) else "-"


def _both(row: Figures) -> str:
    return f"{_percent(row['masked'])} / {_percent(row['bare'])}"


def _false(row: Figures) -> str:
    return f"{row['false_boxes']} ({row['false_boxes_alone']})"


def _span(bounds: tuple[float, float], form: str = ".0f") -> str:
    return f"{100 * bounds[0]:{form}} to {100 * bounds[1]:{form}}"
