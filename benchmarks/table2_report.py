"""Table 2 in words and as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from benchmarks.outcome import believed
from edge.bench.words import rate

CLASSIFY, EVERY, ADAPTIVE = "classify", "every frame", "adaptive"
COLOURS = {"int8": "#2f7d4f", "float32": "#2563a8", "paper": "#8a8f88"}
OURS = "slim"  # the network whose figures the report wants
_HEAD = """All networks through the same runtime in turns of {seconds:g} s, {rounds} rounds in an order drawn
anew for each; rates are one over the median of the rounds' medians, on one thread. Classification is of a
single 48 px face; integrated is the whole way of a frame of the demo clip, 640x480 and in memory already,
with the shipped detector: with a look at the whole picture in each, and (adaptive) with few. Networks of
random weights are as fast as trained ones. GFLOPs are 2 x multiply-accumulates of one face. The paper
measured on a Core i7-6700T; its columns stand in italics."""


def section(result: dict[str, Any]) -> str:
    """Markdown."""
    rows = result["networks"]
    parts = [believed(result), _HEAD.format(seconds=result["seconds_a_turn"], rounds=result["rounds"])]
    parts.append(_networks(rows))
    parts.append(_speeds(rows))
    pieces = [
        f"- {row['title']}, {variant}: {facts['split']}"
        for row in rows
        for variant, facts in row["variants"].items()
        if not facts["whole"]
    ]
    if pieces:
        parts.append("Not one piece for XNNPACK:\n\n" + "\n".join(pieces))
    parts.append("![faces a second against parameters and size](figures/table2.png)")
    return "\n\n".join(parts)


def _networks(rows: list[dict[str, Any]]) -> str:
    head = ("network", "parameters", "_paper_", "GFLOPs", "_paper_", "KiB int8", "KiB float32", "one piece")
    lines = [_line(*head, "weights int8 / float32"), _line(*["---"] * (len(head) + 1))]
    for row in rows:
        paper, int8, float32 = row["paper"] or {}, row["variants"]["int8"], row["variants"]["float32"]
        pieces = " / ".join("yes" if facts["whole"] else "no" for facts in (int8, float32))
        lines.append(
            _line(
                row["title"],
                f"{row['parameters']:,}",
                f"_{paper['parameters']:,}_" if paper else "",
                f"{row['gflops']:.4f}",
                f"_{paper['gflops']:g}_" if paper else "",
                f"{int8['kib']:,.0f}",
                f"{float32['kib']:,.0f}",
                pieces,
                f"{int8['weights']} / {float32['weights']}",
            )
        )
    return "\n".join(lines)


def _speeds(rows: list[dict[str, Any]]) -> str:
    ways = [(way, variant) for way in (CLASSIFY, EVERY, ADAPTIVE) for variant in ("int8", "float32")]
    head = [f"{'classified' if way == CLASSIFY else way}, {variant}" for way, variant in ways]
    head.insert(2, "_paper_")
    head.append("_paper, integrated_")
    lines = [_line("a second", *head), _line(*["---"] * (len(head) + 1))]
    for row in rows:
        cells = [rate(row["variants"][variant][way]["fps"]) for way, variant in ways]
        paper = row["paper"]
        cells.insert(2, f"_{paper['fps']:g}_" if paper else "")
        cells.append(f"_{paper['fps_integrated']:g}_" if paper else "")
        lines.append(_line(row["title"], *cells))
    return "\n".join(lines)


def _line(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


def draw(result: dict[str, Any], path: Path) -> None:
    """Faces a second against parameters, with the paper's, and against the file's size: PNG."""
    figure = Figure(figsize=(11, 5.6), layout="constrained")
    by_parameters, by_size = figure.subplots(1, 2)
    for row in result["networks"]:
        for variant, facts in row["variants"].items():
            fps = facts[CLASSIFY]["fps"]
            _point(by_parameters, row, row["parameters"] / 1e6, fps, variant)
            _point(by_size, row, facts["kib"], fps, variant)
        if row["paper"]:
            _point(by_parameters, row, row["paper"]["parameters"] / 1e6, row["paper"]["fps"], "paper")
    by_parameters.set(xlabel="parameters, millions", ylabel="faces a second, one thread")
    by_size.set(xlabel="size of the file, KiB")
    for axes in (by_parameters, by_size):
        axes.set(xscale="log", yscale="log")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.margins(0.14, 0.14)
        axes.grid(color="#ddd", linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
    labels = {"int8": "int8", "float32": "float32", "paper": "float, the paper's machine"}
    for variant, label in labels.items():
        by_parameters.plot([], [], "o", color=COLOURS[variant], label=label)
    figure.legend(
        *by_parameters.get_legend_handles_labels(), frameon=False, loc="outside upper center", ncols=3
    )
    figure.supxlabel(f"measured on {result['machine']['cpu']}", fontsize=8, color="#555")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


def _point(axes: Axes, row: dict[str, Any], x: float, y: float, variant: str) -> None:
    mark = "*" if row["key"].startswith(OURS) else "o"
    axes.plot(x, y, mark, color=COLOURS[variant], markersize=11 if mark == "*" else 5)
    if variant != "float32":
        # Aslant, since points beside each other are more often in each other's way than above each other.
        slant: dict[str, Any] = {"rotation": 35, "rotation_mode": "anchor", "fontsize": 7}
        axes.annotate(row["key"], (x, y), xytext=(4, 4), textcoords="offset points", **slant)
