"""A conditions record as a section of docs/results.md."""

from __future__ import annotations

from collections.abc import Sequence

from edge.labels import LABELS
from train_keras.conditions import prose
from train_keras.conditions.plots import FAMILIES
from train_keras.conditions.record import ConditionsRecord
from train_keras.conditions.scores import Estimate, Row
from train_keras.occlusion.masked import TEST_SEED

_WORN = (
    "first painter, kinds", "first painter, height", "second painter, kinds", "second painter, height",
    "natural", "side of the face",
)  # fmt: skip


def body(record: ConditionsRecord, figures: Sequence[str]) -> str:
    """The section's Markdown.

    Args:
        figures: of the contact sheet, of accuracy over severity, and of calibration and abstention, as seen
            from the folder of the results.
    """
    sheet, severity, trust = figures
    bare, masked = (_span(record.row("standard", on, on).seven) for on in ("bare", "masked"))
    threshold = "" if record.abstain_below is None else f", {record.abstain_below}"
    return "\n\n".join([
        prose.STANDARD.format(
            what=record.what[0].upper() + record.what[1:],
            model=record.model,
            version=record.version,
            digest=record.weights_sha256[:12],
            protocol=record.protocol,
            seed=TEST_SEED,
        ),
        f"![Every condition on a frame of the demo clip]({sheet})",
        prose.WORN,
        worn_table(record),
        prose.SEVERITY.format(bare=bare, masked=masked),
        f"![Accuracy over severity]({severity})",
        severity_table(record),
        prose.FRAMED,
        framing_table(record),
        prose.LABEL,
        label_table(record),
        prose.TRUST.format(threshold=threshold),
        trust_table(record),
        f"![Calibration, and accuracy among the answered]({trust})",
        prose.GROUPS,
        group_table(record),
        prose.LIMITS,
    ])  # fmt: skip


def worn_table(record: ConditionsRecord) -> str:
    """Accuracy and gain under everything that hides a part of the face."""
    lines = [
        "| hidden by | | hidden | seven labels | coarse five | gain | answered | seven, among the answered |",
        "|---|---|---|---|---|---|---|---|",
    ]
    standard = [("nothing", "bare"), ("standard masks", "masked")]
    rows = [(title, record.row("standard", on, on)) for title, on in standard]
    rows += [(family, row) for family in _WORN for row in record.family(family)]
    for title, row in rows:
        name = "" if row.family == "standard" else row.name
        hidden = "-" if row.covered is None else f"{100 * row.covered:.0f}"
        answered = "-" if row.answered is None else f"{100 * row.answered:.1f}"
        lines.append(
            f"| {title} | {name} | {hidden} | {_span(row.seven)} | {_span(row.five)} | {_signed(row.gain)} | "
            f"{answered} | {_span(row.kept) if row.kept else '-'} |"
        )
    return "\n".join(lines)


def severity_table(record: ConditionsRecord) -> str:
    """Accuracy at every step of every family, bare and masked."""
    lines = ["| | | bare | masked | bare, coarse five | masked, coarse five |", "|---|---|---|---|---|---|"]
    for family, title, _, _ in FAMILIES:
        pairs = zip(record.family(family), record.family(family, "masked"), strict=True)
        for place, (bare, masked) in enumerate(pairs):
            cells = [_span(e) for e in (bare.seven, masked.seven, bare.five, masked.five)]
            lines.append(f"| {'' if place else title} | {bare.name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def framing_table(record: ConditionsRecord) -> str:
    """What the device's own framing costs, and how far it lies from the published crop."""
    lines = [
        "| faces | crop in the frame | found | seven labels | coarse five | shift, % of the side | scale | "
        "rotation, degrees |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for found in record.framing:
        row = record.row("as the device frames", f"{found.size} px", found.on)
        shift, scale, rotation = (
            f"{factor * pair[0]:{how}} ({factor * pair[1]:{how}})"
            for factor, pair, how in (
                (100, found.shift, ".1f"), (1, found.scale, ".2f"), (1, found.rotation, ".1f")
            )
        )  # fmt: skip
        lines.append(
            f"| {found.on} | {found.size} px | {100 * found.found:.1f} | {_span(row.seven)} | "
            f"{_span(row.five)} | {shift} | {scale} | {rotation} |"
        )
    return "\n".join(lines)


def label_table(record: ConditionsRecord) -> str:
    """Recall of every label in a few conditions."""
    columns: list[tuple[str, Row]] = [
        ("bare", record.row("standard", "bare")),
        ("masked", record.row("standard", "masked", "masked")),
        ("second painter, surgical", record.row("second painter, kinds", "surgical")),
        ("real mask, pasted", record.row("natural", "real mask, pasted")),
        ("sunglasses", record.row("natural", "sunglasses")),
        ("hand", record.row("natural", "hand")),
    ]
    lines = [f"| label | {' | '.join(name for name, _ in columns)} |", "|---" * (1 + len(columns)) + "|"]
    for place, label in enumerate(LABELS):
        cells = [_span(e) if (e := row.recall[place]) else "-" for _, row in columns]
        lines.append(f"| {label} | {' | '.join(cells)} |")
    return "\n".join(lines)


def trust_table(record: ConditionsRecord) -> str:
    """Calibration and what the shipped threshold does, on a few kinds of faces."""
    lines = [
        "| faces | calibration error | overconfidence | answered | seven, all | seven, among the answered | "
        "five, among the answered |",
        "|---|---|---|---|---|---|---|",
    ]
    for found, kept in zip(record.reliability, record.abstention, strict=True):
        cells = [_span(e) if e else "-" for e in (kept.kept, kept.kept_five)]
        answered = _span(kept.answered) if kept.answered else "-"
        lines.append(
            f"| {found.name} | {_span(found.error)} | {100 * found.overconfidence:+.1f} | {answered} | "
            f"{100 * kept.seven[-1]:.1f} | {' | '.join(cells)} |"
        )
    return "\n".join(lines)


def group_table(record: ConditionsRecord) -> str:
    """Accuracy by what is seen, bare and masked, beside what the group's labels let expect."""
    lines = ["| | | faces | bare | expected | masked | expected |", "|---|---|---|---|---|---|---|"]
    masked = {(g.trait, g.range): g for g in record.groups if g.on == "masked"}
    last = ""
    for bare in (g for g in record.groups if g.on == "bare"):
        other = masked[bare.trait, bare.range]
        lines.append(
            f"| {'' if bare.trait == last else bare.trait} | {bare.range} | {bare.faces} | "
            f"{_span(bare.seven)} | {100 * bare.expected:.1f} | {_span(other.seven)} | "
            f"{100 * other.expected:.1f} |"
        )
        last = bare.trait
    return "\n".join(lines)


def _span(e: Estimate) -> str:
    return f"{100 * e.value:.1f} ({100 * e.low:.1f} to {100 * e.high:.1f})"


def _signed(e: Estimate) -> str:
    return f"{100 * e.value:+.1f} ({100 * e.low:+.1f} to {100 * e.high:+.1f})"
