"""The models the daemon works with: one to read faces and, where the detector is facet, one to find them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from edge.bundles import Bundle, DetectionBundle
from edge.classifier import Classifier
from edge.detectors import SizedDetector
from edge.errors import MienError
from edge.events import ModelEvent
from edge.roles import Expressions, Faces, Reader
from edge.settings import Settings
from edge.store.choosing import open_store
from edge.swapping import Slot

Publish = Callable[[ModelEvent], None]


class Models:
    """Both tasks' slots.

    Args:
        publish: takes the events.
        before: whose models stay in use where the configuration says the same of them, and end where not.
    Attributes:
        settings: the configuration.
        expressions, faces: the slots; `faces` is None for a detector that is no bundle.
    Raises:
        MienError: a model cannot be loaded.
    """

    def __init__(self, settings: Settings, publish: Publish, before: Models | None = None) -> None:
        self.settings = settings
        self.expressions = _expressions(settings, publish, before)
        try:
            self.faces = _faces(settings, publish, before)
        except MienError:
            if before is None or self.expressions is not before.expressions:
                self.expressions.end()  # which is not to blame for it
            raise

    @property
    def expression(self) -> Bundle:
        """The expression model in use."""
        return self.expressions.bundle

    @property
    def detection(self) -> DetectionBundle | None:
        """The face detector in use; None for one that is no bundle."""
        return None if self.faces is None else self.faces.bundle

    def tell(self) -> None:
        """Publish what is in use, and what was given up for it."""
        if self.faces is not None:
            self.faces.tell()
        self.expressions.tell()

    def ask(self, name: str) -> None:
        """Read expressions with another model as soon as it is loaded."""
        self.expressions.ask(name)

    def look(self, readers: Sequence[Reader]) -> None:
        """Go on with whatever is due."""
        self.expressions.look(readers)
        if self.faces is not None:
            self.faces.look(readers)

    def end(self) -> None:
        """The daemon ends in order: this start says nothing against the models."""
        self.expressions.end()
        if self.faces is not None:
            self.faces.end()


def _expressions(settings: Settings, publish: Publish, before: Models | None) -> Slot[Bundle, Classifier]:
    if before is not None:
        if before.settings.model == settings.model:
            return before.expressions
        before.expressions.end()
    return Slot(Expressions(settings.model), open_store(settings.model).root, publish)


def _faces(
    settings: Settings, publish: Publish, before: Models | None
) -> Slot[DetectionBundle, SizedDetector] | None:
    if before is not None:
        if _about_faces(before.settings) == _about_faces(settings):
            return before.faces
        if before.faces is not None:
            before.faces.end()
    if not settings.detector.is_bundle:
        return None
    return Slot(Faces(settings.detector), open_store(settings.model).root, publish)


def _about_faces(settings: Settings) -> tuple[object, ...]:
    """What decides about the face detector."""
    return settings.detector, settings.model.store
