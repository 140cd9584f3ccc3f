"""What every benchmark here says of itself: the machine, the versions, whether it can be believed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from edge.bench.context import Context, begin
from edge.bench.document import Machine, Record
from edge.bench.honesty import judge
from edge.bench.machine import integer_unit, versions
from edge.bench.stretch import Plan, Report
from edge.bench.words import verdict
from edge.settings import Settings
from train_keras.results import commit

DOCS, QUICK = Path("docs"), Path("runs/quick")  # --quick leaves the documents alone


def begin_on_one_thread(report: Report) -> Context:
    """Look at the machine before anything is measured; OpenCV, detector and model get one thread each."""
    one = {"threads": 1}
    settings = Settings.model_validate({"detector": one, "model": one})
    return begin(settings, Plan(), report)


def outcome(context: Context, command: str, record: Record) -> dict[str, Any]:
    """The fields of a result that do not depend on what was measured.

    Args:
        command: what a reader types to get it again.
    """
    judged = judge(record, context.machine, context.load_before, context.settings.health.hot, paced=False)
    return {
        "command": command,
        "commit": commit(),
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": context.machine.model_dump(),
        "versions": versions(),
        "load_before": context.load_before,
        "clean": not judged.reasons,
        "reasons": judged.reasons,
        "unknown": judged.unknown,
    }


def key_of(name: str) -> str:
    """What a result is kept under: on a processor with another integer unit its ratios are others.

    A result of before units were told keeps its plain name.
    """
    unit = integer_unit()
    return f"{name}-{unit.lower().replace(' ', '-')}" if unit else name


def believed(result: dict[str, Any]) -> str:
    """One sentence on the machine and whether to believe it."""
    machine = Machine.model_validate(result["machine"])
    told = f"{verdict(result['clean'], result['unknown'])}"
    if result["reasons"]:
        told += f": {'; '.join(result['reasons'])}"
    software = ", ".join(f"{name} {version}" for name, version in result["versions"].items())
    return f"{machine.cpu}, {machine.usable_cores} of {machine.cores} cores; {software}. The run is {told}."
