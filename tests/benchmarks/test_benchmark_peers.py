from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.peers import worker as workers_module
from benchmarks.peers.catalogue import ASKS, CLASSIFY, PEERS, Ask, Environment, Peer
from benchmarks.peers.measuring import at_work, measure
from benchmarks.peers.report import answer, draw, section
from benchmarks.peers.venvs import PeerError, base_python, install_beside, last_words, python_of
from benchmarks.peers.worker import WORKERS, filled
from benchmarks.rounds import Rounds, take_turns
from edge.bundles import SHIPPED

ECHO = """
from lines import Work, serve

def make(options):
    print("a library greets")
    if options["fails"]:
        raise RuntimeError("no weights\\nwithout a network")
    count = [0]

    def step():
        count[0] += 1
        if options["dies"] and count[0] > options["dies"]:
            raise SystemExit("out of\\nmemory")

    return Work(step, lambda: [options["answer"]], "echo 1.0")

serve(make)
"""


def ignore(name: str, share: float) -> None:
    pass


@pytest.fixture
def echo(monkeypatch, tmp_path):
    """A peer whose worker stands in a folder of the test; it can fail, die after some calls, or disagree."""
    (tmp_path / "lines.py").write_text((WORKERS / "lines.py").read_text())
    (tmp_path / "echo.py").write_text(ECHO)
    monkeypatch.setattr(workers_module, "WORKERS", tmp_path)

    def peer(name, fails=False, dies=0, answer=(0.25, 0.75), like=None):
        options = {"fails": fails, "dies": dies, "answer": list(answer)}
        return Peer(name, CLASSIFY, "echo", options, like=like)

    return peer


KNOWN = {"faces": "", "frames": "", "fps": 25.0}


def test_those_that_cannot_take_part_are_listed_with_the_reason(echo, tmp_path):
    absent = Peer("absent", CLASSIFY, "echo", {}, Environment("nowhere", ("nothing",)))
    peers = (
        echo("good"),
        echo("twin", like="good"),
        echo("liar", like="good", answer=(0.5, 0.5)),
        echo("broken", fails=True),
        echo("dies", dies=20),
        absent,
        echo("skipped"),
    )
    with at_work(peers, KNOWN, {"skipped": "pip refuses"}, ignore, tmp_path) as (workers, told):
        assert list(workers) == ["good", "twin", "dies"]
        found = measure(workers, told, 2, 0.001, ignore)
    by_name = {said["name"]: said for said in told}
    assert by_name["good"]["about"] == "echo 1.0"
    assert by_name["good"]["seconds"] == found.seconds("good") > 0
    assert len(by_name["good"]["rounds_seconds"]) == 2
    assert by_name["twin"]["apart"] == 0
    assert by_name["liar"]["reason"] == "its answers are up to 0.25 from those of good"
    assert by_name["broken"]["reason"] == "RuntimeError: no weights without a network"
    assert by_name["dies"]["reason"] == "ended with 1: memory"
    assert "--make-venvs" in by_name["absent"]["reason"]
    assert by_name["skipped"]["reason"] == "pip refuses"
    assert set(found.medians) == {"good", "twin"}
    assert all(("reason" in said) != ("seconds" in said) for said in told)


def test_mien_itself_as_a_worker(tmp_path):
    """The real worker on a shipped model: what it answers over the pipe is what the classifier says here."""
    from edge.bundles import load
    from edge.classifier import Classifier

    faces = np.random.default_rng(0).integers(0, 256, (3, 48, 48), np.uint8)
    np.save(tmp_path / "faces.npy", faces)
    known = {"faces": str(tmp_path / "faces.npy"), "frames": "", "fps": 25.0, "int8": SHIPPED / "slim"}
    with at_work(PEERS[:1], known, {}, ignore, tmp_path) as (workers, told):
        (worker,) = workers.values()
        assert "litert" in told[0]["about"]
        expected = Classifier(load("slim")).classify(faces)
        assert np.array(worker.answers()) == pytest.approx(expected)
        assert len(worker.turn(0.0)) == 3


def test_the_bare_invoke_of_detector_and_classifier(tmp_path):
    np.save(tmp_path / "frames.npy", np.zeros((1, 480, 640, 3), np.uint8))
    known = {"faces": "", "frames": str(tmp_path / "frames.npy"), "fps": 25.0, "int8": SHIPPED / "slim"}
    with at_work(PEERS[-1:], known, {}, ignore, tmp_path) as (workers, told):
        assert "detector 320x256" in told[0]["about"]
        assert min(next(iter(workers.values())).turn(0.0)) > 0


def rounds_of(**medians: list[float]) -> Rounds:
    record = take_turns({"a": lambda _: [1.0]}, 1, 0.0, ignore).record
    return Rounds({name.replace("_", " "): each for name, each in medians.items()}, record)


@pytest.mark.parametrize(
    ("ask", "met"),
    [
        (Ask("", "slow", "fast", least=2), True),
        (Ask("", "slow", "fast", least=3.5), False),
        (Ask("", "slow", "fast", most=3), True),
        (Ask("", "slow", "fast", most=1.15), False),
        (Ask("", "slow", "nobody", least=2), None),
    ],
)
def test_what_is_asked(ask, met):
    told = answer(ask, rounds_of(slow=[2.0, 3.0, 4.0], fast=[1.0, 1.0, 1.0]))
    assert told["met"] is met
    assert told["ratio"] == (None if met is None else 3.0)


def test_everybody_asked_about_takes_part():
    names = [peer.name for peer in PEERS]
    assert len(set(names)) == len(names)
    assert {name for ask in ASKS for name in (ask.slow, ask.fast)} <= set(names)
    assert all(peer.like is None or names.index(peer.like) < names.index(peer.name) for peer in PEERS)
    assert all((WORKERS / f"{peer.worker}.py").is_file() for peer in PEERS)


def test_section_and_picture(tmp_path):
    peers = [
        {"name": "mien, int8", "kind": "classify", "about": "LiteRT", "seconds": 0.0001},
        {
            "name": "Keras",
            "kind": "classify",
            "about": "Keras 3",
            "seconds": 0.05,
            "like": "x",
            "apart": 2e-7,
        },
        {"name": "fer", "kind": "integrated", "reason": "ImportError: no cascade"},
    ]
    told = answer(Ask("a face", "Keras", "mien, int8", least=300), rounds_of())
    met = told | {"ratio": 500.0, "low": 450.0, "high": 600.0, "met": True}
    result = {"machine": machine(), "versions": {"mien": "0"}, "clean": False, "reasons": ["load 3"]}
    result |= {"unknown": [], "rounds": 2, "seconds_a_turn": 0.5, "model": "slim", "peers": peers}
    text = section(result | {"asked": [told, met]}, "figures/peers.png")
    assert "The run is NOT CLEAN: load 3." in text
    assert "| mien, int8 | 0.100 | 10,000 | LiteRT |" in text
    assert "answers like x, 2e-07 apart at most" in text
    assert "| a face | Keras | mien, int8 | at least 300 | not measured | - |" in text
    assert "| a face | Keras | mien, int8 | at least 300 | 500 (450 to 600) | yes |" in text
    assert "- fer: ImportError: no cascade" in text
    draw(result, tmp_path / "figures" / "peers.png")
    assert (tmp_path / "figures" / "peers.png").read_bytes().startswith(b"\x89PNG")


def machine() -> dict:
    from edge.bench.machine import describe

    return json.loads(describe().model_dump_json())


def test_words_in_braces():
    assert filled({"a": "{int8}/x", "b": 3}, {"int8": Path("runs")}) == {"a": "runs/x", "b": 3}


def test_an_environment_made_from_other_packages_is_not_taken(tmp_path):
    folder = tmp_path / "some"
    folder.mkdir()
    (folder / ".made").write_text("one==1\n")
    assert python_of(Environment("some", ("one==1",)), tmp_path) == folder / "bin" / "python"
    with pytest.raises(PeerError, match="--make-venvs"):
        python_of(Environment("some", ("one==2",)), tmp_path)


def test_a_package_that_pip_refuses(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")  # nothing is looked for anywhere
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    with pytest.raises(PeerError, match="No matching distribution found for no-such-package==1"):
        install_beside(("no-such-package==1",), tmp_path / "refused")


def test_a_python_that_is_old_enough(monkeypatch):
    assert base_python(None) == sys.executable
    assert base_python((99, 0)) == sys.executable
    monkeypatch.setenv("PATH", "")
    with pytest.raises(PeerError, match=r"needs Python 3\.10 or older"):
        base_python((3, 10))


def test_a_reason_names_no_address_and_no_folder():
    error = PeerError(
        "OSError: no weights\n  at https://host/x.h5 for '/srv/home/.cache/x.h5'. Download it. Or"
    )
    assert str(error) == "OSError: no weights at (address) for 'x.h5'"
    assert str(PeerError("needs numpy 1.26. 2.0 is too new")) == "needs numpy 1.26"
    assert str(PeerError("either/or and 3/4 stay")) == "either/or and 3/4 stay"
    assert len(str(PeerError("long " * 100))) == 200


def test_last_words_of_a_traceback():
    text = "Traceback:\n  File\nValueError: no cascade\n\n"
    assert last_words(text) == "ValueError: no cascade"
    assert last_words("") == "no reason given"
