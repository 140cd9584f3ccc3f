"""Training recipes: one TOML file says all that decides a model's weights."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from edge.errors import ConfigError
from train_keras.augment import Augmentation
from train_keras.detection.losses import Weights as LossWeights
from train_keras.detection.sampling import Mixture
from train_keras.occlusion.kinds import Occlusion

RECIPES = Path(__file__).parent / "recipes"
Labels = Literal["seven", "five", "three"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ModelRecipe(_Strict):
    """A builder in `train_keras.models` and its arguments.

    Attributes:
        start: a network whose weights are taken over, a file or one of `train_keras/starts`; None begins at
            random.
        mirror: once trained, its answer is the mean of what it says of a face and of its mirror image.
    """

    builder: str
    options: dict[str, Any] = {}
    start: Path | None = None
    mirror: bool = False


class DataRecipe(_Strict):
    """Which faces, and how many occluded copies of each. Relative paths start at the working folder.

    Attributes:
        set: `ferplus` for the crowd's vote distributions, `fer2013` for the first labels, or another of
            `train_keras.data.sets`, which lies at `path` or in its usual place.
        labels: all seven, or merged into the coarse five or the three valences.
        masked: probability that a training face is an occluded one.
        occlusions: what occludes it.
        variants: occluded copies made of each face.
        balance: 0 draws faces as they come, 1 draws every class equally often.
        limit: of the training faces; None for all.
        watched: how many PublicTest faces are watched; None for all.
    """

    set: str = "ferplus"
    path: Path | None = None
    labels: Labels = "seven"
    fer2013: Path = Path("../shared/data/fer2013.npz")
    ferplus: Path = Path("../shared/data/ferplus.npz")
    masked: float = Field(0.6, ge=0, le=1)
    occlusions: tuple[Occlusion, ...] = (Occlusion.MASK,)
    variants: int = Field(4, ge=1)
    balance: float = Field(0.0, ge=0, le=1)
    limit: int | None = Field(None, ge=1)
    watched: int | None = Field(None, ge=1)


class DetectionData(_Strict):
    """What the face detector learns from, and how many of the face crops. Relative paths start at the working
    folder.

    Attributes:
        teacher: YuNet's weights, for landmarks and for faces nobody annotated.
        painted_faces: of FER2013's, how many get a painted mask too.
        pictures: training pictures an epoch; each is made anew.
        limit: of the photographs; None for all.
    """

    photos: Path = Path("../shared/data/masked_faces.zip")
    crops: Path = Path("../shared/data/mask_crops.zip")
    lfw: Path = Path("../shared/data/lfw_expressions.zip")
    fer2013: Path = Path("../shared/data/fer2013.npz")
    ferplus: Path = Path("../shared/data/ferplus.npz")
    teacher: Path = Path("../shared/weights/yunet_n_640_640.onnx")
    crop_faces: int = Field(3991, ge=0)
    lfw_faces: int = Field(8000, ge=0)
    fer_faces: int = Field(30000, ge=0)
    painted_faces: int = Field(4000, ge=0)
    pictures: int = Field(6400, ge=1)
    limit: int | None = Field(None, ge=1)


class OptimiserRecipe(_Strict):
    """The optimiser, how its learning rate falls, and when training stops.

    Attributes:
        schedule: `cosine` to zero after a linear warm-up; `constant`; `steps`, times `factor` every
            `patience` epochs; `plateau`, times `factor` when the training loss has not fallen for as many.
        weight_decay: decoupled; 0 for plain Adam.
        beta_2: of the second moment.
        stop_after: epochs without a better `watch`; the best epoch's weights are then kept. None trains to
            the last epoch and keeps that one.
        watch: a column of the history.
        precision: `mixed_bfloat16` computes in bfloat16 and keeps float32 weights.
        average: momentum of a moving average of the weights over the steps, which is then what is watched and
            kept; None keeps the last step's.
    """

    name: Literal["adamw", "adam", "nadam"] = "adamw"
    schedule: Literal["cosine", "constant", "steps", "plateau"] = "cosine"
    learning_rate: float = Field(3e-3, gt=0)
    factor: float = Field(0.5, gt=0, lt=1)
    patience: int = Field(10, ge=1)
    weight_decay: float = Field(1e-2, ge=0)
    beta_2: float = Field(0.999, gt=0, lt=1)
    warmup_epochs: float = Field(3, ge=0)
    epochs: int = Field(ge=1)
    stop_after: int | None = Field(None, ge=1)
    watch: Literal["public_full", "public_masked"] = "public_masked"
    batch_size: int = Field(128, ge=1)
    precision: Literal["float32", "mixed_bfloat16"] = "float32"
    average: float | None = Field(None, gt=0, lt=1)


class DistillationRecipe(_Strict):
    """Learning from other networks' answers (`train_keras.distillation`).

    Attributes:
        teacher: a `.keras` file or a file of soft labels (`train_keras.soft_labels`), or several, averaged.
        alpha: share of the labels in the loss; the rest is the teacher's.
        temperature: that softens both networks' answers.
        sees: what the teacher is shown when the student sees an occluded face: the `bare` one, of which it
            knows more than can be seen; the `same` picture, before it is augmented, of which it knows what
            can be told; or `both`, its logits averaged.
    """

    teacher: Path | tuple[Path, ...]
    alpha: float = Field(0.1, ge=0, le=1)
    temperature: float = Field(10.0, gt=0)
    sees: Literal["bare", "same", "both"] = "bare"

    @property
    def teachers(self) -> tuple[Path, ...]:
        return (self.teacher,) if isinstance(self.teacher, Path) else self.teacher


class MatchingRecipe(_Strict):
    """A teacher whose view of the bare face is matched (`train_keras.matching`), by a network that answers
    `features` or `attention`.

    Attributes:
        teacher: a `.keras` file.
    """

    teacher: Path


class UnlabelledRecipe(_Strict):
    """Faces of `lfw_expressions.zip` and bare ones of `mask_crops.zip`, labelled by networks
    (`train_keras.unlabelled`).

    Attributes:
        teachers: `.keras` files whose answers are averaged.
        sure: least probability of the likeliest label.
    """

    teachers: tuple[Path, ...] = Field(min_length=1)
    sure: float = Field(0.8, ge=0, le=1)
    lfw: Path = Path("../shared/data/lfw_expressions.zip")
    crops: Path = Path("../shared/data/mask_crops.zip")


class Recipe(_Strict):
    """How an expression model is trained."""

    name: str
    seed: int
    task: Literal["expression"] = "expression"
    model: ModelRecipe
    data: DataRecipe = DataRecipe()
    optimiser: OptimiserRecipe
    augmentation: Augmentation = Augmentation()
    distillation: DistillationRecipe | None = None
    matching: MatchingRecipe | None = None
    unlabelled: UnlabelledRecipe | None = None


class HintRecipe(_Strict):
    """How much of the loss is about the teacher's features, at first, and after which part of the epochs none
    of it is."""

    weight: float = Field(0.0, ge=0)
    until: float = Field(0.6, ge=0, le=1)


class ClosingRecipe(_Strict):
    """Another mixture for the last epochs, nearer to what cameras show (as YOLOX ends without mosaics: Ge et
    al., 2021, section 2.1)."""

    epochs: int = Field(0, ge=0)
    mixture: Mixture = Mixture(photo=0.75, mosaic=0.05, close=0.1, pasted=0.08, empty=0.02, exchange=0.1)


class DetectionRecipe(_Strict):
    """How a face detector is trained."""

    name: str
    seed: int
    task: Literal["detection"]
    model: ModelRecipe
    data: DetectionData = DetectionData()
    optimiser: OptimiserRecipe
    mixture: Mixture = Mixture()
    loss: LossWeights = LossWeights()
    hints: HintRecipe = HintRecipe()
    closing: ClosingRecipe = ClosingRecipe()


AnyRecipe = Annotated[Recipe | DetectionRecipe, Field(discriminator="task")]


def read_recipe(path: Path) -> Recipe | DetectionRecipe:
    """Read a recipe file, or a shipped recipe by its name.

    Raises:
        ConfigError: no such file, not TOML, an unknown key or an unusable value.
    """
    # A path that leads nowhere must not train a shipped recipe that happens to have the same name.
    shipped = RECIPES / f"{path.name.removesuffix('.toml')}.toml"
    file = shipped if len(path.parts) == 1 and not path.is_file() else path
    if not file.is_file():
        names = ", ".join(sorted(recipe.stem for recipe in RECIPES.glob("*.toml")))
        raise ConfigError(f"no recipe {path}: give a TOML file or one of: {names}")
    try:
        table = tomllib.loads(file.read_text())
        return TypeAdapter(AnyRecipe).validate_python({"task": "expression", **table})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} is not TOML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(
            f"{file}: {'.'.join(map(str, first['loc'][1:] or ('task',)))}: {first['msg']}"
        ) from error
