"""What is in the bundle, and above all what is not."""

from __future__ import annotations

import doctest
import gzip
import io
import itertools
import json
import os
import socket
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

import edge.support.journal
from edge.errors import OutputError
from edge.schemas import DOCTOR, published_schemas
from edge.settings import Settings
from edge.support import members
from edge.support.archive import write
from edge.support.members import collect
from edge.support.quick_bench import quick_bench

MEMBERS = [
    "README.txt",
    "configuration.toml",
    "versions.json",
    "machine.json",
    "health.json",
    "models.json",
    "metrics.txt",
    "journal.txt",
    "doctor.json",
]
SECRETS = {
    "camera": "hunter2@with/slash and blank",
    "query": "querypwd-5f0e",
    "mqtt": "mqtt-password-91c4",
    "token": "token-of-the-page-0c1d2e3f",
    "login": "login-of-the-door-77aa",
    "user": "anna-at-the-broker",
}


def members_of(file: Path) -> dict[str, str]:
    with tarfile.open(file) as archive:
        files = {entry.name.partition("/")[2]: archive.extractfile(entry) for entry in archive.getmembers()}
        return {name: stream.read().decode() for name, stream in files.items() if stream is not None}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration with a secret wherever one can stand, beside files full of them."""
    for name in ("mqtt", "token", "login"):
        (tmp_path / name).write_text(SECRETS[name])
    file = tmp_path / "config.toml"
    file.write_text(f"""
[cameras.front]
source = "rtsp://anna:{SECRETS["camera"]}@cam.local/1"
[cameras.back]
source = "http://cam.local/video?user=anna&pwd={SECRETS["query"]}"
[cameras.door]
source = "rtsp://door.local/1"
login_file = "{tmp_path}/login"
[mqtt]
host = "broker.local"
username = "{SECRETS["user"]}"
password_file = "{tmp_path}/mqtt"
[http]
token_file = "{tmp_path}/token"
[updates]
url = "https://anna:{SECRETS["query"]}@models.local/index.json?key={SECRETS["query"]}"
""")
    return file


def test_examples() -> None:
    assert doctest.testmod(edge.support.journal).failed == 0


def test_no_byte_of_it_is_a_secret(config: Path, tmp_path: Path, mien, bundle) -> None:
    out = tmp_path / "mien-support.tar.gz"
    done = mien("support-bundle", "--no-bench", "--config", config, "--out", out)
    assert done.returncode == 0, done.stderr
    assert out.stat().st_mode & 0o777 == 0o600
    everything = gzip.decompress(out.read_bytes()).decode(errors="replace") + done.stdout + done.stderr
    for secret in (*SECRETS.values(), "hunter2", "slash and", "blank@", "anna"):
        assert secret not in everything
    members = members_of(out)
    assert list(members) == MEMBERS
    assert all(name in done.stdout and name in members["README.txt"] for name in MEMBERS[1:])
    assert done.stdout.index("There is no picture") < done.stdout.index("wrote ")
    # What is needed stands there nevertheless.
    configuration = members["configuration.toml"]
    for shown in ("rtsp://***@cam.local/1", "http://cam.local/video?***", "models.local/index.json?***"):
        assert shown in configuration
    assert 'username = "***"' in configuration
    assert f'login_file = "{tmp_path}/login"' in configuration
    jsonschema.validate(json.loads(members["doctor.json"]), published_schemas()[DOCTOR])
    assert json.loads(members["machine.json"])["cores"] == os.cpu_count()
    assert "slim_fine" in members["models.json"]
    assert json.loads(members["health.json"])["memory"] > 0
    assert "guarded by a token" in members["metrics.txt"]


def first(file: Path, last: str) -> dict[str, str]:
    """The members up to one, without waiting for those after it."""
    return dict(itertools.islice(collect(file, with_bench=True), MEMBERS.index(last) + 1))


def test_a_broken_configuration_is_what_it_is_for(config: Path) -> None:
    config.write_text(config.read_text().replace("[http]", "[http]\nclients = 0"))
    members = first(config, "models.json")
    assert "http.clients = 0" in members["configuration.toml"]
    assert "slim_fine" in members["models.json"]
    config.write_text(f'[camera]\nfps = "rtsp://anna:{SECRETS["camera"]}@cam"\n')
    told = first(config, "configuration.toml")["configuration.toml"]
    assert "camera.fps = 'rtsp://***@cam'" in told
    assert "hunter2" not in told
    assert "blank@" not in told


@pytest.fixture
def daemon_of_text(tmp_path: Path) -> Iterator[Path]:
    """A configuration whose page answers with metrics that name a secret."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        script = (
            "import socket, sys\n"
            "server = socket.socket(fileno=int(sys.argv[1]))\n"
            "talk = server.accept()[0]\n"
            "talk.recv(4096)\n"
            "talk.sendall(b'HTTP/1.0 200 OK\\r\\n\\r\\nmien_people{camera=\"rtsp://me:hunter2@cam\"} 2\\n')\n"
        )
        descriptor = server.fileno()
        process = subprocess.Popen(
            [sys.executable, "-c", script, str(descriptor)],
            pass_fds=[descriptor],
        )
        file = tmp_path / "config.toml"
        file.write_text(f'[outputs]\naddress = "127.0.0.1:{server.getsockname()[1]}"\n')
        yield file
        process.kill()
        process.wait()


def test_the_metrics_of_a_running_mien(daemon_of_text: Path) -> None:
    metrics = first(daemon_of_text, "metrics.txt")["metrics.txt"]
    assert metrics == 'mien_people{camera="rtsp://***@cam"} 2\n'


def test_a_quick_bench(bundle, tmp_path: Path) -> None:
    said = quick_bench(Settings(), seconds=0.1)
    assert [result["timing"]["fps"] > 0 for result in said["results"]] == [True] * 3
    (tmp_path / "config.toml").write_text("")
    assert "- bench.json: " in first(tmp_path / "config.toml", "README.txt")["README.txt"]


def test_files_that_cannot_be_written(tmp_path: Path) -> None:
    there = tmp_path / "there.tar.gz"
    there.write_bytes(b"")
    with pytest.raises(OutputError, match="exists"):
        write(there, [("a", "b")])
    with pytest.raises(OutputError, match="No such file or directory"):
        write(tmp_path / "no/where.tar.gz", [("a", "b")])


def test_a_full_disk_leaves_no_half_bundle(tmp_path: Path) -> None:
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(tmp_path)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small file system needs root")
    try:
        with pytest.raises(OutputError, match="free some space"):
            write(tmp_path / "a.tar.gz", [("a", os.urandom(200_000).hex())])
        assert list(tmp_path.iterdir()) == []
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_the_same_texts_give_members_in_the_same_order(tmp_path: Path) -> None:
    texts = [(name, name * 3) for name in MEMBERS]
    write(tmp_path / "a.tar.gz", texts)
    assert list(members_of(tmp_path / "a.tar.gz").items()) == texts
    with tarfile.open(fileobj=io.BytesIO((tmp_path / "a.tar.gz").read_bytes())) as archive:
        assert {(entry.uid, entry.uname) for entry in archive.getmembers()} == {(0, "")}


def test_a_part_that_fails_unforeseen_tells_no_secret() -> None:
    def part() -> str:
        raise RuntimeError("no answer from rtsp://me:s3cret@door.local/1")

    said = members._told(part)
    assert "RuntimeError" in said
    assert "door.local" in said
    assert "s3cret" not in said
