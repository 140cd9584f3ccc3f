"""Measures how a detected face is best cut out for the classifier, and how much a wrong cut costs.

The faces of `lfw_expressions.zip` stand in frames of 640 x 480 at several sizes, bare and masked; each
goes the device's whole way: detect, crop, classify. The published crop, which the classifier never learned
from but which is framed as its training faces are, is the hand-centred reference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from edge import bundles
from edge.alignment import CropGeometry, crop_face, landmarks_of, resize_crop, similarity, warp_grey
from edge.classifier import Classifier
from edge.detectors import open_detector
from edge.labels import LABELS
from edge.types import Face, Floats, Image
from train_keras.data.faces import Rows, Split
from train_keras.data.ferplus import read_ferplus
from train_keras.data.lfw import DRAW_SEED, LfwFaces, read_lfw
from train_keras.occlusion import landmarks
from train_keras.occlusion.masked import Progress, masked_test, quiet
from train_keras.occlusion.painter import paint_random
from train_keras.predicting import resize_crops
from train_keras.results import write_section
from train_keras.templates import measure_templates

SIZES = (48, 72, 104, 160, 300)  # side of the published crop in the frame, in pixels
FRAME = (480, 640)
MASK_SEED = 17
BOX_SCALE = 1.10  # the square around a CenterFace box that comes closest to FER2013's crops
JITTERS = (0.0, 0.05, 0.10, 0.15, 0.20)
REPORT = Path("docs/framing.md")
HAND, DEFAULT = "hand crop", "five landmarks"
GAIN, EITHER_WAY = "gain", "either way"  # of the default over the hand crop, and half of its 95 % interval
SCALE, SPREAD = "scale", "spread"  # of faces in the default's crop, 1 in the hand crop: mean and deviation
HAPPY, NEUTRAL = LABELS.index("happy"), LABELS.index("neutral")


def measure_framing(
    model: str, lfw: Path, count: int, fer2013: Path, ferplus: Path, progress: Progress = quiet
) -> str:
    """Write docs/framing.md and its figure, and return the report."""
    classifier = Classifier(bundles.load(model))
    faces = read_lfw(lfw, count // 3, DRAW_SEED)
    by_size = whole_path(classifier, faces, progress)
    public = read_ferplus(fer2013, ferplus).split(Split.PUBLIC_TEST)
    sets = {"bare": public.images, "masked": masked_test(public, progress)[0]}
    curves = {name: jitter_curves(classifier, images, public.classes) for name, images in sets.items()}
    figure = Path("figures/framing.png")
    draw(by_size, curves, REPORT.parent / figure)
    templates = measure_templates(fer2013, progress)
    write_section("templates", "Landmarks", f"mien framing {model}", _TEMPLATES + templates, REPORT)
    report = (
        f"{size_table(by_size)}\n\n{_jitter_table(curves)}\n\n![accuracy by size and by box error]({figure})"
    )
    write_section("framing", "Framing", f"mien framing {model}", _PREAMBLE + report, REPORT)
    return report


def box_square(image: Image, face: Face, geometry: CropGeometry) -> Image:
    """The square around the box, enlarged a little."""
    x0, y0, x1, y1 = (float(value) for value in face.box)
    scale = geometry.size / (BOX_SCALE * max(x1 - x0, y1 - y0, 1.0))
    centre = (geometry.size - 1) / 2
    offset = (centre - scale * (x0 + x1) / 2, centre - scale * (y0 + y1) / 2)
    return warp_grey(image, np.array([[scale, 0, offset[0]], [0, scale, offset[1]]]), geometry.size)


def box_turned(image: Image, face: Face, geometry: CropGeometry) -> Image:
    """The same square, turned until the eyes are level."""
    x0, y0, x1, y1 = (float(value) for value in face.box)
    left, right = np.asarray(face.landmarks, np.float64)[:2]
    across = (right - left) / max(float(np.hypot(*(right - left))), 1e-6)
    scale = geometry.size / (BOX_SCALE * max(x1 - x0, y1 - y0, 1.0))
    linear = scale * np.array([[across[0], across[1]], [-across[1], across[0]]])
    centre = np.array([(x0 + x1) / 2, (y0 + y1) / 2])
    return warp_grey(
        image, np.column_stack([linear, (geometry.size - 1) / 2 - linear @ centre]), geometry.size
    )


def eyes_only(image: Image, face: Face, geometry: CropGeometry) -> Image:
    """Eyes brought to their place, the rest follows."""
    return crop_face(image, _with(face, _pair(face.landmarks)), _pair_geometry(geometry))


def upright(image: Image, face: Face, geometry: CropGeometry) -> Image:
    """All five landmarks, without turning the face."""
    marks = np.asarray(face.landmarks, np.float64)
    target = np.asarray(geometry.template) * geometry.size - 0.5
    a, b = marks - marks.mean(0), target - target.mean(0)
    scale = np.sqrt((b * b).sum() / max(float((a * a).sum()), 1e-6))
    offset = target.mean(0) - scale * marks.mean(0)
    return warp_grey(image, np.array([[scale, 0, offset[0]], [0, scale, offset[1]]]), geometry.size)


FRAMINGS: dict[str, Callable[[Image, Face, CropGeometry], Image]] = {
    DEFAULT: crop_face,
    "five landmarks, upright": upright,
    "two eyes": eyes_only,
    "square box": box_square,
    "square box, turned": box_turned,
}
BySize = dict[tuple[str, int], dict[str, float]]


def whole_path(classifier: Classifier, faces: LfwFaces, progress: Progress) -> BySize:
    """Per state (bare, masked) and size: the share of faces found, on those the accuracy of each framing and
    of the hand crop, what the default gains over the latter, face by face, and how large faces are in it."""
    detector, geometry = open_detector("facet"), CropGeometry(classifier.size)
    table: BySize = {}
    pictures = {state: list(_pictures(faces, state)) for state in ("bare", "masked")}
    jobs = [(state, size) for state in ("bare", "masked") for size in SIZES]
    for state, size in progress(jobs, len(jobs), "detect, crop, classify"):
        crops: dict[str, list[Image]] = {name: [] for name in (HAND, *FRAMINGS)}
        found: list[int] = []
        scales: list[float] = []
        for number, picture in enumerate(pictures[state]):
            frame = place(picture, size)
            face = nearest(detector.detect(frame), size)
            if face is None:
                continue
            found.append(number)
            factor = np.hypot(*similarity(landmarks_of(face), geometry)[:, 0])
            scales.append(float(factor) * size / geometry.size)
            crops[HAND].append(resize_crop(_scaled(picture, size), geometry))
            for name, cut in FRAMINGS.items():
                crops[name].append(cut(frame, face, geometry))
        valences = faces.valences[found]
        right = {name: _right(classifier, np.array(cut), valences) for name, cut in crops.items() if cut}
        table[state, size] = {"found": len(found) / len(faces.images)} | {
            name: float(each.mean()) for name, each in right.items()
        }
        if right:
            gained = right[DEFAULT].astype(float) - right[HAND]
            table[state, size] |= {GAIN: gained.mean(), EITHER_WAY: 1.96 * gained.std() / len(gained) ** 0.5}
            table[state, size] |= {SCALE: float(np.mean(scales)), SPREAD: float(np.std(scales))}
    return table


def _pictures(faces: LfwFaces, state: str) -> Iterator[Image]:
    """The faces, bare or under a mask that depends on their row alone; without landmarks they stay bare."""
    for image, row in zip(faces.images, faces.rows, strict=True):
        points = landmarks.in_crop(image) if state == "masked" and image.shape[0] == image.shape[1] else None
        yield (
            image
            if points is None
            else paint_random(image, points, np.random.default_rng((MASK_SEED, int(row))))[0]
        )


def place(picture: Image, size: int) -> Image:
    """A face crop in the middle of a frame, uint8 [480, 640, 3], over a blurred enlargement of itself."""
    height, width = FRAME
    background = cv2.GaussianBlur(cv2.resize(picture, (width, height)), (0, 0), 25)
    small = _scaled(picture, size)
    top, left = (height - small.shape[0]) // 2, (width - small.shape[1]) // 2
    background[top : top + small.shape[0], left : left + small.shape[1]] = small
    return np.asarray(cv2.cvtColor(background, cv2.COLOR_GRAY2BGR), np.uint8)


def _scaled(picture: Image, size: int) -> Image:
    scale = size / max(picture.shape)
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=way), np.uint8)


def nearest(faces: list[Face], size: int) -> Face | None:
    """The face whose centre lies on the placed picture, the surest first."""
    height, width = FRAME
    for face in faces:
        x, y = (face.box[0] + face.box[2]) / 2, (face.box[1] + face.box[3]) / 2
        if abs(x - width / 2) < 0.3 * size and abs(y - height / 2) < 0.3 * size:
            return face
    return None


def _right(classifier: Classifier, crops: Image, valences: Rows) -> npt.NDArray[np.bool_]:
    answers = classifier.classify(crops).argmax(1)
    three = np.where(answers == HAPPY, 0, np.where(answers == NEUTRAL, 1, 2))
    return np.asarray(three == valences)


def jitter_curves(classifier: Classifier, images: Image, classes: Rows) -> dict[str, list[float]]:
    """Seven-way accuracy when the crop is shifted or scaled by a share of its side, mean over directions."""
    kinds = {
        "shifted": lambda j: [(1.0, j * np.cos(a), j * np.sin(a)) for a in np.pi * np.arange(4) / 2],
        "scaled": lambda j: [(1 + j, 0.0, 0.0), (1 / (1 + j), 0.0, 0.0)],
    }
    return {
        name: [
            float(
                np.mean(
                    [
                        _moved_accuracy(classifier, images, classes, *move)
                        for move in (moves(j) if j else [(1.0, 0.0, 0.0)])
                    ]
                )
            )
            for j in JITTERS
        ]
        for name, moves in kinds.items()
    }


def _moved_accuracy(
    classifier: Classifier, images: Image, classes: Rows, zoom: float, dx: float, dy: float
) -> float:
    side = images.shape[1]
    centre = (side - 1) / 2
    matrix = np.array(
        [[zoom, 0, centre * (1 - zoom) + dx * side], [0, zoom, centre * (1 - zoom) + dy * side]]
    )
    moved = [cv2.warpAffine(image, matrix, (side, side), borderMode=cv2.BORDER_REPLICATE) for image in images]
    crops = resize_crops(np.array(moved), classifier.size)
    return float(np.mean(classifier.classify(crops).argmax(1) == classes))


def draw(by_size: BySize, curves: dict[str, dict[str, list[float]]], path: Path) -> None:
    """Accuracy by face size, bare and masked, and by box error, PNG."""
    figure = Figure(figsize=(13, 4), layout="constrained")
    bare, masked, jitter = figure.subplots(1, 3)
    for axes, state in ((bare, "bare"), (masked, "masked")):
        for name in (HAND, *FRAMINGS):
            values = [100 * by_size[state, size].get(name, np.nan) for size in SIZES]
            axes.plot(SIZES, values, marker="o", label=name, color="#222" if name == HAND else None)
        axes.set(
            title=f"LFW, {state}",
            xlabel="face in the frame, px",
            ylabel="three-way accuracy, %",
            xscale="log",
        )
        axes.set_xticks(SIZES, [str(size) for size in SIZES])
        axes.minorticks_off()
    bare.legend(frameon=False, fontsize=8)
    for state, kinds in curves.items():
        for kind, values in kinds.items():
            jitter.plot(
                [100 * j for j in JITTERS], [100 * v for v in values], marker="o", label=f"{state}, {kind}"
            )
    jitter.set(title="FER+ PublicTest", xlabel="box error, % of the crop", ylabel="accuracy, %")
    jitter.legend(frameon=False, fontsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


def size_table(by_size: BySize) -> str:
    """Markdown; a dash where no face was found."""
    names = (HAND, *FRAMINGS)
    lines = [
        f"| faces | size, px | found | {' | '.join(names)} | {DEFAULT} over {HAND}, points | face's scale |",
        "|---" * (5 + len(names)) + "|",
    ]
    for (state, size), row in by_size.items():
        cells = " | ".join(f"{100 * row[name]:.1f}" if name in row else "-" for name in names)
        gain = f"{100 * row[GAIN]:+.1f} ± {100 * row[EITHER_WAY]:.1f}" if GAIN in row else "-"
        scale = f"{row[SCALE]:.2f} ± {row[SPREAD]:.2f}" if SCALE in row else "-"
        lines.append(f"| {state} | {size} | {100 * row['found']:.1f} | {cells} | {gain} | {scale} |")
    return "\n".join(lines)


def _jitter_table(curves: dict[str, dict[str, list[float]]]) -> str:
    lines = [
        f"| FER+ PublicTest | {' | '.join(f'{100 * j:.0f} %' for j in JITTERS)} |",
        "|---" * (1 + len(JITTERS)) + "|",
    ]
    for state, kinds in curves.items():
        for kind, values in kinds.items():
            lines.append(f"| {state}, {kind} by | {' | '.join(f'{100 * v:.1f}' for v in values)} |")
    return "\n".join(lines)


def _pair(marks: Floats | None) -> Floats:
    assert marks is not None
    return marks[:2]


def _pair_geometry(geometry: CropGeometry) -> CropGeometry:
    return CropGeometry(geometry.size, geometry.template[:2])


def _with(face: Face, marks: Floats) -> Face:
    return Face(face.box, face.score, marks)


_TEMPLATES = """Where the landmarks lie in FER2013's training crops, which the crop of a detected face has to
match, and in dlib's boxes, whose faces have none of their own: medians over crops in which dlib finds a face,
made symmetric, x and y as shares of the side. `edge/alignment.py` holds these numbers.

"""
_PREAMBLE = """The crop a classifier sees is defined once, in `edge/alignment.py`. These figures chose it:
faces of `lfw_expressions.zip` (as many happy as neutral as other) in 640 x 480 frames, through facet,
each way of cutting, and the classifier; three-way accuracy (happy, neutral, the rest) on the faces that were
found. The hand crop is the published one. Labels are noisy and masks synthetic. facet was trained on faces of
this set, so the share found flatters it. Per cent; the gain with its 95 % interval, face by face. Last, how
large faces are in the device's crop, 1 in the hand crop, and the standard deviation.

"""
