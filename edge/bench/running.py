"""What the sub-commands of `mien bench` share: from their flags to printed and written results."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer

from edge.bench.context import Context, begin
from edge.bench.document import Command, Result, Start
from edge.bench.page import page
from edge.bench.stretch import FEWEST_CALLS, QUICK_SECONDS, Plan
from edge.bench.table import measuring, print_document
from edge.bench.writing import check_writable, write_whole
from edge.config import load
from edge.options import shared_flags
from edge.settings import Settings

Work = Callable[[Context], tuple[list[Result], Start | None]]
Files = tuple[Path | None, Path | None]  # for JSON and for the page


def measure(command: Command, settings: Settings, plan: Plan, figures: int, work: Work, files: Files) -> None:
    """Measure, print, and write what was asked for.

    Args:
        figures: how many results `work` will give, for the bar.
        files: None for what is not wanted.
    Raises:
        OutputError: a file cannot be written; known before anything is measured.
        MienError: what `work` raises.
    """
    for file in files:
        if file is not None:
            check_writable(file)
    with measuring(figures) as report:
        context = begin(settings, plan, report)
        document = context.document(command, *work(context))
    print_document(document)
    json_file, html_file = files
    if json_file is not None:
        write_whole(json_file, document.to_json())
    if html_file is not None:
        write_whole(html_file, page(document))


def settings_of(
    config: Path | None,
    *,
    camera: str | None = None,
    interval: str | None = None,
    detector: str | None = None,
    model: str | None = None,
    threads: int | None = None,
) -> Settings:
    """The configuration with these flags in force; None leaves a key alone.

    Raises:
        ConfigError: the configuration, or a flag's value, makes no sense.
    """
    flags: dict[str, Any] = {
        "camera.source": camera,
        "detector.interval": interval,
        **shared_flags(detector, model, threads),
    }
    return load(config, flags).settings


def plan_of(seconds: float | None, quick: bool) -> Plan:
    """How long to measure.

    Raises:
        BadParameter: both say it.
    """
    if quick and seconds is not None:
        raise typer.BadParameter("--quick says how long already: leave --seconds out, or --quick")
    if quick:
        return Plan(QUICK_SECONDS, FEWEST_CALLS)
    return Plan() if seconds is None else Plan(seconds, FEWEST_CALLS)


def numbers(flag: str, text: str, least: int, most: int) -> list[int]:
    """Numbers with commas between them, each once, in order.

    Raises:
        BadParameter: they are none, or beyond the ends.
    """
    words = [word.strip() for word in text.split(",")]
    # isascii: int() would take other scripts' digits, but not all that isdecimal() takes.
    if not all(word.isascii() and word.isdecimal() and least <= int(word) <= most for word in words):
        raise typer.BadParameter(f"{flag} takes numbers from {least} to {most} such as {least},{2 * least}")
    return sorted({int(word) for word in words})
