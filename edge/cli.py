"""The command line. Each command imports what it needs when it is called, so that `mien --help` is quick."""

from __future__ import annotations

import errno
import logging
import os
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from edge.bench.commands import app as bench_app
from edge.bundle_commands import bundle_app
from edge.errors import DependencyError, MienError, OutputError
from edge.fleet.commands import app as fleet_app
from edge.options import ConfigFile, DetectorName, Interval, ModelName, Source, Threads, shared_flags
from edge.setup.command import setup
from edge.store.commands import app as models_app
from edge.support.command import support_bundle

GROUP = "mien.commands"
# The commands of the training stack, with the one line `mien --help` needs without importing them.
TRAINING = {
    "train": "Train a model by a recipe.",
    "keep": "Keep the weights of a training run.",
    "label": "Write down what teachers say of the training faces.",
    "restore": "Get the weights of a kept training run.",
    "evaluate": "Measure a model on a test set.",
    "masks": "Paint masks on faces and show them.",
    "framing": "Measure how the face crop should lie.",
    "convert": "Turn a trained model into a bundle for the device.",
    "crossval": "Train and test a model in folds, or from data sets to others.",
    "explain": "Draw where a network looks.",
    "report": "Put what was measured beside the papers' claims.",
}
TRAINING_PACKAGES = frozenset(
    {
        "tensorflow",
        "keras",
        "jax",
        "ray",
        "matplotlib",
        "sklearn",
        "train_keras",
        "convert",
        "scipy",
        "pandas",
        "PIL",
    }
)


class TrainingCommand(TyperCommand):
    """A command of the training stack, imported when it is called."""

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        return load_command(str(self.name)).make_context(*args, **kwargs)


class MienGroup(TyperGroup):
    """The commands of the device and, without importing them, those of the training stack."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, line in TRAINING.items():
            self.add_command(TrainingCommand(name, help=line, rich_help_panel="Training"))


def load_command(name: str) -> Any:
    """The command of an entry point that is a plain function.

    Raises:
        DependencyError: it, or a package it needs, is not installed.
    """
    found = [entry for entry in entry_points(group=GROUP) if entry.name == name]
    if not found:
        raise DependencyError(f"'mien {name}' is not installed: pip install 'mien[train]', or make train-env")
    single = typer.Typer(add_completion=False)
    single.command(name)(found[0].load())
    return typer.main.get_command(single)


app = typer.Typer(
    cls=MienGroup,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Reads facial expression on the device itself, also behind a face mask.",
)
config_app = typer.Typer(no_args_is_help=True, help="The configuration.")
app.add_typer(bench_app, name="bench")
app.add_typer(config_app, name="config")
app.add_typer(models_app, name="models")
app.add_typer(bundle_app, name="bundle")
app.add_typer(fleet_app, name="fleet")
app.command()(setup)
app.command("support-bundle")(support_bundle)


def _show_version(wanted: bool) -> None:
    if wanted:
        from edge.versions import version_of

        print(version_of("mien"))
        raise typer.Exit


@app.callback()
def root(
    debug: Annotated[
        bool, typer.Option("--debug", help="Show tracebacks and details; may stand anywhere.")
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Show the version.", is_eager=True, callback=_show_version)
    ] = False,
) -> None:
    pass  # main() deals with --debug before typer sees it


@app.command()
def run(
    camera: Source = None,
    detector: DetectorName = None,
    interval: Interval = None,
    model: ModelName = None,
    jsonl: Annotated[
        str | None, typer.Option(help="Append observations to this file; - for standard output.")
    ] = None,
    no_http: Annotated[bool, typer.Option("--no-http", help="Serve no page.")] = False,
    http: Annotated[str | None, typer.Option(metavar="HOST:PORT", help="Serve the page there.")] = None,
    terminal: Annotated[
        bool | None, typer.Option(help="Live view; on when standard output is a terminal.")
    ] = None,
    preview: Annotated[
        bool | None, typer.Option(help="Show pictures on the page; on for the demo only.")
    ] = None,
    every_frame: Annotated[
        bool | None,
        typer.Option(
            "--every-frame/--newest-frame", help="Skip none; on for recordings without page and live view."
        ),
    ] = None,
    loop: Annotated[
        bool | None, typer.Option(help="Begin recordings again; on for the demo while watched.")
    ] = None,
    max_frames: Annotated[
        int | None, typer.Option(min=1, help="Stop after so many processed frames.")
    ] = None,
    threads: Threads = None,
    config: ConfigFile = None,
) -> None:
    """Look through a camera and tell what the faces express."""
    from edge.config import load
    from edge.daemon import Daemon

    flags = {
        "camera.source": camera,
        "camera.every_frame": every_frame,
        "camera.loop": loop,
        "detector.interval": interval,
        "outputs.jsonl": jsonl,
        "outputs.http": False if no_http else (True if http else None),
        "outputs.address": http,
        "outputs.terminal": terminal,
        "outputs.preview": preview,
        **shared_flags(detector, model, threads),
    }
    Daemon(lambda: load(config, flags).settings, max_frames).run()


@app.command()
def predict(
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help="Images, or folders of images.")],
    faces: Annotated[
        bool, typer.Option("--faces", help="The pictures are face crops: detect nothing.")
    ] = False,
    model: ModelName = None,
    detector: DetectorName = None,
    jsonl: Annotated[
        bool, typer.Option("--jsonl", help="One JSON object a face on standard output.")
    ] = False,
    threads: Threads = None,
    config: ConfigFile = None,
) -> None:
    """Tell what the faces in pictures express."""
    from edge.config import load
    from edge.report import print_predictions

    print_predictions(load(config, shared_flags(detector, model, threads)).settings, paths, faces, jsonl)


@app.command()
def doctor(
    model: ModelName = None,
    detector: DetectorName = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, mien.doctor/1.")] = False,
    config: ConfigFile = None,
) -> None:
    """Look at what the main job needs, and say how to mend what is missing."""
    from edge.config import load
    from edge.doctor import examine
    from edge.report import print_checks, print_checks_as_json

    show = print_checks_as_json if as_json else print_checks
    if not show(examine(load(config, shared_flags(detector, model, None)).settings)):
        raise typer.Exit(1)


@config_app.command("show")
def config_show(config: ConfigFile = None) -> None:
    """Print the effective configuration and where each value came from."""
    from edge.config import load

    for line in load(config).lines():
        print(line)


@config_app.command("init")
def config_init() -> None:
    """Print a configuration file to begin with; every key stands in it, commented out."""
    from edge.reference import configuration_file

    for line in configuration_file():
        print(line)


@config_app.command("check")
def config_check(
    file: Annotated[Path | None, typer.Argument(help="A file; those in /etc/mien by default.")] = None,
) -> None:
    """Tell what is wrong with a configuration."""
    from edge.config import load

    load(file)
    print(f"{file or 'the configuration'} is good")


def main() -> None:
    """Entry point: every error a user can meet becomes one line on standard error and its exit code."""
    debug = "--debug" in sys.argv
    # typer would accept it before the command only
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    _set_up_logging(debug)
    try:
        try:
            app(arguments, prog_name="mien")
        finally:
            sys.stdout.flush()  # what cannot be written should be known here, not while Python ends
    except MienError as error:
        _fail(error, error.exit_code, debug)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in TRAINING_PACKAGES:
            raise
        missing = f"{error.name} is not installed: pip install 'mien[train]', or make train-env"
        _fail(DependencyError(missing), DependencyError.exit_code, debug, error)
    except BrokenPipeError:  # `mien predict … | head`: nobody reads any more, which is no fault
        _drop_output()
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        _drop_output()
        full = OutputError(f"cannot write ({error.strerror}): free some space")
        _fail(full, full.exit_code, debug, error)


def _drop_output() -> None:
    """Let Python end quietly: what is still buffered for standard output has nowhere to go."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _set_up_logging(debug: bool) -> None:
    logging.basicConfig(
        stream=sys.stderr, format="mien: %(message)s", level=logging.DEBUG if debug else logging.INFO
    )
    if not debug:
        # The decoders' own complaints about a damaged file would bury mien's line; read on OpenCV's import.
        os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
        os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")


def _fail(error: MienError, code: int, debug: bool, cause: BaseException | None = None) -> None:
    if debug:
        raise error from cause
    print(f"mien: {error}", file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    main()
