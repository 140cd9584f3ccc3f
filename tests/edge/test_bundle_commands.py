import json
import os
import shutil
import subprocess
import sys

import pytest

from edge import bundles
from edge.bundles.archive import pack


@pytest.fixture
def file(bundle, tmp_path):
    return pack(bundle.path, tmp_path / "fine.mien")


@pytest.fixture
def keys(mien, tmp_path):
    """A pair without password: secret, public."""
    secret, public = tmp_path / "maker.key", tmp_path / "maker.pub"
    done = mien("bundle", "keygen", "--secret-key", secret, "--public-key", public, "--no-password")
    assert done.returncode == 0, done.stderr
    return secret, public


def assert_refused(done, code, *words):
    assert done.returncode == code, done.stderr
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("mien: ")
    assert all(word in lines[0] for word in words), lines[0]


def test_from_a_folder_to_a_device(bundle, mien, keys, tmp_path):
    secret, public = keys
    file = tmp_path / "packed.mien"
    assert mien("bundle", "create", bundle.path, "-o", file).stdout.strip() == str(file)
    done = mien("bundle", "sign", file, "--secret-key", secret)
    assert done.stdout.strip() == f"{file}.minisig"
    done = mien("bundle", "verify", file, "--key", public)
    assert done.returncode == 0, done.stderr
    assert "signed by maker (" in done.stdout
    assert f"bundle:{bundle.manifest.name} version:{bundle.manifest.version}" in done.stdout
    assert f"{bundle.manifest.name} {bundle.manifest.version} works here" in done.stdout
    moved = shutil.move(f"{file}.minisig", tmp_path / "elsewhere")
    done = mien("bundle", "verify", file, "--key", public, "--signature", moved)
    assert done.returncode == 0, done.stderr


def test_the_file_is_named_after_the_bundle(bundle, tmp_path):
    command = [sys.executable, "-m", "edge.cli", "bundle", "create", str(bundle.path)]
    path = os.pathsep.join(filter(None, sys.path))
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"{bundle.manifest.name}-{bundle.manifest.version}.mien"
    assert (tmp_path / done.stdout.strip()).is_file()


def test_what_is_not_vouched_for_is_refused(mien, file, keys, tmp_path):
    secret, public = keys
    assert_refused(mien("bundle", "verify", file), 22, "is not signed", "--allow-unsigned")
    assert mien("bundle", "verify", file, "--allow-unsigned").stdout.startswith("not signed\n")
    mien("bundle", "sign", file, "--secret-key", secret)
    assert_refused(mien("bundle", "verify", file), 22, "not trusted here")
    assert_refused(mien("bundle", "verify", file, "--allow-unsigned"), 22, "not trusted here")
    home = {"XDG_CONFIG_HOME": str(tmp_path / "config")}
    (tmp_path / "config/mien/keys").mkdir(parents=True)
    shutil.copy(public, tmp_path / "config/mien/keys")
    assert mien("bundle", "verify", file, environment=home).returncode == 0
    with file.open("r+b") as stream:
        stream.seek(500_000)
        stream.write(b"!")
    assert_refused(mien("bundle", "verify", file, "--key", public), 22, "altered")
    assert_refused(mien("bundle", "verify", file, "--key", secret), 30, "public key")


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (("verify", "NOWHERE", "--allow-unsigned"), 11),
        (("verify", "TEXT", "--allow-unsigned"), 21),
        (("info", "NOWHERE"), 11),
        (("create", "EMPTY"), 20),
        (("sign", "TEXT", "--secret-key", "TEXT"), 21),
        (("verify", "TEXT", "--key", "TEXT"), 30),
    ],
)
def test_what_cannot_be_used(mien, tmp_path, command, code):
    (tmp_path / "EMPTY").mkdir()
    (tmp_path / "TEXT").write_text("no bundle\n")
    done = mien("bundle", *(tmp_path / word if word.isupper() else word for word in command))
    lines = done.stderr.splitlines() + done.stdout.splitlines()
    assert done.returncode == code, lines
    assert lines[-1 if not done.stdout else 0].startswith("mien: ")
    assert "Traceback" not in done.stderr


def test_a_folder_has_no_signature(mien, bundle, keys):
    done = mien("bundle", "verify", bundle.path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("not signed: a folder\n")
    assert mien("bundle", "verify", bundle.path, "--key", keys[1]).returncode == 2


def test_a_password_comes_from_a_file_or_a_person(mien, file, tmp_path):
    secret, public = tmp_path / "k", tmp_path / "k.pub"
    pair = ("--secret-key", secret, "--public-key", public)
    done = mien("bundle", "keygen", *pair)
    assert_refused(done, 30, "--password-file")
    assert not secret.exists()
    (tmp_path / "password").write_text("correct horse\n")
    (tmp_path / "password").chmod(0o600)
    done = mien("bundle", "keygen", *pair, "--password-file", tmp_path / "password")
    assert done.returncode == 0, done.stderr
    assert "horse" not in done.stdout + done.stderr
    assert_refused(mien("bundle", "sign", file, "--secret-key", secret), 30, "--password-file")
    done = mien(
        "bundle", "sign", file, "--secret-key", secret, "--password-file", tmp_path / "password", "--debug"
    )
    assert done.returncode == 0, done.stderr
    assert "horse" not in done.stdout + done.stderr
    assert_refused(mien("bundle", "keygen", *pair, "--no-password"), 40, "not overwritten")


@pytest.mark.parametrize("name", [bundles.DEFAULT_MODEL, bundles.DEFAULT_DETECTOR])
def test_what_a_bundle_says_of_itself(mien, bundle, name):
    folder = bundles.SHIPPED / name
    manifest = json.loads((folder / "manifest.json").read_text())
    told = json.loads(mien("bundle", "info", folder, "--json").stdout)
    for key in ("name", "version", "task", "labels", "quantisation", "metrics"):
        assert told[key] == manifest[key]
    assert told["bytes"]["model.tflite"] == (folder / "model.tflite").stat().st_size
    assert told["signature"] == {"state": "none"}
    shown = mien("bundle", "info", folder).stdout
    for word in (name, manifest["version"], manifest["labels"][0], "int8", "signature"):
        assert word in shown


def test_who_signed_is_shown(mien, file, keys):
    secret, public = keys

    def state(*options):
        return json.loads(mien("bundle", "info", file, "--json", *options).stdout)["signature"]

    mien("bundle", "sign", file, "--secret-key", secret)
    assert state()["state"] == "bad"
    assert "not trusted here" in state()["reason"]
    good = state("--key", public)
    assert (good["state"], good["key_name"]) == ("good", "maker")
    assert "good: maker" in mien("bundle", "info", file, "--key", public).stdout


def test_words_that_would_steer_a_terminal_are_not_shown(mien, bundle, tmp_path):
    copy = shutil.copytree(bundle.path, tmp_path / "copy")
    manifest = json.loads((copy / "manifest.json").read_text())
    manifest["metrics"][0]["set"] = "\x1b[2Jcleared [red]markup"
    (copy / "manifest.json").write_text(json.dumps(manifest))
    shown = mien("bundle", "info", copy).stdout
    assert "\x1b" not in shown
    assert "[red]markup" in shown
