"""What a device says of itself: the retained message that `edge/outputs/mqtt/standing.py` makes.

It came over a network, so nothing in it is believed to be well-formed, short or fit to be shown.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

LARGEST = 16_384  # bytes of a message
Text = Annotated[str, Field(max_length=400)]
Rate = Annotated[float, Field(ge=0, le=1e6)]  # bounded, since the page adds them up


class Unreadable(Exception):
    """One line: why a message is no report."""


class Fault(BaseModel):
    """The last thing that went wrong.

    Attributes:
        about: what it went wrong with.
        reason: for people.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")
    time: AwareDatetime
    about: Text
    reason: Text


class Report(BaseModel):
    """How a device fares.

    Attributes:
        every: seconds to the next report; 0 for nobody knows.
        fps: frames a second by camera.
        temperature: of the processor, degrees Celsius.
        conditions: what is wrong with the machine.
        model: NAME@VERSION of the expression model in use.
        proved: that model is not on probation.
        bad: NAME@VERSION of models that were rolled back, and why.
        lost: events that the broker never heard of.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)  # a newer device may say more
    schema_: Literal["mien.device/1"] = Field(alias="schema")
    time: AwareDatetime
    every: float = Field(0.0, ge=0, le=1e9)
    mien: Text = ""
    fps: dict[Text, Rate] = Field(default_factory=dict, max_length=64)
    temperature: float | None = Field(None, ge=-300, le=1000)
    conditions: list[Text] = Field(default_factory=list, max_length=64)
    model: Text | None = None
    proved: bool = True
    bad: dict[Text, Text] = Field(default_factory=dict, max_length=64)
    error: Fault | None = None
    lost: int = 0


def read_report(payload: bytes) -> Report:
    """The report in a message.

    Raises:
        Unreadable: it is none.
    """
    if len(payload) > LARGEST:
        raise Unreadable(f"it has {len(payload)} bytes, {LARGEST} are enough")
    try:
        return Report.model_validate_json(payload)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise Unreadable(f"{'.'.join(map(str, first['loc']))} {first['msg']}".strip()) from error


def plain(text: str) -> str:
    """Without what would steer a terminal or turn the direction of writing.

    >>> plain("a\\x1b[2Jb")
    'a [2Jb'
    """
    return "".join(letter if letter.isprintable() else " " for letter in text)
