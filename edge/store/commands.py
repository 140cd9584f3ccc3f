"""`mien models`: what is on this device, and what is to be used."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from edge.bundles import Task
    from edge.settings import Settings
    from edge.store.store import Store

app = typer.Typer(no_args_is_help=True, help="The models on this device.")
ConfigFile = Annotated[
    Path | None, typer.Option("--config", help="Read this file instead of those in /etc/mien.")
]
Named = Annotated[str, typer.Argument(metavar="NAME[@VERSION]")]


@app.command("list")
def list_models(
    json: Annotated[bool, typer.Option("--json", help="One JSON object a model.")] = False,
    config: ConfigFile = None,
) -> None:
    """Show the models that are installed and those that ship."""
    from edge.store.listing import print_models

    print_models(_open(config)[1].entries(), json)


@app.command()
def install(
    source: Annotated[str, typer.Argument(metavar="FILE|URL", help="A .mien file, or https://… of one.")],
    use: Annotated[bool, typer.Option("--use", help="Also use it.")] = False,
    allow_unsigned: Annotated[
        bool, typer.Option("--allow-unsigned", help="Also where there is no signature.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Also where a newer version is installed or ships.")
    ] = False,
    config: ConfigFile = None,
) -> None:
    """Check a model and put it into the store; nothing changes where a check fails."""
    from edge.bundles.signing import trusted_keys
    from edge.store.installing import Terms
    from edge.store.installing import install as install_model
    from edge.store.listing import downloading

    settings, store = _open(config, change=True)
    terms = Terms(trusted_keys(), settings.budgets, unsigned=allow_unsigned, force=force)
    with downloading(source) as progress:
        entry = install_model(store, source, terms, use=use, progress=progress)
    print(f"{entry.full_name} is installed{' and in use' if use else ''}")
    if use:
        _tell_override(settings, entry.task)


@app.command("use")
def use_model(model: Named, config: ConfigFile = None) -> None:
    """Use a model; a running daemon goes over to it at once."""
    from edge.store.versions import Wish

    settings, store = _open(config, change=True)
    entry = store.use(Wish.of(model))
    print(f"{entry.full_name} is in use")
    _tell_override(settings, entry.task)


@app.command()
def rollback(
    detector: Annotated[bool, typer.Option("--detector", help="The face detector's model.")] = False,
    config: ConfigFile = None,
) -> None:
    """Use what was used before."""
    settings, store = _open(config, change=True)
    task: Task = "detection" if detector else "expression"
    store.roll_back(task)
    name = next((entry.full_name for entry in store.entries() if entry.active and entry.task == task), "none")
    print(f"{name} is in use again")
    _tell_override(settings, task)


@app.command()
def remove(model: Named, config: ConfigFile = None) -> None:
    """Take a model out of the store; the one in use is refused."""
    from edge.store.versions import Wish

    _, store = _open(config, change=True)
    print(f"removed {', '.join(store.remove(Wish.of(model)))}")


@app.command()
def check(
    install: Annotated[bool, typer.Option("--install", help="Install and use what is newer.")] = False,
    scheduled: Annotated[
        bool, typer.Option("--scheduled", help="Do nothing unless updates.enabled; for the timer.")
    ] = False,
    config: ConfigFile = None,
) -> None:
    """Ask the index for newer versions of the models in use."""
    from edge.bundles.signing import trusted_keys
    from edge.store.installing import Terms
    from edge.store.installing import install as install_model
    from edge.store.listing import downloading
    from edge.store.updates import address_of, machine_id, newer, read_index
    from edge.versions import version_of

    settings, store = _open(config, change=True)
    if scheduled and not settings.updates.enabled:
        print("updates are off: updates.enabled = true turns them on")
        return
    keys, updates = trusted_keys(), settings.updates
    index = read_index(updates, store, keys)
    offers = newer(index, updates, store, version_of("mien"), machine_id())
    for offer in offers:
        if not install:
            print(f"{offer.full_name} is there: mien models check --install")
            continue
        address = address_of(offer, updates)
        with downloading(address) as progress:
            terms = Terms(keys, settings.budgets, offer.size, offer.sha256)
            entry = install_model(store, address, terms, use=True, progress=progress)
        print(f"{entry.full_name} is installed and in use")
    if not offers:
        print("there is nothing newer for this device")


def _open(config: Path | None, change: bool = False) -> tuple[Settings, Store]:
    from edge.config import load
    from edge.store.choosing import open_store
    from edge.store.owner import become_owner

    settings = load(config).settings
    store = open_store(settings.model)
    if change:
        become_owner(store.root)
    return settings, store


def _tell_override(settings: Settings, task: Task) -> None:
    """Say so where the configuration names another model of that task."""
    detector = settings.detector
    if task == "expression" and settings.model.name is not None:
        print(f"but the configuration says model.name = {settings.model.name!r}: take that out")
    if task == "detection" and (detector.folder is not None or not detector.is_bundle):
        print(f"but the configuration says detector.name = {detector.name!r}: take that out")
