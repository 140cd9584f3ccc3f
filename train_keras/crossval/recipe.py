"""Recipes for cross-validation and for runs from some data sets to others."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from edge.errors import ConfigError
from train_keras.augment import Augmentation
from train_keras.occlusion.kinds import Occlusion
from train_keras.occlusion.masked import TEST_SEED
from train_keras.recipe import Labels, ModelRecipe, OptimiserRecipe

RECIPES = Path(__file__).parents[1] / "recipes" / "crossval"
BARE: Literal["full"] = "full"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(_Strict):
    """A data set, or a part of it.

    Attributes:
        set: its name in `train_keras.data.sets`.
        path: where it lies; None for its usual place.
        part: all of it, or its published training or test faces.
    """

    set: str
    path: Path | None = None
    part: Literal["all", "training", "test"] = "all"


class FacesRecipe(_Strict):
    """How faces are labelled, occluded and drawn.

    Attributes:
        labels: all seven, or merged into the coarse five or the three valences.
        size: side of the crops in pixels.
        masked: probability that a training face is an occluded one.
        occlusions: what occludes it.
        variants: occluded copies made of each face.
        balance: 0 draws faces as they come, 1 draws every class equally often.
        tested: what the test faces wear, each in its turn; `full` is nothing.
        held_out: share of the training people that are watched after each epoch instead of learnt from;
            early stopping looks at them, never at test faces.
    """

    labels: Labels = "seven"
    size: int = Field(48, ge=16)
    masked: float = Field(0.6, ge=0, le=1)
    occlusions: tuple[Occlusion, ...] = Field((Occlusion.MASK,), min_length=1)
    variants: int = Field(3, ge=1)
    balance: float = Field(0.0, ge=0, le=1)
    tested: tuple[Occlusion | Literal["full"], ...] = Field(("full", Occlusion.MASK), min_length=1)
    held_out: float = Field(0.05, gt=0, lt=1)


class CrossvalRecipe(_Strict):
    """How well a network does on faces it did not learn from.

    Attributes:
        name: of the model in all results.
        train: what is trained on. Without `test` it is one set, in folds.
        test: what is tested on by a network trained once on all of `train`.
        folds: of the one set.
    """

    name: str = Field(pattern="^[a-z0-9][a-z0-9_]*$")
    seed: int = Field(ge=0)
    task: Literal["crossval"]
    train: tuple[Source, ...] = Field(min_length=1)
    test: tuple[Source, ...] = ()
    folds: int = Field(10, ge=2)
    model: ModelRecipe
    data: FacesRecipe = FacesRecipe()
    optimiser: OptimiserRecipe
    augmentation: Augmentation = Augmentation()

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.seed == TEST_SEED:
            raise ValueError(f"seed {TEST_SEED} draws the test masks: choose another")
        if not self.test and len(self.train) > 1:
            raise ValueError("folds are made of one set: name one in train, or sets in test")
        for what in (self.train, self.test):
            names = [source.set for source in what]
            if len(set(names)) < len(names):
                raise ValueError(f"a set occurs twice in {', '.join(names)}")
        return self


def read_crossval(path: Path) -> CrossvalRecipe:
    """Read a recipe file, or a shipped recipe by its name.

    Raises:
        ConfigError: no such file, not TOML, no recipe of this kind, an unknown key or an unusable value.
    """
    shipped = RECIPES / f"{path.name.removesuffix('.toml')}.toml"
    file = shipped if len(path.parts) == 1 and not path.is_file() else path
    if not file.is_file():
        raise ConfigError(f"no recipe {path}: give a TOML file or one of: {', '.join(_shipped())}")
    try:
        table = tomllib.loads(file.read_text())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} is not TOML: {error}") from error
    if table.get("task") != "crossval":
        raise ConfigError(f"{file} is no recipe for cross-validation: give one of: {', '.join(_shipped())}")
    try:
        return CrossvalRecipe.model_validate(table)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ConfigError(f"{file}: {where}{': ' if where else ''}{first['msg']}") from error


def _shipped() -> list[str]:
    return sorted(file.stem for file in RECIPES.glob("*.toml"))
