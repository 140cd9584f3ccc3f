"""Results as one page that needs nothing beside it: no script, no font, no picture from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from pathlib import Path

from edge.bench.document import Document, Latency, Result
from edge.bench.svg import histogram, timeline
from edge.bench.words import (
    TITLES,
    cpu,
    machine_lines,
    milliseconds,
    rate,
    result_lines,
    verdict,
)

STYLE = Path(__file__).with_name("page.css")
RANKS = ("p50", "p90", "p99", "max")
HEADS = ("a second", *(f"{rank} ms" for rank in RANKS), "CPU ms", "calls")
COMMANDS = {"bench": "mien bench"}


def page(document: Document) -> str:
    """The page, HTML."""
    command = COMMANDS.get(document.command, f"mien bench {document.command}")
    machine = document.machine.board or document.machine.cpu
    sections = (
        _sweep(document.results)
        if document.command == "sweep"
        else _figures(document.results) + "".join(_result(result) for result in document.results)
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{escape(command)}: {escape(machine)}</title>
<style>
{STYLE.read_text(encoding="utf-8")}</style>
</head>
<body>
<header>
<p class="soft">{escape(command)} · {escape(document.time)}</p>
<h1>{escape(machine)}</h1>
{_verdict(document)}
</header>
{sections}
<section>
<h2>The machine</h2>
{_lines(machine_lines(document))}
</section>
</body>
</html>
"""


def _verdict(document: Document) -> str:
    unknown = sorted({name for result in document.results for name in result.unknown})
    reasons = "".join(f"<li>{escape(reason)}</li>" for reason in document.reasons)
    short = any(result.short for result in document.results)
    note = "<p>A short run: a full one is 60 seconds and 1,024 calls for each figure.</p>" if short else ""
    kind, word = ("clean", "Clean") if document.clean else ("unclean", "Not clean")
    rest = f"<ul>{reasons}</ul>" if reasons else ""
    if document.clean and unknown:
        rest = f"<p>{escape(verdict(True, unknown))}</p>"
    return f'<div class="verdict {kind}"><b>{word}</b>{rest}{note}</div>'


def _figures(results: Iterable[Result]) -> str:
    rows = "".join(
        _row(TITLES.get(result.name, result.name), _cells(result), "" if result.clean else "unclean")
        for result in results
    )
    return f'<section class="scroll">{_table(("", *HEADS), rows)}</section>'


def _result(result: Result) -> str:
    readings = [result.record.before, *result.record.during]
    over_time = timeline(readings)
    plots = f"<figure><figcaption>Latency of a call</figcaption>{_plot_of(result)}</figure>"
    if over_time:
        told = any(reading.temperature is not None for reading in readings)
        heat = ' and <i class="key heat"></i> temperature' if told else "; this board tells no temperature"
        caption = f'<i class="key rate"></i> calls a second{heat}'
        plots += f"<figure><figcaption>{caption}</figcaption>{over_time}</figure>"
    stages = "".join(
        _row(stage.replace("_", " "), _ranks(seconds)) for stage, seconds in result.stages_seconds.items()
    )
    table = _table(("stage", *(f"{rank} ms" for rank in RANKS)), stages) if stages else ""
    clean = "" if result.clean else f'<p class="warn">Not clean: {escape("; ".join(result.reasons))}</p>'
    return f"""<section>
<h2>{escape(TITLES.get(result.name, result.name).capitalize())}</h2>
{clean}
<div class="plots">{plots}</div>
{f'<div class="scroll">{table}</div>' if table else ""}
{_lines(result_lines(result))}
</section>
"""


def _plot_of(result: Result) -> str:
    return histogram(result.timing.samples_seconds, result.timing.latency_seconds)


def _sweep(results: list[Result]) -> str:
    """Every combination, the fastest first, with a bar as long as its rate."""
    fastest = max(result.timing.fps for result in results)
    rows = ""
    for result in sorted(results, key=lambda result: -result.timing.fps):
        fps = result.timing.fps
        bar = f'<td class="bars"><i style="width:{100 * fps / fastest:.1f}%"></i></td>'
        rows += _row(result.name, _cells(result), "" if result.clean else "unclean", bar)
    return f'<section class="scroll">{_table(("", "", *HEADS), rows)}</section>'


def _cells(result: Result) -> list[str]:
    timing = result.timing
    return [rate(timing.fps), *_ranks(timing.latency_seconds), cpu(result), f"{timing.calls:,}"]


def _ranks(latency: Latency) -> list[str]:
    return [milliseconds(getattr(latency, rank)) for rank in RANKS]


def _row(head: str, cells: Iterable[str], kind: str = "", extra: str = "") -> str:
    mark = ' <span class="badge">not clean</span>' if kind else ""
    tds = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
    return f"<tr><th>{escape(head)}{mark}</th>{extra}{tds}</tr>"


def _table(heads: Iterable[str], rows: str) -> str:
    ths = "".join(f"<th>{escape(head)}</th>" for head in heads)
    return f"<table><thead><tr>{ths}</tr></thead><tbody>{rows}</tbody></table>"


def _lines(lines: Iterable[tuple[str, str]]) -> str:
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in lines)
    return f'<dl class="facts">{rows}</dl>'
