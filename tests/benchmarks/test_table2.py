from __future__ import annotations

import json
import tomllib
from pathlib import Path

import numpy as np
import pytest

from benchmarks import exporting, table2
from benchmarks.exporting import FACTS, TRAINED, Facts, VariantFacts, exported, read_facts, write_facts
from benchmarks.material import demo_frames
from benchmarks.networks import NETWORKS, Network, network
from benchmarks.outcome import believed, outcome
from benchmarks.rounds import Rounds, take_turns
from benchmarks.table2 import VARIANTS, figures, keep, row, turns_of
from benchmarks.table2_report import ADAPTIVE, CLASSIFY, EVERY, draw, section
from edge.bench.context import begin
from edge.bench.stretch import Plan
from edge.bundles import SHIPPED
from edge.detectors import open_detector
from edge.errors import MienError
from edge.settings import Settings
from train_keras.reporting.claims import join, read_claims
from train_keras.reporting.store import load_store, save
from train_keras.runs import WEIGHTS

FACTS_OF = Facts(
    1_234_567,
    0.0606,
    {
        "int8": VariantFacts("trained", 864.1, True, "1 partition of 34 operators"),
        "float32": VariantFacts("random", 2907.2, False, "2 partitions of 30 operators, outside: 1 CUMSUM"),
    },
)


def ignore(name: str, share: float) -> None:
    pass


@pytest.fixture(scope="module")
def result():
    """A result of made-up times: a face takes int8 0.1 ms and float32 twice that, a frame ten times."""
    medians = {
        f"{one.key}, {variant}, {way}": [0.0001 * (1 + number) * times] * 3
        for one in NETWORKS
        for number, variant in enumerate(VARIANTS)
        for way, times in ((CLASSIFY, 1), (EVERY, 10), (ADAPTIVE, 5))
    }
    context = begin(Settings(), Plan(), ignore)
    record = take_turns({"a": lambda _: [1.0]}, 1, 0.0, ignore).record
    told = outcome(context, "python -m benchmarks.table2", record)
    told |= {"rounds": 3, "seconds_a_turn": 0.5}
    rounds = Rounds(medians, record)
    return {**told, "networks": [row(one, FACTS_OF, rounds) for one in NETWORKS]}


def test_the_networks_are_those_of_the_table():
    assert len({one.key for one in NETWORKS}) == len(NETWORKS) == 12
    assert sum(one.paper is not None for one in NETWORKS) == 9
    assert network("slim").paper.parameters == 756_447
    assert {one.shipped for one in NETWORKS if one.shipped} <= {folder.name for folder in SHIPPED.iterdir()}


def test_facts_come_back_as_they_were(tmp_path):
    write_facts(tmp_path / FACTS, FACTS_OF)
    assert read_facts(tmp_path / FACTS) == FACTS_OF


def test_an_export_that_fails_tells_its_last_line(tmp_path):
    with pytest.raises(MienError, match=r"Nobody's could not be exported: KeyError: 'nobody'"):
        exported(Network("nobody", "Nobody's"), ignore, tmp_path)


def test_an_export_that_is_there_is_not_made_again(tmp_path):
    folder = tmp_path / "slim" / exporting._digest(network("slim"))
    folder.mkdir(parents=True)
    write_facts(folder / FACTS, FACTS_OF)
    assert exported(network("slim"), ignore, tmp_path) == (folder, FACTS_OF)


def test_an_export_is_made_again_where_its_network_was_trained_since(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    random = exporting._digest(network("slim_plain"))
    other = exporting._digest(network("vgg16"))
    (tmp_path / "runs" / "slim_plain").mkdir(parents=True)
    assert TRAINED == WEIGHTS
    (tmp_path / "runs" / "slim_plain" / TRAINED).write_bytes(b"trained")
    assert exporting._digest(network("slim_plain")) != random
    assert exporting._digest(network("vgg16")) == other


@pytest.mark.slow
def test_a_network_is_exported_in_a_process_of_its_own(tmp_path):
    folder, facts = exported(network("slim_plain"), ignore, tmp_path)
    assert facts.parameters == 376_407
    assert facts.gflops == pytest.approx(0.0157, abs=1e-4)
    for variant in VARIANTS:
        assert facts.variants[variant].whole
        size = (folder / variant / "model.tflite").stat().st_size
        assert facts.variants[variant].kib == size / 1024
    assert facts.variants["int8"].kib < facts.variants["float32"].kib / 2


def test_a_shipped_model_in_its_three_turns():
    images, fps = demo_frames(most=4)
    turns = turns_of("slim, int8", SHIPPED / "slim", images, open_detector("facet"), fps)
    assert list(turns) == [f"slim, int8, {way}" for way in (CLASSIFY, EVERY, ADAPTIVE)]
    took = {name: np.median(turn(0.0)) for name, turn in turns.items()}
    assert min(took.values()) > 0


def test_what_the_file_holds_is_json(result):
    slim = json.loads(json.dumps(result))["networks"][2]
    assert slim["variants"]["int8"][CLASSIFY]["fps"] == pytest.approx(10_000)
    assert slim["variants"]["float32"][EVERY]["fps"] == pytest.approx(500)
    assert slim["paper"] == {"parameters": 756_447, "gflops": 0.01914, "fps": 203.73, "fps_integrated": 61.3}


def test_section(result):
    text = section(result, "figures/here.png")
    assert believed(result) in text
    assert text.endswith("(figures/here.png)")
    cells = "1,234,567 | _756,447_ | 0.0606 | _0.01914_ | 864 | 2,907 | yes / no | trained / random"
    assert f"| slim CNN + RGC | {cells} |" in text
    speeds = "10,000 | 5,000 | _203.73_ | 1,000 | 500 | 2,000 | 1,000 | _61.3_"
    assert f"| slim CNN + RGC | {speeds} |" in text
    assert "| slim CNN without RGC | 10,000 | 5,000 |  | 1,000" in text
    assert "- VGG16, float32: 2 partitions of 30 operators, outside: 1 CUMSUM" in text
    assert "- VGG16, int8" not in text


def test_picture(result, tmp_path):
    draw(result, tmp_path / "figures" / "table2.png")
    assert (tmp_path / "figures" / "table2.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("clean", [True, False])
def test_what_is_kept(clean, result, tmp_path, monkeypatch):
    """A run that cannot be believed leaves the report's figures as they are."""
    monkeypatch.setattr(table2, "key_of", lambda name: f"{name}-avx2")
    keep({**result, "clean": clean}, tmp_path)
    kept = {path.name for path in (tmp_path / "results").iterdir()}
    assert "table2-avx2.json" in kept
    assert ("parameters-slim.json" in kept) == clean
    assert (tmp_path / "figures/table2-avx2.png").is_file()
    assert "<!-- table2-avx2 -->" in (tmp_path / "results.md").read_text()


def test_an_unclean_run_says_so(result):
    told = {**result, "clean": False, "reasons": ["load 3"]}
    assert "The run is NOT CLEAN: load 3." in believed(told)
    assert figures(told)[1].machine.endswith(", one thread, not clean")


def test_the_report_finds_what_is_written(result, tmp_path):
    """Keys, units and commands of the claims are those of the figures; other files do not matter."""
    for figure in figures(result):
        save(figure, tmp_path)
    for name in ("table2", "table2-avx2", "peers"):
        (tmp_path / f"{name}.json").write_text("{}")
    rows = {found.claim.key: found for found in join(read_claims()[1], load_store(tmp_path))}
    assert rows["slim.parameters"].ours == 1_234_567
    assert rows["slim.fps"].ours == pytest.approx(10_000)
    assert rows["slim.fps_integrated"].ours == pytest.approx(1_000)
    for key in ("slim.parameters", "slim.fps", "slim.fps_integrated"):
        assert rows[key].claim.command == rows[key].record.command


def test_every_command_of_a_claim_exists():
    """No claim sends the reader to a module or a sub-command that is not there."""
    root = Path(__file__).parents[2]
    commands = tomllib.loads((root / "pyproject.toml").read_text())["project"]["entry-points"][
        "mien.commands"
    ]
    for claim in read_claims()[1]:
        words = claim.command.split()
        if words[:2] == ["python", "-m"]:
            assert (root / f"{words[2].replace('.', '/')}.py").is_file(), claim.key
        else:
            assert words[0] == "mien"
            assert words[1] in commands, claim.key
