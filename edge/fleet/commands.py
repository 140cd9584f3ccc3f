"""`mien fleet`: many devices, seen and served from one place. A command imports what it needs when called."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edge.bundle_commands import PasswordFile, SecretKeyFile, password_of
from edge.errors import ConfigError
from edge.options import ConfigFile

if TYPE_CHECKING:
    from edge.fleet.index_file import IndexFile
    from edge.settings import Settings

logger = logging.getLogger(__name__)
app = typer.Typer(no_args_is_help=True, help="Many devices at the broker that the configuration names.")
ADDRESS = "127.0.0.1:8650"
IndexPath = Annotated[Path, typer.Argument(metavar="INDEX", help="The index of models, beside its files.")]
Days = Annotated[
    float | None,
    typer.Option("--valid-days", min=0.01, help="Devices believe the index for so long; for ever without."),
]


@app.command()
def page(
    http: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="Other than this machine with http.token_file only.")
    ] = ADDRESS,
    config: ConfigFile = None,
) -> None:
    """Serve a page of all devices."""
    import signal
    import threading

    from edge.fleet.listening import Listening
    from edge.fleet.site import FleetServer
    from edge.settings import split_address

    settings = _settings(config)
    try:
        split_address(http)
    except ValueError as error:
        raise ConfigError(f"--http: {error}") from error
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with Listening(settings.mqtt) as listening:
        server = FleetServer(settings.http, http, listening)
        server.start()
        try:
            ended.wait()
        finally:
            server.close()


@app.command("list")
def list_devices(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    search: Annotated[str, typer.Option(help="Only devices with this in name, state, model or error.")] = "",
    config: ConfigFile = None,
) -> None:
    """Show what the broker keeps of all devices."""
    from edge.fleet.board import overview
    from edge.fleet.listening import Listening
    from edge.fleet.table import print_fleet

    with Listening(_settings(config).mqtt) as listening:
        listening.wait()
        print_fleet(overview(listening, search), as_json)


@app.command()
def offer(
    index: IndexPath,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A signed .mien file beside the index.")],
    secret_key: SecretKeyFile,
    password_file: PasswordFile = None,
    channel: Annotated[str, typer.Option(help="Of the devices it is for.")] = "stable",
    valid_days: Days = None,
) -> None:
    """Add a model to the index, for no device yet, and sign the index."""
    name = _index(index, secret_key, password_file, valid_days).add(file, channel)
    print(f"{index} offers {name} to 0 % of the devices: mien fleet rollout")


@app.command()
def share(
    index: IndexPath,
    model: Annotated[str, typer.Argument(metavar="NAME@VERSION")],
    percent: Annotated[float, typer.Argument(min=0, max=100, help="0 withdraws it.")],
    secret_key: SecretKeyFile,
    password_file: PasswordFile = None,
    valid_days: Days = None,
) -> None:
    """Offer a model to so many per cent of the devices, by hand, and sign the index."""
    _index(index, secret_key, password_file, valid_days).set_share(model, percent)
    print(f"{index} offers {model} to {percent:g} % of the devices")


@app.command()
def rollout(
    index: IndexPath,
    model: Annotated[str, typer.Argument(metavar="NAME@VERSION")],
    secret_key: SecretKeyFile,
    password_file: PasswordFile = None,
    stages: Annotated[
        str, typer.Option(help="Per cent of the devices, one stage after the other.")
    ] = "5,25,100",
    at_most: Annotated[
        float, typer.Option("--at-most", help="Per cent of a stage's devices that may roll it back.")
    ] = 10.0,
    enough: Annotated[
        float, typer.Option(help="Per cent of a stage's devices that must have proved it.")
    ] = 50.0,
    patience: Annotated[
        float, typer.Option(min=0, help="Hours without any change until it gives up.")
    ] = 48.0,
    valid_days: Days = None,
    config: ConfigFile = None,
) -> None:
    """Bring a model to all devices in stages; withdraw it where devices roll it back."""
    from edge.fleet.judging import Rules
    from edge.fleet.listening import Listening
    from edge.fleet.rollout import Rollout

    try:
        rules = Rules(tuple(map(float, stages.split(","))), at_most, enough)
    except ValueError as error:
        raise ConfigError("--stages is per cent with commas between, such as 5,25,100") from error
    made = _index(index, secret_key, password_file, valid_days)
    with Listening(_settings(config).mqtt) as listening:
        listening.wait()
        Rollout(listening, made, model, rules, 3600 * patience).run()


def _index(index: Path, secret: Path, password_file: Path | None, days: float | None) -> IndexFile:
    from edge.bundles.signing import trusted_keys
    from edge.fleet.index_file import IndexFile, Pen

    return IndexFile(index, Pen(secret, password_of(secret, password_file), days), trusted_keys())


def _settings(config: Path | None) -> Settings:
    from edge.config import load

    settings = load(config).settings
    if settings.mqtt.host is None:
        raise ConfigError("mqtt.host is not set: name the fleet's broker")
    return settings
