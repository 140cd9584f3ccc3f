"""What every measurement of a run shares, and the document that comes of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from edge.bench.document import SCHEMA, Command, Document, Machine, Result, Start
from edge.bench.honesty import judge
from edge.bench.machine import describe, versions
from edge.bench.stretch import Measured, Plan, Report
from edge.health.vitals import read_vitals, state_folder
from edge.settings import Settings
from edge.watching import set_vision_threads

FIGURES = re.compile(r"[\d.]+")


@dataclass(frozen=True, slots=True)
class Context:
    """The run so far.

    Attributes:
        settings: the configuration measured.
        plan: how long.
        report: hears of progress.
        machine, load_before: as they were when the run began.
        began: UTC.
        vision_threads: that OpenCV may use.
    """

    settings: Settings
    plan: Plan
    report: Report
    machine: Machine
    load_before: float | None
    began: datetime
    vision_threads: int

    def planned(self, seconds: float, calls: int) -> Context:
        """The same for another length of time."""
        return replace(self, plan=replace(self.plan, seconds=seconds, calls=calls))

    def outcome(self, measured: Measured, paced: bool = False) -> dict[str, Any]:
        """The fields of a `document.Result` that come from what was measured, whatever it was.

        Args:
            paced: whether the run waited for a camera.
        """
        hot = self.settings.health.hot
        verdict = judge(measured.record, self.machine, self.load_before, hot, paced)
        return {
            "vision_threads": self.vision_threads,
            "timing": measured.timing,
            "stages_seconds": measured.stages,
            "record": measured.record,
            "short": measured.short,
            "clean": not verdict.reasons,
            "reasons": verdict.reasons,
            "unknown": verdict.unknown,
        }

    def document(self, command: Command, results: list[Result], start: Start | None) -> Document:
        """Everything together; a run is clean where each of its results is."""
        told = together({result.name: result.reasons for result in results})
        return Document(
            schema=SCHEMA,
            command=command,
            time=self.began.isoformat(timespec="seconds").replace("+00:00", "Z"),
            machine=self.machine,
            versions=versions(),
            load_before=self.load_before,
            start=start,
            results=results,
            clean=not told,
            reasons=told,
        )


def together(reasons: Mapping[str, Sequence[str]]) -> list[str]:
    """The reasons of several results, each kind once; those that differ in figures alone are one kind.

    >>> together({"one": ["reached 81 °C", "load 2"], "two": ["load 2", "reached 85 °C"]})
    ['one: reached 81 °C, likewise in 1 other', 'load 2']
    """
    kinds: dict[str, dict[str, str]] = {}
    for name, said in reasons.items():
        for reason in said:
            kinds.setdefault(FIGURES.sub("", reason), {})[name] = reason
    told = []
    for seen in kinds.values():
        name, reason = next(iter(seen.items()))
        same = len(set(seen.values())) == 1
        likewise = f", likewise in {len(seen) - 1} other{'s' * (len(seen) > 2)}" if len(seen) > 1 else ""
        everywhere = same and len(seen) == len(reasons)
        told.append(reason if everywhere else f"{name}: {reason}{likewise}")
    return told


def begin(settings: Settings, plan: Plan, report: Report) -> Context:
    """Look at the machine before anything is measured, and give OpenCV its threads."""
    load = read_vitals(state_folder(), plan.root).load
    threads = set_vision_threads(settings.detector.threads)
    return Context(settings, plan, report, describe(plan.root), load, datetime.now(UTC), threads)
