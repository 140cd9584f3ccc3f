"""The daemon's model: switched while it runs, given up where it fails."""

import json
import signal
import threading
import time

import pytest
import slot_run
from model_files import damage_golden, spoil_answers
from slot_run import PATIENCE, install
from test_service import listen, service, until  # noqa: F401

from edge import bundles, swapping
from edge.config import load
from edge.control import SwitchModel
from edge.daemon import Daemon
from edge.errors import ModelMissingError
from edge.roles import Expressions
from edge.settings import ModelConfig
from edge.store import boot
from edge.store.store import Store
from edge.store.versions import Wish
from edge.swapping import FEWEST
from edge.watching import Watcher

OBSERVED = {"schema": "mien.observation/1"}


@pytest.fixture
def store(tmp_path, bundle):
    return Store(tmp_path / "models")


class Source:
    """A camera that nobody looks through."""

    name = "none"


class Run(slot_run.Run):
    def __init__(self, store, **config):
        super().__init__(store, Expressions(ModelConfig(**config)))


def test_the_stores_link_is_followed(store):
    run = Run(store)
    assert run.slot.bundle.path == bundles.SHIPPED / bundles.DEFAULT_MODEL
    install(store, "1")
    run.look_until(lambda: len(run.events) == 2)
    assert run.told()[1] == ("loaded", "slim", "1")
    assert run.reader.used == ["1"]
    store.roll_back()
    run.look_until(lambda: len(run.events) == 3)
    assert run.told()[2][:2] == ("loaded", bundles.DEFAULT_MODEL)


def test_a_configured_name_is_not_moved_by_the_store(store):
    run = Run(store, name="slim")
    install(store, "1")
    run.look()
    assert run.told() == [("loaded", "slim", bundles.load("slim").manifest.version)]
    run.slot.ask("slim_fine")
    run.look_until(lambda: len(run.events) == 2)
    run.slot.ask("none")
    run.look_until(lambda: len(run.events) == 3)
    assert run.told()[2] == ("refused", "none", None)
    with pytest.raises(ModelMissingError):
        Run(store, name="none")


def test_one_that_answers_wrongly_is_refused_and_the_store_goes_back(store):
    good = install(store, "1")
    run = Run(store)
    install(store, "2", spoil_answers)
    run.look_until(lambda: len(run.events) == 2 and store.active("expression") == good)
    assert run.told()[1] == ("refused", "slim", "2")
    assert "golden inputs wrongly" in run.events[1].reason
    assert run.reader.used == []
    assert "golden inputs wrongly" in store.state().bad["slim@2"]
    run.look()
    assert len(run.events) == 2


def test_one_whose_golden_outputs_are_damaged_is_refused(store):
    good = install(store, "1")
    run = Run(store)
    install(store, "2", damage_golden)
    run.look_until(lambda: len(run.events) == 2 and store.active("expression") == good)
    assert run.told()[1] == ("refused", "slim", "2")
    assert run.events[1].reason.endswith("install the model again")


def test_one_that_is_too_slow_for_its_budget_is_rolled_back(store):
    good = install(store, "1")
    run = Run(store, budget_ms=10.0)
    install(store, "2")
    run.look_until(lambda: run.reader.used == ["2"])
    run.reader.face_seconds.extend([0.009] * FEWEST)
    run.look(10)
    assert run.reader.used == ["2"]
    run.reader.face_seconds.extend([0.011] * (FEWEST + 1))
    run.look_until(lambda: run.reader.used == ["2", "1"])
    assert run.told()[2:] == [("loaded", "slim", "1"), ("rolled_back", "slim", "2")]
    assert "a face takes 11.0 ms, more than model.budget_ms = 10" in run.events[-1].reason
    assert store.active("expression") == good
    assert set(store.state().bad) == {"slim@2"}
    run.reader.face_seconds.extend([1.0] * FEWEST)  # the old one has proved itself before
    run.look()
    assert run.reader.used == ["2", "1"]


def test_a_store_that_cannot_be_written_does_not_keep_a_slow_one(store, monkeypatch):
    install(store, "1")
    run = Run(store, budget_ms=10.0)
    install(store, "2")
    run.look_until(lambda: run.reader.used == ["2"])
    (store.root / ".lock").unlink()
    (store.root / ".lock").mkdir()
    run.reader.face_seconds.extend([0.5] * FEWEST)
    run.look_until(lambda: run.reader.used == ["2", "1"])


def test_probation_ends_after_its_time(store, monkeypatch):
    monkeypatch.setattr(swapping, "PROBATION", 0.2)
    install(store, "1")
    run = Run(store, budget_ms=10.0)
    assert store.state().tasks["expression"].probation.starts == 1
    run.look_until(lambda: store.state().tasks["expression"].probation is None)
    run.reader.face_seconds.extend([0.5] * FEWEST)
    run.look()
    assert run.reader.used == []


def test_one_that_takes_the_daemon_down_twice_is_given_up_at_the_third_start(store):
    good = install(store, "1")
    Run(store).slot.end()
    store.end_probation(good)
    install(store, "2")
    for _ in range(5):
        Run(store).slot.end()  # an end in order does not count
    for _ in range(swapping.MOST_STARTS):
        assert Run(store).slot.bundle.manifest.version == "2"
    run = Run(store)
    assert run.slot.bundle.manifest.version == "1"
    assert run.told() == [("loaded", "slim", "1"), ("rolled_back", "slim", "2")]
    assert "took the daemon down 2 times" in run.events[-1].reason
    assert store.active("expression") == good


def test_power_cuts_on_probation_are_no_failures_of_the_model_but_not_for_ever(store, tmp_path, monkeypatch):
    """A daemon that is not ended, and then another boot of the machine, is what a power cut leaves behind."""
    monkeypatch.setattr(boot, "FILE", tmp_path / "boot_id")
    good = install(store, "1")
    Run(store).slot.end()
    store.end_probation(good)
    install(store, "2")
    for number in range(swapping.MOST_BOOTS):
        boot.FILE.write_text(f"boot {number}\n")
        assert Run(store).slot.bundle.manifest.version == "2"
    Run(store)  # the daemon alone, in the last of them
    assert store.count_start() == (2, swapping.MOST_BOOTS - 1)
    boot.FILE.write_text("another\n")
    run = Run(store)
    assert run.told() == [("loaded", "slim", "1"), ("rolled_back", "slim", "2")]
    assert "the machine went down 5 times soon after it began to use" in run.events[-1].reason
    assert store.active("expression") == good


def test_a_new_model_is_not_judged_by_what_the_old_one_took(store):
    """Also where the camera has not gone over to it yet."""
    run = Run(store, budget_ms=10.0)
    watcher = Watcher(Source(), None, None, None)
    watcher.face_seconds.extend([0.5] * FEWEST)
    run.reader = watcher
    install(store, "1")
    run.look_until(lambda: len(run.events) == 2)
    install(store, "2")
    run.look_until(lambda: len(run.events) == 3)
    assert run.told()[1:] == [("loaded", "slim", "1"), ("loaded", "slim", "2")]


def test_damaged_ones_are_passed_over_at_start(store):
    for version in ("1", "2"):
        pointer = install(store, version)
        (store.root / pointer / "model.tflite").write_bytes(b"altered")
    run = Run(store)
    assert run.slot.bundle.path == bundles.SHIPPED / bundles.DEFAULT_MODEL
    assert [version for _, _, version in run.told()[1:]] == ["2"]
    assert store.active("expression") is None


def test_a_running_daemon_goes_over_without_losing_a_frame(store, tmp_path, clip):
    """Every frame of the clip is observed once, by the one model or the other, named in its observation."""
    lines = tmp_path / "lines"
    flags = {
        "outputs.jsonl": str(lines),
        "outputs.http": False,
        "outputs.terminal": False,
        "camera.loop": True,
        "model.store": str(store.root),
    }
    daemon = Daemon(lambda: load(None, flags, {}, tmp_path).settings)

    def observed():
        read = [json.loads(line) for line in lines.read_text().splitlines() if line.endswith("}")]
        return [event for event in read if OBSERVED.items() <= event.items()]

    def wait_for(model):
        deadline = time.monotonic() + PATIENCE
        while not lines.exists() or not any(event["model"] == model for event in observed()[-20:]):
            assert time.monotonic() < deadline
            time.sleep(0.05)

    failed = []

    def converse():
        try:
            default = bundles.load(bundles.DEFAULT_MODEL).manifest
            wait_for(f"{default.name}@{default.version}")
            install(store, "1")
            wait_for("slim@1")
            daemon.control.ask(SwitchModel("slim_fine"))
            wait_for(f"{default.name}@{default.version}")
        except BaseException as error:
            failed.append(error)
        finally:
            daemon.stop()

    thread = threading.Thread(target=converse)
    thread.start()
    daemon.run()
    thread.join()
    assert not failed, failed
    numbers = [event["frame"] for event in observed()]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


CONFIGURATION = """
[camera]
source = "demo"
loop = true
[model]
store = "STORE"
[outputs]
http = false
socket = "SOCKET"
"""


def test_a_daemon_that_is_killed_twice_on_probation_starts_with_the_model_before(store, service):  # noqa: F811
    install(store, "1")
    configuration = CONFIGURATION.replace("STORE", str(store.root))
    for _ in range(swapping.MOST_STARTS):
        running = service(configuration)
        until(listen(running.socket), **OBSERVED, model="slim@1")
        running.signal(signal.SIGKILL)
        running.process.communicate()
        running.socket.unlink()
    running = service(configuration)
    events = listen(running.socket)
    until(events, **OBSERVED)
    assert store.active("expression") is None
    assert "took the daemon down 2 times" in running.end()
    store.use(Wish("slim", "1"))
    assert store.state().bad == {}
