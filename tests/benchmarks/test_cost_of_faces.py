from __future__ import annotations

import numpy as np
import pytest

from benchmarks.faces import CAMERAS, FACES, SIZES, Scene, cameras_turn, section
from benchmarks.grid import GREY, heads_of, picture_of
from benchmarks.material import demo_frames, letterbox
from benchmarks.rounds import Rounds, take_turns
from edge.detectors import open_detector


@pytest.fixture(scope="module")
def detector():
    return open_detector("facet")


@pytest.fixture(scope="module")
def heads(detector):
    return heads_of(demo_frames(most=25)[0], detector)


def test_as_many_faces_are_found_as_were_pasted(heads, detector):
    for faces in (1, 7, 30):
        picture = picture_of(heads, faces, (640, 480), 30)
        assert picture.shape == (480, 640, 3)
        assert len(detector.detect(picture)) == faces


def test_a_face_is_as_large_alone_as_among_many(heads):
    alone, many = (picture_of(heads, faces, (640, 480), 30) for faces in (1, 30))
    pasted = (alone != GREY).any(axis=2)
    assert pasted.any()
    assert np.array_equal(alone[pasted], many[pasted])


def test_more_faces_than_cells(heads):
    with pytest.raises(ValueError, match="5 faces do not fit into 4 cells"):
        picture_of(heads, 5, (640, 480), 4)


def test_a_letterboxed_frame_keeps_its_proportions():
    boxed = letterbox(np.full((360, 640, 3), 200, np.uint8), (640, 480))
    assert (boxed[60:420] == 200).all()
    assert not boxed[:60].any()
    assert not boxed[420:].any()
    assert letterbox(boxed, (320, 240)).shape == (240, 320, 3)


def test_cameras_side_by_side_all_deliver(heads):
    images = [picture_of(heads, 1, (320, 240), 4)]
    one, two = (len(cameras_turn(images, count)(0.0)) for count in (1, 2))
    assert (one, two) == (3, 6)  # the fewest calls of each


def test_the_section_finds_the_line_again():
    crowds = [Scene(f"{count} faces", [], count - 0.5) for count in FACES]
    sizes = [Scene(name, [], 1.0) for name in SIZES]
    medians = {scene.name: [0.002 + 0.0001 * scene.found] for scene in crowds}
    medians |= {name: [0.001 + 1e-9 * width * height] for name, (width, height) in SIZES.items()}
    medians |= {f"{count} cameras": [0.003 * count] for count in CAMERAS}
    record = take_turns({"a": lambda _: [1.0]}, 1, 0.0, lambda name, share: None).record
    text = "\n".join(section(crowds, sizes, Rounds(medians, record)))
    assert "ms = 2.00 (± " in text
    assert "+ 0.100 (± " in text
    assert "for each face found" in text
    assert "| frames a second, all together | 333 | 333 | 333 | 333 |" in text
    assert "1080p, 1920x1080" in text
