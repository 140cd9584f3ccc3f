"""What a bundle says of itself: `manifest.json`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveInt

Task = Literal["expression", "detection"]
Quantisation = Literal["float32", "float16", "dynamic", "int8"]
# Names and versions become names of files and folders on devices.
Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*$", max_length=64)]
Version = Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)*$", max_length=64)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class InputSpec(_Strict):
    """uint8 [size, size, channels] in; `scale` and `offset` say what the training saw: x * scale + offset.

    Attributes:
        mirror: show the model each crop and its mirror image, and take the mean of its answers.
    """

    size: PositiveInt
    channels: Literal[1, 3]
    scale: float
    offset: float
    mirror: bool = False


class CropSpec(_Strict):
    """`alignment.CropGeometry` as the model was trained with; landmarks as fractions of the crop's side."""

    template: tuple[tuple[float, float], ...]


class Calibration(_Strict):
    """What makes a probability say how often it is right.

    Attributes:
        temperature: folded into the model's last layer.
        abstain_below: the coarse probability below which the model abstains.
        masked: a further temperature, for faces that the detector says wear a mask; whoever runs the model
            applies it. 1 changes nothing.
    """

    temperature: float
    abstain_below: float
    masked: float = Field(1.0, gt=0)


class Manifest(_Strict):
    """What a bundle says of itself."""

    name: Word
    version: Word
    task: Literal["expression"]
    labels: tuple[str, ...]
    input: InputSpec
    crop: CropSpec
    calibration: Calibration
    quantisation: Quantisation
    training: dict[str, Any]
    metrics: list[dict[str, Any]]
    minimum_runtime: Version
    sha256: dict[str, str]


class PictureSpec(_Strict):
    """uint8 [height, width, 3] BGR in, or any multiples of the largest stride; x * scale + offset is what the
    training saw."""

    width: PositiveInt
    height: PositiveInt
    channels: Literal[3]
    scale: float
    offset: float


class DetectionManifest(_Strict):
    """What a face detector's bundle says of itself.

    Attributes:
        labels: the mask states, in the order of the model's channels; `labels.MASK_STATES`.
        strides: of the model's maps, in pixels of its input.
        threshold: least score of a face.
    """

    name: Word
    version: Word
    task: Literal["detection"]
    labels: tuple[str, ...]
    input: PictureSpec
    strides: tuple[PositiveInt, ...] = Field(min_length=1)
    threshold: float = Field(gt=0, lt=1)
    quantisation: Quantisation
    training: dict[str, Any]
    metrics: list[dict[str, Any]]
    minimum_runtime: Version
    sha256: dict[str, str]
