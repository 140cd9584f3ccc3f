"""Where the store is, and which model a configuration means: a path, then the store, then what ships."""

from __future__ import annotations

import os
from pathlib import Path

from edge import bundles
from edge.bundles import Bundle
from edge.health.vitals import STATE, state_folder
from edge.settings import ModelConfig
from edge.store.store import Store
from edge.store.versions import Wish


def open_store(config: ModelConfig) -> Store:
    """The store of a configuration; it need not be there yet."""
    return Store(config.store or default_folder())


def default_folder() -> Path:
    """The service's store where this process is the service or may write its state, else the user's own."""
    state = state_folder()
    if state != STATE or os.access(STATE, os.W_OK):
        return state / "models"
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share"
    return Path(data) / "mien/models"


def chosen_model(config: ModelConfig) -> Path:
    """The folder of the expression model to be used.

    Raises:
        ModelMissingError: nothing has the configured name; the message lists what there is.
    """
    store = open_store(config)
    if config.name is not None:
        return find_model(config.name, store)
    active = store.folder(store.active("expression"), "expression")
    return active if (active / "manifest.json").is_file() else store.folder(None, "expression")


def load_model(config: ModelConfig) -> Bundle:
    """The expression model to be used, read and verified.

    Raises:
        MienError: there is none, or it is damaged.
    """
    return bundles.load(str(chosen_model(config)))


def find_model(name: str, store: Store) -> Path:
    """The folder of a path, of an installed or of a shipped NAME or NAME@VERSION.

    Raises:
        ModelMissingError: there is none; the message lists what there is.
    """
    if (Path(name) / "manifest.json").is_file():
        return Path(name)
    if (bundles.SHIPPED / name / "manifest.json").is_file() and not (store.root / name).is_dir():
        return bundles.SHIPPED / name  # also where its files are damaged, which its reader tells better
    return store.find(Wish.of(name)).path


def model_names(store: Store) -> list[str]:
    """Names of the expression models there are, those in the store first."""
    entries = sorted(store.entries(), key=lambda entry: entry.shipped)
    return list(dict.fromkeys(entry.name for entry in entries if entry.task == "expression"))
