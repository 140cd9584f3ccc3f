"""The daemon's face detector: switched while it runs, given up where it fails, left where it is fixed."""

import json
import threading
import time

import pytest
import slot_run
from model_files import blind, change, packed, spoil_faces
from slot_run import PATIENCE

from edge import bundles, swapping
from edge.bundles import signing
from edge.config import load
from edge.daemon import Daemon
from edge.doctor import examine
from edge.errors import ModelMissingError
from edge.in_use import Models
from edge.roles import Faces
from edge.settings import DetectorConfig
from edge.store.choosing import chosen_detector, load_detector
from edge.store.store import Store
from edge.swapping import FEWEST
from edge.watching import make_detector

SHIPPED = bundles.SHIPPED / bundles.DEFAULT_DETECTOR


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "models")


def install(store, version, *spoil):
    return slot_run.install(store, version, *spoil, name="facet")


class Run(slot_run.Run):
    def __init__(self, store, **config):
        super().__init__(store, Faces(DetectorConfig(**config)))


def test_the_stores_link_is_followed(store):
    run = Run(store)
    assert run.slot.bundle.path == SHIPPED
    install(store, "9")
    run.look_until(lambda: len(run.events) == 2)
    assert run.told()[1] == ("loaded", "facet", "9")
    assert {event.task for event in run.events} == {"detection"}
    assert run.reader.used == ["9"]
    store.roll_back("detection")
    run.look_until(lambda: len(run.events) == 3)
    assert run.told()[2] == ("loaded", "facet", bundles.load_detection().manifest.version)
    assert Run(store).slot.bundle.path == SHIPPED


def test_an_expression_model_is_none_of_its_business(store):
    run = Run(store)
    slot_run.install(store, "9", name="slim")
    run.look()
    assert len(run.events) == 1


def test_one_that_answers_wrongly_is_refused_and_the_store_goes_back(store):
    run = Run(store)
    install(store, "9", spoil_faces)
    run.look_until(lambda: len(run.events) == 2 and store.active("detection") is None)
    assert run.told()[1] == ("refused", "facet", "9")
    assert "golden pictures wrongly" in run.events[1].reason
    assert "golden pictures wrongly" in store.state().bad["facet@9"]
    assert run.reader.used == []
    install(store, "10", spoil_faces)
    started = Run(store)
    assert started.slot.bundle.path == SHIPPED
    assert started.told()[1:] == [("rolled_back", "facet", "10")]


def test_one_that_is_too_slow_for_its_budget_is_rolled_back(store):
    good = install(store, "8")
    run = Run(store, budget_ms=10.0)
    install(store, "9")
    run.look_until(lambda: run.reader.used == ["9"])
    run.reader.face_seconds.extend([1.0] * FEWEST)  # are the other model's
    run.reader.look_seconds.extend([0.009] * FEWEST)
    run.look()
    run.reader.look_seconds.extend([0.011] * (FEWEST + 1))
    run.look_until(lambda: run.reader.used == ["9", "8"])
    assert run.told()[2:] == [("loaded", "facet", "8"), ("rolled_back", "facet", "9")]
    words = "a look at the whole picture takes 11.0 ms, more than detector.budget_ms = 10"
    assert words in run.events[-1].reason
    assert store.active("detection") == good


def test_one_that_takes_the_daemon_down_twice_is_given_up_at_the_third_start(store):
    install(store, "9")
    for _ in range(swapping.MOST_STARTS):
        assert Run(store).slot.bundle.manifest.version == "9"
    run = Run(store)
    assert run.slot.bundle.path == SHIPPED
    assert run.told()[1:] == [("rolled_back", "facet", "9")]
    assert store.active("detection") is None


def test_a_configured_folder_is_not_moved_by_the_store(store, tmp_path):
    mine = change(tmp_path / "mine", "7", "facet", "facet")
    run = Run(store, name=f"facet:{mine}")
    install(store, "9")
    run.look()
    assert run.told() == [("loaded", "facet", "7")]
    with pytest.raises(ModelMissingError, match="no face detector"):
        Run(store, name="facet:/none")


def settings(store, **more):
    return load(None, {"model.store": str(store.root), **more}, {}).settings


def starts(store, task):
    return store.state().tasks[task].probation.starts


def test_both_tasks_models_at_once_and_after_a_reload(store):
    install(store, "9")
    slot_run.install(store, "9", name="slim")
    events = []
    models = Models(settings(store), events.append)
    models.tell()
    assert [(event.task, event.version) for event in events] == [("detection", "9"), ("expression", "9")]
    smaller = Models(settings(store, **{"detector.longest_side": 160}), events.append, models)
    assert smaller.expressions is models.expressions
    assert smaller.faces is not models.faces
    assert (starts(store, "expression"), starts(store, "detection")) == (1, 1)  # a reload is no failed start
    smaller = Models(settings(store, **{"detector.longest_side": 160, "model.threads": 2}), print, smaller)
    assert (starts(store, "expression"), starts(store, "detection")) == (1, 1)
    with pytest.raises(ModelMissingError):
        Models(settings(store, **{"detector.name": "facet:/none"}), events.append)
    assert starts(store, "expression") == 1  # nor is one that the detector prevents
    other = Models(settings(store, **{"detector.name": "hog"}), events.append, smaller)
    assert other.detection is None
    other.end()
    assert (starts(store, "expression"), starts(store, "detection")) == (0, 0)


def test_commands_use_the_stores_detector_too(store, mien, images, tmp_path):
    import cv2

    cv2.imwrite(str(tmp_path / "a.png"), images[0])
    assert chosen_detector(settings(store)) == SHIPPED
    active = store.root / install(store, "9", blind)
    assert chosen_detector(settings(store)) == active
    assert chosen_detector(settings(store, **{"detector.name": f"facet:{SHIPPED}"})) == SHIPPED
    assert load_detector(settings(store, **{"detector.name": "hog"})) is None
    checks = {check.name: check for check in examine(settings(store))}
    assert checks["detector"].found == "facet 9 at 320 pixels"
    assert checks["golden faces"].found.startswith("0 faces")
    done = mien("predict", tmp_path / "a.png", "--jsonl", environment={"MIEN_MODELS": str(store.root)})
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert "no face found" in done.stderr


def test_a_running_daemon_goes_over_without_losing_a_frame(store, tmp_path, clip, mien, monkeypatch):
    """To a blind one, back from it, to a signed one that the command installs, and to no spoilt one."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "etc"))
    monkeypatch.setenv("MIEN_MODELS", str(store.root))
    keys = tmp_path / "etc/mien/keys"
    keys.mkdir(parents=True)
    signing.create_keys(tmp_path / "secret", keys / "maker.pub", None)
    signed = packed(change(tmp_path / "made", "9.1", "facet", "facet"), tmp_path / "facet.mien")
    signing.sign(signed, tmp_path / "secret", None, "facet 9.1")
    lines = tmp_path / "lines"
    flags = {
        "outputs.jsonl": str(lines),
        "outputs.http": False,
        "outputs.terminal": False,
        "camera.loop": True,
        "model.store": str(store.root),
    }
    daemon = Daemon(lambda: load(None, flags, {}, tmp_path).settings)

    lines.touch()
    written = lines.open()
    observed, told = [], []

    def wait_for(holds):
        deadline = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < deadline, told
            time.sleep(0.05)
            hear()

    def hear():
        """What was written since, whole lines only."""
        content = written.read()
        whole, _, rest = content.rpartition("\n")
        written.seek(written.tell() - len(rest))
        for event in map(json.loads, whole.splitlines()):
            if event["schema"] == "mien.observation/1":
                observed.append((event["frame"], bool(event["faces"])))
            elif event["schema"] == "mien.model/1" and event["task"] == "detection":
                told.append((event["state"], event["version"]))

    def sees(faces):
        return len(observed) >= 20 and all(seen is faces for _, seen in observed[-20:])

    def go():
        shipped = bundles.load_detection().manifest.version
        wait_for(lambda: sees(True))
        assert told == [("loaded", shipped)]
        install(store, "9.0", blind)
        wait_for(lambda: told[-1] == ("loaded", "9.0") and sees(False))
        store.roll_back("detection")
        wait_for(lambda: told[-1] == ("loaded", shipped) and sees(True))
        done = mien("models", "install", signed, "--use")
        assert done.stdout == "facet@9.1 is installed and in use\n", done.stderr
        wait_for(lambda: told[-1] == ("loaded", "9.1") and sees(True))
        install(store, "9.2", spoil_faces)
        wait_for(lambda: told[-1] == ("refused", "9.2"))
        count = len(observed)
        wait_for(lambda: len(observed) > count + 20 and sees(True))
        assert store.active("detection").startswith("facet/9.1-")

    failed = []

    def converse():
        try:
            go()
        except BaseException as error:
            failed.append(error)
        finally:
            daemon.stop()

    thread = threading.Thread(target=converse)
    thread.start()
    daemon.run()
    thread.join()
    assert not failed, failed
    hear()
    written.close()
    numbers = [frame for frame, _ in observed]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def test_a_detector_that_comes_while_the_machine_is_slow_looks_at_a_smaller_picture_too(store):
    from edge.finding import Finder

    config = DetectorConfig()
    finder = Finder(make_detector(config, bundles.load_detection()))
    newer = make_detector(config, bundles.load_detection(str(store.root / install(store, "9"))))
    finder.adapt(160, 2)
    finder.use(newer)
    assert newer.longest_side == 160
    finder.adapt(320, 1)
    assert newer.longest_side == 320  # the one in use is adapted, not the one from before
