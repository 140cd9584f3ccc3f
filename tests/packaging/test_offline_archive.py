"""The archive for machines without dpkg: what is in it, and every way its installer may refuse."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from shipping import offline
from shipping.source import Source
from shipping.targets import MACHINES
from small_wheels import make_wheel

# Does nothing, and says that all is well.
WORKS = {"edge/__init__.py": "", "edge/cli.py": "print('all is well')\n"}
FAILS = {"edge/__init__.py": "", "edge/cli.py": "raise SystemExit('mien: no model')\n"}


def here() -> str:
    """Debian's word for this machine."""
    return next((arch for arch, machine in MACHINES.items() if machine == platform.machine()), "amd64")


def lay_out(source: Source, folder: Path, files: dict[str, str]) -> Path:
    """An unpacked archive that holds a mien of two files and no packages of others."""
    bare = Source(folder / "source", source.commit, source.epoch, source.version)
    shutil.copytree(source.folder / "systemd", bare.folder / "systemd")
    shutil.copy(source.folder / "LICENSE", bare.folder)
    (bare.folder / "requirements.txt").write_text("# nothing\n")
    own = make_wheel(folder / "own", "mien", source.version, files)
    (folder / "wheels").mkdir()
    offline.lay_out(bare, here(), own, folder / "wheels", folder / "tree")
    return folder / "tree"


@pytest.fixture
def tree(source: Source, tmp_path: Path) -> Path:
    if platform.machine() not in MACHINES.values():
        pytest.skip(f"mien ships for {', '.join(MACHINES.values())}")
    return lay_out(source, tmp_path, WORKS)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Where something else lies already."""
    (tmp_path / "home").mkdir()
    (tmp_path / "home/letter").write_text("dear")
    return tmp_path / "home"


def install(
    tree: Path, prefix: Path, *flags: str, before: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    command = [*before, str(tree / "install.sh"), "--prefix", str(prefix), "--python", sys.executable, *flags]
    return subprocess.run(command, capture_output=True, text=True)


def refuses(done: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    """It ended with one line and its exit code."""
    assert done.returncode == code, done.stderr
    assert done.stderr.startswith("install.sh: ")
    assert done.stderr.count("\n") == 1
    for word in words:
        assert word in done.stderr


def untouched(home: Path) -> bool:
    return [path.name for path in home.rglob("*")] == ["letter"]


def seal(tree: Path) -> None:
    """Sums for what the test has changed."""
    files = sorted(path for path in tree.rglob("*") if path.is_file() and path.name != offline.SUMS)
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(tree)}\n" for path in files]
    (tree / offline.SUMS).write_text("".join(lines))


@pytest.mark.slow  # two virtual environments with pip
def test_installed_again_and_removed(tree: Path, home: Path) -> None:
    prefix = home / "mien"
    for _ in range(2):
        assert install(tree, prefix).returncode == 0
        assert sorted(path.name for path in home.iterdir()) == ["letter", "mien"]
    assert (prefix / "bin/pip").read_text().startswith(f"#!{prefix}/bin/python")
    refuses(install(tree, prefix, "--remove"), 7, "no mien in")  # this mien of two files has no command
    (prefix / "bin/mien").write_text("#!/bin/sh\n")
    (prefix / "bin/mien").chmod(0o755)
    assert install(tree, prefix, "--remove").returncode == 0
    assert untouched(home)


def test_another_architecture(tree: Path, home: Path) -> None:
    (tree / "MACHINE").write_text("riscv64\n")
    refuses(install(tree, home / "mien"), 3, "riscv64", platform.machine(), "take the archive for it")
    assert untouched(home)


@pytest.mark.parametrize(
    ("body", "words"),
    [("exit 1", "needs Python 3.11, 3.12 or 3.13"), ('case "$2" in *ensurepip*) exit 1;; esac', "venv")],
)
def test_a_python_that_will_not_do(tree: Path, home: Path, tmp_path: Path, body: str, words: str) -> None:
    python = tmp_path / "python3"
    python.write_text(f"#!/bin/sh\n{body}\n")
    python.chmod(0o755)
    refuses(install(tree, home / "mien", "--python", str(python)), 4, words)
    assert untouched(home)


def test_no_python(tree: Path, home: Path) -> None:
    refuses(install(tree, home / "mien", "--python", "python2.2"), 4, "'python2.2' is not installed")
    assert untouched(home)


@pytest.mark.parametrize("name", ["requirements.txt", "systemd/mien.service", "wheels"])
def test_a_file_that_was_altered(tree: Path, home: Path, name: str) -> None:
    file = next((tree / "wheels").iterdir()) if name == "wheels" else tree / name
    with file.open("ab") as written:
        written.write(b"\n")
    refuses(install(tree, home / "mien"), 5, file.name, "copy the archive again")
    assert untouched(home)


def test_a_file_that_is_missing(tree: Path, home: Path) -> None:
    next((tree / "wheels").iterdir()).unlink()
    refuses(install(tree, home / "mien"), 5, "mien-")
    assert untouched(home)


def test_too_little_space(tree: Path, home: Path) -> None:
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("only root can mount a small disk")
    small = f'mount -t tmpfs -o size=8m none "{home}" && exec "$@"'
    before = ("unshare", "--mount", "sh", "-c", small, "sh")
    refuses(install(tree, home / "mien", before=before), 6, "has 8 MB left", "free some space")
    assert untouched(home)


def test_a_place_that_cannot_be_written(tree: Path, home: Path) -> None:
    home.chmod(0o555)
    before: tuple[str, ...] = ()
    if os.geteuid() == 0:
        for folder in (tree, *tree.parents):
            if folder.stat().st_mode & 0o055 != 0o055:  # pytest's own, as deep as it likes
                folder.chmod(folder.stat().st_mode | 0o055)
        before = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    refuses(install(tree, home / "mien", before=before), 7, "run as root")
    assert untouched(home)


def test_a_parent_that_is_not_there(tree: Path, home: Path) -> None:
    refuses(install(tree, home / "nowhere/mien"), 7, "is no folder")
    assert untouched(home)


@pytest.mark.slow
def test_a_package_that_was_not_packed(tree: Path, home: Path) -> None:
    with (tree / "requirements.txt").open("a") as lock:
        lock.write(f"nothing-of-mine==1 --hash=sha256:{'0' * 64}\n")
    seal(tree)
    refuses(install(tree, home / "mien"), 8, "nothing-of-mine")
    assert untouched(home)


@pytest.mark.slow
def test_one_that_does_not_work_leaves_the_old_one(source: Source, tmp_path: Path, home: Path) -> None:
    tree = lay_out(source, tmp_path, FAILS)
    (home / "mien").mkdir()
    (home / "mien/old").write_text("works")
    refuses(install(tree, home / "mien"), 9, "does not work on this machine: mien: no model")
    assert (home / "mien/old").read_text() == "works"
    assert sorted(path.name for path in home.iterdir()) == ["letter", "mien"]


@pytest.mark.parametrize("flags", [["--prefix", "here"], ["--all"], ["--python"]])
def test_a_wrong_command_line(tree: Path, flags: list[str]) -> None:
    done = subprocess.run([tree / "install.sh", *flags], capture_output=True, text=True)
    refuses(done, 2)


def test_two_builds_have_the_same_bytes(source: Source, small_wheel: Path, tmp_path: Path) -> None:
    if shutil.which("zstd") is None:
        pytest.skip("no zstd here: apt install zstd")
    files = []
    for name in ("one", "two"):
        made = offline.build(
            source, "arm64", small_wheel, small_wheel.parent, tmp_path / name, tmp_path / name / "out"
        )
        files.append(made.read_bytes())
    assert files[0] == files[1]
