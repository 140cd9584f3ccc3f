"""Which label each person showed when, over the last half minute."""

from __future__ import annotations

from dataclasses import dataclass

from edge.types import Observation

PERIOD_SECONDS = 30.0
GAP_SECONDS = 1.0


@dataclass(slots=True)
class Span:
    """A label held from `start` to `end`, monotonic seconds; "unsure" where the classifier abstained."""

    label: str
    start: float
    end: float


class History:
    """Spans per track; forgets tracks that have not been seen for the whole period."""

    def __init__(self) -> None:
        self._tracks: dict[int | None, list[Span]] = {}

    def add(self, observation: Observation, now: float) -> None:
        """Note what each face of an observation shows `now`, monotonic seconds."""
        for face in observation.faces:
            label = "unsure" if face.expression.abstained else face.expression.label
            spans = self._tracks.setdefault(face.track, [])
            if spans and now - spans[-1].end < GAP_SECONDS:
                spans[-1].end = now
                if spans[-1].label == label:
                    continue
            spans.append(Span(label, now, now))
        for track, spans in list(self._tracks.items()):
            spans[:] = [span for span in spans if now - span.end < PERIOD_SECONDS]
            if not spans:
                del self._tracks[track]

    def of(self, track: int | None) -> list[Span]:
        """The spans of a track, oldest first."""
        return self._tracks.get(track, [])
