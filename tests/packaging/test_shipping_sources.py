"""What is packaged: the commit's files, the locked wheels, and of them what a device needs."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
from shipping import payload
from shipping.source import check_out
from shipping.wheels import fetch
from small_wheels import make_wheel

from edge.errors import PackagingError

ROOT = Path(__file__).resolve().parents[2]


def test_only_what_is_committed_is_packaged(tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    git = ["git", "-C", repository, "-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run(["git", "init", "--quiet", repository], check=True)
    (repository / "pyproject.toml").write_text('[project]\nname = "mien"\nversion = "7.1"\n')
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "--quiet", "--message=a", "--date=@1000000000 +0000"], check=True)
    (repository / "pyproject.toml").write_text("")
    (repository / "stray").write_text("")
    source = check_out(repository, tmp_path / "out")
    assert source.version == "7.1"
    assert [path.name for path in source.folder.iterdir()] == ["pyproject.toml"]


def test_no_checkout_is_a_line(tmp_path: Path) -> None:
    with pytest.raises(PackagingError, match="build in a git checkout"):
        check_out(tmp_path, tmp_path / "out")


def locked(folder: Path, wheel: Path) -> Path:
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    lock = folder / "lock.txt"
    lock.write_text(f"small==1.0 --hash=sha256:{digest}\n")
    return lock


def test_wheels_that_are_there_need_no_network(
    small_wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    lock = locked(tmp_path, small_wheel)
    found = fetch(lock, "arm64", 36, "3.13", small_wheel.parent, tmp_path / "wheels")
    assert [wheel.name for wheel in found] == [small_wheel.name]


def test_a_wheel_that_was_altered_is_refused(
    small_wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    lock = locked(tmp_path, small_wheel)
    make_wheel(tmp_path / "cache", "small", "1.0", {"small/__init__.py": "import evil"})
    with pytest.raises(
        PackagingError, match=r"no wheels for arm64, Python 3\.13: .*; see to pip's access"
    ) as said:
        fetch(lock, "arm64", 36, "3.13", tmp_path / "cache", tmp_path / "wheels")
    assert "\n" not in str(said.value)


def test_files_no_device_uses_are_left_out(small_wheel: Path, tmp_path: Path) -> None:
    left_out = make_wheel(tmp_path / "wheels", "setuptools", "1.0", {"setuptools/__init__.py": ""})
    moved = make_wheel(
        tmp_path / "wheels",
        "moved",
        "1.0",
        {"moved-1.0.data/purelib/moved.py": "", "moved-1.0.data/scripts/run": ""},
    )
    payload.unpack([small_wheel, left_out, moved], tmp_path / "site")
    files = {
        path.relative_to(tmp_path / "site").as_posix()
        for path in (tmp_path / "site").rglob("*")
        if path.is_file()
    }
    info = {f"{name}-1.0.dist-info/{file}" for name in ("small", "moved") for file in ("METADATA", "WHEEL")}
    assert files == info | {"small/__init__.py", "small/data.txt", "small/native.so", "moved.py"}


@pytest.mark.parametrize("flags", [["deb", "--arch", "mips"], ["deb", "--suite", "sid"], ["rpm"]])
def test_an_unknown_target_is_a_wrong_command_line(flags: list[str]) -> None:
    command = [sys.executable, "-m", "shipping", *flags]
    environment = {"PYTHONPATH": f"{ROOT}:{ROOT / 'packaging'}", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT)
    assert done.returncode == 2
    assert "invalid choice" in done.stderr
