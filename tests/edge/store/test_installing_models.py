"""`mien models` as it is typed: every check before anything is visible."""

import contextlib
import json
import os
import tempfile
from pathlib import Path

import pytest
import slot_run
from model_files import change, packed, spoil_answers
from shop import Shop

from edge.bundles import load, signing
from edge.errors import (
    ConfigError,
    DownloadError,
    FileUnreadableError,
    ModelCorruptError,
    ModelMissingError,
    ModelUnfitError,
    SignatureError,
    StoreError,
)
from edge.store.installing import Terms, install
from edge.store.store import Store


def listed(mien):
    lines = mien("models", "list", "--json").stdout.splitlines()
    return {f"{entry['name']}@{entry['version']}": entry for entry in map(json.loads, lines)}


def refused(done, error, message):
    assert done.returncode == error.exit_code, done.stderr
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_life_of_models(make, mien, store):
    file = make("0.2.0")
    done = mien("models", "install", file)
    assert (done.returncode, done.stdout) == (0, "slim@0.2.0 is installed\n"), done.stderr
    entry = listed(mien)["slim@0.2.0"]
    assert entry["signer"].startswith("maker (")
    assert not entry["active"]
    assert mien("models", "use", "slim").stdout == "slim@0.2.0 is in use\n"
    assert listed(mien)["slim@0.2.0"]["active"]
    assert "maker" in mien("models", "list").stdout
    refused(mien("models", "remove", "slim"), StoreError, "slim@0.2.0 is in use")
    assert (
        mien("models", "rollback").stdout
        == f"slim_fine@{load('slim_fine').manifest.version} is in use again\n"
    )
    refused(mien("models", "rollback"), ModelMissingError, "nothing to roll back to")
    assert mien("models", "remove", "slim@0.2.0").stdout == "removed slim@0.2.0\n"
    for command in ("use", "remove"):
        refused(mien("models", command, "none"), ModelMissingError, "there is")


def test_a_configured_name_goes_before_the_store(mien, etc):
    done = mien("models", "use", "slim", environment={"MIEN_MODEL_NAME": "slim_fine"})
    assert done.stdout.splitlines()[1] == "but the configuration says model.name = 'slim_fine': take that out"


def test_signatures_are_asked_for(make, mien, tmp_path, etc):
    file = make("0.2.0", signed=False)
    refused(mien("models", "install", file), SignatureError, "is not signed")
    assert mien("models", "install", file, "--allow-unsigned").returncode == 0
    other = make("0.3.0")
    signature = signing.signature_of(other)
    signature.replace(signing.signature_of(file))
    for more in ((), ("--allow-unsigned",)):  # a wrong one is worse than none
        refused(mien("models", "install", file, *more), SignatureError, "is not what")
    (etc / "maker.pub").unlink()
    refused(mien("models", "install", file), SignatureError, "not trusted")
    shipped = f"slim@{load('slim').manifest.version}"
    assert {name for name in listed(mien) if name.startswith("slim@")} == {shipped, "slim@0.2.0"}


@contextlib.contextmanager
def nobody(folder):
    """Work as nobody where root would read everything; the folder becomes nobody's."""
    if os.geteuid() != 0:
        yield
        return
    os.chown(folder, 65534, 65534)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def closed(make):
    """A folder that everybody may enter, and one in it that nobody may, with a .mien file."""
    with tempfile.TemporaryDirectory() as name:  # pytest's own is root's alone
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "closed").mkdir()
        make("0.2.0").rename(folder / "closed/slim.mien")
        (folder / "closed").chmod(0)
        yield folder
        (folder / "closed").chmod(0o700)


@pytest.mark.parametrize("given", ["path", "address", "linked signature"])
def test_a_file_that_the_stores_owner_may_not_read_is_told_as_that(closed, given):
    file, said = closed / "closed/slim.mien", "slim.mien"
    if given == "linked signature":  # the file could be read, but whether it is signed cannot be seen
        file, said = closed / "open.mien", "open.mien.minisig"
        file.touch()
        signing.signature_of(file).symlink_to(closed / "closed/slim.mien.minisig")
    source = file.as_uri() if given == "address" else str(file)
    (closed / "store").mkdir()
    with (
        nobody(closed / "store"),
        pytest.raises(FileUnreadableError, match=rf"{said} cannot be read by .*: copy it to where") as caught,
    ):
        install(Store(closed / "store"), source, Terms([], unsigned=True))
    assert "\n" not in str(caught.value)


def test_a_file_that_breaks_while_it_is_read_is_told_as_that(store):
    memory = Path("/proc/self/mem")  # opens, and fails to read at 0
    with pytest.raises(FileUnreadableError, match=r"mem cannot be read \(Input/output error\): check"):
        install(store, str(memory), Terms([], unsigned=True))


def test_a_file_that_is_exchanged_after_its_signature_was_checked(make, store, etc, monkeypatch):
    file, other = make("0.2.0"), make("0.3.0", signed=False)
    verify = signing.verify

    def exchange(*of):
        signer = verify(*of)
        other.replace(file)
        return signer

    monkeypatch.setattr(signing, "verify", exchange)
    entry = install(store, str(file), Terms(signing.trusted_keys()))
    assert entry.full_name == "slim@0.2.0"
    assert {each.full_name for each in store.entries() if not each.shipped} == {"slim@0.2.0"}
    assert sorted(path.name for path in (store.root / "slim").iterdir()) == [entry.pointer.split("/")[1]]


def test_bundles_that_are_refused_leave_no_trace(make, mien, tmp_path, store):
    before = listed(mien)
    wrong = make("0.2.0", labels=["happy", "sad"])
    refused(
        mien("models", "install", wrong, "--use"),
        ModelCorruptError,
        "labels are",
    )
    newer = make("0.3.0", minimum_runtime="99.0")
    refused(mien("models", "install", newer, "--use"), ModelUnfitError, "99.0")
    cut = make("0.4.0")
    cut.write_bytes(cut.read_bytes()[:-1000])
    refused(mien("models", "install", cut, "--allow-unsigned"), SignatureError, "is not what")
    signing.signature_of(cut).unlink()
    refused(mien("models", "install", cut, "--allow-unsigned"), ModelCorruptError, "cut off")
    refused(mien("models", "install", tmp_path / "none.mien"), FileUnreadableError, "is not there")
    refused(
        mien("models", "install", make("0.5.0"), environment={"MIEN_MODEL_BUDGET_MS": "0.001"}),
        ModelUnfitError,
        "0.00 ms",
    )
    refused(mien("models", "install", make("0.0.1")), StoreError, "--force")
    assert listed(mien) == before
    assert [path.name for path in store.root.iterdir()] == [".lock"]


def test_each_task_has_its_own_budget(store, tmp_path, etc):
    file = packed(change(tmp_path / "made", "9.0", "facet", "facet"), tmp_path / "facet.mien")
    with pytest.raises(ModelUnfitError, match=r"0\.00 ms it may"):
        install(store, str(file), Terms([], {"detection": 1e-9}, unsigned=True))
    entry = install(store, str(file), Terms([], {"expression": 1e-9, "detection": 60.0}, unsigned=True))
    assert (entry.full_name, entry.task) == ("facet@9.0", "detection")


def test_a_detector_that_the_configuration_overrides_is_told(mien, store, etc):
    slot_run.install(store, "9.0", use=False, name="facet")
    for name in ("hog", "facet:/opt/facet"):
        done = mien("models", "use", "facet", environment={"MIEN_DETECTOR_NAME": name})
        assert f"but the configuration says detector.name = '{name}'" in done.stdout
    done = mien("models", "rollback", "--detector", environment={"MIEN_MODEL_NAME": "slim"})
    assert done.stdout == "facet@0.2.1 is in use again\n", done.stderr


def test_one_that_answers_wrongly_is_refused(mien, tmp_path, etc):
    folder = change(tmp_path / "wrong", "0.2.0")
    spoil_answers(folder)
    file = packed(folder, tmp_path / "wrong.mien")
    refused(mien("models", "install", file, "--allow-unsigned"), ModelCorruptError, "answers otherwise")


def test_installing_from_an_address(make, mien, store):
    file = make("0.2.0")
    signature = signing.signature_of(file)
    with Shop({"/slim.mien": file.read_bytes(), "/slim.mien.minisig": signature.read_bytes()}) as shop:
        done = mien("models", "install", f"{shop.url}/slim.mien?key=1", "--use")
        assert (done.returncode, done.stdout) == (0, "slim@0.2.0 is installed and in use\n"), done.stderr
        del shop.files["/slim.mien.minisig"]
        refused(mien("models", "install", f"{shop.url}/slim.mien"), SignatureError, "no signature")
        assert mien("models", "install", f"{shop.url}/slim.mien", "--allow-unsigned").returncode == 0
        refused(mien("models", "install", f"{shop.url}/none.mien"), DownloadError, "404")
    refused(mien("models", "install", "http://10.0.0.1/slim.mien"), DownloadError, "not encrypted")
    assert mien("models", "install", file.as_uri()).returncode == 0
    assert not (store.root / ".downloads").exists()


def test_an_index_is_asked_for(mien, etc):
    refused(mien("models", "check"), ConfigError, "set updates.url")
    done = mien("models", "check", "--install", "--scheduled")
    assert (done.returncode, done.stdout) == (0, "updates are off: updates.enabled = true turns them on\n")
