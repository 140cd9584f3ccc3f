"""The two roles of a model in the daemon, one a task, and what differs between them.

Everything else about going over to another model is the same for both: `edge/swapping.py`.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import ClassVar, Protocol, TypeVar

from edge import bundles
from edge.bundles import Bundle, DetectionBundle, Task
from edge.classifier import Classifier
from edge.detectors import SizedDetector
from edge.detectors import golden as golden_faces
from edge.golden import check_golden
from edge.settings import DetectorConfig, ModelConfig
from edge.store.choosing import find_model
from edge.store.store import Store
from edge.watching import make_detector

B = TypeVar("B", bound=Bundle | DetectionBundle)
M = TypeVar("M")


class Reader(Protocol):
    """Finds and reads faces with models; `edge.watching.Watcher` is one.

    Attributes:
        face_seconds, look_seconds: what the newest faces, and looks at the whole picture, took with the
            models in use.
    """

    face_seconds: deque[float]
    look_seconds: deque[float]

    def use(self, classifier: Classifier) -> None: ...

    def look_with(self, detector: SizedDetector) -> None: ...


class Role(Protocol[B, M]):
    """B: the bundle of a model, M: the model made ready for one camera.

    Attributes:
        measured: what its time is measured by, in words.
        budget_key: of the configuration.
    """

    task: ClassVar[Task]
    measured: ClassVar[str]
    budget_key: ClassVar[str]

    @property
    def fixed(self) -> str | None:
        """The model that the configuration names; None where the store decides."""

    @property
    def budget_ms(self) -> float:
        """What a new one may take, in milliseconds."""

    def load(self, name: str, store: Store) -> B:
        """Read and verify a bundle, of a path or a name. Raises MienError."""

    def check(self, bundle: B) -> None:
        """Let the model answer its golden inputs. Raises ModelCorruptError."""

    def make(self, bundle: B) -> M:
        """Make the model ready for a camera. Raises MienError."""

    def use(self, reader: Reader, model: M) -> None:
        """Let a camera go over to it."""

    def seconds(self, reader: Reader) -> deque[float]:
        """What it took at a camera lately."""


@dataclass(frozen=True, slots=True)
class Expressions:
    """Reads faces: `[model]`."""

    config: ModelConfig
    task: ClassVar[Task] = "expression"
    measured: ClassVar[str] = "a face"
    budget_key: ClassVar[str] = "model.budget_ms"

    @property
    def fixed(self) -> str | None:
        return self.config.name

    @property
    def budget_ms(self) -> float:
        return self.config.budget_ms

    def load(self, name: str, store: Store) -> Bundle:
        return bundles.load(str(find_model(name, store)))

    def check(self, bundle: Bundle) -> None:
        check_golden(bundle, self.config.threads)

    def make(self, bundle: Bundle) -> Classifier:
        return Classifier(bundle, self.config.threads, self.config.mirror)

    def use(self, reader: Reader, model: Classifier) -> None:
        reader.use(model)

    def seconds(self, reader: Reader) -> deque[float]:
        return reader.face_seconds


@dataclass(frozen=True, slots=True)
class Faces:
    """Finds faces: `[detector]`, where that is facet."""

    config: DetectorConfig
    task: ClassVar[Task] = "detection"
    measured: ClassVar[str] = "a look at the whole picture"
    budget_key: ClassVar[str] = "detector.budget_ms"

    @property
    def fixed(self) -> str | None:
        return self.config.folder

    @property
    def budget_ms(self) -> float:
        return self.config.budget_ms

    def load(self, name: str, store: Store) -> DetectionBundle:
        return bundles.load_detection(name)  # nobody asks for one by its name

    def check(self, bundle: DetectionBundle) -> None:
        golden_faces.check_golden(bundle)

    def make(self, bundle: DetectionBundle) -> SizedDetector:
        return make_detector(self.config, bundle)

    def use(self, reader: Reader, model: SizedDetector) -> None:
        reader.look_with(model)

    def seconds(self, reader: Reader) -> deque[float]:
        return reader.look_seconds
