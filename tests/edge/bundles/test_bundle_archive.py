import os
import shutil
import stat
import struct
import subprocess
import warnings
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_models import seal, write

from edge.bundles import archive, verify
from edge.bundles.archive import LIMITS, MIB, pack, unpack
from edge.errors import FileUnreadableError, ModelCorruptError, ModelMissingError, OutputError


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def entries(folder):
    """What an archive of this bundle holds: (ZipInfo, content) each."""
    return [(zipfile.ZipInfo(name), (folder / name).read_bytes()) for name in LIMITS]


def write_zip(path, members, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w") as made, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a name twice
        for entry, content in members:
            made.writestr(entry, content, compression)
    return path


def assert_refused(file, folder, message="."):
    """One line that ends with what to do, and nothing left behind."""
    before = set(folder.parent.iterdir())
    with pytest.raises(ModelCorruptError, match=message) as caught:
        unpack(file, folder)
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(archive.MEND)
    assert set(folder.parent.iterdir()) == before


def test_what_was_packed_comes_out(small, tmp_path):
    file = pack(small, tmp_path / "new/small.mien")
    unpack(file, tmp_path / "out")
    assert contents(tmp_path / "out") == contents(small)
    (tmp_path / "empty").mkdir()
    unpack(file, tmp_path / "empty")
    assert verify(tmp_path / "empty").manifest == verify(small).manifest
    assert [path.name for path in file.parent.iterdir()] == ["small.mien"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o644


def test_the_same_bundle_gives_the_same_bytes(small, tmp_path):
    copy = shutil.copytree(small, tmp_path / "copy")
    for number, path in enumerate(sorted(copy.iterdir())):
        path.chmod(0o600)
        os.utime(path, (number, number))
    (copy / "notes.txt").write_text("no part of the bundle")
    first, second = pack(small, tmp_path / "a.mien"), pack(copy, tmp_path / "b.mien")
    assert first.read_bytes() == second.read_bytes()
    (copy / "MODEL_CARD.md").write_text("# another\n")
    seal(copy)
    assert pack(copy, tmp_path / "b.mien").read_bytes() != first.read_bytes()


@pytest.mark.parametrize("name", LIMITS)
def test_what_is_no_whole_bundle_is_not_packed(small, tmp_path, name):
    copy = shutil.copytree(small, tmp_path / "copy")
    (copy / name).unlink()
    with pytest.raises((ModelCorruptError, ModelMissingError)):
        pack(copy, tmp_path / "a.mien")
    if name != "manifest.json":
        seal(copy)  # a manifest that lists no more than there is
        with pytest.raises(ModelCorruptError, match=f"no sha256 of {name}"):
            pack(copy, tmp_path / "a.mien")
    assert not (tmp_path / "a.mien").exists()


def test_what_is_too_large_is_not_packed(small, tmp_path):
    copy = shutil.copytree(small, tmp_path / "copy")
    (copy / "MODEL_CARD.md").write_bytes(b" " * (MIB + 1))
    seal(copy)
    with pytest.raises(ModelCorruptError, match=r"MODEL_CARD\.md is larger than 1 MiB"):
        pack(copy, tmp_path / "a.mien")


def test_archives_of_other_programs_are_read(small, tmp_path):
    file = write_zip(tmp_path / "a.mien", entries(small)[::-1], compression=zipfile.ZIP_DEFLATED)
    unpack(file, tmp_path / "out")
    assert contents(tmp_path / "out") == contents(small)


def test_an_archive_that_lacks_a_file_is_refused(small, tmp_path):
    for missing in range(len(LIMITS)):
        members = entries(small)
        del members[missing]
        assert_refused(write_zip(tmp_path / "a.mien", members), tmp_path / "out", "lacks")


@pytest.mark.parametrize(
    "name",
    [
        "../model.tflite",
        "/etc/passwd",
        "notes.txt",
        "sub/model.tflite",
        "sub/",
        "./model.tflite",
        "C:\\model.tflite",
        "model.tflite\0.txt",
        "\x1b[2J",
        "Model.tflite",
        "",
    ],
)
def test_names_that_are_not_a_bundles_are_refused(small, tmp_path, name):
    for members in (
        [*entries(small), (_named(name), b"!")],
        [(_named(name), b"!"), *entries(small)[1:]],
    ):
        file = write_zip(tmp_path / "a.mien", members)
        assert_refused(file, tmp_path / "out", "it holds ")


def _named(name):
    entry = zipfile.ZipInfo("x")
    entry.filename = name  # past what ZipInfo itself would cut off
    return entry


def test_a_file_twice_is_refused(small, tmp_path):
    for double in range(len(LIMITS)):
        members = entries(small)
        file = write_zip(tmp_path / "a.mien", [*members, members[double]])
        assert_refused(file, tmp_path / "out", "twice")


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFDIR, stat.S_IFIFO, stat.S_IFCHR])
def test_anything_but_plain_files_is_refused(small, tmp_path, kind):
    members = entries(small)
    members[2][0].external_attr = (kind | 0o777) << 16
    file = write_zip(tmp_path / "a.mien", [*members[:2], (members[2][0], b"/etc/passwd"), members[3]])
    assert_refused(file, tmp_path / "out", "no plain file")


@pytest.mark.parametrize("kind", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_odd_compression_is_refused(small, tmp_path, kind):
    file = write_zip(tmp_path / "a.mien", entries(small), compression=kind)
    assert_refused(file, tmp_path / "out", "oddly compressed")


@pytest.mark.parametrize("bit", [0, 5, 6, 13])
def test_encryption_is_refused(small, tmp_path, bit):
    content = bytearray(write_zip(tmp_path / "a.mien", entries(small)).read_bytes())
    content[content.rindex(b"PK\1\2") + 8 + bit // 8] |= 1 << bit % 8
    (tmp_path / "a.mien").write_bytes(content)
    assert_refused(tmp_path / "a.mien", tmp_path / "out", "encrypted")


def bomb(small, path, name):
    """An archive whose file `name` unpacks to more than it may have; its size is told as it is."""
    members = [
        (entry, b"\0" * (LIMITS[name] + 1) if entry.filename == name else content)
        for entry, content in entries(small)
    ]
    return write_zip(path, members, compression=zipfile.ZIP_DEFLATED)


@pytest.mark.parametrize("name", ["manifest.json", "MODEL_CARD.md", "golden.npz"])
def test_a_file_that_is_too_large_is_refused(small, tmp_path, name):
    file = bomb(small, tmp_path / "a.mien", name)
    assert file.stat().st_size < MIB
    assert_refused(file, tmp_path / "out", f"{name} has more than")


def test_a_file_that_is_larger_than_it_says_is_refused(small, tmp_path):
    file = bomb(small, tmp_path / "a.mien", "MODEL_CARD.md")
    content = bytearray(file.read_bytes())
    at = content.index(b"PK\1\2", content.index(b"PK\1\2") + 1)
    assert content[at + 46 :].startswith(b"MODEL_CARD.md")
    content[at + 24 : at + 28] = struct.pack("<L", 10)
    file.write_bytes(content)
    assert_refused(file, tmp_path / "out", "damaged")


def test_what_comes_out_is_counted_whatever_was_told(small, tmp_path, monkeypatch):
    """zipfile stops at the size that is told, so that only a fault there would bring more."""
    file = pack(small, tmp_path / "a.mien")
    monkeypatch.setitem(LIMITS, "model.tflite", 100)
    with zipfile.ZipFile(file) as opened, pytest.raises(ModelCorruptError, match="has more than"):
        list(archive._chunks(file, opened, opened.getinfo("model.tflite")))


def test_a_long_list_of_files_is_refused_unread(small, tmp_path):
    many = [(zipfile.ZipInfo(f"{number}"), b"") for number in range(2000)]
    assert_refused(write_zip(tmp_path / "a.mien", many), tmp_path / "out", "list of files")


def test_an_archive_of_more_than_all_limits_is_refused_unread(tmp_path):
    with (tmp_path / "a.mien").open("wb") as file:
        file.truncate(archive.LIMIT_ARCHIVE + 1)
    assert_refused(tmp_path / "a.mien", tmp_path / "out", "larger than a bundle can be")


@pytest.mark.parametrize("content", [b"", b"PK", b"no zip at all" * 100, b"PK\5\6" + bytes(18)])
def test_what_is_no_archive_is_refused(tmp_path, content):
    (tmp_path / "a.mien").write_bytes(content)
    assert_refused(tmp_path / "a.mien", tmp_path / "out")


def test_something_before_or_behind_an_archive_is_refused(small, tmp_path):
    content = pack(small, tmp_path / "sound.mien").read_bytes()
    end64 = b"PK\6\7" + bytes(16)
    for strange in (b"#!/bin/sh\n" + content, content + b"\n", content[:-22] + end64 + content[-22:]):
        (tmp_path / "a.mien").write_bytes(strange)
        assert_refused(tmp_path / "a.mien", tmp_path / "out")


def test_an_archive_whose_files_do_not_match_their_manifest_is_refused(small, tmp_path):
    members = [
        (entry, content + b"!" if entry.filename == "model.tflite" else content)
        for entry, content in entries(small)
    ]
    file = write_zip(tmp_path / "a.mien", members)
    with pytest.raises(ModelCorruptError, match="sha256 differs"):
        unpack(file, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_files_that_are_none(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "nothing", tmp_path, tmp_path / "pipe"):
        with pytest.raises(FileUnreadableError, match="check the path"):
            unpack(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_folder_that_holds_something_is_left_alone(small, shipped_file, tmp_path):
    before = contents(shutil.copytree(small, tmp_path / "full"))
    with pytest.raises(OutputError, match="not empty"):
        unpack(shipped_file, tmp_path / "full")
    assert contents(tmp_path / "full") == before


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_list_of_files_is_refused_or_harmless(small, tmp_path, data):
    """It is what a reader believes; here some of it is anything."""
    content = bytearray(pack(small, tmp_path / "sound.mien").read_bytes())
    at = data.draw(st.integers(content.index(b"PK\1\2"), len(content) - 1))
    strange = data.draw(st.binary(min_size=1, max_size=min(60, len(content) - at)))
    content[at : at + len(strange)] = strange
    (tmp_path / "a.mien").write_bytes(content)
    try:
        unpack(tmp_path / "a.mien", tmp_path / "out")
    except ModelCorruptError:
        assert not (tmp_path / "out").exists()
    else:
        assert contents(tmp_path / "out") == contents(small)
        shutil.rmtree(tmp_path / "out")


@pytest.fixture
def full_disk(tmp_path):
    """A file system of 64 KiB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small file system needs root")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_is_told_of_and_nothing_is_left(bundle, shipped_file, full_disk):
    with pytest.raises(OutputError, match="No space left on device"):
        unpack(shipped_file, full_disk / "out")
    with pytest.raises(OutputError, match="No space left on device"):
        pack(bundle.path, full_disk / "a.mien")
    assert not list(full_disk.iterdir())


def test_names_that_lead_elsewhere_are_no_names(small, tmp_path):
    for changes in ({"name": "../up"}, {"name": "a/b"}, {"version": "/1"}, {"name": ""}, {"version": "1\n"}):
        with pytest.raises(ValueError, match="pattern"):
            write(tmp_path / "bad", (small / "model.tflite").read_bytes(), **changes)
        shutil.rmtree(tmp_path / "bad")
