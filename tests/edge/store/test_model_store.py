import doctest
import multiprocessing
import os
import subprocess

import pytest
from model_files import filling, write_small

import edge.store.addresses
import edge.store.versions
from edge import bundles
from edge.errors import ModelCorruptError, ModelMissingError, OutputError, StoreError
from edge.settings import ModelConfig
from edge.store import boot
from edge.store.choosing import ModelNames, chosen_model, default_folder, find_model, model_names
from edge.store.lock import locked
from edge.store.store import Store
from edge.store.versions import Wish


def active(store):
    return [entry.full_name for entry in store.entries() if entry.active and entry.task == "expression"]


def installed(store):
    return [entry.full_name for entry in store.entries() if not entry.shipped]


def test_a_store_that_is_not_there_holds_what_ships(store):
    assert active(store) == [f"{bundles.DEFAULT_MODEL}@{bundles.load('slim_fine').manifest.version}"]
    assert {entry.name for entry in store.entries()} >= {"slim", "slim_fine", "facet"}
    assert not store.root.exists()


def test_a_model_is_installed_and_then_used(store):
    entry = store.install(filling("1.0"))
    assert (entry.full_name, entry.active, entry.shipped) == ("small@1.0", False, False)
    assert entry.signer == "somebody (0123456789ABCDEF)"
    assert store.use(Wish("small")).pointer == entry.pointer == store.active("expression")
    assert active(store) == ["small@1.0"]
    assert os.readlink(store.root / "active-expression") == entry.pointer
    assert store.install(filling("1.0")).pointer == entry.pointer


def test_a_damaged_one_is_mended_by_installing_it_again(store):
    entry = store.install(filling("1"), use=True)
    (entry.path / "model.tflite").write_bytes(b"altered")
    assert installed(store) == []
    store.install(filling("1"))
    assert active(store) == ["small@1"]


def test_the_one_in_use_and_the_two_newest_are_kept(store):
    for version in ("1", "2", "3"):
        store.install(filling(version), use=version == "1")
    assert installed(store) == ["small@3", "small@2", "small@1"]
    store.install(filling("4"), use=True)
    assert installed(store) == ["small@4", "small@3", "small@1"]
    store.install(filling("5"), use=True)
    assert installed(store) == ["small@5", "small@4"]


def test_going_back_step_by_step_to_the_default(store):
    for version in ("1", "2"):
        store.install(filling(version), use=True)
    store.roll_back()
    assert active(store) == ["small@1"]
    store.use(Wish("small", "2"))
    store.roll_back()
    store.roll_back()
    assert store.active("expression") is None
    with pytest.raises(ModelMissingError, match="nothing to roll back to: the default, slim_fine, is in use"):
        store.roll_back()


def test_what_ships_can_be_used_and_gone_back_from(store):
    store.use(Wish("slim"))
    assert store.active("expression") == "shipped/slim"
    assert store.folder("shipped/slim", "expression") == bundles.SHIPPED / "slim"
    store.use(Wish("slim_fine"))
    assert store.active("expression") is None
    assert store.roll_back() == "shipped/slim"


def test_a_bad_one_is_marked_and_passed_over(store):
    pointers = [store.install(filling(version), use=True).pointer for version in ("1", "2", "3")]
    assert store.roll_back(bad=pointers[1], reason="slow") == pointers[2]  # another is in use by now
    assert store.roll_back(bad=pointers[2], reason="slower") == pointers[0] or "small/1" not in installed(
        store
    )
    assert store.state().bad == {"small@2": "slow", "small@3": "slower"}
    store.use(Wish("small", "3"))  # by a person, who means it
    assert store.state().bad == {"small@2": "slow"}


def test_starts_on_probation_are_counted_until_it_is_over(store):
    assert store.count_start() is None
    pointer = store.install(filling("1"), use=True).pointer
    assert [store.count_start() for _ in range(3)] == [(0, 0), (1, 0), (2, 0)]
    store.end_probation(pointer, proved=False)
    assert store.count_start() == (2, 0)
    store.end_probation("small/other-00000000")
    assert store.count_start() == (3, 0)
    store.end_probation(pointer)
    assert store.count_start() is None


def test_one_that_is_in_use_is_not_removed(store):
    store.install(filling("1"), use=True)
    store.install(filling("2"))
    with pytest.raises(StoreError, match="small@1 is in use: use another"):
        store.remove(Wish("small"))
    assert installed(store) == ["small@2", "small@1"]
    assert store.remove(Wish("small", "2")) == ["small@2"]
    store.roll_back()
    store.remove(Wish("small"))
    assert [path.name for path in store.root.iterdir() if path.is_dir()] == []


def test_unknown_names_are_told_with_what_there_is(store):
    store.install(filling("1"))
    for ask in (Wish("none"), Wish("small", "2")):
        with pytest.raises(ModelMissingError, match=r"there is .*facet@.*, slim@.*, slim_fine@.*, small@1"):
            store.use(ask)
    with pytest.raises(ModelMissingError, match=r"'slim' is not installed.*: there is small@1$"):
        store.remove(Wish("slim"))


def test_an_older_one_is_refused_unless_it_is_forced(store):
    store.install(filling("1.10"))
    with pytest.raises(StoreError, match=r"small 1.9 is older than 1.10, which is there: --force"):
        store.install(filling("1.9"), use=True)
    assert installed(store) == ["small@1.10"]
    store.install(filling("1.9"), force=True)
    with pytest.raises(StoreError, match=r"slim 0\.0\.1 is older than"):  # than what ships
        store.install(filling("0.0.1", "slim"))


@pytest.mark.parametrize("name", ["../up", "a/b", ".hidden", "shipped", "active-expression", ""])
def test_names_that_cannot_be_folders(store, name):
    with pytest.raises(ModelCorruptError):
        store.install(filling("1", name))
    with pytest.raises(ModelCorruptError):
        store.install(filling(f"1/{name}"))
    assert installed(store) == []


def test_a_bundle_that_fails_on_its_way_leaves_nothing(store):
    def fill(folder):
        write_small(folder, "1")
        (folder / "model.tflite").write_bytes(b"cut")

    with pytest.raises(ModelCorruptError):
        store.install(fill, use=True)
    assert sorted(path.name for path in store.root.iterdir()) == [".lock"]


def test_a_damaged_state_costs_the_history_alone(store, caplog):
    for version in ("1", "2"):
        store.install(filling(version), use=True)
    (store.root / ".state.json").write_text('{"tasks": 3')
    assert active(store) == ["small@2"]
    assert "unreadable" in caplog.text
    assert store.roll_back() is None
    store.use(Wish("small", "1"))


def hold(root, held, done):
    with locked(root / ".lock", "mien models install"):
        held.set()
        done.wait(60)


def test_a_second_change_waits_and_then_says_for_whom(store):
    store.install(filling("1"))
    context = multiprocessing.get_context("spawn")
    held, done = context.Event(), context.Event()
    other = context.Process(target=hold, args=(store.root, held, done))
    other.start()
    assert held.wait(60)
    try:
        hasty = Store(store.root, patience=0.1)
        with pytest.raises(StoreError, match=f"in use .process {other.pid}, mien models install, since"):
            hasty.use(Wish("small"))
        assert installed(hasty) == ["small@1"]  # reading needs no lock
    finally:
        done.set()
        other.join()
    store.use(Wish("small"))


def test_two_installations_at_once_are_both_done(store):
    children = []
    for version in ("1", "2"):
        child = os.fork()
        if child == 0:
            try:
                store.install(filling(version, f"small{version}"))
            finally:
                os._exit(0)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0]
    assert installed(store) == ["small1@1", "small2@2"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
def test_a_full_disk_is_told_and_leaves_the_old_model(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96k", "none", disk], capture_output=True)
    if mounted.returncode:
        pytest.skip("no disk can be mounted here")
    try:
        store = Store(disk / "store")
        store.install(filling("1"), use=True)

        def fill(folder):
            write_small(folder, "2")
            with (folder / "model.tflite").open("wb") as file:
                file.write(bytes(200_000))

        with pytest.raises(OutputError, match=r"cannot write below .*No space left.*free some space"):
            store.install(fill, use=True)
        assert active(store) == ["small@1"]
        store.install(filling("2"), use=True)
    finally:
        subprocess.run(["umount", disk], check=True)


def test_a_folder_that_is_a_file_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write below"):
        Store(tmp_path / "file").install(filling("1"))


def test_a_name_is_a_path_then_the_stores_then_a_shipped_one(store, tmp_path):
    config = ModelConfig(store=store.root)
    assert chosen_model(config) == bundles.SHIPPED / bundles.DEFAULT_MODEL
    entry = store.install(filling("9", "slim"), use=True)
    assert chosen_model(config) == entry.path
    assert find_model("slim", store) == entry.path
    assert find_model("slim_fine", store) == bundles.SHIPPED / "slim_fine"
    shipped = bundles.load("slim").manifest.version
    assert find_model(f"slim@{shipped}", store) == bundles.SHIPPED / "slim"
    write_small(tmp_path / "mine", "1")
    assert find_model(str(tmp_path / "mine"), store) == tmp_path / "mine"
    with pytest.raises(ModelMissingError, match="no model 'none'"):
        find_model("none", store)
    assert sorted(model_names(store)) == bundles.shipped("expression")


def test_the_names_to_switch_to_are_those_of_the_store_as_it_is(store):
    names = ModelNames(ModelConfig(store=store.root, name="configured"))
    shipped = bundles.shipped("expression")
    assert "slim_fine" in shipped
    assert names() == ("configured", *shipped)
    store.install(filling("1"))
    assert names() == ("configured", "small", *shipped)
    store.remove(Wish("small"))
    assert names() == ("configured", *shipped)


def test_starts_of_another_boot_are_counted_apart(store, tmp_path, monkeypatch):
    monkeypatch.setattr(boot, "FILE", tmp_path / "boot_id")
    pointer = store.install(filling("1"), use=True).pointer
    assert [store.count_start() for _ in range(2)] == [(0, 0), (1, 0)]  # a machine that tells of no boots
    boot.FILE.write_text("one\n")
    assert [store.count_start() for _ in range(3)] == [(0, 1), (1, 1), (2, 1)]
    boot.FILE.write_text("two\n")
    assert store.count_start() == (0, 2)
    store.end_probation(pointer, proved=False)
    boot.FILE.write_text("three\n")
    assert store.count_start() == (0, 2)  # that boot ended after the daemon did


def test_where_the_store_is(monkeypatch, tmp_path):
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    assert default_folder() == tmp_path / "state/models"
    monkeypatch.delenv("STATE_DIRECTORY")
    monkeypatch.setattr("edge.store.choosing.STATE", tmp_path / "none")
    monkeypatch.setattr("edge.store.choosing.state_folder", lambda: tmp_path / "none")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert default_folder() == tmp_path / "data/mien/models"


def test_root_works_as_the_owner_of_the_store(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    os.chown(tmp_path, 65534, 65534)  # nobody
    child = os.fork()
    if child == 0:
        from edge.store.owner import become_owner

        become_owner(tmp_path / "models")
        os._exit(os.geteuid() == os.getuid() == 65534)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1


def test_examples():
    assert doctest.testmod(edge.store.versions).failed == 0
    assert doctest.testmod(edge.store.addresses).failed == 0
