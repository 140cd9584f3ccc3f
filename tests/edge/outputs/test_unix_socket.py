import json
import socket
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from edge.bus import Bus
from edge.errors import OutputError
from edge.events import CameraEvent
from edge.outputs.unix_socket import BACKLOG, CLIENTS, UnixSocket
from edge.types import Observation


def observation(number):
    return Observation("test", number, datetime.now(UTC), 0.1, 0.05, 0.01, ())


@pytest.fixture
def bus():
    return Bus()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "events"


@pytest.fixture
def output(bus, path):
    output = UnixSocket(bus, path)
    output.start()
    yield output
    output.close()


def connect(path):
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(20)
    client.connect(str(path))
    return client


def lines(client):
    for line in client.makefile("rb"):
        yield json.loads(line)


def test_a_client_learns_the_state_and_then_every_event(bus, path, output):
    bus.publish(CameraEvent(camera="test", state="streaming"))
    with connect(path) as client:
        heard = lines(client)
        assert next(heard)["state"] == "streaming"
        for number in range(100):
            bus.publish(observation(number))
        frames = (event["frame"] for event in heard if "frame" in event)
        assert [next(frames) for _ in range(100)] == list(range(100))


def test_a_client_that_never_reads_loses_only_its_own(bus, path, output):
    bus.publish(CameraEvent(camera="test", state="streaming"))
    with connect(path), connect(path) as reading:
        heard = lines(reading)
        next(heard)
        number = 0
        while not output.lost:
            bus.publish(observation(number))
            assert next(heard)["frame"] == number
            number += 1
        assert number * 200 > BACKLOG / 2


def test_a_client_may_go(bus, path, output):
    bus.publish(CameraEvent(camera="test", state="streaming"))
    going = connect(path)
    with connect(path) as staying:
        heard = lines(staying)
        next(heard)
        going.close()
        for number in range(10):
            bus.publish(observation(number))
            assert next(heard)["frame"] == number


def test_too_many_clients_are_refused(bus, path, output):
    bus.publish(CameraEvent(camera="test", state="streaming"))
    clients = [connect(path) for _ in range(CLIENTS)]
    assert [next(lines(client))["state"] for client in clients] == ["streaming"] * CLIENTS
    with connect(path) as refused:
        assert refused.recv(1) == b""
    for client in clients:
        client.close()


def test_only_user_and_group_may_connect(path, output):
    assert path.stat().st_mode & 0o777 == 0o660


def test_what_a_dead_mien_left_is_taken_away(bus, path):
    subprocess.run(
        [sys.executable, "-c", f"import socket; socket.socket(socket.AF_UNIX).bind({str(path)!r})"],
        check=True,
    )
    output = UnixSocket(bus, path)
    output.start()
    connect(path).close()
    output.close()
    assert not path.exists()


def test_a_living_mien_is_left_alone(bus, path, output):
    with pytest.raises(OutputError, match="another mien listens there"):
        UnixSocket(bus, path).start()
    connect(path).close()


def test_a_file_is_left_alone(bus, path):
    path.write_text("mine")
    with pytest.raises(OutputError, match="there is a file of that name"):
        UnixSocket(bus, path).start()
    assert path.read_text() == "mine"


def test_a_path_that_cannot_be_is_an_error(bus, tmp_path):
    with pytest.raises(OutputError, match="give a path in a folder that can be written"):
        UnixSocket(bus, tmp_path / "no" / "socket").start()
