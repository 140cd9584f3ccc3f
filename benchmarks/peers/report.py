"""What came of the peers: a section, a file, a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from benchmarks.outcome import believed
from benchmarks.peers.catalogue import ASKS, CLASSIFY, FLOOR, INTEGRATED, Ask
from benchmarks.rounds import Ratio, Rounds, ratio
from edge.bench.words import milliseconds, rate

KINDS = {CLASSIFY: "One face", INTEGRATED: "The whole way of a frame", FLOOR: "The floor"}
OURS, THEIRS = "#2f7d4f", "#8a8f88"


def answer(ask: Ask, rounds: Rounds) -> dict[str, Any]:
    """What was asked and what was measured; `met` is None where one of the two was not measured."""
    told: dict[str, Any] = {"what": ask.what, "slow": ask.slow, "fast": ask.fast}
    told |= {"least": ask.least, "most": ask.most, "ratio": None, "met": None}
    if ask.slow in rounds.medians and ask.fast in rounds.medians:
        found = ratio(rounds, ask.slow, ask.fast)
        told |= {"ratio": found.median, "low": found.low, "high": found.high, "met": is_met(ask, found)}
    return told


def is_met(ask: Ask, found: Ratio) -> bool:
    """Whether the median ratio is what was asked for."""
    return (ask.least is None or found.median >= ask.least) and (ask.most is None or found.median <= ask.most)


def answers(rounds: Rounds) -> list[dict[str, Any]]:
    """What was asked for, each with its answer."""
    return [answer(ask, rounds) for ask in ASKS]


def section(result: dict[str, Any], figure: str) -> str:
    """Markdown.

    Args:
        figure: the picture's path, for readers of the section.
    """
    parts = [believed(result)]
    parts.append(
        f"In turns of {result['seconds_a_turn']:g} s, {result['rounds']} rounds in an order drawn anew "
        "for each; medians. Every peer works in a process and an environment of its own, on one thread, "
        f"without a network. The model is `{result['model']}`; frames are the demo clip's, 640x480 and in "
        "memory already; one face at a time, looked at once. Ratios compare each round with itself: median, "
        "least to greatest."
    )
    for kind, title in KINDS.items():
        rows = [peer for peer in result["peers"] if peer["kind"] == kind]
        measured = sorted((row for row in rows if "seconds" in row), key=lambda row: row["seconds"])
        if measured:
            parts.append(_table(title, measured))
    parts.append(_asked(result["asked"]))
    absent = [f"- {peer['name']}: {peer['reason']}" for peer in result["peers"] if "reason" in peer]
    if absent:
        parts.append("Not measured:\n\n" + "\n".join(absent))
    parts.append(f"![what each takes]({figure})")
    return "\n\n".join(parts)


def _table(title: str, rows: list[dict[str, Any]]) -> str:
    lines = [f"| {title} | ms | a second | versions, answers |", "|---|---|---|---|"]
    for row in rows:
        about = row["about"]
        if row.get("apart") is not None:
            about += f"; answers like {row['like']}, {row['apart']:.1g} apart at most"
        fps = 1 / row["seconds"]
        lines.append(f"| {row['name']} | {milliseconds(row['seconds'])} | {rate(fps)} | {about} |")
    return "\n".join(lines)


def _asked(asked: list[dict[str, Any]]) -> str:
    lines = ["| ratio | of | to | asked | measured | met |", "|---|---|---|---|---|---|"]
    for one in asked:
        bound = f"at least {one['least']:g}" if one["least"] is not None else f"at most {one['most']:g}"
        found, met = "not measured", "-"
        if one["ratio"] is not None:
            found = f"{one['ratio']:.3g} ({one['low']:.3g} to {one['high']:.3g})"
            met = "yes" if one["met"] else "no"
        lines.append(f"| {one['what']} | {one['slow']} | {one['fast']} | {bound} | {found} | {met} |")
    return "\n".join(lines)


def draw(result: dict[str, Any], path: Path) -> None:
    """Bars on a logarithmic axis, faces and frames, the fastest on top: PNG."""
    shown = {kind: _measured(result, kind) for kind in (CLASSIFY, INTEGRATED)}
    counts = [max(1, len(rows)) for rows in shown.values()]
    figure = Figure(figsize=(8, 1.2 + 0.32 * sum(counts)), layout="constrained")
    panels = figure.subplots(2, 1, height_ratios=counts)
    for axes, (kind, rows) in zip(panels, shown.items(), strict=True):
        _bars(axes, rows)
        axes.set_title(KINDS[kind], fontsize=10, loc="left")
    panels[1].set_xlabel("milliseconds, median, one thread; shorter is better")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


def _measured(result: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    rows = [peer for peer in result["peers"] if peer["kind"] == kind and "seconds" in peer]
    return sorted(rows, key=lambda row: -row["seconds"])


def _bars(axes: Axes, rows: list[dict[str, Any]]) -> None:
    if not rows:
        axes.set_axis_off()
        return
    values = [1000 * row["seconds"] for row in rows]
    colours = [OURS if row["name"].startswith("mien") else THEIRS for row in rows]
    low = min(values) / 2
    bars = axes.barh(
        [row["name"] for row in rows], [value - low for value in values], left=low, color=colours
    )
    axes.bar_label(bars, [milliseconds(value / 1000) for value in values], padding=3, fontsize=8)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_xlim(low, 2.5 * max(values))
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
