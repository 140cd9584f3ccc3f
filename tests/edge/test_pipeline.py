import itertools
import json

import numpy as np
import pytest

from edge import turns as turns_module
from edge.cameras import open_camera
from edge.classifier import Classifier
from edge.detectors import open_detector
from edge.finding import Finder
from edge.labels import COARSE, LABELS
from edge.pipeline import Pipeline


@pytest.fixture(scope="module")
def observations(clip, bundle):
    """What the whole clip says."""
    camera = open_camera("demo")
    pipeline = Pipeline(Finder(open_detector("facet")), Classifier(bundle), fps=camera.fps)
    return [pipeline.process(frame) for frame in iter(camera.read, None)]


def test_the_face_is_found_in_nine_of_ten_frames_of_either_half(observations):
    half = len(observations) // 2
    for part in (observations[:half], observations[half:]):
        assert sum(bool(observation.faces) for observation in part) >= 0.9 * len(part)


def test_the_face_is_one_track(observations):
    tracks = [observation.faces[0].track for observation in observations if observation.faces]
    assert max(tracks.count(track) for track in set(tracks)) >= 0.9 * len(tracks)


def test_events_are_as_designed(observations):
    assert [observation.frame for observation in observations] == list(range(len(observations)))
    for observation in observations:
        event = json.loads(json.dumps(observation.to_dict()))
        assert event["schema"] == "mien.observation/1"
        assert event["camera"] == "demo"
        assert event["time"].endswith("Z")
        spent = event["latency_seconds"]
        assert 0 < spent["detect"] + spent["classify"] <= spent["capture_to_event"]
        for face in event["faces"]:
            assert list(face["probabilities"]) == list(LABELS)
            assert list(face["coarse"]) == list(COARSE)
            assert sum(face["probabilities"].values()) == pytest.approx(1, abs=1e-4)
            assert sum(face["coarse"].values()) == pytest.approx(1, abs=1e-4)
            assert face["label"] == max(face["probabilities"], key=face["probabilities"].get)
            assert len(face["landmarks"]) == 5


class Counting(Classifier):
    """Notes how many looks each frame took."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.looks = []

    def classify(self, crops, sides=None):
        self.looks.append(0)
        return super().classify(crops, sides)

    def _ask(self, crop):
        self.looks[-1] += 1
        return super()._ask(crop)


def test_a_followed_face_is_read_as_it_is_and_mirrored_in_turns(clip, bundle):
    """Half the looks, and what is shown is what two looks in every frame would show."""
    assert bundle.manifest.input.mirror
    shown = []
    for light in (0.0, turns_module.LIGHT):
        camera, classifier = open_camera("demo"), Counting(bundle)
        pipeline = Pipeline(Finder(open_detector("facet")), classifier, fps=camera.fps)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(turns_module, "LIGHT", light)
            said = [pipeline.process(frame) for frame in iter(camera.read, None)]
        shown.append(np.array([face.expression.probabilities for each in said for face in each.faces]))
        assert classifier.looks[0] == 2  # a new face
    assert sum(classifier.looks) < 1.1 * len(shown[0])
    assert np.abs(shown[0] - shown[1]).max() < 0.1
    assert (shown[0].argmax(1) == shown[1].argmax(1)).mean() > 0.97


def test_abstains_exactly_when_the_surest_coarse_answer_is_weak(observations, bundle):
    threshold = bundle.manifest.calibration.abstain_below
    for face in itertools.chain.from_iterable(observation.faces for observation in observations):
        assert face.expression.abstained == (face.expression.coarse.max() < threshold)
