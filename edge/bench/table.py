"""Results in the terminal, and the bar while they are measured."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import Progress
from rich.table import Column, Table
from rich.text import Text

from edge.bench.comparison import Difference
from edge.bench.document import Document, Latency, Result
from edge.bench.stretch import Report
from edge.bench.words import TITLES, UNKNOWN, cpu, machine_lines, milliseconds, rate, result_lines, verdict

RANKS = ("p50", "p90", "p99", "max")


@contextlib.contextmanager
def measuring(total: int) -> Iterator[Report]:
    """A bar on standard error, where that is a terminal, for so many measurements."""
    console = Console(stderr=True)
    # Without a thread of its own, which would take time from what is measured.
    bar = Progress(console=console, transient=True, auto_refresh=False, disable=not console.is_terminal)
    with bar as progress:
        task = progress.add_task("measuring", total=total)
        begun: list[str] = []

        def report(name: str, share: float) -> None:
            if name not in begun:
                begun.append(name)
            progress.update(
                task, completed=len(begun) - 1 + share, description=Text(name).plain, refresh=True
            )

        yield report


def print_document(document: Document) -> None:
    """Print everything a run says."""
    console = Console(highlight=False, markup=False)
    console.print(_sweep_table(document) if document.command == "sweep" else _table(document))
    _print_lines(console, machine_lines(document))
    if document.command != "sweep":
        for result in document.results:
            console.print(Text(_title(result), style="bold"))
            _print_lines(console, result_lines(result), "  ")
    _print_verdict(document, console)


def print_comparison(differences: list[Difference], warnings: list[str]) -> None:
    """Print how the second of two runs differs from the first."""
    console = Console(highlight=False, markup=False)
    heads = ("A ms", "B ms", "B / A", "95 % interval", "B is")
    table = Table(Column("p50 of", no_wrap=True), *heads, box=SIMPLE_HEAD, show_edge=False)
    for one in differences:
        style = {"faster": "green", "slower": "red"}.get(one.word, "yellow")
        interval = f"{one.low:.3f} to {one.high:.3f}"
        told = Text(one.word, style=style)
        row = (TITLES.get(one.name, one.name), milliseconds(one.first), milliseconds(one.second))
        table.add_row(*row, f"{one.ratio:.3f}", interval, told)
    console.print(table)
    for warning in warnings:
        console.print(f"warning: {warning}", style="yellow")


def _table(document: Document) -> Table:
    right = (Column(head, justify="right") for head in ("per s", *RANKS, "CPU", "calls"))
    table = Table(
        Column("ms a call", no_wrap=True),
        *right,
        "clean",
        box=SIMPLE_HEAD,
        show_edge=False,
        padding=(0, 1, 0, 0),
    )
    for result in document.results:
        timing = result.timing
        clean = Text("yes", style="green") if result.clean else Text("NO", style="red")
        latency, calls = _ranks(timing.latency_seconds), str(timing.calls)
        table.add_row(_title(result), rate(timing.fps), *latency, cpu(result), calls, clean)
        for stage, seconds in result.stages_seconds.items():
            table.add_row(f"  {stage.replace('_', ' ')}", "", *_ranks(seconds), "", "", "", style="dim")
    return table


def _sweep_table(document: Document) -> Table:
    """One row a model, thread count and size, one column an interval; the fastest of each model is bold."""
    intervals = sorted({int(result.interval or 1) for result in document.results})
    rows: dict[tuple[str, int, int], dict[int, Result]] = {}
    best: dict[str, float] = {}
    for result in document.results:
        name = result.name.partition(", ")[0]
        key = name, result.vision_threads, result.longest_side or 0
        rows.setdefault(key, {})[int(result.interval or 1)] = result
        best[name] = max(best.get(name, 0.0), result.timing.fps)
    columns = (Column(f"every {number}, fps", justify="right") for number in intervals)
    table = Table("model", "threads", "detector px", *columns, "clean", box=SIMPLE_HEAD)
    for (name, threads, size), cells in rows.items():
        told = [
            Text(rate(cell.timing.fps), style="bold green" if cell.timing.fps == best[name] else "")
            if (cell := cells.get(number)) is not None
            else Text("")
            for number in intervals
        ]
        clean = all(cell.clean for cell in cells.values())
        mark = Text("yes", style="green") if clean else Text("NO", style="red")
        table.add_row(Text(name), str(threads), str(size), *told, mark)
    return table


def _print_lines(console: Console, lines: Iterable[tuple[str, str]], indent: str = "") -> None:
    grid = Table.grid(padding=(0, 2, 0, 0))
    for name, value in lines:
        if value != UNKNOWN:  # said once, at the end
            grid.add_row(Text(indent + name), Text(value))
    console.print(grid)


def _print_verdict(document: Document, console: Console) -> None:
    unknown = sorted({name for result in document.results for name in result.unknown})
    if unknown:
        console.print(f"this board does not tell: {', '.join(unknown)}")
    console.print(verdict(document.clean, unknown), style="green" if document.clean else "bold red")
    for reason in document.reasons:
        console.print(f"  {reason}", style="red")
    if any(result.short for result in document.results):
        console.print("a short run: a full one is 60 seconds and 1,024 calls for each figure", style="yellow")
    seen = [result.pictures for result in document.results if result.kind == "pipeline"]
    if any(pictures is not None and not pictures.faces_per_frame for pictures in seen):
        console.print("no face was found, so the frame's time holds no classification", style="yellow")


def _title(result: Result) -> str:
    return TITLES.get(result.name, result.name)


def _ranks(latency: Latency) -> list[str]:
    return [milliseconds(getattr(latency, rank)) for rank in RANKS]
