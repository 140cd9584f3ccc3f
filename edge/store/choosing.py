"""Where the store is, and which model a configuration means: a path, then the store, then what ships."""

from __future__ import annotations

import os
from pathlib import Path

from edge import bundles
from edge.bundles import Bundle, DetectionBundle, Task
from edge.health.vitals import STATE, state_folder
from edge.settings import ModelConfig, Settings
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
    return _active(store, "expression")


def load_model(config: ModelConfig) -> Bundle:
    """The expression model to be used, read and verified.

    Raises:
        MienError: there is none, or it is damaged.
    """
    return bundles.load(str(chosen_model(config)))


def chosen_detector(settings: Settings) -> Path | None:
    """The folder of the face detector to be used; None for a detector that is no bundle.

    Raises:
        ModelMissingError: there is none in the configured folder.
    """
    config = settings.detector
    if not config.is_bundle:
        return None
    if config.folder is not None:
        return bundles.find(config.folder, "detection")
    return _active(open_store(settings.model), "detection")


def load_detector(settings: Settings) -> DetectionBundle | None:
    """The face detector to be used, read and verified; None for a detector that is no bundle.

    Raises:
        MienError: there is none, or it is damaged.
    """
    folder = chosen_detector(settings)
    return None if folder is None else bundles.load_detection(str(folder))


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


def _active(store: Store, task: Task) -> Path:
    """The folder of the store's active model, or of the default where that one is gone."""
    active = store.folder(store.active(task), task)
    return active if (active / "manifest.json").is_file() else store.folder(None, task)


class ModelNames:
    """Gives the names of the expression models there are when called: a configured one first, then those in
    the store, then those that ship. They are read again only where the store holds other folders than before,
    so that it may be called every second."""

    def __init__(self, config: ModelConfig) -> None:
        self._store = open_store(config)
        self._first = [] if config.name is None else [config.name]
        self._read: tuple[frozenset[str], tuple[str, ...]] | None = None

    def __call__(self) -> tuple[str, ...]:
        folders = self._store.folders()
        if self._read is None or self._read[0] != folders:
            names = tuple(dict.fromkeys([*self._first, *model_names(self._store)]))
            self._read = folders, names
        return self._read[1]


def model_names(store: Store) -> list[str]:
    """Names of the expression models there are, those in the store first."""
    entries = sorted(store.entries(), key=lambda entry: entry.shipped)
    return list(dict.fromkeys(entry.name for entry in entries if entry.task == "expression"))
