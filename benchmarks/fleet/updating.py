"""A simulated device that takes models from the index: store, checks, probation and roll-back are mien's own.

Played are its camera, which shows the model a grey square again and again, and its slowness: a device in the
field is hot and busy where the installation's check found it idle.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from edge.bundles.signing import TrustedKey
from edge.bus import Bus
from edge.classifier import Classifier
from edge.control import Control
from edge.detectors import SizedDetector
from edge.errors import MienError
from edge.outputs.mqtt import Mqtt
from edge.roles import Expressions
from edge.settings import ModelConfig, MqttConfig, Settings, UpdatesConfig
from edge.store.choosing import open_store
from edge.store.installing import Terms, install
from edge.store.updates import address_of, newer, read_index
from edge.store.verdicts import Verdicts
from edge.swapping import Slot
from edge.versions import version_of

FACES = 5  # at a look, so that a probation sees enough of them
NEWEST = 60  # faces that the model's time is judged by
Slowness = Callable[[str], float]


class Camera:
    """Shows the model faces, and notes what they take.

    Args:
        slowness: by how much a version is slower in the field than its golden check found.
    """

    def __init__(self, classifier: Classifier, slowness: Slowness) -> None:
        self.face_seconds: deque[float] = deque(maxlen=NEWEST)
        self.look_seconds: deque[float] = deque(maxlen=NEWEST)
        self._slowness = slowness
        self.use(classifier)

    def use(self, classifier: Classifier) -> None:
        self._classifier = classifier
        self._faces = np.full((1, classifier.size, classifier.size), 128, np.uint8)
        self.face_seconds.clear()

    def look_with(self, detector: SizedDetector) -> None:
        raise NotImplementedError("it finds no faces")

    def look(self) -> None:
        """Read some faces."""
        slowness = self._slowness(self._classifier.bundle.manifest.version)
        for _ in range(FACES):
            began = time.perf_counter()
            self._classifier.classify(self._faces)
            self.face_seconds.append(slowness * (time.perf_counter() - began))


class Device:
    """One device.

    Args:
        folder: for its store.
        index: the index's address.
        keys: whom it trusts.
        report: seconds between two reports.
    """

    def __init__(
        self,
        number: int,
        folder: Path,
        port: int,
        index: str,
        keys: Sequence[TrustedKey],
        slowness: Slowness,
        report: float,
    ) -> None:
        self.name = f"device-{number:05}"
        self._keys = keys
        settings = Settings(model=ModelConfig(store=folder), updates=UpdatesConfig(enabled=True, url=index))
        self._settings, self.store = settings, open_store(settings.model)
        self._bus = Bus()
        self._slot = Slot(Expressions(settings.model), self.store.root, self._bus.publish)
        self._slot.tell()
        self._camera = Camera(Classifier(self._slot.bundle), slowness)
        mqtt = MqttConfig(
            host="127.0.0.1", port=port, device=self.name, report_seconds=report, commands=False
        )
        verdicts = Verdicts(settings.model)
        self._output = Mqtt(mqtt, self._bus, Control(), (), tuple, lambda: 45.0 + number % 20, verdicts)
        self._output.start()

    def look(self) -> None:
        """A moment of its daemon."""
        self._camera.look()
        self._slot.look([self._camera])

    def check(self) -> bool:
        """What `mien models check --install` does, for another machine's id; whether something was new."""
        settings, store = self._settings, self.store
        try:
            index = read_index(settings.updates, store, self._keys)
            offers = newer(index, settings.updates, store, version_of("mien"), self.name)
            for offer in offers:
                terms = Terms(self._keys, settings.budgets, offer.size, offer.sha256)
                install(store, address_of(offer, settings.updates), terms, use=True)
        except MienError:  # between the index and its signature, or a machine too busy: at the next time
            return False
        return bool(offers)

    def close(self) -> None:
        """End in order."""
        self._slot.end()
        self._output.close()
