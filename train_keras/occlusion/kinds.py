"""What can hide a part of a face, and the one function that puts it there."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from functools import partial

import numpy as np

from edge.types import Floats, Image
from train_keras.occlusion.hand import raise_hand
from train_keras.occlusion.masks import Kind
from train_keras.occlusion.painter import paint_random
from train_keras.occlusion.regions import cover_eyes, cover_mouth
from train_keras.occlusion.scarf import wear_scarf
from train_keras.occlusion.squares import cover_square
from train_keras.occlusion.sunglasses import wear_sunglasses


class Occlusion(StrEnum):
    """`square8` to `mouth` are those of the attention CNN's paper (squares.py, regions.py); `creased` is the
    one mask that `mask` never draws."""

    MASK = "mask"
    SQUARE8 = "square8"
    SQUARE16 = "square16"
    SQUARE24 = "square24"
    EYES = "eyes"
    MOUTH = "mouth"
    SUNGLASSES = "sunglasses"
    HAND = "hand"
    SCARF = "scarf"
    CREASED = "creased"


_SQUARES = {Occlusion.SQUARE8: 8, Occlusion.SQUARE16: 16, Occlusion.SQUARE24: 24}
_PAINTERS: dict[Occlusion, Callable[[Image, Floats, np.random.Generator], tuple[Image, Image]]] = {
    Occlusion.MASK: paint_random,
    Occlusion.EYES: cover_eyes,
    Occlusion.MOUTH: cover_mouth,
    Occlusion.SUNGLASSES: wear_sunglasses,
    Occlusion.HAND: raise_hand,
    Occlusion.SCARF: wear_scarf,
    Occlusion.CREASED: partial(paint_random, kind=Kind.CREASED),
}


def occlude(
    picture: Image, landmarks: Floats, kind: Occlusion | str, rng: np.random.Generator
) -> tuple[Image, Image]:
    """Hide a part of a face.

    Args:
        picture: uint8 [H, W] grey or [H, W, 3] BGR, a face crop.
        landmarks: float [68, 2] in pixels of the picture; points outside it are allowed.
        kind: what hides it.
        rng: draws everything about it; the same state gives the same picture.
    Returns:
        The picture, same shape and dtype, and the occlusion map uint8 [H, W]: coverage from 0 (the pixel is
        untouched) to 255 (nothing of it is left).
    Raises:
        ValueError: a picture, landmarks or a kind that is none of these.
    """
    kind = to_occlusion(kind)
    if picture.dtype != np.uint8 or picture.ndim not in (2, 3) or picture.shape[2:] not in ((), (3,)):
        raise ValueError(
            f"a picture of {picture.dtype} {list(picture.shape)}: expected uint8 [H, W] or [H, W, 3]"
        )
    if landmarks.shape != (68, 2) or not np.isfinite(landmarks).all():
        raise ValueError(
            f"landmarks {list(landmarks.shape)}, {np.isfinite(landmarks).sum()} numbers finite: expected "
            "[68, 2] in pixels, all of them finite"
        )
    if kind in _SQUARES:
        return cover_square(picture, _SQUARES[kind], rng)
    return _PAINTERS[kind](picture, landmarks, rng)


def to_occlusion(name: Occlusion | str) -> Occlusion:
    """The kind of that name.

    Raises:
        ValueError: there is none.
    """
    try:
        return Occlusion(name)
    except ValueError:
        raise ValueError(f"no occlusion {name!r}: expected one of {', '.join(Occlusion)}") from None
