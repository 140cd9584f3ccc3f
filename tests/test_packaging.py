"""What a stranger gets: the lock files, the tracked files, the wheel, the service and make's first words."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements.txt", "requirements-dev.txt")
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
MEGABYTE = 1_000_000


def locked(name: str) -> dict[str, list[tuple[Marker | None, str, list[str]]]]:
    """The entries of a lock file: package -> one (marker, version, hashes) for each fork."""
    entries: dict[str, list[tuple[Marker | None, str, list[str]]]] = {}
    text = (ROOT / name).read_text().replace("\\\n", " ")
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        pin, *hashes = line.split("--hash=")
        requirement = Requirement(pin.strip())
        entry = (requirement.marker, str(requirement.specifier), [each.strip() for each in hashes])
        entries.setdefault(canonicalize_name(requirement.name), []).append(entry)
    return entries


def tracked_files() -> list[Path]:
    """The files of the checkout that git would carry to a clone."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    paths = (ROOT / os.fsdecode(name) for name in listing.stdout.split(b"\0") if name)
    return [path for path in paths if path.is_file()]


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_package_is_pinned_and_hashed(name: str) -> None:
    for package, forks in locked(name).items():
        for _, version, hashes in forks:
            assert version.startswith("=="), f"{package} is not pinned"
            assert hashes, f"{package} has no hash"
            assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", each) for each in hashes), package


@pytest.mark.parametrize("name", LOCKS)
def test_lock_files_name_no_registry(name: str) -> None:
    text = (ROOT / name).read_text()
    assert "http" not in text
    assert "file:" not in text
    assert not re.search(r"^-", text, re.MULTILINE), "an option line, such as --index-url"


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_both_locks_agree_on_every_device_package(machine: str, python: str) -> None:
    environment = {
        "platform_machine": machine,
        "sys_platform": "linux",
        "platform_system": "Linux",
        "python_version": python,
        "python_full_version": f"{python}.0",
    }

    def chosen(name: str) -> dict[str, str]:
        return {
            package: version
            for package, forks in locked(name).items()
            for marker, version, _ in forks
            if marker is None or marker.evaluate(environment)
        }

    device, full = chosen("requirements.txt"), chosen("requirements-dev.txt")
    assert device.items() <= full.items()
    asked = {canonicalize_name(Requirement(each).name) for each in PYPROJECT["project"]["dependencies"]}
    assert asked <= device.keys()
    tensorflow = {"x86_64": "tensorflow-cpu", "aarch64": "tensorflow"}[machine]
    assert full.keys() & {"tensorflow", "tensorflow-cpu"} == {tensorflow}


def test_the_device_needs_no_training_package() -> None:
    training = {"tensorflow", "tensorflow-cpu", "keras", "scikit-learn", "matplotlib"}
    assert training.isdisjoint(locked("requirements.txt"))


def test_extras() -> None:
    assert {"pi", "train", "dev"} <= PYPROJECT["project"]["optional-dependencies"].keys()


def test_no_large_file_but_models() -> None:
    large = [
        path.relative_to(ROOT)
        for path in tracked_files()
        if path.stat().st_size > 3 * MEGABYTE and not path.is_relative_to(ROOT / "edge/models")
    ]
    assert not large


def test_no_file_names_a_machine() -> None:
    # Written in pieces, so that this file does not name one itself.
    folders = "|".join(["work/" + "main", "work/" + "shared", "tmp/" + "mien", "ro" + "ot/", "opt/" + "pypi"])
    pattern = re.compile(rf"(?<![\w.])/({folders})".encode())
    naming = [path.relative_to(ROOT) for path in tracked_files() if pattern.search(path.read_bytes())]
    assert not naming


def test_wheel_carries_what_the_device_needs(tmp_path: Path) -> None:
    source = tmp_path / "source"
    for path in tracked_files():
        copy = source / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*build, "--wheel-dir", tmp_path, source], check=True)
    (wheel,) = tmp_path.glob("mien-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    data = [
        path.relative_to(ROOT).as_posix()
        for path in tracked_files()
        if path.relative_to(ROOT).parts[0] in ("edge", "train_keras", "convert") and path.suffix != ".py"
    ]
    assert set(data) <= names, "a file is in no package-data pattern"
    for needed in ("model.tflite", "manifest.json", "golden.npz", ".mp4", ".html"):
        assert any(name.startswith("edge/") and name.endswith(needed) for name in names), needed
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not [name for name in names if name.startswith("tests/")]


@pytest.mark.parametrize("name", ["mien.service", "mien-models.service"])
def test_service_files_are_clean(tmp_path: Path, name: str) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze here")
    for unit in (ROOT / "systemd").glob("mien*.*"):
        # verify looks for the program; the one in the unit exists only where mien is installed.
        text = unit.read_text().replace("/opt/mien/bin/mien", "/bin/true")
        (tmp_path / unit.name).write_text(text)
    units = [tmp_path / name, *tmp_path.glob(f"{Path(name).stem}.timer")]
    verified = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True)
    # Unknown keys leave the exit code at 0, so the words count too.
    assert (verified.returncode, verified.stderr) == (0, "")
    rate = ["systemd-analyze", "security", "--offline=true", "--threshold=20", tmp_path / name]
    rated = subprocess.run(rate, capture_output=True, text=True)
    assert rated.returncode == 0, rated.stdout


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run this Makefile in an empty folder, where there is no .venv yet."""
    if shutil.which("make") is None:
        pytest.skip("no make here")
    for name in ("Makefile", "pyproject.toml", *LOCKS):
        shutil.copy(ROOT / name, folder)
    return subprocess.run(["make", *arguments], cwd=folder, capture_output=True, text=True)


def script(path: Path, body: str) -> Path:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def test_make_alone_lists_the_commands(tmp_path: Path) -> None:
    listing = make(tmp_path).stdout
    assert "make run" in listing
    assert "make test" in listing


def test_make_names_a_python_that_is_too_old(tmp_path: Path) -> None:
    old = script(tmp_path / "python3", "exit 1")
    result = make(tmp_path, "run", f"PYTHON={old}")
    assert result.returncode != 0
    assert "mien needs Python 3.11, 3.12 or 3.13" in result.stderr
    assert not (tmp_path / ".venv").exists()


def test_make_names_the_missing_venv_package(tmp_path: Path) -> None:
    # Debian's python3 without python3-venv: everything is there but ensurepip.
    without = f'case "$2" in *ensurepip*) exit 1;; esac\nexec {sys.executable} "$@"'
    bare = script(tmp_path / "python3", without)
    result = make(tmp_path, "run", f"PYTHON={bare}")
    assert result.returncode != 0
    assert "apt install python3-venv" in result.stderr
    assert not (tmp_path / ".venv").exists()
