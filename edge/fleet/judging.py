"""Whether a model has proved itself on enough devices of a stage, or failed on too many."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from edge.errors import ConfigError
from edge.fleet.roster import Device

Judgement = Literal["wait", "raise", "stop"]


@dataclass(frozen=True, slots=True)
class Rules:
    """When to go on and when to stop.

    Attributes:
        stages: per cent of the devices, rising.
        at_most: per cent of a stage's devices that may roll the model back.
        enough: per cent of a stage's devices that must have proved it before the next stage.
    Raises:
        ConfigError: a value makes no sense.
    """

    stages: tuple[float, ...] = (5.0, 25.0, 100.0)
    at_most: float = 10.0
    enough: float = 50.0

    def __post_init__(self) -> None:
        rising = all(low < high for low, high in zip((0.0, *self.stages), self.stages, strict=False))
        if not self.stages or not rising or self.stages[-1] > 100:
            raise ConfigError("the stages are per cent of the devices and rise, such as 5,25,100")
        if not 0 <= self.at_most < 100:
            raise ConfigError("--at-most is per cent of a stage's devices, from 0 to below 100")
        if not 0 < self.enough <= 100:
            raise ConfigError("--enough is per cent of a stage's devices, above 0 and up to 100")


@dataclass(frozen=True, slots=True)
class Count:
    """Devices, by what became of a model on them.

    Attributes:
        expected: a stage's share of those that are online; at least 1.
        using: have it in use, on probation still or not.
        proved: of these, online and through the probation.
        gave_up: rolled it back or could not use it, and know it as bad.
        gone: had it in use when they were last heard, and are offline or silent.
    """

    expected: float
    using: int
    proved: int
    gave_up: int
    gone: int

    def __str__(self) -> str:
        gone = f", {self.gone} gone since" if self.gone else ""
        return f"{self.using} use it, {self.proved} of them proved{gone}; {self.gave_up} rolled it back"


def count(devices: Sequence[Device], model: str, stage: float, now: float) -> Count:
    """Count what became of NAME@VERSION.

    Args:
        stage: per cent of the devices it is offered to.
        now: seconds since 1970.
    """
    known = [(device, device.report, device.state(now)) for device in devices]
    using = [(report, state) for _, report, state in known if report is not None and report.model == model]
    return Count(
        expected=max(1.0, stage / 100 * sum(state in ("online", "silent") for _, _, state in known)),
        using=len(using),
        proved=sum(report.proved and state == "online" for report, state in using),
        gave_up=sum(report is not None and model in report.bad for _, report, _ in known),
        gone=sum(state != "online" for _, state in using),
    )


def judge(counted: Count, rules: Rules) -> Judgement:
    """What to do.

    >>> judge(Count(10, 4, 0, 1, 0), Rules()), judge(Count(10, 4, 0, 2, 0), Rules())
    ('wait', 'stop')
    >>> judge(Count(10, 8, 5, 1, 0), Rules())
    'raise'
    """
    tried = max(counted.expected, counted.using + counted.gave_up)
    if counted.gave_up > rules.at_most / 100 * tried:
        return "stop"
    return "raise" if counted.proved >= math.ceil(rules.enough / 100 * counted.expected) else "wait"
