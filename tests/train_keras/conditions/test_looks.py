import numpy as np
import pytest

from edge.labels import LABELS
from tests.train_keras.occlusion.drawn import grainy, landmarks68
from train_keras.conditions.looks import group, look_at, measure_groups


def turned(aside):
    """A face whose nose points to one side."""
    points = landmarks68(36, (24, 22))
    points[27:36, 0] += aside
    return points


def test_what_is_seen():
    images = np.stack([grainy((48, 48), level) for level in (60, 120, 180)])
    points = np.stack([landmarks68(36, (24, 22), 12.0), turned(0), turned(4)])
    looks = look_at(images, points)
    assert looks.brightness == pytest.approx([60, 120, 180], abs=8)
    assert looks.roll == pytest.approx([12, 0, 0], abs=0.5)
    eyes = float(np.linalg.norm(points[1][42:48].mean(0) - points[1][36:42].mean(0)))
    assert looks.yaw == pytest.approx([0, 0, 4 / eyes], abs=0.02)


def test_cheeks_outside_the_picture():
    looks = look_at(grainy((1, 48, 48), 90), np.full((1, 68, 2), -500, np.float32))
    assert looks.brightness[0] == pytest.approx(90, abs=5)


def test_groups():
    rng = np.random.default_rng(0)
    levels = rng.integers(30, 220, 60)
    images = np.stack([grainy((48, 48), level, seed) for seed, level in enumerate(levels)])
    points = np.stack([turned(aside) for aside in rng.uniform(-4, 4, 60)])
    seen = np.arange(60) < 50
    groups = group(look_at(images, points), seen)
    by_trait = {}
    for trait, _, chosen in groups:
        by_trait.setdefault(trait, []).append(chosen)
    fifths = [int(chosen.sum()) for chosen in by_trait["brightness of the cheeks"]]
    assert max(fifths) - min(fifths) <= 2  # but for ties as many in each
    for trait in ("brightness of the cheeks", "yaw", "roll"):
        assert np.array_equal(np.sum(by_trait[trait], 0), seen.astype(int))  # each face once
    assert np.array_equal(by_trait["landmarks"][1], ~seen)


def test_expected_accuracy_knows_the_labels():
    """One group holds only the label that is always missed: it expects nothing else."""
    classes = np.array([LABELS.index("happy")] * 30 + [LABELS.index("fear")] * 10)
    probabilities = np.full((40, 7), 0.05, np.float32)
    probabilities[:, LABELS.index("happy")] = 0.7
    groups = [
        ("half", "easy", classes == LABELS.index("happy")),
        ("half", "hard", classes == LABELS.index("fear")),
        ("half", "nobody", np.zeros(40, bool)),
    ]
    easy, hard = measure_groups(groups, "bare", probabilities, classes)
    assert (easy.seven.value, easy.expected, easy.faces) == (1, 1, 30)
    assert (hard.seven.value, hard.expected, hard.faces) == (0, 0, 10)
    assert hard.seven.high > 0.2
