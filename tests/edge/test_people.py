import itertools
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.events import ExpressionEvent, PersonEvent
from edge.labels import LABELS
from edge.people import People
from edge.settings import PeopleConfig
from edge.types import Expression, Face, Observation, ObservedFace

CALM = PeopleConfig(appear_seconds=0.5, leave_seconds=2.0, hold_seconds=0.6, margin=0.1)


def face(track, label="happy", probability=0.7, second="neutral", abstained=False):
    probabilities = np.zeros(len(LABELS), np.float32)
    probabilities[LABELS.index(second)] = 1 - probability
    probabilities[LABELS.index(label)] = probability
    seen = Face(np.zeros(4, np.float32), 0.9, None, "mask")
    return ObservedFace(seen, Expression(probabilities, abstained), track)


def observed(*faces):
    return Observation("front", 0, datetime.now(UTC), 0.1, 0.05, 0.01, faces)


def run(script, config=CALM):
    """Events of a list of (seconds, faces)."""
    people = People(config)
    return [(now, event) for now, faces in script for event in people.observe(observed(*faces), now)]


def every(tenths, *faces):
    return [(tenth / 10, faces) for tenth in tenths]


def test_somebody_who_stays_has_come_and_with_an_expression():
    (came, appeared), (told, expression) = run(every(range(10), face(3)))
    assert (came, appeared.event, appeared.track) == (0.5, "appeared", 3)
    assert (told, expression.label, expression.previous, expression.coarse) == (
        0.5,
        "happy",
        None,
        "happiness",
    )
    assert expression.mask_state == "mask"
    assert expression.probability == pytest.approx(0.7)


def test_a_ghost_of_a_moment_is_not_told():
    assert run([*every(range(4), face(3)), *every(range(4, 60))]) == []


def test_somebody_who_is_away_for_long_has_left():
    events = run([*every(range(11), face(3)), *every(range(11, 50))])
    now, left = events[-1]
    assert (now, left.event, left.track, left.seconds) == (3.0, "left", 3, 1.0)


def test_a_blink_of_the_detector_is_no_leaving():
    events = run([*every(range(10), face(3)), *every(range(10, 25)), *every(range(25, 40), face(3))])
    assert [event.event for _, event in events if isinstance(event, PersonEvent)] == ["appeared"]


def test_a_change_that_lasts_is_told_once():
    events = run([*every(range(20), face(3, "happy")), *every(range(20, 40), face(3, "sad"))])
    changes = [(now, event) for now, event in events if isinstance(event, ExpressionEvent)]
    now, change = changes[-1]
    assert len(changes) == 2
    assert (now, change.label, change.previous) == (2.6, "sad", "happy")
    assert change.seconds == pytest.approx(2.1)


def test_a_twitch_is_not_told():
    script = [
        *every(range(20), face(3)),
        *every(range(20, 24), face(3, "sad")),
        *every(range(24, 50), face(3)),
    ]
    assert len(run(script)) == 2


def test_between_two_expressions_the_first_stays():
    wavering = face(3, "neutral", 0.53, second="happy")
    assert len(run([*every(range(20), face(3)), *every(range(20, 60), wavering)])) == 2


def test_abstaining_is_a_change_too():
    unsure = face(3, abstained=True)
    events = run([*every(range(20), face(3)), *every(range(20, 40), unsure)])
    assert (events[-1][1].label, events[-1][1].coarse, events[-1][1].previous) == (None, None, "happy")


def test_faces_that_are_not_followed_say_nothing():
    assert run(every(range(30), face(None))) == []


@given(
    st.lists(
        st.tuples(st.sampled_from(LABELS), st.floats(0.51, 1), st.booleans(), st.booleans()), max_size=120
    )
)
def test_whatever_happens_events_alternate_and_changes_are_slow(steps):
    script = [
        (number / 10, [face(1, label, probability, abstained=unsure)] if there else [])
        for number, (label, probability, unsure, there) in enumerate(steps)
    ]
    events = run(script)
    coming_and_going = [event.event for _, event in events if isinstance(event, PersonEvent)]
    assert coming_and_going == ["appeared", "left"] * (len(coming_and_going) // 2) + ["appeared"] * (
        len(coming_and_going) % 2
    )
    changes = [(now, event) for now, event in events if isinstance(event, ExpressionEvent)]
    for (before, first), (after, second) in itertools.pairwise(changes):
        assert after - before >= CALM.hold_seconds - 1e-9
        assert second.label != first.label or second.previous is None
