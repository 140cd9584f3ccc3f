"""`mien bench` and its sub-commands. Each imports what it needs when it is called."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edge.options import ConfigFile, DetectorName, Interval, ModelName, Source, Threads

app = typer.Typer(invoke_without_command=True, help="Measure how fast this machine is.")
Seconds = Annotated[
    float | None,
    typer.Option(min=0.1, max=3600, help="For each figure, and 100 calls; else 60 s and 1,024 calls."),
]
Quick = Annotated[bool, typer.Option("--quick", help="Three seconds for each figure.")]
JsonFile = Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Also write JSON.")]
HtmlFile = Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Also write a page.")]
JsonInput = Annotated[Path, typer.Argument(help="What --json wrote.")]


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
        if any(_is_typed(context, name) for name in context.params):
            raise typer.BadParameter(f"flags go behind it: mien bench {context.invoked_subcommand} …")
        return
    from edge.bench.brief import FIGURES, measure_brief
    from edge.bench.running import measure, settings_of
    from edge.bench.stretch import Plan

    settings = settings_of(
        config, camera=camera, interval=interval, detector=detector, model=model, threads=threads
    )
    files = json_file, html_file
    measure("bench", settings, Plan(), FIGURES, lambda run: measure_brief(run, seconds), files)


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
    from edge.bench.running import measure, plan_of, settings_of

    plan = plan_of(seconds, quick)
    settings = settings_of(config, model=model, threads=threads)
    files = json_file, html_file
    measure("classify", settings, plan, 1, lambda run: ([measure_classify(run)], None), files)


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
    from edge.bench.running import measure, plan_of, settings_of

    plan = plan_of(seconds, quick)
    settings = settings_of(config, camera=camera, detector=detector, threads=threads)
    files = json_file, html_file
    measure("detect", settings, plan, 1, lambda run: ([measure_detect(run)], None), files)


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
    from edge.bench.running import measure, plan_of, settings_of

    plan = plan_of(seconds, quick)
    settings = settings_of(
        config, camera=camera, interval=interval, detector=detector, model=model, threads=threads
    )
    files = json_file, html_file
    measure("pipeline", settings, plan, 2, lambda run: (measure_pipeline(run, realtime), None), files)


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
    seconds: Annotated[float, typer.Option(min=0.1, max=600, help="For each combination.")] = 3.0,
    json_file: JsonFile = None,
    html_file: HtmlFile = None,
    camera: Source = None,
    config: ConfigFile = None,
) -> None:
    """Time every combination of models, threads, detector sizes and intervals on a recording."""
    from edge.bench.running import measure, numbers, settings_of
    from edge.bench.stretch import FEWEST_CALLS, Plan
    from edge.bench.sweep import INTERVALS, SIZES, Grid, chosen_models, measure_sweep, some_threads

    settings = settings_of(config, camera=camera, detector=detector)
    grid = Grid(
        chosen_models(settings, models),
        some_threads() if threads is None else numbers("--threads", threads, 1, 64),
        SIZES if sizes is None else numbers("--sizes", sizes, 32, 4096),
        INTERVALS if intervals is None else numbers("--intervals", intervals, 1, 1000),
    )
    plan, files = Plan(seconds, FEWEST_CALLS), (json_file, html_file)
    measure("sweep", settings, plan, len(grid), lambda run: (measure_sweep(run, grid), None), files)


@app.command()
def compare(first: JsonInput, second: JsonInput) -> None:
    """Tell whether the second run is faster or slower than the first."""
    from edge.bench.comparison import compare as differences
    from edge.bench.comparison import warnings
    from edge.bench.document import read_document
    from edge.bench.table import print_comparison

    one, other = read_document(first), read_document(second)
    print_comparison(differences(one, other), list(warnings(one, other)))


def _is_typed(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"
