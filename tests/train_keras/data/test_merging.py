from dataclasses import replace

import numpy as np
import pytest

from edge.labels import COARSE, LABELS, VALENCE
from train_keras.data.faces import Faces
from train_keras.data.merging import merge


@pytest.fixture
def faces():
    targets = np.vstack([np.eye(7), [0.3, 0.25, 0.05, 0.4, 0, 0, 0]]).astype(np.float32)
    rows = np.arange(8)
    return Faces(
        np.zeros((8, 4, 4), np.uint8), targets, np.zeros(8, np.int8), rows, identities=rows.astype(str)
    )


def test_five(faces):
    merged = merge(faces, "five")
    assert merged.labels == COARSE
    assert merged.targets.dtype == np.float32
    expected = dict(zip(LABELS, (COARSE[i] for i in merged.classes), strict=False))
    assert expected == {
        "angry": "anger-disgust", "disgust": "anger-disgust", "fear": "fear-surprise", "happy": "happiness",
        "sad": "sadness", "surprise": "fear-surprise", "neutral": "neutral",
    }  # fmt: skip


def test_three(faces):
    merged = merge(faces, "three")
    assert merged.labels == VALENCE
    assert merged.targets.dtype == np.float32
    assert {label: VALENCE[i] for label, i in zip(LABELS, merged.classes, strict=False)} == {
        "angry": "negative", "disgust": "negative", "fear": "negative", "happy": "positive",
        "sad": "negative", "surprise": "negative", "neutral": "neutral",
    }  # fmt: skip


def test_votes_count_together(faces):
    assert LABELS[faces.classes[7]] == "happy"
    assert COARSE[merge(faces, "five").classes[7]] == "anger-disgust"
    assert np.allclose(merge(faces, "five").targets[7], [0.55, 0.05, 0.4, 0, 0])
    assert np.allclose(merge(faces, "three").targets[7], [0.6, 0, 0.4])


def test_all_else_stays(faces):
    assert merge(faces, "seven") is faces
    merged = merge(faces, "three")
    assert merged.images is faces.images
    assert merged.identities is faces.identities
    assert merged[np.array([2])].labels == VALENCE


def test_refused(faces):
    with pytest.raises(ValueError, match="labels 'six': choose seven, five or three"):
        merge(faces, "six")
    with pytest.raises(ValueError, match=r"anger-disgust.* cannot be merged"):
        merge(merge(faces, "five"), "three")
    with pytest.raises(ValueError, match="cannot be merged"):
        merge(replace(faces, labels=VALENCE), "seven")
