from edge.outputs.mqtt.outbox import Outbox


def send_all(outbox):
    """Everything that waits, in the order it goes out."""
    sent = []
    while letter := outbox.next():
        sent.append((letter.topic, letter.payload))
        outbox.done(letter)
    return sent


def test_states_go_first_then_events_then_observations():
    outbox = Outbox()
    outbox.show("observation", b"1")
    outbox.tell("event", b"2")
    outbox.keep("state", b"3")
    assert send_all(outbox) == [("state", b"3"), ("event", b"2"), ("observation", b"1")]
    assert not len(outbox)


def test_a_state_is_sent_when_it_changed_and_again_after_a_reconnection():
    outbox = Outbox()
    for payload in (b"1", b"2", b"2"):
        outbox.keep("state", payload)
    assert send_all(outbox) == [("state", b"2")]
    outbox.keep("state", b"2")
    assert send_all(outbox) == []
    outbox.again()
    assert send_all(outbox) == [("state", b"2")]


def test_the_oldest_events_are_lost_and_counted():
    outbox = Outbox(size=3)
    for number in range(5):
        outbox.tell("event", b"%d" % number)
    assert outbox.lost == 2
    assert send_all(outbox) == [("event", b"2"), ("event", b"3"), ("event", b"4")]


def test_many_observations_push_out_no_event():
    outbox = Outbox(size=3)
    outbox.tell("event", b"0")
    for number in range(1, 6):
        outbox.record("observation", b"%d" % number)
    under_way = outbox.next()
    assert under_way.topic == "event"
    assert (outbox.lost, len(outbox)) == (2, 4)
    assert [payload for _, payload in send_all(outbox)] == [b"0", b"3", b"4", b"5"]


def test_a_newer_observation_overtakes_one_that_waits():
    outbox = Outbox()
    outbox.show("a", b"1")
    outbox.show("b", b"1")
    outbox.show("a", b"2")
    assert outbox.lost == 1
    assert send_all(outbox) == [("a", b"2"), ("b", b"1")]


def test_what_was_under_way_is_sent_again():
    outbox = Outbox()
    outbox.tell("event", b"1")
    assert outbox.next() is outbox.next()


def test_what_changed_while_it_was_under_way_is_sent_once_more():
    outbox = Outbox()
    outbox.keep("state", b"1")
    under_way = outbox.next()
    outbox.keep("state", b"2")
    outbox.done(under_way)
    assert send_all(outbox) == [("state", b"2")]


def test_events_pushed_out_while_the_first_was_under_way():
    outbox = Outbox(size=1)
    outbox.tell("event", b"1")
    under_way = outbox.next()
    outbox.tell("event", b"2")
    outbox.done(under_way)
    assert send_all(outbox) == [("event", b"2")]


def test_a_topic_is_cleared_once_and_only_where_the_broker_may_know_it():
    outbox = Outbox()
    outbox.keep("never sent", b"1")
    outbox.keep("never sent", b"")
    outbox.keep("sent", b"1")
    under_way = outbox.next()
    outbox.keep("sent", b"")
    outbox.done(under_way)
    assert send_all(outbox) == [("sent", b"")]
    outbox.again()
    assert send_all(outbox) == []


def test_people_who_pass_by_a_dead_broker_leave_nothing_behind():
    outbox = Outbox()
    for number in range(10_000):
        outbox.keep(f"person/{number}", b"{}")
        outbox.keep(f"person/{number}", b"")
    assert not len(outbox)


def test_foreign_topics_are_cleared_known_ones_are_not():
    outbox = Outbox()
    outbox.keep("known", b"1")
    send_all(outbox)
    outbox.forget("known")
    outbox.forget("foreign")
    assert send_all(outbox) == [("foreign", b"")]


def test_the_last_word_comes_first():
    outbox = Outbox()
    outbox.keep("a", b"1")
    outbox.keep("status", b"offline")
    outbox.first("status")
    assert send_all(outbox)[0] == ("status", b"offline")
