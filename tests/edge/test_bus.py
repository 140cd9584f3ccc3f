import threading
from datetime import UTC, datetime

import numpy as np
import pytest

from edge.bus import Bus
from edge.events import CameraEvent, ModelEvent, PersonEvent
from edge.types import Frame, Observation


def observation(number, camera="front"):
    return Observation(camera, number, datetime.now(UTC), 0.1, 0.05, 0.01, ())


def frames(subscription):
    return [message.event.frame for message in subscription.take()]


@pytest.fixture
def bus():
    return Bus()


def test_every_subscriber_hears_everything_in_order(bus):
    one, other = bus.subscribe("one"), bus.subscribe("other")
    for number in range(5):
        bus.publish(observation(number))
    assert frames(one) == frames(other) == list(range(5))
    assert frames(one) == []


def test_who_does_not_take_loses_the_oldest_and_nobody_else_does(bus):
    slow, quick = bus.subscribe("slow", size=3), bus.subscribe("quick", size=10)
    for number in range(8):
        bus.publish(observation(number))
    assert frames(slow) == [5, 6, 7]
    assert frames(quick) == list(range(8))
    assert (slow.lost, quick.lost) == (5, 0)


def test_json_is_made_once_for_all(bus):
    one, other = bus.subscribe("one"), bus.subscribe("other")
    bus.publish(observation(1))
    assert one.take()[0].json is other.take()[0].json


def test_an_interval_thins_observations_of_each_camera_and_nothing_else(bus):
    thinned = bus.subscribe("thinned", interval=1000.0)
    for number in range(3):
        bus.publish(observation(number, "front"))
        bus.publish(observation(number, "back"))
        bus.publish(PersonEvent(camera="front", event="appeared", track=number))
    heard = [message.event for message in thinned.take()]
    assert [(event.camera, event.frame) for event in heard if isinstance(event, Observation)] == [
        ("front", 0),
        ("back", 0),
    ]
    assert sum(isinstance(event, PersonEvent) for event in heard) == 3
    assert thinned.lost == 0


def test_taking_waits_for_an_event_from_another_thread(bus):
    subscription = bus.subscribe("one")
    threading.Timer(0.05, bus.publish, [observation(7)]).start()
    assert [message.event.frame for message in subscription.take(20)] == [7]


def test_taking_ends_when_the_bus_closes(bus):
    subscription = bus.subscribe("one")
    threading.Timer(0.05, bus.close).start()
    assert subscription.take(None) == []
    bus.publish(observation(1))
    assert subscription.take() == []


def test_the_loop_is_woken_once_for_what_it_has_not_taken(bus):
    woken = []
    subscription = bus.subscribe("one", wake=lambda: woken.append(1))
    for number in range(4):
        bus.publish(observation(number))
    assert len(woken) == 1
    subscription.take()
    bus.publish(observation(5))
    assert len(woken) == 2


def test_a_recording_waits_for_its_reader_as_long_as_it_may(bus):
    may_wait = threading.Event()
    may_wait.set()
    subscription = bus.subscribe("one", size=2, wait_while=may_wait.is_set)
    publisher = threading.Thread(target=lambda: [bus.publish(observation(number)) for number in range(6)])
    publisher.start()
    heard = []
    while len(heard) < 4:
        heard += [message.event.frame for message in subscription.take(20)]
    publisher.join(20)
    assert [*heard, *frames(subscription)] == list(range(6))
    assert subscription.lost == 0
    may_wait.clear()
    for number in range(4):
        bus.publish(observation(number))
    assert subscription.lost == 2


def test_who_leaves_hears_no_more(bus):
    subscription = bus.subscribe("one")
    bus.unsubscribe(subscription)
    bus.publish(observation(1))
    assert subscription.closed
    assert subscription.take() == []
    assert bus.subscriptions == ()


def test_who_comes_late_can_ask_for_the_newest_of_everything(bus):
    frame = Frame(np.zeros((2, 2, 3), np.uint8), 1, 0.0, "front")
    bus.publish(CameraEvent(camera="front", state="opening"))
    bus.publish(CameraEvent(camera="front", state="streaming"))
    bus.publish(CameraEvent(camera="back", state="lost", reason="unplugged"))
    bus.publish(ModelEvent(state="loaded", name="slim"))
    bus.publish(ModelEvent(state="loaded", name="facet", task="detection"))
    bus.publish(ModelEvent(state="refused", name="none", reason="no such model"))
    newest = observation(1)
    bus.publish(newest, frame)
    assert [message.event.to_dict().get("state") for message in bus.states()] == [
        "streaming",
        "lost",
        "loaded",
        "loaded",
    ]
    assert [one.event.name for one in bus.states() if isinstance(one.event, ModelEvent)] == ["slim", "facet"]
    assert bus.newest("front") == (newest, frame)
    assert bus.newest("back") is None
    assert bus.cameras == ("front", "back")
    assert (bus.rates("front").count, bus.rates("front").p50, bus.rates("back").count) == (1, 0.1, 0)
