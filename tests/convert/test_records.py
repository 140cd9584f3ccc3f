import json
import re

import pytest

from convert import measuring
from convert.card import detection_card, expression_card
from convert.frontier import draw_frontier
from convert.layers import LayerError
from convert.measuring import measure
from convert.records import load_records, save_record
from convert.report import Kept, parity_table, write_parity
from edge.bundles import load, load_detection
from edge.errors import DataError, MienError
from train_keras.reporting.store import load_store
from train_keras.results import RESULTS


def test_a_record_comes_back(record, flatbuffers, tmp_path):
    path = save_record(record, tmp_path)
    assert path.name == "parity-small.json"
    assert json.loads(path.read_text())["schema"] == "mien.parity/1"
    assert load_records(tmp_path) == [record]
    float32, int8 = record.variants
    assert (int8.input, int8.output, int8.partitions) == ("uint8", "uint8", 1)
    assert (float32.input, float32.output, float32.outside) == ("float32", "float32", ())
    assert int8.outside == ("QUANTIZE", "SOFTMAX", "QUANTIZE")
    assert int8.size_kib == pytest.approx(len(flatbuffers["int8"]) / 1024, abs=0.1)
    assert load_store(tmp_path) == {}  # records of measurements lie in the same folder


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"schema": "mien.parity/2"}, "schema: Input should be"),
        ({"colour": "red"}, "colour: Extra inputs"),
        ({"variants": [{"variant": "int4"}]}, r"variants\.0\.variant: Input should be"),
    ],
)
def test_a_damaged_record(change, reason, record, tmp_path):
    path = save_record(record, tmp_path)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(DataError, match=rf"parity-small\.json: {reason}.*convert the model again or remove"):
        load_records(tmp_path)
    path.write_text("{")
    with pytest.raises(DataError, match="Invalid JSON"):
        load_records(tmp_path)


def test_cost_is_measured_in_a_process_of_its_own(flatbuffers):
    cost = measure(flatbuffers["float32"])
    assert cost.latency_ms > 0
    own = measuring._peak_memory() / 1e6  # with TensorFlow in it
    assert 20 < cost.peak_memory_mb < own / 2


def test_what_cannot_be_measured():
    with pytest.raises(MienError, match=r"the model could not be measured: .*odel"):
        measure(b"no model at all")


def test_a_section_of_the_results(record, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    body = write_parity(record, [parity_table(record)], ["A note."])
    text = RESULTS.read_text()
    assert "## Parity of small\n`mien convert small`" in text
    assert body in text
    assert "| int8 | 80.12 | 61.50 | 99.50 / 99.50 | 0.062 / 0.062 |" in body
    assert record.machine in body
    assert "[results/parity-small.json](results/parity-small.json)" in body


def test_what_is_kept_float_and_why():
    errors = (
        LayerError("net_1/wild_1/Relu", "CONV_2D", 0.91, 0.02),
        LayerError("net_1/wild_1/Mul", "MUL", 0.2, 0),
    )
    kept = Kept(("wild",), errors, {"bare faces": 3.5}, pieces=8)
    assert kept.layers == ("wild",)
    assert "Kept float32 for `wild`: `wild` (0.91);" in str(kept)
    assert "XNNPACK would take the network in 8 pieces" in str(kept)
    assert "3.50 on bare faces" in str(kept)


def test_the_frontier_is_drawn(record, tmp_path):
    path = tmp_path / "figures" / "frontier.png"
    draw_frontier([], path)
    assert not path.exists()
    draw_frontier([record, record.model_copy(update={"name": "other"})], path)
    alike = path.read_bytes()
    draw_frontier([record, record.model_copy(update={"name": "other", "machine": "a slower one"})], path)
    assert path.read_bytes() != alike  # hollow, and said so
    assert path.read_bytes().startswith(b"\x89PNG")
    alone = path.read_bytes()
    draw_frontier([record], path)
    one_look = path.read_bytes()
    assert one_look != alone
    draw_frontier([record.model_copy(update={"mirror": True})], path)
    assert path.read_bytes() != one_look  # further to the right


def test_a_card_tells_what_the_record_holds(record):
    manifest = load("slim").manifest
    card = expression_card(manifest, record, data="ferplus", faces=3103, kept="Kept float32: nothing.")
    headings = re.findall("^## (.*)$", card, re.MULTILINE)
    assert headings == [
        "Intended use",
        "Out of scope",
        "Measured",
        "Quantisation and parity",
        "Calibration",
        "Data",
        "Training",
        "Limits",
    ]
    for said in (
        "Article 5(1)(f)",
        "`mien convert small`",
        "FER2013 (ICML 2013 challenge, for research)",
        "No picture",
        "| bare | 60.0 | 90.0 | 70.0 |",
        "Kept float32: nothing.",
        f"Temperature {manifest.calibration.temperature}",
        record.machine,
    ):
        assert said in card, said
    assert "None" not in card


def test_a_detectors_card(record):
    card = detection_card(load_detection().manifest, record, "| the | table |")
    assert "| the | table |" in card
    assert "Recognising who somebody is" in card
    assert "mixed or" in card
    assert "None" not in card.replace("None of", "")
