from dataclasses import replace

import pytest
from drawn_answers import draw

from edge.errors import DataError
from train_keras import predictions
from train_keras.reporting import store
from train_keras.reporting.contents import gather


def gathered(world):
    return gather(world.results, world.claims, world.predictions, world.sheets)


def test_chapters(world):
    world.add(draw("mobilenet", seed=5))
    (world.sheets / "explain_slim_fine.png").write_bytes(b"png")
    (world.sheets / "explain_vit.png").write_bytes(b"png")
    contents = gathered(world)
    slim, vit, other = contents.chapters
    assert [record.key for record, _ in slim.measurements] == [
        "slim-ferplus-full-seven", "slim-ferplus-mask-seven",
        "slim_fine-ferplus-full-seven", "slim_fine-ferplus-mask-seven",
    ]  # fmt: skip
    assert all(answers is not None for _, answers in slim.measurements)
    assert [model for model, _ in slim.sheets] == ["slim_fine"]
    assert vit.measurements == vit.sheets == []
    assert [record.model for record, _ in other.measurements] == ["mobilenet"]
    assert len(contents.rows) == 5


def test_networks_before_conversion_find_their_sheet(world):
    world.add(draw("slim_plain_keras", seed=5))
    (world.sheets / "explain_slim_plain.png").write_bytes(b"png")
    assert [model for model, _ in gathered(world).chapters[0].sheets] == ["slim_plain"]


def test_without_answers(world):
    """A checkout has the store and no answers: tables remain."""
    contents = gather(world.results, world.claims, world.predictions / "none", world.sheets)
    assert [answers for _, answers in contents.chapters[0].measurements] == [None] * 4
    assert contents.rivals == []


def test_merged_measurements_find_the_whole_answers(world):
    answers = draw("slim")
    merged = store.measure(answers.merged("five"), command="c", commit="c", weights_sha256="0" * 64)
    store.save(merged, world.results)
    record, found = gathered(world).chapters[0].measurements[2]
    assert record.key == "slim-ferplus-mask-five"
    assert found.scheme == "five"


def test_rivals(world):
    full, mask = gathered(world).rivals
    assert (full.occlusion, mask.occlusion, mask.labels) == ("full", "mask", "seven")
    assert [(c.first, c.second) for c in mask.comparisons] == [("slim", "slim_fine")]


def test_seven_labels_stand_up_against_five(world):
    """The merged answers are held against the labels the five-way model was given."""
    five = draw("vit", scheme="five", seed=3)
    world.add(five)
    rivals = {(r.occlusion, r.labels): r.comparisons for r in gathered(world).rivals}
    assert len(rivals["mask", "five"]) == 3
    pair = next(c for c in rivals["mask", "five"] if {c.first, c.second} == {"slim", "vit"})
    merged = draw("slim").merged("five").probabilities.argmax(1) == five.classes
    right = five.probabilities.argmax(1) == five.classes
    counts = {pair.first: pair.only_first, pair.second: pair.only_second}
    assert counts == {"slim": (merged & ~right).sum(), "vit": (right & ~merged).sum()}


def test_contradictions(world):
    predictions.save(draw("slim", seed=8), world.predictions)
    with pytest.raises(DataError, match=r"slim-ferplus-mask\.npz has .*evaluate the model again"):
        gathered(world)


def test_answers_for_other_faces(world):
    answers = draw("alien")
    predictions.save(replace(answers, rows=answers.rows + 1), world.predictions)
    with pytest.raises(DataError, match="answer for different faces"):
        gathered(world)


def test_no_store(world, tmp_path):
    with pytest.raises(DataError, match="no results in"):
        gather(tmp_path / "none", world.claims, world.predictions, world.sheets)
