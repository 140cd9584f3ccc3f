"""What was measured of a model away from the standard test, kept as docs/results/conditions-NAME.json."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from edge.errors import DataError
from train_keras.conditions.framed import Framing
from train_keras.conditions.looks import Group
from train_keras.conditions.scores import Abstention, Reliability, Row, Strict

FOLDER = Path("docs/results")


class ConditionsRecord(Strict):
    """Everything `mien evaluate MODEL --conditions` measures.

    Attributes:
        protocol: which faces, how many.
        abstain_below: the bundle's threshold; None for a run's network.
        rows: a condition each, the standard test's two first.
        framing: how the device's crops differ from the published ones.
    """

    schema_: Literal["mien.conditions/1"] = Field("mien.conditions/1", alias="schema")
    model: str
    what: str
    version: str
    weights_sha256: str
    protocol: str
    abstain_below: float | None
    rows: tuple[Row, ...]
    framing: tuple[Framing, ...]
    reliability: tuple[Reliability, ...]
    abstention: tuple[Abstention, ...]
    groups: tuple[Group, ...]
    command: str
    commit: str
    date: date

    def row(self, family: str, name: str, on: str = "bare") -> Row:
        """The row of one condition.

        Raises:
            KeyError: there is none.
        """
        for row in self.rows:
            if (row.family, row.name, row.on) == (family, name, on):
                return row
        raise KeyError(f"{family}, {name}, {on}")

    def family(self, family: str, on: str = "bare") -> list[Row]:
        """The rows of a family on one set of faces, as they were measured."""
        return [row for row in self.rows if (row.family, row.on) == (family, on)]


def save_record(record: ConditionsRecord, folder: Path = FOLDER) -> Path:
    """Write conditions-NAME.json, replacing an older one, and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"conditions-{record.model}.json"
    part = path.with_suffix(".part")
    part.write_text(record.model_dump_json(indent=1, by_alias=True) + "\n")
    part.replace(path)
    return path


def load_record(path: Path) -> ConditionsRecord:
    """Read one file.

    Raises:
        DataError: it cannot be read or is no such record.
    """
    try:
        return ConditionsRecord.model_validate_json(path.read_bytes())
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors()[0]
        reason = f"{'.'.join(map(str, first['loc'])) or 'file'}: {first['msg']}"
        raise DataError(f"{path}: {reason}: evaluate the model again or remove the file") from error
