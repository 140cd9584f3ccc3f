"""`mien bench` and its sub-commands."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edge.errors import ConfigError
from edge.options import ConfigFile, DetectorName, Interval, ModelName, Source, Threads, shared_flags

if TYPE_CHECKING:
    from edge.bench.context import Context
    from edge.bench.document import Command, Result, Start
    from edge.bench.stretch import Plan
    from edge.settings import Settings

app = typer.Typer(invoke_without_command=True, help="Measure how fast this machine is.")
Seconds = Annotated[
    float | None,
    typer.Option(min=0.1, max=3600, help="How long for each figure, and 100 calls; else 60 s and 1,024."),
]
Quick = Annotated[bool, typer.Option("--quick", help="Three seconds for each figure.")]
JsonFile = Annotated[
    Path | None, typer.Option("--json", metavar="FILE", help="Also write JSON to this file.")
]
HtmlFile = Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Also write a page.")]
Document = Annotated[Path, typer.Argument(help="What --json wrote.")]


@app.callback()
def bench(
    context: typer.Context,
    model: ModelName = None,
    detector: DetectorName = None,
    interval: Interval = None,
    seconds: Annotated[
        float, typer.Option(min=0.1, max=3600, help="How long to measure, all figures together.")
    ] = 10.0,
    threads: Threads = None,
    json_file: JsonFile = None,
    html_file: HtmlFile = None,
    camera: Source = None,
    config: ConfigFile = None,
) -> None:
    """Measure how fast this machine is: the model, the whole way of a frame, and the start, in short."""
    if context.invoked_subcommand is not None:
        given = [name for name in context.params if _typed(context, name)]
        if given:
            raise typer.BadParameter(f"flags go behind it: mien bench {context.invoked_subcommand} …")
        return
    from edge.bench.stretch import FEWEST_CALLS, Plan

    settings = _settings(config, camera, interval, detector, model, threads)

    def work(run: Context) -> tuple[list[Result], Start]:
        from edge.bench.agreement import agreement
        from edge.bench.classify import measure_classify
        from edge.bench.pipeline import measure_pipeline
        from edge.bench.start import measure_start
        from edge.cameras import is_recording
        from edge.store.choosing import chosen_model

        name = str(chosen_model(settings.model))
        start = measure_start(["--model", name, "--detector", settings.detector.name])
        # Half of the time for the model, a quarter for each way of a frame.
        results = [measure_classify(run.planned(Plan(seconds / 2, FEWEST_CALLS)))]
        every, seldom = measure_pipeline(run, realtime=False)
        if is_recording(settings.camera.source):
            seldom = seldom.model_copy(update={"agreement": agreement(settings)})
        return [*results, every, seldom], start

    _measure("bench", settings, Plan(seconds / 4, FEWEST_CALLS), 3, work, json_file, html_file)


@app.command()
def classify(
    model: ModelName = None,
    threads: Threads = None,
    seconds: Seconds = None,
    quick: Quick = False,
    json_file: JsonFile = None,
    html_file: HtmlFile = None,
    config: ConfigFile = None,
) -> None:
    """Time the expression model: one face after another."""
    from edge.bench.classify import measure_classify

    settings = _settings(config, None, None, None, model, threads)
    plan = _plan(seconds, quick)
    _measure("classify", settings, plan, 1, lambda run: ([measure_classify(run)], None), json_file, html_file)


@app.command()
def detect(
    detector: DetectorName = None,
    threads: Threads = None,
    seconds: Seconds = None,
    quick: Quick = False,
    json_file: JsonFile = None,
    html_file: HtmlFile = None,
    camera: Source = None,
    config: ConfigFile = None,
) -> None:
    """Time the face detector: one whole picture after another."""
    from edge.bench.detect import measure_detect

    settings = _settings(config, camera, None, detector, None, threads)
    plan = _plan(seconds, quick)
    _measure("detect", settings, plan, 1, lambda run: ([measure_detect(run)], None), json_file, html_file)


@app.command()
def pipeline(
    model: ModelName = None,
    detector: DetectorName = None,
    interval: Interval = None,
    threads: Threads = None,
    realtime: Annotated[
        bool, typer.Option("--realtime", help="Play a recording at its own pace, the newest frame winning.")
    ] = False,
    seconds: Seconds = None,
    quick: Quick = False,
    json_file: JsonFile = None,
    html_file: HtmlFile = None,
    camera: Source = None,
    config: ConfigFile = None,
) -> None:
    """Time the whole way of a frame: with a look at the whole picture in each, then with few."""
    from edge.bench.pipeline import measure_pipeline

    settings = _settings(config, camera, interval, detector, model, threads)
    plan = _plan(seconds, quick)
    _measure(
        "pipeline",
        settings,
        plan,
        2,
        lambda run: (measure_pipeline(run, realtime), None),
        json_file,
        html_file,
    )


@app.command()
def sweep(
    models: Annotated[
        str | None, typer.Option(metavar="A,B,…", help="Names or folders; all there are by default.")
    ] = None,
    threads: Annotated[
        str | None, typer.Option(metavar="N,N,…", help="Of OpenCV and the model; 1 to 4 by default.")
    ] = None,
    sizes: Annotated[
        str | None, typer.Option(metavar="N,N,…", help="Pixels of the detector's longest side.")
    ] = None,
    intervals: Annotated[
        str | None, typer.Option(metavar="N,N,…", help="Frames between looks at the whole picture.")
    ] = None,
    detector: DetectorName = None,
    seconds: Annotated[float, typer.Option(min=0.1, max=600, help="How long for each combination.")] = 3.0,
    json_file: JsonFile = None,
    html_file: HtmlFile = None,
    camera: Source = None,
    config: ConfigFile = None,
) -> None:
    """Time every combination of models, threads, detector sizes and intervals on a recording."""
    from edge.bench.stretch import FEWEST_CALLS, Plan
    from edge.bench.sweep import INTERVALS, MOST_THREADS, SIZES, Grid, measure_sweep
    from edge.cameras import is_recording
    from edge.store.choosing import find_model, model_names, open_store

    settings = _settings(config, camera, None, detector, None, None)
    if not is_recording(settings.camera.source):
        raise ConfigError("a sweep needs frames that are always the same: give --camera demo or a recording")
    store = open_store(settings.model)
    chosen = model_names(store) if models is None else [name for name in models.split(",") if name]
    for name in chosen:
        find_model(name, store)  # one that is missing should be known before the others are measured
    cores = min(MOST_THREADS, len(os.sched_getaffinity(0)))
    grid = Grid(
        list(dict.fromkeys(chosen)),
        range(1, cores + 1) if threads is None else _numbers("--threads", threads, 1, 64),
        SIZES if sizes is None else _numbers("--sizes", sizes, 32, 4096),
        INTERVALS if intervals is None else _numbers("--intervals", intervals, 1, 1000),
    )
    plan = Plan(seconds, FEWEST_CALLS)
    _measure(
        "sweep", settings, plan, len(grid), lambda run: (measure_sweep(run, grid), None), json_file, html_file
    )


@app.command()
def compare(first: Document, second: Document) -> None:
    """Tell whether the second run is faster or slower than the first."""
    from edge.bench.comparison import compare as differences
    from edge.bench.comparison import warnings
    from edge.bench.document import read_document
    from edge.bench.table import print_comparison

    one, other = read_document(first), read_document(second)
    print_comparison(differences(one, other), list(warnings(one, other)))


def _measure(
    command: Command,
    settings: Settings,
    plan: Plan,
    figures: int,
    work: Callable[[Context], tuple[list[Result], Start | None]],
    json_file: Path | None,
    html_file: Path | None,
) -> None:
    """Measure so many figures, print them and write them."""
    from edge.bench.context import begin
    from edge.bench.table import measuring, print_document
    from edge.bench.writing import check_writable, write_whole

    for file in (json_file, html_file):
        if file is not None:
            check_writable(file)
    with measuring(figures) as report:
        run = begin(settings, plan, report)
        document = run.document(command, *work(run))
    print_document(document)
    if json_file is not None:
        write_whole(json_file, document.to_json())
    if html_file is not None:
        from edge.bench.page import page

        write_whole(html_file, page(document))


def _settings(
    config: Path | None,
    camera: str | None,
    interval: str | None,
    detector: str | None,
    model: str | None,
    threads: int | None,
) -> Settings:
    from edge.config import load

    flags: dict[str, Any] = {
        "camera.source": camera,
        "detector.interval": interval,
        **shared_flags(detector, model, threads),
    }
    return load(config, flags).settings


def _plan(seconds: float | None, quick: bool) -> Plan:
    from edge.bench.stretch import FEWEST_CALLS, QUICK_SECONDS, Plan

    if quick and seconds is not None:
        raise typer.BadParameter("--quick says how long already: leave --seconds out, or --quick")
    if quick:
        return Plan(QUICK_SECONDS, FEWEST_CALLS)
    return Plan() if seconds is None else Plan(seconds, FEWEST_CALLS)


def _numbers(flag: str, text: str, least: int, most: int) -> list[int]:
    """Numbers with commas between them, each once, in order."""
    words = text.split(",")
    if not all(word.strip().isdecimal() and least <= int(word) <= most for word in words):
        raise typer.BadParameter(f"{flag} takes numbers from {least} to {most} such as {least},{2 * least}")
    return sorted({int(word) for word in words})


def _typed(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"
