"""The models as a table or as JSON lines, and the bar of a download."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn
from rich.table import Column, Table
from rich.text import Text

from edge.store.addresses import is_address, shown
from edge.store.fetching import Progress as Hear
from edge.store.shelf import Entry


def print_models(entries: Sequence[Entry], as_json: bool) -> None:
    """Print what there is; the active ones bear a star."""
    if as_json:
        for entry in entries:
            fields = {**asdict(entry), "path": str(entry.path), "shipped": entry.shipped}
            print(json.dumps(fields, separators=(",", ":")))
        return
    table = Table("", "model", "version", "task", "kind", "from", Column("remarks", overflow="fold"))
    for entry in entries:
        origin = "ships with mien" if entry.shipped else entry.signer or "unsigned"
        table.add_row(
            "*" if entry.active else "",
            entry.name,
            entry.version,
            entry.task,
            entry.quantisation,
            Text(origin),
            Text(f"rolled back: {entry.bad}" if entry.bad is not None else ""),
        )
    Console().print(table)


@contextlib.contextmanager
def downloading(source: str) -> Iterator[Hear]:
    """A bar on standard error, where that is a terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    hidden = not console.is_terminal or not is_address(source)
    with Progress(*columns, console=console, transient=True, disable=hidden) as progress:
        task = progress.add_task(shown(source).rpartition("/")[2], total=None)

        def hear(got: int, total: int | None) -> None:
            progress.update(task, completed=got, total=total)

        yield hear
