"""A roll-out by what devices tell a real broker."""

from __future__ import annotations

import contextlib
import threading

import pytest
from typer.testing import CliRunner

from edge.cli import app
from edge.errors import BrokerError, ConfigError, RolloutStoppedError, RolloutStuckError, SignatureError
from edge.fleet.judging import Rules
from edge.fleet.rollout import Rollout
from tests.edge.fleet.conftest import report, until

MODEL = "slim@9"
REASON = "a face takes 30.0 ms\x1b[2J"


@pytest.fixture
def fleet(tell, listening):
    """Ten devices with slim@1."""
    for number in range(10):
        tell(f"kiosk-{number}", report())
    until(lambda: len(listening.roster.devices()) == 10)


def roll_out(listening, index, patience=60.0):
    Rollout(listening, index, MODEL, Rules(stages=(10.0, 50.0, 100.0)), patience).run()


def offered(index):
    """The share; None at the moment between the index and its signature."""
    with contextlib.suppress(SignatureError):
        return index.share(MODEL)


def test_each_stage_waits_for_the_one_before(fleet, tell, listening, index):
    failures = []

    def run():
        try:
            roll_out(listening, index)
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    until(lambda: offered(index) == 10)
    tell("kiosk-0", report(model=MODEL, proved=False))
    tell("kiosk-1", report(model=MODEL), "offline")
    until(lambda: any(device.online is False for device in listening.roster.devices()))
    assert index.share(MODEL) == 10
    tell("kiosk-0", report(model=MODEL))
    until(lambda: offered(index) == 50)
    for number in (1, 2, 3):
        tell(f"kiosk-{number}", report(model=MODEL))
    until(lambda: offered(index) == 100)
    tell("kiosk-4", report(model=MODEL))
    thread.join(30)
    assert not thread.is_alive()
    assert failures == []


def test_one_that_is_rolled_back_is_withdrawn_in_its_first_stage(fleet, tell, listening, index):
    tell("kiosk-3", report(bad={MODEL: REASON}), "offline")
    tell("kiosk-4", report(bad={MODEL: REASON}))
    index.set_share(MODEL, 10)
    with pytest.raises(RolloutStoppedError, match=r"rolled back on . of about 1 devices") as caught:
        roll_out(listening, index)
    assert str(caught.value).isprintable()
    assert index.share(MODEL) == 0


def test_what_is_known_as_bad_is_not_offered_again(fleet, tell, listening, index):
    tell("kiosk-3", report(bad={MODEL: REASON}))
    until(lambda: any(device.report and device.report.bad for device in listening.roster.devices()))
    with pytest.raises(RolloutStoppedError):
        roll_out(listening, index)
    assert index.share(MODEL) == 0


def test_one_that_nobody_takes_stays_where_it_is(fleet, listening, index):
    with pytest.raises(RolloutStuckError, match="stays at 10 %"):
        roll_out(listening, index, patience=0.0)
    assert index.share(MODEL) == 10


def test_without_its_broker_nothing_is_raised_or_withdrawn(fleet, tell, listening, index, broker):
    tell("kiosk-0", report(model=MODEL))
    until(lambda: any(device.report.model == MODEL for device in listening.roster.devices()))
    broker.kill()
    until(lambda: not listening.connected)
    with pytest.raises(RolloutStuckError):
        roll_out(listening, index, patience=1.0)
    assert index.share(MODEL) == 10


def test_a_broker_that_is_away_is_told_before_anything_changes(index, config, maker, broker):
    broker.kill()
    command = ["fleet", "rollout", str(index.path), MODEL, "--config", str(config)]
    command += ["--secret-key", str(maker.parent / "secret")]
    done = CliRunner().invoke(app, command)
    assert isinstance(done.exception, BrokerError)
    assert "nobody listens there" in str(done.exception)
    assert index.share(MODEL) == 0
    wrong = CliRunner().invoke(app, [*command, "--stages", "5;25"])
    assert isinstance(wrong.exception, ConfigError)
