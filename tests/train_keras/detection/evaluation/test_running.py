import numpy as np

from edge.types import Face
from train_keras.detection.evaluation.peers import Contender
from train_keras.detection.evaluation.running import collect, time_all, witnesses
from train_keras.detection.evaluation.scenes import Scene

SCENES = [
    Scene("a.jpg", np.full((480, 600, 3), n, np.uint8), np.zeros((0, 4)), np.zeros(0)) for n in range(5)
]


class Told:
    """Remembers what it was shown."""

    name = "told"

    def __init__(self, calls, title, least):
        self.calls, self.title, self.least = calls, title, least

    def detect(self, image):
        self.calls.append((self.title, self.least, image.shape))
        box = np.array([0, 0, 50, 50], np.float32)
        return [Face(box, 0.3), Face(box + 100, 0.6)]


def contender(calls, title, side=320, family="a", witness=False):
    return Contender(title, family, lambda least: Told(calls, title, least), side, witness=witness)


def test_collects_from_everyone_the_surest_first():
    calls = []
    found = collect({title: Told(calls, title, 0.02) for title in ("one", "two")}, SCENES)
    assert [face.score for face in found["two"][4]] == [0.6, 0.3]
    assert [title for title, *_ in calls] == ["one", "two"] * 5


def test_witnesses_are_of_another_family_and_sure():
    contenders = [contender([], "one"), contender([], "two", family="b", witness=True)]
    found = collect({c.name: c.make(c.floor) for c in contenders}, SCENES)
    assert [boxes.tolist() for boxes in witnesses(contenders, found, "a")] == [[[100, 100, 150, 150]]] * 5
    assert [boxes.shape for boxes in witnesses(contenders, found, "b")] == [(0, 4)] * 5


def test_times_take_turns_at_the_detectors_own_threshold():
    calls = []
    contenders = [contender(calls, "one"), contender(calls, "two"), contender(calls, "big", side=640)]
    times = time_all(contenders, SCENES)
    assert {kind: list(each) for kind, each in times.items()} == {
        "frame": ["one", "two", "big"],
        "bare": ["one", "two"],
    }
    values = [values for each in times.values() for values in each.values()]
    assert all(each.shape == (5, 2) and (each[:, 0] > 0).all() for each in values)
    assert {least for _, least, _ in calls} == {0.5}
    frames = [(title, shape) for title, _, shape in calls if shape == (480, 640, 3)]
    assert [title for title, _ in frames[9:18]] == [
        "one",
        "two",
        "big",
        "two",
        "big",
        "one",
        "big",
        "one",
        "two",
    ]
    assert calls[-1][2] == (256, 320, 3)
