"""Who came, who went, and whose expression changed: what a neighbour wants to hear instead of every frame."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from edge.events import Event, ExpressionEvent, PersonEvent
from edge.labels import COARSE, LABELS
from edge.settings import PeopleConfig
from edge.types import Expression, Observation, ObservedFace


@dataclass(slots=True)
class _Person:
    """Times are seconds of the camera's clock. `label` and `candidate` are None while the model abstains."""

    first: float
    last: float
    told: bool = False
    label: str | None = None
    since: float = 0.0
    candidate: str | None = None
    candidate_since: float = 0.0


class People:
    """Follows the tracks of one camera's observations.

    A change is told when the new expression has lasted (debouncing), and only when it is clearly more
    probable than the old one (hysteresis): somebody between two expressions stays with the first.
    """

    def __init__(self, config: PeopleConfig | None = None) -> None:
        self._config = config or PeopleConfig()
        self._people: dict[int, _Person] = {}

    def observe(self, observation: Observation, now: float) -> Iterator[Event]:
        """What the observation changes. `now`: seconds of the camera's clock."""
        for face in observation.faces:
            if face.track is not None:
                yield from self._see(observation.camera, face.track, face, now)
        yield from self.expire(observation.camera, now)

    def expire(self, camera: str, now: float) -> Iterator[Event]:
        """Who has been away for too long by now."""
        for track, person in list(self._people.items()):
            if now - person.last < self._config.leave_seconds:
                continue
            del self._people[track]
            if person.told:
                seconds = round(person.last - person.first, 3)
                yield PersonEvent(camera=camera, event="left", track=track, seconds=seconds)

    def _see(self, camera: str, track: int, face: ObservedFace, now: float) -> Iterator[Event]:
        person = self._people.setdefault(track, _Person(now, now))
        person.last = now
        if not person.told:
            if now - person.first < self._config.appear_seconds:
                return
            person.told, person.since = True, now
            yield PersonEvent(camera=camera, event="appeared", track=track)
            person.label = person.candidate = _label(face.expression)
            yield self._change(camera, track, face, None, 0.0)
            return
        label = self._settled(person, face.expression)
        if label != person.candidate:
            person.candidate, person.candidate_since = label, now
        if label == person.label or now - person.candidate_since < self._config.hold_seconds:
            return
        previous, seconds = person.label, now - person.since
        person.label, person.since = label, now
        yield self._change(camera, track, face, previous, seconds)

    def _settled(self, person: _Person, expression: Expression) -> str | None:
        """The expression's label, or still the person's where the new one is hardly more probable."""
        label = _label(expression)
        if label is None or person.label is None or label == person.label:
            return label
        ahead = expression.probabilities.max() - expression.probabilities[LABELS.index(person.label)]
        return label if ahead >= self._config.margin else person.label

    def _change(
        self, camera: str, track: int, face: ObservedFace, previous: str | None, seconds: float
    ) -> ExpressionEvent:
        expression = face.expression
        return ExpressionEvent(
            camera=camera,
            track=track,
            label=_label(expression),
            previous=previous,
            coarse=None if expression.abstained else COARSE[int(expression.coarse.argmax())],
            probability=round(float(expression.probabilities.max()), 6),
            mask_state=face.face.mask_state,
            seconds=round(seconds, 3),
        )


def _label(expression: Expression) -> str | None:
    return None if expression.abstained else expression.label
