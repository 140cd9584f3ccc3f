"""The index where it is made, and as a device reads it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge.bundles import signing
from edge.cli import app
from edge.errors import (
    ConfigError,
    DownloadError,
    FileUnreadableError,
    ModelMissingError,
    OutputError,
    SignatureError,
)
from edge.fleet.index_file import IndexFile, Pen
from edge.settings import UpdatesConfig
from edge.store.store import Store
from edge.store.updates import read_index


def read(index: IndexFile, folder: Path):
    """As a device does."""
    return read_index(UpdatesConfig(url=index.path.as_uri()), Store(folder), signing.trusted_keys())


def test_a_share_is_what_devices_read(index, tmp_path):
    assert read(index, tmp_path / "store").models[0].rollout == 0
    index.set_share("slim@9", 25)
    assert index.share("slim@9") == 25
    assert read(index, tmp_path / "store").models[0].rollout == 25
    assert sorted(file.name for file in index.path.parent.iterdir()) == [
        "index.json",
        "index.json.minisig",
        "slim-9.mien",
        "slim-9.mien.minisig",
    ]


def test_what_it_does_not_know_is_kept(index, maker):
    content = json.loads(index.path.read_text())
    content["models"][0]["mood"] = "good"
    index.path.write_text(json.dumps(content))
    signing.sign(index.path, maker.parent / "secret", None, "by hand")
    index.set_share("slim@9", 5)
    assert json.loads(index.path.read_text())["models"][0]["mood"] == "good"


def test_an_index_expires(index, tmp_path, maker):
    def with_days(days):
        return IndexFile(index.path, Pen(maker.parent / "secret", days=days), signing.trusted_keys())

    with_days(1).set_share("slim@9", 5)
    assert read(index, tmp_path / "store").expires is not None
    with_days(-1).set_share("slim@9", 5)
    with pytest.raises(DownloadError, match="has expired"):
        read(index, tmp_path / "store")
    index.set_share("slim@9", 5)
    assert read(index, tmp_path / "store").expires is None


def test_only_what_somebody_trusted_signed_is_signed_again(index, maker):
    whole = index.path.read_bytes()
    index.path.write_bytes(whole.replace(b'"rollout": 0', b'"rollout": 9'))
    with pytest.raises(SignatureError, match="altered"):
        index.set_share("slim@9", 5)
    index.path.write_bytes(whole)
    signing.signature_of(index.path).unlink()
    with pytest.raises(SignatureError, match="not signed"):
        index.share("slim@9")
    index.path.unlink()
    with pytest.raises(FileUnreadableError):
        index.share("slim@9")


def test_what_is_no_index(index, maker):
    index.path.write_text('{"schema": "mien.models/1", "models": [{}]}')
    signing.sign(index.path, maker.parent / "secret", None, "x")
    with pytest.raises(ConfigError, match=r"models\.0\.name"):
        index.share("slim@9")


def test_what_cannot_be_offered(index, maker, tmp_path):
    file = maker / "slim-9.mien"
    with pytest.raises(ConfigError, match="offers slim@9 already"):
        index.add(file)
    with pytest.raises(ModelMissingError, match="it offers slim@9"):
        index.set_share("slim@8", 5)
    elsewhere = tmp_path / "slim-9.mien"
    elsewhere.write_bytes(file.read_bytes())
    with pytest.raises(ConfigError, match="put it there"):
        index.add(elsewhere)
    signing.signature_of(file).unlink()
    with pytest.raises(SignatureError):
        index.add(file)


def test_a_folder_that_cannot_be_written_leaves_the_index(index, monkeypatch):
    before = index.path.read_bytes()

    def full(*_: object, **__: object) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(signing, "sign", full)
    with pytest.raises(OutputError, match="No space left"):
        index.set_share("slim@9", 5)
    assert index.path.read_bytes() == before


def test_by_hand_from_the_command_line(index, maker):
    secret = str(maker.parent / "secret")
    done = CliRunner().invoke(app, ["fleet", "share", str(index.path), "slim@9", "5", "--secret-key", secret])
    assert done.output.endswith("offers slim@9 to 5 % of the devices\n")
    assert index.share("slim@9") == 5
    again = CliRunner().invoke(
        app, ["fleet", "offer", str(index.path), str(maker / "slim-9.mien"), "--secret-key", secret]
    )
    assert isinstance(again.exception, ConfigError)
