"""All files or none, on disks that are full or read-only too."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from talking import contents

from edge.errors import OutputError
from edge.setup.files import FOR_OWNER, File, replaced


def test_what_is_there_is_left_alone(tmp_path: Path) -> None:
    files = [
        File(tmp_path / "a/b", "one"),
        File(tmp_path / "c/secret", "two", FOR_OWNER),
        File(tmp_path / "d", None),
    ]
    with replaced(files) as changed:
        assert changed == [tmp_path / "a/b", tmp_path / "c/secret"]
    assert contents(tmp_path) == {"a/b": ("one", 0o644), "c/secret": ("two", 0o600)}
    assert (tmp_path / "c").stat().st_mode & 0o777 == 0o700
    before = (tmp_path / "a/b").stat()
    with replaced(files) as changed:
        assert changed == []
    assert (tmp_path / "a/b").stat().st_ino == before.st_ino


def test_a_secret_that_others_can_read_is_closed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("two")
    with replaced([File(secret, "two", FOR_OWNER)]) as changed:
        assert changed == [secret]
    assert secret.stat().st_mode & 0o777 == 0o600


def interrupt(files: list[File]) -> None:
    with replaced(files) as changed:
        assert len(changed) == len(files)
        raise KeyboardInterrupt


def test_a_failure_puts_everything_back(tmp_path: Path) -> None:
    for name in ("old", "gone"):
        (tmp_path / name).write_text(name)
    (tmp_path / "old").chmod(0o640)
    before = contents(tmp_path)
    files = [File(tmp_path / "old", "new"), File(tmp_path / "gone", None), File(tmp_path / "made", "new")]
    with pytest.raises(KeyboardInterrupt):
        interrupt(files)
    assert contents(tmp_path) == before


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small file system needs root")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_leaves_everything_as_it_was(disk: Path) -> None:
    (disk / "answers").write_text("old")
    (disk / "filling").write_bytes(bytes(40_000))
    before = contents(disk)
    with (
        pytest.raises(OutputError, match=r"No space left on device.*free some space"),
        replaced([File(disk / "secret", "a", FOR_OWNER), File(disk / "answers", "x" * 30_000)]),
    ):
        pytest.fail("there was room")
    assert contents(disk) == before


def test_a_disk_that_is_read_only_is_told(disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    with pytest.raises(OutputError, match="Read-only file system"), replaced([File(disk / "a", "a")]):
        pytest.fail("it could be written")
