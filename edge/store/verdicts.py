"""What the store knows of models that did not prove themselves, and of the one that still has to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from edge.settings import ModelConfig
from edge.store.choosing import open_store


@dataclass(frozen=True, slots=True)
class Verdict:
    """Of the expression models.

    Attributes:
        proved: the model in use is not, or no more, on probation.
        bad: NAME@VERSION of what was rolled back, the oldest first, and why.
    """

    proved: bool = True
    bad: Mapping[str, str] = field(default_factory=dict)


class Verdicts:
    """Reads the store's state when called; a store that is not there yet has nothing against any model."""

    def __init__(self, config: ModelConfig) -> None:
        self._store, self._fixed = open_store(config), config.name is not None

    def __call__(self) -> Verdict:
        state = self._store.state()
        probation = state.of("expression").probation
        waits = probation is not None and probation.pointer == self._store.active("expression")
        return Verdict(proved=self._fixed or not waits, bad=state.bad)
