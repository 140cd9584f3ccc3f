"""A store in a folder of its own, and somebody to trust."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from model_files import change, packed

from edge.bundles import signing
from edge.store.store import Store

Make = Callable[..., Path]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store", patience=5.0)


@pytest.fixture
def etc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the command line finds: this test's store and its keys."""
    monkeypatch.setenv("MIEN_MODELS", str(tmp_path / "store"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "etc"))
    keys = tmp_path / "etc/mien/keys"
    keys.mkdir(parents=True)
    signing.create_keys(tmp_path / "secret", keys / "maker.pub", None)
    return keys


@pytest.fixture
def make(tmp_path: Path, etc: Path) -> Make:
    """A signed .mien file: make("0.2.0")."""

    def make(version: str, signed: bool = True, **more: object) -> Path:
        folder = change(tmp_path / f"made-{version}-{len(more)}", version, **more)
        file = packed(folder, tmp_path / f"slim-{version}.mien")
        if signed:
            signing.sign(file, tmp_path / "secret", None, f"slim {version}")
        return file

    return make
