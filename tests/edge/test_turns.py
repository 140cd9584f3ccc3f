from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.cameras import open_camera
from edge.classifier import Classifier
from edge.detectors import open_detector
from edge.finding import Finder
from edge.pipeline import Pipeline
from edge.settings import CameraConfig, Settings
from edge.smoothing import Smoother
from edge.turns import BOTH, MIRRORED, PLAIN, Turns
from edge.watching import faces_a_frame


def test_a_new_face_is_read_from_both_sides_a_followed_one_in_turns():
    turns = Turns()
    assert turns.take([7], [1.0]) == {0: BOTH}
    assert [turns.take([7], [0.1])[0] for _ in range(4)] == [PLAIN, MIRRORED, PLAIN, MIRRORED]
    assert turns.take([7], [0.5]) == {0: BOTH}  # frames far apart: one answer counts for much


def test_in_a_crowd_those_wait_who_were_read_last():
    turns = Turns(2)
    assert list(turns.take([1, 2, 3], [0.1, 0.3, 0.2])) == [1, 2]
    assert list(turns.take([1, 2], [0.1, 0.3])) == [0, 1]
    assert list(Turns(0).take(range(40), [0.1] * 40)) == list(range(40))


def test_new_faces_never_wait():
    assert Turns(1).take([1, 2, 3], [0.9, 1.0, 1.0]) == {1: BOTH, 2: BOTH}


@given(st.integers(1, 40), st.integers(1, 20), st.sampled_from([0.01, 0.04, 0.2]))
def test_in_a_crowd_everybodys_turn_comes_with_both_sides_equally_often(faces, most, apart):
    turns, smoother, answer = Turns(most), Smoother(), np.full(7, 1 / 7, np.float32)
    read = {track: [] for track in range(faces)}
    last = dict.fromkeys(read, 0)
    longest = -(-faces // most)
    for frame in range(6 * longest + 2):
        now = frame * apart
        chosen = turns.take(list(read), [smoother.weight(track, now) for track in read])
        assert len(chosen) == (faces if frame == 0 else min(faces, most))
        for track, side in chosen.items():
            smoother.smooth(track, answer, now)
            assert frame - last[track] <= longest
            last[track] = frame
            read[track].append(side)
    for sides in read.values():
        assert abs(sides.count(PLAIN) - sides.count(MIRRORED)) <= 1


def test_faces_that_left_are_forgotten():
    turns = Turns()
    turns.take([7], [0.1])
    turns.keep([])
    assert turns.take([7], [0.1]) == {0: PLAIN}


def crowd(frames=8):
    """The demo's first frames with its face four times in each."""
    camera = open_camera("demo")
    return [
        replace(frame, image=np.tile(frame.image, (2, 2, 1)))
        for _, frame in zip(range(frames), iter(camera.read, None), strict=False)
    ]


@pytest.mark.parametrize("most", [2, 0])
def test_faces_that_wait_show_what_they_showed(clip, bundle, most):
    pipeline = Pipeline(Finder(open_detector("facet", 640)), Classifier(bundle), turns=Turns(most), fps=25.0)
    seen = [pipeline.process(frame) for frame in crowd()]
    assert all(len(each.faces) == 4 for each in seen)
    assert [each.read for each in seen] == [4, *[most or 4] * (len(seen) - 1)]
    for before, after in pairwise(seen):
        shown = {face.track: face.expression.probabilities for face in before.faces}
        same = sum(np.array_equal(shown[face.track], face.expression.probabilities) for face in after.faces)
        assert same == 4 - after.read


@pytest.mark.parametrize(
    ("source", "faces", "viewer", "most"),
    [("0", None, False, 12), ("demo", None, True, 12), ("demo", None, False, 0), ("demo", 3, False, 3)],
)
def test_a_recording_without_viewer_has_every_face_read(source, faces, viewer, most):
    settings = Settings.model_validate({"model": {"faces": faces}})
    assert faces_a_frame(CameraConfig(source=source), settings, viewer) == most
