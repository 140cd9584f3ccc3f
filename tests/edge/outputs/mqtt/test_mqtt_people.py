from saying import CAMERA, came, left, looks, observation

from edge.outputs.mqtt.people import SHOWN, People


def test_people_come_change_and_leave():
    people = People(CAMERA)
    assert people.summary() == {
        "camera": CAMERA,
        "count": 0,
        "labels": dict.fromkeys(SHOWN, 0),
        "dominant": None,
        "masked": False,
    }
    for event in (came(1), came(2), came(3), looks(1, "sad"), looks(2, "sad"), looks(3, "happy", "mask")):
        people.hear(event)
    summary = people.summary()
    assert (summary["count"], summary["dominant"], summary["masked"]) == (3, "sad", True)
    people.hear(left(3))
    assert not people.summary()["masked"]
    assert sorted(people.persons()) == [1, 2]


def test_somebody_of_whom_nothing_is_known_is_unsure():
    people = People(CAMERA)
    people.hear(came(1))
    assert people.summary()["dominant"] == "unsure"
    people.hear(looks(1, None))
    assert people.summary()["labels"]["unsure"] == 1


def test_masks_are_taken_from_observations():
    people = People(CAMERA)
    assert not people.see(observation(track=1))  # not yet there long enough to have appeared
    people.hear(came(1))
    assert people.see(observation(track=1))
    assert people.summary()["masked"]
    assert not people.see(observation(track=1))


def test_somebody_whose_coming_was_missed_is_in_view():
    people = People(CAMERA)
    people.hear(looks(5, "fear"))
    assert people.persons()[5]["label"] == "fear"
    people.hear(left(5))
    people.hear(left(5))
    assert not people.persons()
