import pytest
from drawn_answers import CLAIMS, draw, measured

from edge.errors import DataError
from edge.labels import LABELS
from train_keras.measures import SCHEMES
from train_keras.reporting.claims import join, read_claims
from train_keras.reporting.store import Figure


@pytest.fixture
def record():
    return measured(draw("slim"))


@pytest.fixture
def speed(record):
    return Figure(
        kind="figure", key="speed-slim", model="slim", command="mien bench --all", commit="c",
        date=record.date, value=150.0, unit="frames/s",
    )  # fmt: skip


def test_shipped_claims():
    """All five systems, and every number of the papers that the project names."""
    systems, claims = read_claims()
    assert [system.key for system in systems] == ["slim", "distilled", "cbam", "vit", "joint"]
    numbers = {claim.paper for claim in claims}
    assert {96.99, 87.14, 203.73, 61.30, 69, 61, 46, 97.67, 94.0, 92.15, 88.37, 84.44, 66.0, 62.75} <= numbers
    assert {87.38, 82.20, 81, 91.24, 90.18, 89.75, 87.13, 89.37, 88.75, 12.4} <= numbers
    for claim in claims:
        assert claim.result is not None or claim.reason, claim.key
        if claim.result and claim.metric != "value":
            model, _, _, labels = claim.result.rsplit("-", 3)
            assert labels in SCHEMES
            owner = next(system for system in systems if system.key == claim.system)
            assert owner.owns(model)


def test_joining(world, record, speed):
    _, claims = read_claims(world.claims)
    low, high, fast, vit, elsewhere = join(claims, {record.key: record, speed.key: speed})
    assert low.ours == pytest.approx(100 * record.accuracy)
    assert low.interval == pytest.approx([100 * bound for bound in record.interval])
    assert low.met
    assert low.reason == ""
    assert high.ours == pytest.approx(100 * record.f1)
    assert high.interval is None
    assert high.met is False
    assert high.reason == "Three epochs are few."
    assert fast.ours == 150
    assert fast.met is False
    assert fast.reason == "no reason given yet"
    assert fast.command == "mien bench --all"
    assert vit.ours is vit.met is vit.record is None
    assert vit.reason == "not measured yet"
    assert vit.command == "mien evaluate runs/vit"
    assert elsewhere.ours is None
    assert elsewhere.reason == "Nobody has it."


def test_lower_may_be_better(world, speed):
    text = world.claims.read_text().replace('unit = "frames/s"', 'unit = "frames/s"\nbetter = "lower"')
    world.claims.write_text(text)
    assert join(read_claims(world.claims)[1], {speed.key: speed})[2].met


def test_records_of_another_kind(world, record, speed):
    _, claims = read_claims(world.claims)
    with pytest.raises(
        DataError, match=r"slim\.speed wants a figure in frames/s, slim-ferplus-mask-seven holds scores"
    ):
        join(claims, {"speed-slim": record})
    with pytest.raises(DataError, match=r"slim\.low wants accuracy in %, speed-slim is in frames/s"):
        join(claims, {"slim-ferplus-mask-seven": speed})


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('what = "ViT"', 'waht = "ViT"', r"claim\.3\.w"),
        ("paper = 81", 'paper = "81 %"', r"claim\.3\.paper: Input should be a valid number"),
        ("paper = 81", "paper = nan", r"claim\.3\.paper"),
        ('key = "vit.five"', 'key = "slim.low"', "the key slim.low occurs twice"),
        ('key = "vit.five"', 'key = "resnet.five"', "belongs to no system: one of slim, vit"),
        ('form = "full"', 'form = "half"', r"claim\.0\.form"),
        ('comparable = "none"', 'comparable = "same"', "either comparable is 'none'"),
        ('result = "vit-ferplus-mask-five"', "", "either comparable is 'none'"),
        ("[[claim]]", "[[claim", "is not TOML"),
        ("[[claim]]", "[[claims]]", "claim"),
    ],
)
def test_unusable_claims(old, new, message, tmp_path):
    file = tmp_path / "claims.toml"
    assert old in CLAIMS
    file.write_text(CLAIMS.replace(old, new))
    with pytest.raises(DataError, match=message):
        read_claims(file)


def test_missing_claims(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        read_claims(tmp_path / "claims.toml")


def test_labels_are_the_devices():
    assert SCHEMES["seven"] == LABELS
