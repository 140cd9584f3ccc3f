"""How numbers and verdicts are worded, the same in Markdown and on the page."""

from __future__ import annotations

from train_keras.comparison import Comparison
from train_keras.reporting.claims import PER_CENT, Claim, Row
from train_keras.reporting.store import Measurement

MISSING = "not measured yet"
IMPOSSIBLE = "cannot be measured"
COMPARABLE = {
    "same": "same set",
    "kind": "same set, other masks",
    "stand-in": "stand-in",
    "none": "data not at hand",
}
SIGNIFICANT = 0.05


def number(value: float, unit: str = PER_CENT) -> str:
    """A value with its unit; per cent go without, the tables say so.

    >>> number(87.14), number(203.73, "frames/s"), number(756447, "parameters"), number(12.4, "ms")
    ('87.14', '203.73 frames/s', '756,447 parameters', '12.40 ms')
    """
    digits = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.2f}"
    return digits if unit == PER_CENT else f"{digits} {unit}"


def ours(row: Row) -> str:
    """Our number, or the words that there is none."""
    if row.claim.result is None:
        return IMPOSSIBLE
    return MISSING if row.ours is None else number(row.ours, row.claim.unit)


def interval(row: Row) -> str:
    return "" if row.interval is None else "{:.1f} to {:.1f}".format(*row.interval)


def difference(row: Row) -> str:
    """Our number less the paper's; a ratio for what is not in per cent. Empty until it is measured."""
    if row.ours is None:
        return ""
    if row.claim.unit == PER_CENT:
        return f"{row.ours - row.claim.paper:+.2f}"
    return f"x {row.ours / row.claim.paper:.2f}"


def form(claim: Claim) -> str:
    return claim.form or ""


def of_what(record: Measurement) -> str:
    """A measurement in words: model, set, occlusion, labels."""
    covered = "bare" if record.occlusion == "full" else record.occlusion
    return f"{record.model} on {record.set}, {covered}, {record.labels} labels"


def probability(p: float) -> str:
    """
    >>> probability(0.0421), probability(0.00004)
    ('0.042', '< 0.001')
    """
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def verdict(comparison: Comparison) -> str:
    """Which model is better, if the corrected p lets one say so."""
    if comparison.adjusted >= SIGNIFICANT:
        return "no difference shown"
    return f"{comparison.first if comparison.difference > 0 else comparison.second} is better"
