"""Prometheus metrics, put together when they are asked for. docs/http.md lists them."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from edge.bundles import Task
from edge.outputs.http.view import View

STREAMING = "streaming"
MODELS: tuple[tuple[Task, str, str], ...] = (
    ("expression", "mien_model", "The expression model in use"),
    ("detection", "mien_detector", "The face detector in use"),
)


class Metrics(Collector):
    """Reads the daemon's counters; a registry of its own, so that nothing else comes in."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    def text(self, accept: str) -> tuple[bytes, str]:
        """The metrics and their media type, in the format that the Accept header asks for."""
        encode, media_type = choose_encoder(accept)
        return encode(self._registry), media_type

    def collect(self) -> Iterator[Metric]:
        self._view.ledger.catch_up()
        yield from self._cameras()
        yield from self._people()
        yield from self._latencies()
        yield from self._machine()
        yield from self._outputs()

    def _cameras(self) -> Iterator[Metric]:
        states = self._view.camera_states()
        up = GaugeMetricFamily("mien_camera_up", "1 while the camera gives frames", labels=["camera"])
        counters = [
            CounterMetricFamily(f"mien_frames_{name}", help_text, labels=["camera"])
            for name, help_text in (
                ("processed", "Frames that were looked at"),
                ("overtaken", "Frames replaced by newer ones before they were looked at"),
                ("unreadable", "Pictures that could not be read"),
            )
        ]
        for camera in self._view.counted():
            event = states.get(camera.name)
            up.add_metric([camera.name], event is not None and event.state == STREAMING)
            figures = (self._view.bus.rates(camera.name).count, camera.overtaken, camera.skipped)
            for counter, figure in zip(counters, figures, strict=True):
                counter.add_metric([camera.name], figure)
        yield from (up, *counters)

    def _people(self) -> Iterator[Metric]:
        states, ledger = self._view.camera_states(), self._view.ledger
        people = GaugeMetricFamily("mien_people", "Faces in the newest frame", labels=["camera"])
        for name in self._view.names:
            newest, event = self._view.bus.newest(name), states.get(name)
            seen = newest is not None and event is not None and event.state == STREAMING
            people.add_metric([name], len(newest[0].faces) if newest is not None and seen else 0)
        appeared = CounterMetricFamily("mien_people_appeared", "People who came into view", labels=["camera"])
        for camera, count in sorted(ledger.appeared.items()):
            appeared.add_metric([camera], count)
        told = CounterMetricFamily(
            "mien_expressions", "Changes of expression that were told", labels=["camera", "label"]
        )
        for (camera, label), count in sorted(ledger.expressions.items()):
            told.add_metric([camera, label], count)
        yield from (people, appeared, told)

    def _latencies(self) -> Iterator[Metric]:
        family = HistogramMetricFamily(
            "mien_latency_seconds",
            "From a frame's capture to its event; detect and classify are parts of it",
            labels=["camera", "stage"],
        )
        for (camera, stage), histogram in sorted(self._view.ledger.latencies.items()):
            family.add_metric([camera, stage], histogram.cumulative(), histogram.total)
        yield family

    def _machine(self) -> Iterator[Metric]:
        view = self._view
        yield InfoMetricFamily("mien_build", "This mien", {"version": view.version})
        for task, name, meaning in MODELS:
            model = view.ledger.loaded.get(task)
            if model is not None:
                said = {
                    "name": model.name,
                    "version": model.version or "",
                    "quantisation": model.quantisation or "",
                }
                yield InfoMetricFamily(name, meaning, said)
        temperature, health = view.temperature(), view.health()
        if temperature is not None:
            yield GaugeMetricFamily("mien_temperature_celsius", "Of the processor", temperature)
        if health is not None:
            yield GaugeMetricFamily("mien_health_level", "Steps taken to get along with less", health.level)
            conditions = GaugeMetricFamily("mien_health_condition", "What is wrong", labels=["condition"])
            for condition in health.conditions:
                conditions.add_metric([condition], 1)
            yield conditions

    def _outputs(self) -> Iterator[Metric]:
        lost = CounterMetricFamily(
            "mien_events_lost", "Events that an output did not take in time", labels=["output"]
        )
        for output, count in sorted(self._view.losses().items()):
            lost.add_metric([output], count)
        yield lost
        yield GaugeMetricFamily(
            "mien_http_clients", "Listeners to events over HTTP", len(self._view.feed.clients)
        )
