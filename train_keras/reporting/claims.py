"""What the papers claim, joined with what was measured."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from edge.errors import DataError
from train_keras.reporting.store import AnyRecord, Key, Measurement

CLAIMS = Path(__file__).parents[1] / "claims.toml"
PER_CENT = "%"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class System(_Strict):
    """One of the five; `models` are patterns of the names of its models."""

    key: Key
    title: str
    paper: str
    summary: str
    models: tuple[str, ...]

    def owns(self, model: str) -> bool:
        return any(fnmatchcase(model, pattern) for pattern in self.models)


class Claim(_Strict):
    """A paper's number; what the fields mean stands at the top of claims.toml."""

    key: Key
    what: str
    claimed_on: str
    paper: float
    unit: str = PER_CENT
    metric: Literal["accuracy", "precision", "recall", "f1", "value"] = "accuracy"
    better: Literal["higher", "lower"] = "higher"
    measured_on: str = ""
    comparable: Literal["same", "kind", "stand-in", "none"]
    result: Key | None = None
    command: str = Field(min_length=1)
    form: str | None = Field(None, pattern="^(full|reduced: .+)$")
    reason: str = ""

    @model_validator(mode="after")
    def _fits(self) -> Claim:
        if (self.comparable == "none") != (self.result is None):
            raise ValueError("either comparable is 'none', or there is a result to look for")
        return self

    @property
    def system(self) -> str:
        return self.key.split(".")[0]


class _File(_Strict):
    system: tuple[System, ...]
    claim: tuple[Claim, ...]

    @model_validator(mode="after")
    def _unique(self) -> _File:
        for keys in ([s.key for s in self.system], [c.key for c in self.claim]):
            twice = sorted({key for key in keys if keys.count(key) > 1})
            if twice:
                raise ValueError(f"the key {twice[0]} occurs twice")
        known = {system.key for system in self.system}
        for claim in self.claim:
            if claim.system not in known:
                raise ValueError(f"claim {claim.key} belongs to no system: one of {', '.join(sorted(known))}")
        return self


@dataclass(frozen=True, slots=True)
class Row:
    """A claim and what was measured for it, both in the claim's unit; `ours` is None until it is measured."""

    claim: Claim
    record: AnyRecord | None
    ours: float | None
    interval: tuple[float, float] | None

    @property
    def met(self) -> bool | None:
        """Whether our number is as good as the paper's; None until it is measured."""
        if self.ours is None:
            return None
        better = self.ours - self.claim.paper
        return better >= 0 if self.claim.better == "higher" else better <= 0

    @property
    def reason(self) -> str:
        """Why the paper's number is not met, or not measured; empty where it is met."""
        if self.met:
            return ""
        return self.claim.reason or ("not measured yet" if self.ours is None else "no reason given yet")

    @property
    def command(self) -> str:
        return self.claim.command if self.record is None else self.record.command


def read_claims(path: Path = CLAIMS) -> tuple[tuple[System, ...], tuple[Claim, ...]]:
    """Read systems and claims.

    Raises:
        DataError: no such file, no TOML, an unknown key or an unusable value.
    """
    try:
        file = _File.model_validate(tomllib.loads(path.read_text()))
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{path} is not TOML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise DataError(f"{path}: {where + ': ' if where else ''}{first['msg']}") from error
    return file.system, file.claim


def join(claims: tuple[Claim, ...], store: Mapping[str, AnyRecord]) -> list[Row]:
    """Find each claim's record.

    Raises:
        DataError: a record is of another kind, or a figure in another unit, than the claim.
    """
    return [_row(claim, store.get(claim.result or "")) for claim in claims]


def _row(claim: Claim, record: AnyRecord | None) -> Row:
    if record is None:
        return Row(claim, None, None, None)
    if isinstance(record, Measurement):
        if claim.metric == "value" or claim.unit != PER_CENT:
            raise DataError(f"claim {claim.key} wants a figure in {claim.unit}, {record.key} holds scores")
        low, high = record.interval
        interval = (100 * low, 100 * high) if claim.metric == "accuracy" else None
        return Row(claim, record, 100 * float(getattr(record, claim.metric)), interval)
    if claim.metric != "value" or claim.unit != record.unit:
        raise DataError(
            f"claim {claim.key} wants {claim.metric} in {claim.unit}, {record.key} is in {record.unit}"
        )
    return Row(claim, record, record.value, None)
