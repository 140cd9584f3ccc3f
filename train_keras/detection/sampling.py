"""Training pictures, each made anew: photographs at many scales, mosaics, close-ups, crops on backgrounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import Field

from edge.labels import MASK_STATES
from edge.types import Floats, Image
from train_keras.detection.backgrounds import background
from train_keras.detection.degrade import Degradation
from train_keras.detection.pasting import exchange, soften, stamp, tinted
from train_keras.detection.pictures import (
    BOX,
    COLUMNS,
    FACE,
    IGNORED,
    KIND,
    STATE,
    Picture,
    mirrored,
    moved,
    settle,
    sides,
    turned,
)

MOST_FACES = 32  # in a picture; more are ignored together
GREY = 114  # of what lies beside a picture, as on the device
HARD = 0.3  # probability that a photograph, and what it is cut around, is chosen among the hard ones
RARE = 0.4  # and otherwise among the rare ones
MASK = MASK_STATES.index("mask")
WIDEST = 45.0  # degrees by which faces lean, either way, where `Mixture.turned` has it so
REFERENCE = 320, 256  # photographs have the size they have on the device, however small a part is trained on


@dataclass(frozen=True, slots=True)
class Mixture:
    """How often each kind of training picture is made, as weights, and what it goes through.

    Attributes:
        photo: a photograph or the part around a face, as large as the device sees it or nearly so.
        mosaic: parts of four photographs.
        close: a face that fills much of the picture, as in a region around a track.
        pasted: face crops of many sizes on a background without faces.
        empty: a background without faces.
        least: faces smaller than this, in pixels of the network's input, are ignored.
        turn: standard deviation of the rotation in degrees, of one picture in five.
        exchange: probability that a photograph's or mosaic part's face gives way to one of the crops.
        turned: probability that a photograph is turned widely, by up to WIDEST degrees, and that a pasted
            face is, by itself, so that what is around it does not tell how it leans.
    """

    photo: float = 0.5
    mosaic: float = 0.15
    close: float = 0.1
    pasted: float = 0.2
    empty: float = 0.05
    least: float = 8.0
    turn: float = 10.0
    exchange: float = 0.2
    turned: Annotated[float, Field(ge=0, le=1)] = 0.0
    degradation: Degradation = field(default_factory=Degradation)

    @property
    def kinds(self) -> dict[str, float]:
        return {name: getattr(self, name) for name in ("photo", "mosaic", "close", "pasted", "empty")}


@dataclass(frozen=True, slots=True, eq=False)
class Sources:
    """What training pictures are made of: photographs, and pools of face crops with the weight of each.

    Attributes:
        rare: the photographs with faces of a rare state, for they are shown more often.
        hard: the photographs in which a network got something wrong before; so are these.
    """

    photos: Sequence[Picture]
    crops: Sequence[tuple[float, Sequence[Picture]]] = ()
    rare: Sequence[Picture] = field(init=False)
    hard: Sequence[Picture] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rare", [photo for photo in self.photos if _is_rare(photo.faces).any()])
        object.__setattr__(self, "hard", [photo for photo in self.photos if len(photo.hard)])


def compose(
    sources: Sources, rng: np.random.Generator, width: int, height: int, mixture: Mixture
) -> tuple[Image, Floats]:
    """One training picture, before light, lens and sensor spoil it.

    Returns:
        uint8 [height, width, 3] BGR and its faces float32 [32, 17], rows of kind 0 at the end.
    """
    kinds = mixture.kinds
    weights = np.array(list(kinds.values()))
    kind = str(rng.choice(list(kinds), p=weights / weights.sum()))
    if kind in ("pasted", "empty"):
        image = background(sources.photos, rng, width, height)
        faces = np.zeros((0, COLUMNS), np.float32)
        if kind == "pasted" and sources.crops:
            faces = _paste(image, sources, rng, mixture)
    elif kind == "mosaic":
        image, faces = _mosaic(sources, rng, width, height, mixture)
    else:
        image, faces = np.full((height, width, 3), GREY, np.uint8), np.zeros((0, COLUMNS), np.float32)
        if kind == "close":
            faces = _close_up(image, sources, rng)
        else:
            faces = _exchanged(image, _photograph(image, sources, rng), sources, rng, mixture)
    if kind != "pasted" and _widely(rng, mixture):
        image, faces = _turn(image, faces, _wide(rng))
    elif rng.random() < 0.2:
        image, faces = _turn(image, faces, np.clip(rng.normal(0, mixture.turn), -30, 30))
    if rng.random() < 0.5:
        image, faces = np.ascontiguousarray(image[:, ::-1]), mirrored(faces, width)
    return image, pad(settle(faces, width, height, mixture.least))


def pad(faces: Floats) -> Floats:
    """Exactly 32 rows. Of more faces the largest are kept and one region to ignore holds the rest."""
    order = np.lexsort((-sides(faces), faces[:, KIND]))
    out = np.zeros((MOST_FACES, COLUMNS), np.float32)
    kept = faces[order][:MOST_FACES]
    out[: len(kept)] = kept
    if len(faces) > MOST_FACES:
        rest = faces[order][MOST_FACES - 1 :, BOX]
        out[-1] = 0
        out[-1, BOX] = [*rest[:, :2].min(axis=0), *rest[:, 2:].max(axis=0)]
        out[-1, KIND] = IGNORED
    return out


def place(
    canvas: Image,
    picture: Picture,
    scale: tuple[float, float],
    shift: tuple[float, float],
    rng: np.random.Generator,
) -> Floats:
    """Draw a picture, resized by `scale` and moved by `shift` (x, y each), on the canvas; its faces there.

    Only what will be seen is resized; when shrinking mostly by area as the device does.
    """
    height, width = canvas.shape[:2]
    rows, columns = picture.image.shape[:2]
    left, top = (max(0, int(np.floor(-shift[i] / scale[i]))) for i in (0, 1))
    right = min(columns, int(np.ceil((width - shift[0]) / scale[0])))
    bottom = min(rows, int(np.ceil((height - shift[1]) / scale[1])))
    if right - left < 2 or bottom - top < 2:
        return np.zeros((0, COLUMNS), np.float32)
    size = max(1, round((right - left) * scale[0])), max(1, round((bottom - top) * scale[1]))
    exact = size[0] / (right - left), size[1] / (bottom - top)
    shrinking = max(exact) < 1
    how = cv2.INTER_AREA if shrinking and rng.random() < 0.8 else cv2.INTER_LINEAR
    patch = cv2.resize(picture.image[top:bottom, left:right], size, interpolation=how)
    x, y = (round(shift[0] + left * scale[0]), round(shift[1] + top * scale[1]))
    x, y = max(0, x), max(0, y)
    patch = patch[: height - y, : width - x]
    canvas[y : y + patch.shape[0], x : x + patch.shape[1]] = patch
    # Where the drawn pixels lie, to the pixel; the window's own edge is the origin.
    return moved(picture.faces, exact, (x - left * exact[0], y - top * exact[1]))


def _photograph(canvas: Image, sources: Sources, rng: np.random.Generator) -> Floats:
    height, width = canvas.shape[:2]
    hard = bool(sources.hard) and rng.random() < HARD
    pool = sources.rare if sources.rare and rng.random() < RARE else sources.photos
    picture = _any(sources.hard if hard else pool, rng)
    rows, columns = picture.image.shape[:2]
    fit = min(REFERENCE[0] / columns, REFERENCE[1] / rows)
    zoom = np.exp(rng.normal(0, 0.05) if rng.random() < 0.4 else rng.uniform(np.log(0.55), np.log(2.5)))
    stretch = np.exp(rng.normal(0, 0.08))
    scale = float(fit * zoom * stretch), float(fit * zoom / stretch)
    return place(canvas, picture, scale, _window(picture, scale, width, height, rng, hard), rng)


def _window(
    picture: Picture,
    scale: tuple[float, float],
    width: int,
    height: int,
    rng: np.random.Generator,
    hard: bool,
) -> tuple[float, float]:
    """A shift that shows as much of the picture as fits and, mostly, a face or something hard of it."""
    rows, columns = picture.image.shape[:2]
    spare = np.array([width - columns * scale[0], height - rows * scale[1]])
    shift = spare * rng.random(2)
    boxes = picture.hard if hard else _faces_to_show(picture, rng)
    if len(boxes) and (spare < 0).any() and rng.random() < 0.85:
        box = boxes[rng.integers(len(boxes))]
        middle = np.array([box[0] + box[2], box[1] + box[3]]) / 2 * scale
        wanted = np.array([width, height]) * rng.uniform(0.2, 0.8, 2) - middle
        shift = np.where(spare < 0, np.clip(wanted, spare, 0), shift)
    return float(shift[0]), float(shift[1])


def _faces_to_show(picture: Picture, rng: np.random.Generator) -> Floats:
    """Boxes [N, 4] of the picture's faces, now and then of the rare ones alone."""
    rare = _is_rare(picture.faces)
    faces = rare if rare.any() and rng.random() < RARE else picture.faces[:, KIND] == FACE
    return picture.faces[faces, BOX]


def _close_up(canvas: Image, sources: Sources, rng: np.random.Generator) -> Floats:
    """A face of 25 to 75 % of the picture's height, of a photograph or of a crop."""
    height, width = canvas.shape[:2]
    pool = sources.photos
    if sources.crops and rng.random() < 0.4:
        pool = _pool(sources, rng)
    for _ in range(8):
        picture = _any(pool, rng)
        faces = picture.faces[(picture.faces[:, KIND] == FACE) & (sides(picture.faces) >= 24)]
        if len(faces):
            break
    else:
        return _photograph(canvas, sources, rng)
    face = faces[rng.integers(len(faces))]
    zoom = float(height * rng.uniform(0.25, 0.75) / max(face[2] - face[0], face[3] - face[1]))
    middle = np.array([face[0] + face[2], face[1] + face[3]]) / 2 * zoom
    shift = np.array([width, height]) * rng.uniform(0.3, 0.7, 2) - middle
    return place(canvas, picture, (zoom, zoom), (float(shift[0]), float(shift[1])), rng)


def _mosaic(
    sources: Sources, rng: np.random.Generator, width: int, height: int, mixture: Mixture
) -> tuple[Image, Floats]:
    image = np.full((height, width, 3), GREY, np.uint8)
    across, down = (int(side * rng.uniform(0.3, 0.7)) for side in (width, height))
    found = []
    for x, y, w, h in (
        (0, 0, across, down),
        (across, 0, width - across, down),
        (0, down, across, height - down),
        (across, down, width - across, height - down),
    ):
        tile = image[y : y + h, x : x + w]
        faces = settle(_photograph(tile, sources, rng), w, h, 0)
        faces = _exchanged(tile, faces, sources, rng, mixture)
        found.append(moved(faces, (1, 1), (x, y)))
    return image, np.concatenate(found)


def _paste(image: Image, sources: Sources, rng: np.random.Generator, mixture: Mixture) -> Floats:
    """Up to eight face crops side by side, from 14 px on; none covers another's face."""
    height, width = image.shape[:2]
    taken = np.zeros((0, 4), np.float32)
    found = [np.zeros((0, COLUMNS), np.float32)]
    for _ in range(int(rng.integers(1, 9))):
        pool = _pool(sources, rng)
        picture = _any(pool, rng)
        rows, columns = picture.image.shape[:2]
        side = np.exp(rng.uniform(np.log(14), np.log(0.8 * height)))
        zoom = float(side / sides(picture.faces).max())
        x, y = (
            rng.uniform(-0.1 * s * zoom, max(1, a - 0.9 * s * zoom))
            for s, a in ((columns, width), (rows, height))
        )
        region = np.array([x, y, x + columns * zoom, y + rows * zoom], np.float32)
        apart = (region[2:] <= taken[:, :2]).any(axis=1) | (region[:2] >= taken[:, 2:]).any(axis=1)
        if apart.all():
            taken = np.concatenate([taken, region[None]])
            if _widely(rng, mixture):
                corner = np.array([x, y])
                found.append(stamp(image, tinted(picture, rng), zoom, corner, _wide(rng))[None])
                continue
            before = image.copy()
            found.append(place(image, tinted(picture, rng), (zoom, zoom), (float(x), float(y)), rng))
            if rng.random() < 0.5:
                soften(image, before, region)
    return np.concatenate(found)


def _exchanged(
    canvas: Image, faces: Floats, sources: Sources, rng: np.random.Generator, mixture: Mixture
) -> Floats:
    """The faces of a photograph, one of which may have given way to that of a crop."""
    if not sources.crops or rng.random() >= mixture.exchange:
        return faces
    crop = _any(_pool(sources, rng), rng)
    return exchange(canvas, faces, crop, rng, _wide(rng) if _widely(rng, mixture) else 0.0)


def _widely(rng: np.random.Generator, mixture: Mixture) -> bool:
    """Whether to turn something widely. Mixtures that never do draw nothing, and stay what they were."""
    return mixture.turned > 0 and rng.random() < mixture.turned


def _wide(rng: np.random.Generator) -> float:
    return float(rng.uniform(-WIDEST, WIDEST))


def _is_rare(faces: Floats) -> npt.NDArray[np.bool_]:
    """Faces known to be bare or to wear a mask incorrectly: bool [N]. Most of the known ones are neither."""
    return np.asarray((faces[:, KIND] == FACE) & (faces[:, STATE] > MASK))


def _any(pool: Sequence[Picture], rng: np.random.Generator) -> Picture:
    return pool[int(rng.integers(len(pool)))]


def _pool(sources: Sources, rng: np.random.Generator) -> Sequence[Picture]:
    weights = np.array([weight for weight, _ in sources.crops])
    return sources.crops[int(rng.choice(len(weights), p=weights / weights.sum()))][1]


def _turn(image: Image, faces: Floats, degrees: float) -> tuple[Image, Floats]:
    """Picture and faces turned anticlockwise about the middle."""
    height, width = image.shape[:2]
    middle = width / 2, height / 2
    matrix = cv2.getRotationMatrix2D(middle, float(degrees), 1.0)
    out = cv2.warpAffine(image, matrix, (width, height), borderValue=(GREY, GREY, GREY))
    return np.asarray(out, np.uint8), turned(faces, degrees, middle)
