"""The Debian package, from a payload of a few files; tests/systemd/test_deb.py installs the real one."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
from io import BytesIO
from pathlib import Path

import pytest
from shipping import deb
from shipping.source import Source

from edge.config import load
from edge.errors import PackagingError

SITE = "./usr/lib/mien/lib/python3.13/site-packages"


@pytest.fixture(scope="module")
def package(source: Source, small_wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("dpkg-deb") is None:
        pytest.skip("no dpkg-deb here")
    folder = tmp_path_factory.mktemp("deb")
    return deb.build(deb.Package(source, "arm64", "trixie"), [small_wheel], folder / "tree", folder)


def members(package: Path, part: str = "--fsys-tarfile") -> dict[str, tarfile.TarInfo]:
    listing = subprocess.run(["dpkg-deb", part, package], capture_output=True, check=True).stdout
    with tarfile.open(fileobj=BytesIO(listing)) as archive:
        return {member.name: member for member in archive}


def content(package: Path, name: str, part: str = "--fsys-tarfile") -> str:
    listing = subprocess.run(["dpkg-deb", part, package], capture_output=True, check=True).stdout
    with tarfile.open(fileobj=BytesIO(listing)) as archive:
        file = archive.extractfile(name)
        assert file is not None
        return file.read().decode()


def field(package: Path, name: str) -> str:
    shown = subprocess.run(["dpkg-deb", "--field", package, name], capture_output=True, text=True, check=True)
    return shown.stdout.strip()


def test_it_holds_what_a_device_needs(package: Path) -> None:
    expected = {
        "./usr/bin/mien",
        "./usr/lib/mien/bin/mien",
        "./usr/lib/mien/bin/python",
        f"{SITE}/small/data.txt",
        f"{SITE}/small/native.so",
        "./usr/lib/systemd/system/mien.service",
        "./usr/lib/systemd/system/mien-models.service",
        "./usr/lib/systemd/system/mien-models.timer",
        "./usr/lib/sysusers.d/mien.conf",
        "./usr/lib/tmpfiles.d/mien.conf",
        "./usr/lib/udev/rules.d/60-mien.rules",
        "./usr/share/doc/mien/copyright",
        "./usr/share/doc/mien/changelog.Debian.gz",
        "./usr/share/man/man1/mien.1.gz",
        "./etc/mien/config.toml",
    }
    assert expected <= members(package).keys()
    assert content(package, "./usr/share/doc/mien/packages.txt") == "small 1.0: MIT\n"


def test_it_holds_neither_tests_nor_bytecode(package: Path) -> None:
    unwanted = ("/tests/", ".pyc", "RECORD", ".pyi")
    assert not [name for name in members(package) if any(word in name for word in unwanted)]


def test_every_file_is_roots_and_as_old_as_the_commit(package: Path, source: Source) -> None:
    for part in ("--fsys-tarfile", "--ctrl-tarfile"):
        for name, member in members(package, part).items():
            assert (member.uname, member.gname, member.mtime) == ("root", "root", source.epoch), name
            runs = name in ("./usr/lib/mien/bin/mien", *(f"./{script}" for script in deb.SCRIPTS))
            assert member.issym() or member.mode & 0o777 == (0o755 if runs or member.isdir() else 0o644), name


def test_nothing_in_it_is_enabled(package: Path) -> None:
    assert not [name for name in members(package) if ".wants" in name]
    for name in ("mien.service", "mien-models.service"):
        unit = content(package, f"./usr/lib/systemd/system/{name}")
        assert "\nExecStart=/usr/bin/mien " in unit
        assert "/opt/mien" not in unit
    assert "Default: false" in content(package, "./templates", "--ctrl-tarfile")


def test_the_configuration_is_the_administrators(package: Path, tmp_path: Path) -> None:
    assert content(package, "./conffiles", "--ctrl-tarfile") == "/etc/mien/config.toml\n"
    (tmp_path / "config.toml").write_text(content(package, "./etc/mien/config.toml"))
    assert (
        load(tmp_path / "config.toml", environment={}).settings
        == load(environment={}, etc=tmp_path / "no").settings
    )


@pytest.mark.parametrize(
    ("suite", "version", "python"),
    [
        ("bookworm", "+deb12", "python3 (>= 3.11), python3 (<< 3.12)"),
        ("trixie", "+deb13", "python3 (>= 3.13), python3 (<< 3.14)"),
    ],
)
def test_each_suite_wants_its_python(
    source: Source, small_wheel: Path, tmp_path: Path, suite: str, version: str, python: str
) -> None:
    made = deb.Package(source, "amd64", suite)
    file = deb.build(made, [small_wheel], tmp_path / "tree", tmp_path, deb.QUICK)
    assert field(file, "Version").endswith(version)
    assert python in field(file, "Depends")
    assert field(file, "Architecture") == "amd64"
    assert "@" not in field(file, "Depends") + field(file, "Version")


def test_versions_rise_with_revision_and_suite(source: Source) -> None:
    old, new = deb.Package(source, "arm64", "bookworm"), deb.Package(source, "arm64", "trixie")
    again = deb.Package(source, "arm64", "bookworm", revision=2)
    for less, more in ((old, new), (old, again)):
        subprocess.run(["dpkg", "--compare-versions", less.version, "lt", more.version], check=True)


def test_two_builds_have_the_same_bytes(
    package: Path, source: Source, small_wheel: Path, tmp_path: Path
) -> None:
    before = os.umask(0o077)  # another user's habits
    try:
        made = deb.Package(source, "arm64", "trixie")
        again = deb.build(made, [small_wheel], tmp_path / "elsewhere", tmp_path)
    finally:
        os.umask(before)
    assert again.read_bytes() == package.read_bytes()


@pytest.mark.parametrize("script", deb.SCRIPTS)
def test_maintainer_scripts_are_shell(package: Path, tmp_path: Path, script: str) -> None:
    (tmp_path / script).write_text(content(package, f"./{script}", "--ctrl-tarfile"))
    subprocess.run(["sh", "-n", tmp_path / script], check=True)


def test_the_sums_are_those_of_the_files(package: Path, tmp_path: Path) -> None:
    subprocess.run(["dpkg-deb", "--extract", package, tmp_path], check=True)
    (tmp_path / "sums").write_text(content(package, "./md5sums", "--ctrl-tarfile"))
    subprocess.run(["md5sum", "--check", "--strict", "--quiet", "sums"], cwd=tmp_path, check=True)


def test_no_dpkg_is_a_line(
    source: Source, small_wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PackagingError, match="dpkg-deb is not installed: apt install dpkg"):
        deb.build(deb.Package(source, "arm64", "trixie"), [small_wheel], tmp_path / "tree", tmp_path)
