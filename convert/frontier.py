"""Accuracy against latency of every variant of every model that has been converted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from convert.records import ParityRecord, VariantRecord
from convert.variants import VARIANTS, Variant

PATH = Path("docs/figures/frontier.png")
MARKERS: dict[Variant, str] = {"float32": "o", "float16": "^", "dynamic": "D", "int8": "s"}
PANELS = {"full": "bare faces", "masked": "under painted masks"}
LEAST_POINTS, LEAST_FACTOR = 6.0, 10.0  # of the axes
# As many as models, or two would look alike; numbers tell them apart without colours.
COLOURS = (
    *("#2563a8", "#c2571a", "#2f7d4f", "#8a4fa3", "#a3333d", "#7a6a2b", "#3a8f9e", "#5b5b5b"),
    *("#e07ba0", "#7fa7d9", "#e3a857", "#7dbb6a", "#3d2f78", "#111111", "#b8b03a", "#6b3e26"),
)


def draw_frontier(records: Sequence[ParityRecord], path: Path = PATH) -> None:
    """Two panels, PNG: bare and masked; a colour and a number a model, a marker a variant. Up and to the
    left is better.

    Models whose times come from another machine than most have hollow marks: the two do not compare.

    Args:
        records: those of expression models are drawn; nothing is written where there are none.
    """
    models = [record for record in records if record.task == "expression"]
    if not models:
        return
    looks = {
        record.name: (COLOURS[place % len(COLOURS)], f"{place + 1}") for place, record in enumerate(models)
    }
    (usual, _), *others = Counter(record.machine for record in models).most_common()
    figure = Figure(figsize=(12, 5), layout="constrained")
    panels: Sequence[Axes] = figure.subplots(1, 2, sharex=True)
    for axes, (kind, title) in zip(panels, PANELS.items(), strict=True):
        for record in models:
            _draw(axes, record, kind, *looks[record.name], hollow=record.machine != usual)
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set(title=title, xlabel="milliseconds a face, one thread")
        axes.margins(0.12)
        _widen(axes)
        axes.grid(color="#ddd", linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
    panels[0].set_ylabel("accuracy, %")
    known = [Line2D([], [], color="#555", marker=MARKERS[v], linestyle="", label=v) for v in VARIANTS]
    figure.legend(handles=known, frameon=False, loc="outside upper center", ncols=len(known))
    # Beside the panels: names at the marks would lie over one another where models are alike.
    named = [
        Line2D([], [], color=colour, label=f"{number} {name}", linewidth=2)
        for name, (colour, number) in looks.items()
    ]
    figure.legend(handles=named, frameon=False, loc="outside right upper")
    machines = "; ".join([usual, *(f"hollow: on {machine}" for machine, _ in others)])
    figure.supxlabel(f"measured on {machines}", fontsize=8, color="#555")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


def _widen(axes: Axes) -> None:
    """A few points of accuracy and a factor of time, however alike what is drawn: noise is to look small."""
    (low, high), (fast, slow) = axes.get_ylim(), axes.get_xlim()
    missing = max(0.0, LEAST_POINTS - (high - low)) / 2
    axes.set_ylim(low - missing, high + missing)
    factor = max(1.0, LEAST_FACTOR / (slow / fast)) ** 0.5
    axes.set_xlim(fast / factor, slow * factor)


def _draw(axes: Axes, record: ParityRecord, kind: str, colour: str, number: str, hollow: bool) -> None:
    looks = 2 if record.mirror else 1
    points = sorted(
        (looks * variant.latency_ms, _accuracy(variant, kind), variant.variant) for variant in record.variants
    )
    times, heights, _ = zip(*points, strict=True)
    axes.plot(times, heights, color=colour, linewidth=0.8, alpha=0.5)
    axes.annotate(
        number,
        (times[0], heights[0]),
        xytext=(-3, 6),
        textcoords="offset points",
        ha="right",
        color=colour,
        fontsize=8,
    )
    for time, height, variant in points:
        inside = "white" if hollow else colour
        axes.plot(time, height, MARKERS[variant], color=colour, markerfacecolor=inside, markersize=6)


def _accuracy(variant: VariantRecord, kind: str) -> float:
    return variant.measured[kind]["accuracy"]
