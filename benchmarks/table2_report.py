"""Table 2 in words and as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from benchmarks.outcome import believed
from edge.bench.words import rate

CLASSIFY, EVERY, ADAPTIVE = "classify", "every frame", "adaptive"
LOOKS = {  # in the picture: colour, mark, name
    "int8": ("#2f7d4f", "o", "int8"),
    "float32": ("#2563a8", "s", "float32"),
    EVERY: ("#2f7d4f", "o", "a look in every frame"),
    ADAPTIVE: ("#b4690e", "D", "few looks"),
    "paper": ("#8a8f88", "x", "the paper, its machine"),
}
OURS = "slim"  # the network whose figures the report wants
_HEAD = """All networks through the same runtime in turns of {seconds:g} s, {rounds} rounds in an order drawn
anew for each; rates are one over the median of the rounds' medians, on one thread. Classification is of a
single face; integrated is the whole way of a frame of the demo clip, 640x480 and in memory already,
with the shipped detector: with a look at the whole picture in each, and (adaptive) with few. Networks of
random weights are as fast as trained ones. GFLOPs are 2 x multiply-accumulates of one face. The paper
measured on a Core i7-6700T; its columns stand in italics."""


def section(result: dict[str, Any], picture: str) -> str:
    """Markdown; the picture's path is relative to it."""
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
    parts.append(f"![faces and frames a second of each network]({picture})")
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
    """A line a network: faces and frames a second, beside the paper's: PNG."""
    rows = result["networks"]
    figure = Figure(figsize=(11, 5.6), layout="constrained")
    faces, frames = figure.subplots(1, 2, sharey=True)
    for place, row in enumerate(rows):
        for variant, facts in row["variants"].items():
            _point(faces, place, facts[CLASSIFY]["fps"], variant)
        for way in (EVERY, ADAPTIVE):
            _point(frames, place, row["variants"]["int8"][way]["fps"], way)
        if row["paper"]:
            _point(faces, place, row["paper"]["fps"], "paper")
            _point(frames, place, row["paper"]["fps_integrated"], "paper")
    faces.set_yticks(range(len(rows)), [_named(row) for row in rows], fontsize=8)
    faces.invert_yaxis()  # the first at the top
    faces.set(xlabel="faces classified a second, one thread")
    frames.set(xlabel="frames a second through the whole way, int8, one thread")
    for axes in (faces, frames):
        axes.set(xscale="log")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.grid(color="#ddd", linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
        told = {handle.get_label(): handle for handle in axes.get_lines()}
        axes.legend(told.values(), told.keys(), frameon=False, fontsize=8, loc="lower left", ncols=3)
        axes.margins(y=0.1)
    figure.supxlabel(f"measured on {result['machine']['cpu']}", fontsize=8, color="#555")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


def _named(row: dict[str, Any]) -> str:
    return f"{row['title']}\n{row['parameters'] / 1e6:.2f} M, {row['variants']['int8']['kib']:,.0f} KiB int8"


def _point(axes: Axes, place: int, rate: float, what: str) -> None:
    colour, mark, label = LOOKS[what]
    axes.plot(rate, place, mark, color=colour, markersize=6, label=label)
