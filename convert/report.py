"""A model's section of docs/results.md: its variants side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from convert.layers import LayerError
from convert.records import FOLDER, Measured, ParityRecord, VariantRecord
from train_keras.results import write_section


@dataclass(frozen=True, slots=True)
class Kept:
    """What an int8 model keeps float32.

    Attributes:
        asked: the names that were given.
        errors: of the layers that stay float, in the integer-only model.
        losses: points of accuracy that the integer-only model loses against float32, by kind of faces.
        pieces: that XNNPACK takes the integer-only model in; between two of them the runtime changes over.
    """

    asked: tuple[str, ...]
    errors: tuple[LayerError, ...]
    losses: Mapping[str, float]
    pieces: int

    @property
    def layers(self) -> tuple[str, ...]:
        """Keras's names, each once."""
        return tuple(dict.fromkeys(each.layer for each in self.errors))

    def __str__(self) -> str:
        """Why, in a sentence."""
        lost = ", ".join(f"{loss:.2f} on {kind}" for kind, loss in self.losses.items())
        largest: dict[str, float] = {}  # several operators may be of one layer
        for each in self.errors:
            largest[each.layer] = max(each.error, largest.get(each.layer, 0.0))
        errors = ", ".join(f"`{layer}` ({error:.2f})" for layer, error in largest.items())
        return (
            f"Kept float32 for `{', '.join(self.asked)}`: {errors}; in brackets their error as "
            f"integers, RMSE over standard deviation. All in integers, XNNPACK would take the network in "
            f"{self.pieces} {'piece' if self.pieces == 1 else 'pieces'}, and it would lose points of "
            f"accuracy: {lost}."
        )


def parity_table(record: ParityRecord) -> str:
    """Keras and every variant on the same faces, Markdown; per cent."""
    head = ("variant", "full", "masked", "as Keras, full / masked", "largest difference, full / masked")
    rows = [_row("keras", record.reference)] if record.reference else []
    rows += [_row(each.variant, each.measured) for each in record.variants]
    return _table(head, rows)


def cost_table(record: ParityRecord) -> str:
    """What every variant weighs, takes and is made of, Markdown."""
    head = ("variant", "KiB", "ms", "peak MB", "in, out", "XNNPACK partitions", "outside them")
    columns: tuple[Callable[[VariantRecord], str], ...] = (
        lambda v: v.variant,
        lambda v: f"{v.size_kib:.0f}",
        lambda v: f"{v.latency_ms:.2f}",
        lambda v: f"{v.peak_memory_mb:.0f}",
        lambda v: f"{v.input}, {v.output}",
        lambda v: str(v.partitions),
        lambda v: ", ".join(f"{v.outside.count(name)} {name}" for name in sorted(set(v.outside))) or "-",
    )
    return _table(head, [[column(variant) for column in columns] for variant in record.variants])


def machine_note(record: ParityRecord) -> str:
    return (
        f"Milliseconds are the median of single invokes on one thread, of three fresh processes the fastest; "
        f"peak MB are that process's: {record.machine}, {record.runtime}."
    )


def write_parity(record: ParityRecord, tables: Sequence[str], notes: Sequence[str]) -> str:
    """Write the model's section and return its body."""
    path = FOLDER.name + f"/parity-{record.name}.json"
    body = "\n\n".join([*tables, *notes, machine_note(record), f"The numbers: [{path}]({path})."])
    write_section(f"convert:{record.name}", f"Parity of {record.name}", record.command, body)
    return body


def _row(name: str, measured: Measured) -> list[str]:
    full, masked = measured["full"], measured["masked"]
    return [
        name,
        f"{full['accuracy']:.2f}",
        f"{masked['accuracy']:.2f}",
        f"{full['agreement']:.2f} / {masked['agreement']:.2f}",
        f"{full['largest_difference']:.3f} / {masked['largest_difference']:.3f}",
    ]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
