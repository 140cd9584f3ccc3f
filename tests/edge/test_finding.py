import doctest
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import edge.finding
from edge.detectors.boxes import iou
from edge.finding import LONGEST_GUESS, MOST_REGIONS, Finder, Sighting, overlap
from edge.interval import LONGEST
from edge.tracking import Tracker
from edge.types import LOOKS, Face, Floats, Frame, Image

FPS = 25
SHY = 0.4  # score of a face that region looks do not see


class Eyes:
    """A detector that sees what it is told to.

    Attributes:
        scene: the faces there are.
        looks: looks at the whole picture and at regions since the scene was set.
    """

    name = "eyes"

    def set(self, scene: list[Face]) -> None:
        self.scene, self.looks = scene, {"full": 0, "region": 0}

    def detect(self, image: Image) -> list[Face]:
        self.looks["full"] += 1
        return self.scene


class RegionEyes(Eyes):
    """One that can look at regions too, and there sees the faces whose centre lies in them, but shy ones."""

    def detect_region(self, image: Image, region: Floats, size: tuple[int, int]) -> list[Face]:
        self.looks["region"] += 1
        centres = [(face.box[:2] + face.box[2:]) / 2 for face in self.scene]
        return [
            face
            for face, centre in zip(self.scene, centres, strict=True)
            if face.score > SHY and (region[:2] <= centre).all() and (centre <= region[2:]).all()
        ]


class Watch:
    """A finder and its eyes, shown one scene after another."""

    def __init__(self, interval: int | None, eyes: Eyes | None = None, period: float = 1 / FPS) -> None:
        self.eyes = eyes or RegionEyes()
        self.finder = Finder(self.eyes, interval=interval)
        self._period = period
        self._number = 0

    def see(self, *scene: Face) -> Sighting:
        self.eyes.set(list(scene))
        frame = Frame(np.zeros((360, 640, 3), np.uint8), self._number, self._number * self._period, "test")
        self._number += 1
        return self.finder.find(frame, frame.sequence / FPS)


def face(x: float, y: float = 100.0, side: float = 80.0) -> Face:
    return Face(np.float32([x, y, x + side, y + side]), 0.9, np.float32([[x + 20, y + 30]] * 5))


boxes = st.tuples(st.integers(0, 500), st.integers(0, 280), st.integers(20, 120))
scenes = st.lists(st.lists(boxes.map(lambda b: face(*map(float, b))), max_size=6), max_size=30)


def test_with_an_interval_of_one_every_look_is_full():
    watch = Watch(interval=1)
    sightings = [watch.see(face(10.0 * step)) for step in range(10)]
    assert {sighting.look for sighting in sightings} == {"full"}
    assert {tuple(sighting.tracks) for sighting in sightings} == {(1,)}


def test_every_nth_look_is_full_and_the_others_are_around_the_faces():
    watch = Watch(interval=4)
    for step in range(12):
        shown = face(10.0 * step), face(500 - 10.0 * step, y=250)
        sighting = watch.see(*shown)
        assert sighting.look == ("regions" if step % 4 else "full")
        assert watch.eyes.looks == ({"full": 0, "region": 2} if step % 4 else {"full": 1, "region": 0})
        assert dict(zip(sighting.tracks, sighting.faces, strict=True)) == {1: shown[0], 2: shown[1]}


def test_a_face_that_left_makes_the_look_full_in_the_same_frame():
    watch = Watch(interval=10)
    watch.see(face(0), face(400))
    assert watch.see(face(0), face(400)).look == "regions"
    sighting = watch.see(face(0))
    assert (sighting.look, sighting.tracks) == ("full", [1])
    assert watch.see(face(0)).look == "regions"  # its absence is no news any more


@pytest.mark.parametrize("jump", [face(60), face(40, y=140), face(20, y=120, side=30)])
def test_a_face_that_jumped_is_looked_for_everywhere_in_the_same_frame_and_keeps_its_number(jump):
    watch = Watch(interval=10)
    watch.see(face(0))
    sighting = watch.see(jump)
    assert watch.eyes.looks == {"full": 1, "region": 1}
    assert (sighting.look, sighting.tracks, sighting.faces) == ("full", [1], [jump])


def test_a_newcomer_is_seen_by_the_next_full_look():
    for interval in (1, 2, 5, 12):
        watch = Watch(interval)
        watch.see(face(0))
        counts = [len(watch.see(face(0), face(300)).faces) for _ in range(interval)]
        assert counts == [1] * (interval - 1) + [2]


def test_a_machine_that_cannot_keep_up_looks_more_seldom_and_at_a_smaller_picture():
    watch = Watch(interval=2)
    assert [watch.see(face(0)).look for _ in range(5)] == ["full", "regions"] * 2 + ["full"]
    watch.finder.adapt(240, 2)
    assert watch.eyes.longest_side == 240
    looks = [watch.see(face(0)).look for _ in range(8)]
    assert looks == (["regions"] * 3 + ["full"]) * 2
    watch.finder.adapt(320, 1)
    assert watch.eyes.longest_side == 320
    assert [watch.see(face(0)).look for _ in range(4)] == ["regions", "full"] * 2


def test_with_nobody_known_a_fixed_interval_looks_fully_at_every_frame():
    watch = Watch(interval=10)
    for _ in range(5):
        sighting = watch.see()
        assert (sighting.look, sighting.faces, sighting.tracks) == ("full", [], [])
    assert watch.see(face(0)).tracks == [1]


def test_a_face_missed_for_a_moment_comes_back_without_a_full_look():
    watch = Watch(interval=100)
    watch.see(face(0), face(400))
    watch.see(face(400))
    watch.see(face(400))
    sighting = watch.see(face(5), face(400))
    assert sighting.look == "regions"
    assert sorted(sighting.tracks) == [1, 2]


def test_a_face_that_only_full_looks_see_is_shown_without_a_full_look_in_every_frame():
    watch = Watch(interval=10)
    shown, shy = face(0), replace(face(300), score=SHY)
    sightings = [watch.see(shown, shy) for _ in range(60)]
    assert {tuple(sorted(sighting.tracks)) for sighting in sightings} == {(1, 2)}
    assert sum(sighting.look == "full" for sighting in sightings) <= 2 * 60 // 10
    sightings = [watch.see(shown) for _ in range(20)]
    assert [sighting.tracks for sighting in sightings[10:]] == [[1]] * 10


def test_two_tracks_do_not_share_a_face():
    watch = Watch(interval=100)
    watch.see(face(0), face(60))
    sighting = watch.see(face(30))
    assert watch.eyes.looks["full"] == 1
    assert len(sighting.tracks) == 1


def test_many_faces_cost_no_more_than_full_looks():
    crowd = [face(60.0 * (index % 10), 60.0 * (index // 10), 50) for index in range(50)]
    watch = Watch(interval=12)
    for _ in range(30):
        sighting = watch.see(*crowd)
        assert watch.eyes.looks == {"full": 1, "region": 0}
        assert sorted(sighting.tracks) == list(range(1, 51))


@settings(deadline=None)
@given(scenes, st.integers(1, 15))
def test_full_looks_come_in_time_and_show_what_is_there(sequence, interval):
    watch = Watch(interval)
    since = 0
    for scene in sequence:
        sighting = watch.see(*scene)
        assert sighting.look in LOOKS
        assert len(set(sighting.tracks)) == len(sighting.tracks) == len(sighting.faces)
        assert set(sighting.tracks) <= watch.finder.alive
        since = 0 if sighting.look == "full" else since + 1
        assert since < interval
        assert watch.eyes.looks["full"] == (sighting.look == "full")
        assert watch.eyes.looks["region"] <= MOST_REGIONS
        if sighting.look == "full":
            assert sighting.faces == scene


@settings(deadline=None)
@given(scenes)
def test_full_looks_are_numbered_as_by_the_tracker(sequence):
    watch, tracker = Watch(interval=1), Tracker()
    for step, scene in enumerate(sequence):
        assert watch.see(*scene).tracks == tracker.update(scene, step / FPS)


@settings(deadline=None)
@given(scenes)
def test_between_full_looks_no_face_is_shown_twice(sequence):
    watch = Watch(interval=100)
    for scene in sequence:
        sighting = watch.see(*scene)
        if sighting.look == "regions" and sighting.faces:
            shown = np.stack([face.box for face in sighting.faces])
            assert (iou(shown, shown) - np.eye(len(shown)) <= 0.5).all()


def test_with_time_to_spare_every_look_is_full():
    watch = Watch(interval=None, period=1000.0)
    assert {watch.see(face(0)).look for _ in range(20)} == {"full"}


def test_without_time_full_looks_are_as_rare_as_can_be():
    watch = Watch(interval=None, period=1e-9)
    looks = [watch.see(face(0)).look for _ in range(3 * LONGEST)]
    full = [index for index, look in enumerate(looks) if look == "full"][-3:]
    assert np.diff(full).tolist() == [LONGEST] * 2
    assert set(looks) == {"full", "regions"}
    watch.see()  # lost: a full look, at once
    looks = [watch.see().look for _ in range(5 * LONGEST)][-LONGEST:]
    assert sorted(looks) == ["full"] + ["none"] * (LONGEST - 1)


def test_faces_move_on_where_the_detector_cannot_look_at_regions():
    watch = Watch(interval=4, eyes=Eyes())
    for step in range(8):
        sighting = watch.see(face(10.0 * step, side=80.0 + step))
        assert sighting.look == ("motion" if step % 4 else "full")
        assert sighting.tracks == [1]
    for step in range(8, 12):
        shown, seen = (
            face(10.0 * step, side=80.0 + step),
            watch.see(face(10.0 * step, side=80.0 + step)).faces[0],
        )
        assert seen.box == pytest.approx(shown.box, abs=12)
        assert seen.landmarks == pytest.approx(shown.landmarks, abs=12)
        assert seen.box[0] > 10.0 * 7


def test_guesses_never_last_long():
    watch = Watch(interval=None, eyes=Eyes(), period=1e-9)
    looks = [watch.see(face(0)).look for _ in range(20)]
    assert looks[-8:].count("full") == 8 // LONGEST_GUESS


def test_a_face_without_landmarks_moves_on_too():
    watch = Watch(interval=3, eyes=Eyes())
    box = np.float32([0, 0, 50, 50])
    watch.see(Face(box, 0.9))
    assert watch.see().faces[0].landmarks is None


@settings(deadline=None)
@given(boxes, boxes)
def test_overlap_is_the_iou(one, other):
    one, other = (face(*map(float, box)) for box in (one, other))
    assert overlap(one, other.box) == pytest.approx(iou(one.box[None], other.box[None])[0, 0], abs=1e-5)


def test_examples():
    assert doctest.testmod(edge.finding).failed == 0
