"""What facet is trained to minimise.

Cells are assigned to faces while training, by how well they already predict them: task-aligned assignment
(Feng et al., TOOD, ICCV 2021, section 3.2), whose measure also is the score a cell should give (Li et al.,
Generalized Focal Loss, NeurIPS 2020, equation 2).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Annotated, Any

import keras
from keras import ops
from pydantic import Field

from train_keras.detection.cells import MARKS, SCORE, SIDES, STATES, boxes_of, cells, landmarks_of, sizes
from train_keras.detection.pictures import BOX, EXACT, FACE, IGNORED, KIND, KNOWN, MARKED, POINTS, STATE

CANDIDATES = 9  # cells a face may claim
RADIUS = 2.0  # cells beyond so many strides from a face's centre may not claim it
FITTING = 0.25  # of a face's score is for how well its box fits
EPSILON = 1e-7
LINES = (0, 1), (3, 4)  # landmarks that a line joins: the eyes, the mouth's corners
LEAST_LINE = 0.2  # of a face's longer side; in profile a line is shorter, and its direction is chance
COLLAPSED = 0.25  # of the true line's length; where a predicted one is shorter, its direction counts less
SOFT = 0.1  # radians, below which the loss of a lean grows with its square and above with itself


@dataclass(frozen=True, slots=True)
class Weights:
    """Of the parts of the loss.

    Attributes:
        worn_incorrectly: of the mask state of faces with ill-worn masks.
        lean: of the directions of the lines through eyes and mouth, on faces whose landmarks are exact.
    """

    score: float = 1.0
    box: float = 2.0
    landmarks: float = 0.5
    state: float = 0.5
    worn_incorrectly: float = 1.5
    lean: Annotated[float, Field(ge=0)] = 0.0


@keras.saving.register_keras_serializable("mien")
class DetectionLoss(keras.losses.Loss):  # type: ignore[misc]
    """Score, box, landmarks, mask state and lean in one number, summed over a batch's cells and divided by
    the scores its faces should get.

    Targets float [B, G, 17], predictions float [B, N, 18] as `with_cells` gives them.

    Args:
        width, height: of the network's input.
    """

    def __init__(
        self, width: int, height: int, weights: Weights | dict[str, float] = Weights(), **kwargs: Any
    ):
        super().__init__(name="detection", reduction="sum", **kwargs)
        self.width, self.height = width, height
        self.weights = weights if isinstance(weights, Weights) else Weights(**weights)

    def get_config(self) -> dict[str, Any]:
        return {"width": self.width, "height": self.height, "weights": asdict(self.weights)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> DetectionLoss:
        return cls(**config)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        parts = detection_losses(y_true, y_pred, self.width, self.height, self.weights.worn_incorrectly)
        weights = self.weights
        loss = (
            weights.score * parts["score"]
            + weights.box * parts["box"]
            + weights.landmarks * parts["landmarks"]
            + weights.state * parts["state"]
        )
        return loss + weights.lean * parts["lean"] if weights.lean else loss


def detection_losses(
    targets: Any, predictions: Any, width: int, height: int, worn_incorrectly: float = 1.0
) -> dict[str, Any]:
    """The five parts, each a scalar."""
    centres, strides = cells(width, height)
    scores = ops.sigmoid(predictions[..., SCORE])
    boxes = boxes_of(predictions[..., SIDES], centres, strides)
    owner, quality, positive, ignored = assign(
        ops.stop_gradient(scores), ops.stop_gradient(boxes), targets, centres, strides
    )
    total = ops.maximum(ops.sum(quality), 1.0)
    mine = ops.take_along_axis(targets, ops.expand_dims(owner, -1), axis=1)  # [B, N, 17]

    logits = predictions[..., SCORE]
    entropy = ops.relu(logits) - logits * quality + ops.log1p(ops.exp(-ops.abs(logits)))
    focal = ops.square(ops.abs(quality - scores))
    counted = ops.cast(ops.logical_or(positive, ops.logical_not(ignored)), "float32")
    score = ops.sum(entropy * focal * counted) / total

    box = ops.sum(quality * (1.0 - generalised_iou(boxes, mine[..., BOX]))) / total

    side = ops.maximum(longer_side(mine[..., BOX]), 1.0)
    points = landmarks_of(predictions[..., MARKS], centres, strides)
    away = points - mine[..., POINTS]
    away = ops.abs(away) / ops.expand_dims(side, -1) * 10.0
    huber = ops.where(away < 1.0, 0.5 * ops.square(away), away - 0.5)
    marked = ops.cast(mine[..., MARKED] >= KNOWN, "float32")
    landmarks = ops.sum(ops.mean(huber, -1) * quality * marked) / total
    exact = ops.cast(mine[..., MARKED] >= EXACT, "float32")
    leaning = lean(points, mine[..., POINTS], LEAST_LINE * side)
    leans = ops.sum(leaning * quality * exact) / total

    state = mine[..., STATE]
    known = ops.cast(state >= 0, "float32") * ops.where(state == 2, worn_incorrectly, 1.0)
    chosen = ops.one_hot(ops.cast(ops.maximum(state, 0), "int32"), 3)
    unlikely = -ops.sum(chosen * ops.log_softmax(predictions[..., STATES], -1), -1)
    states = ops.sum(unlikely * known * quality) / total
    return {"score": score, "box": box, "landmarks": landmarks, "state": states, "lean": leans}


def lean(points: Any, truth: Any, least: Any) -> Any:
    """How far the lines through eyes and mouth point from where they should, whatever their lengths.

    The distance between the two directions as unit vectors, nearly the angle in radians, up to 2 where they
    are opposite; softened, so that small ones cost little. A predicted line much shorter than the true one
    counts as if it were longer: where two points fall together the loss is that of a right angle, and pulls
    them apart.

    Args:
        points, truth: landmarks [..., 10] in pixels.
        least: [...], in pixels; a true line shorter than this costs nothing.
    Returns:
        [...], the mean of both lines.
    """
    parts = []
    for first, second in LINES:
        ours, line = (_point(marks, second) - _point(marks, first) for marks in (points, truth))
        length = ops.sqrt(ops.sum(ops.square(line), -1) + EPSILON)
        reached = ops.sqrt(ops.sum(ops.square(ours), -1) + EPSILON)  # differentiable where it is nothing
        cosine = ops.sum(ours * line, -1) / (length * ops.maximum(reached, COLLAPSED * length))
        chord = ops.sqrt(2.0 * ops.maximum(1.0 - cosine, 0.0) + SOFT**2) - SOFT
        parts.append(ops.where(length >= least, chord, 0.0))
    return sum(parts) / len(LINES)


def _point(marks: Any, number: int) -> Any:
    """[..., 2] of landmarks [..., 10]."""
    return marks[..., 2 * number : 2 * number + 2]


def assign(scores: Any, boxes: Any, targets: Any, centres: Any, strides: Any) -> tuple[Any, Any, Any, Any]:
    """Which cell learns which face.

    Args:
        scores, boxes: predicted, [B, N] and [B, N, 4] in pixels.
        targets: [B, G, 17].
        centres, strides: of the cells, [N, 2] and [N].
    Returns:
        owner int32 [B, N], the face of a cell; quality float32 [B, N], the score it should give, 0 for
        background; positive bool [B, N]; ignored bool [B, N], cells in regions to leave alone.
    """
    truth, kind = targets[..., BOX], ops.expand_dims(targets[..., KIND], -1)  # [B, G, 4], [B, G, 1]
    middle, half = (truth[..., :2] + truth[..., 2:]) / 2, (truth[..., 2:] - truth[..., :2]) / 2
    across = ops.abs(centres[:, 0] - middle[..., 0:1])  # [B, G, N]
    down = ops.abs(centres[:, 1] - middle[..., 1:2])
    # A face that is narrower than a cell may lie between two centres; it takes the nearer one.
    inside = ops.logical_and(
        across <= ops.maximum(half[..., 0:1], strides / 2), down <= ops.maximum(half[..., 1:2], strides / 2)
    )
    near = ops.maximum(across, down) < RADIUS * strides
    least, largest = sizes(strides)
    side = ops.expand_dims(longer_side(truth), -1)
    fits = ops.logical_and(side >= least, side <= largest)
    allowed = ops.logical_and(ops.logical_and(inside, near), ops.logical_and(fits, kind == FACE))
    overlap = iou(ops.expand_dims(truth, 2), ops.expand_dims(boxes, 1))  # [B, G, N]
    # Powers 1/2 of the score and 4 of the overlap; roots and squares are many times quicker than powers.
    measure = ops.expand_dims(ops.sqrt(scores + EPSILON), 1) * ops.square(ops.square(overlap))
    # A hint of closeness decides where nothing overlaps yet, and always lets every face claim a cell.
    away = ops.square(across) + ops.square(down)
    measure = ops.where(allowed, measure + EPSILON / (1.0 + away / ops.square(strides)), 0.0)
    best, _ = ops.top_k(measure, CANDIDATES)
    claimed = ops.logical_and(measure >= ops.maximum(best[..., -1:], 1e-12), allowed)
    measure = ops.where(claimed, measure, 0.0)
    owner = ops.argmax(measure, axis=1)
    strongest = ops.max(measure, axis=1)  # [B, N]
    positive = strongest > 0
    # A face's best cell should score mostly for being one and a little for how its box overlaps, the others
    # in proportion to their measure. By overlap alone, faces with loose boxes, small ones and those in
    # profile, would score no better than what merely looks like a face.
    top_measure = ops.max(measure, axis=2)
    top_overlap = ops.max(ops.where(claimed, overlap, 0.0), axis=2)
    quality = strongest / (ops.take_along_axis(top_measure, owner, axis=1) + 1e-12)
    quality = quality * (1 - FITTING + FITTING * ops.take_along_axis(top_overlap, owner, axis=1))
    ignored = ops.any(ops.logical_and(inside, kind == IGNORED), axis=1)
    return owner, ops.where(positive, quality, 0.0), positive, ignored


def longer_side(boxes: Any) -> Any:
    """[...] of boxes [..., 4]."""
    return ops.max(boxes[..., 2:] - boxes[..., :2], axis=-1)


def iou(a: Any, b: Any) -> Any:
    """Intersection over union of boxes [..., 4], broadcast."""
    return _overlap(a, b)[0]


def generalised_iou(a: Any, b: Any) -> Any:
    """GIoU (Rezatofighi et al., CVPR 2019) of boxes [..., 4]: 1 where equal, towards -1 the farther apart."""
    overlap, union = _overlap(a, b)
    low, high = ops.minimum(a[..., :2], b[..., :2]), ops.maximum(a[..., 2:], b[..., 2:])
    hull = ops.prod(ops.maximum(high - low, 0.0), axis=-1)
    return overlap - (hull - union) / ops.maximum(hull, EPSILON)


def _overlap(a: Any, b: Any) -> tuple[Any, Any]:
    low, high = ops.maximum(a[..., :2], b[..., :2]), ops.minimum(a[..., 2:], b[..., 2:])
    shared = ops.prod(ops.maximum(high - low, 0.0), axis=-1)
    union = _area(a) + _area(b) - shared
    return shared / ops.maximum(union, EPSILON), union


def _area(boxes: Any) -> Any:
    return ops.prod(ops.maximum(boxes[..., 2:] - boxes[..., :2], 0.0), axis=-1)
