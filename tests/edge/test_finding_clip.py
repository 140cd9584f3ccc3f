"""Finding with the shipped detector on pictures of the shipped clip."""

import itertools

import cv2
import numpy as np
import pytest

from edge import bundles
from edge.bench.agreement import same_faces
from edge.cameras.file import FileCamera
from edge.detectors import open_detector
from edge.finding import Finder, Sighting
from edge.interval import LONGEST
from edge.types import Frame, Image

FPS = 24.0


@pytest.fixture(scope="module")
def detector():
    if not (bundles.SHIPPED / bundles.DEFAULT_DETECTOR).is_dir():
        pytest.skip(f"{bundles.DEFAULT_DETECTOR} is not made yet")
    return open_detector("facet")


@pytest.fixture(scope="module")
def frames(clip) -> list[Image]:
    return [frame.image for frame in iter(FileCamera(clip).read, None)]


def follow(finder: Finder, pictures) -> list[Sighting]:
    return [
        finder.find(Frame(image, number, number / FPS, "test"), number / FPS)
        for number, image in enumerate(pictures)
    ]


def beside(left: Image, right: Image) -> Image:
    """Two pictures in one of the same size, with grey above and below."""
    height, width = left.shape[:2]
    halves = [cv2.resize(half, (width // 2, height // 2)) for half in (left, right)]
    room = height // 4
    return cv2.copyMakeBorder(np.hstack(halves), room, room, 0, 0, cv2.BORDER_CONSTANT, value=(90, 90, 90))


def nobody(like: Image) -> Image:
    return np.full_like(like, 90)


def test_looks_around_the_face_find_what_full_looks_find(detector, frames):
    full = follow(Finder(detector), frames)
    seldom = follow(Finder(detector, interval=LONGEST), frames)
    same = [same_faces(one.faces, other.faces) for one, other in zip(full, seldom, strict=True)]
    assert np.mean(same) >= 0.95
    assert sum(sighting.look == "full" for sighting in seldom) <= 0.2 * len(frames)
    assert np.mean([1 in sighting.tracks for sighting in seldom]) >= 0.95


def test_nobody_is_seen_from_the_frame_on_in_which_the_face_is_gone(detector, frames):
    sightings = follow(Finder(detector, interval=LONGEST), frames[:30] + [nobody(frames[0])] * 5)
    assert all(sighting.tracks == [1] for sighting in sightings[:30])
    assert sightings[29].look == "regions"
    assert [(sighting.look, sighting.faces) for sighting in sightings[30:]] == [("full", [])] * 5


def test_a_second_face_is_seen_by_the_next_full_look_and_the_first_keeps_its_number(detector, frames):
    alone = [beside(image, nobody(image)) for image in frames[:20]]
    together = [beside(*pair) for pair in zip(frames[20:60], frames[100:140], strict=True)]
    sightings = follow(Finder(detector, interval=LONGEST), alone + together)
    assert all(sighting.tracks == [1] for sighting in sightings[:20])
    since = [len(sighting.faces) for sighting in sightings].index(2)
    assert since < 20 + LONGEST
    assert all(sorted(sighting.tracks) == [1, 2] for sighting in sightings[since:])


def test_a_cut_to_another_face_elsewhere_is_followed_in_the_same_frame(detector, frames):
    left = [beside(image, nobody(image)) for image in frames[:20]]
    right = [beside(nobody(image), image) for image in frames[20:40]]
    sightings = follow(Finder(detector, interval=LONGEST), itertools.chain(left, right))
    assert sightings[20].look == "full"
    assert [len(sighting.faces) for sighting in sightings] == [1] * 40


def test_an_empty_room_stays_empty(detector, frames):
    sightings = follow(Finder(detector, interval=LONGEST), [nobody(frames[0])] * 30)
    assert [(sighting.look, sighting.faces) for sighting in sightings] == [("full", [])] * 30
