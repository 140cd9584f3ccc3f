"""Who is in view of a camera, as the topics for late comers tell it."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, replace
from typing import Any

from edge.events import ExpressionEvent, PersonEvent
from edge.labels import LABELS
from edge.types import Observation

UNSURE = "unsure"  # where the model abstains, or nothing has been told yet
SHOWN = (*LABELS, UNSURE)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in view. Times are ISO 8601 UTC; the other fields are those of an expression event."""

    track: int
    since: str
    label: str | None = None
    coarse: str | None = None
    probability: float | None = None
    mask_state: str | None = None


class People:
    """The people in view of one camera, by track."""

    def __init__(self, camera: str) -> None:
        self._camera = camera
        self._persons: dict[int, Person] = {}

    def hear(self, event: PersonEvent | ExpressionEvent) -> None:
        """Somebody came, left, or changed expression."""
        fields = event.to_dict()
        if isinstance(event, ExpressionEvent):
            # Somebody whose coming was missed is in view all the same.
            known = self._persons.get(event.track) or Person(event.track, fields["time"])
            told = {name: fields[name] for name in ("label", "coarse", "probability", "mask_state")}
            self._persons[event.track] = replace(known, **told)
        elif event.event == "appeared":
            self._persons.setdefault(event.track, Person(event.track, fields["time"]))
        else:
            self._persons.pop(event.track, None)

    def see(self, observation: Observation) -> bool:
        """Take the mask states of an observation, which no event tells; True when one changed."""
        before = dict(self._persons)
        for observed in observation.faces:
            known = self._persons.get(observed.track) if observed.track is not None else None
            if known is not None:
                self._persons[known.track] = replace(known, mask_state=observed.face.mask_state)
        return self._persons != before

    def clear(self) -> None:
        """Nobody can be seen."""
        self._persons.clear()

    def persons(self) -> dict[int, dict[str, Any]]:
        """The state of each, by track."""
        return {track: {"camera": self._camera, **asdict(one)} for track, one in self._persons.items()}

    def summary(self) -> dict[str, Any]:
        """How many there are, what they show, and whether any wears a mask. `dominant` is what most show;
        the first of the labels' order where several lead, None where nobody is."""
        counts = Counter(person.label or UNSURE for person in self._persons.values())
        labels = {label: counts[label] for label in SHOWN}
        return {
            "camera": self._camera,
            "count": len(self._persons),
            "labels": labels,
            "dominant": max(labels, key=labels.__getitem__) if self._persons else None,
            "masked": any(person.mask_state == "mask" for person in self._persons.values()),
        }
