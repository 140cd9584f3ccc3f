import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from train_keras.detection.cells import CHANNELS, MARKS, SCORE, SIDES, STATES, boxes_of, cells
from train_keras.detection.losses import (
    DetectionLoss,
    Weights,
    assign,
    detection_losses,
    generalised_iou,
    iou,
    lean,
)
from train_keras.detection.pictures import COLUMNS, EXACT, FACE, IGNORED, KIND, KNOWN, MARKED, POINTS, STATE

WIDTH, HEIGHT = 96, 64
CENTRES, STRIDES = cells(WIDTH, HEIGHT)


def targets_of(boxes, kinds=None, state=0):
    rows = np.zeros((1, 6, COLUMNS), np.float32)
    for i, box in enumerate(boxes):
        rows[0, i, :4], rows[0, i, KIND], rows[0, i, STATE] = box, FACE, state
        if kinds:
            rows[0, i, KIND] = kinds[i]
        rows[0, i, MARKED] = 1
        rows[0, i, POINTS] = np.tile([(box[0] + box[2]) / 2, (box[1] + box[3]) / 2], 5)
    return rows


def perfect(targets, logit=8.0):
    """What a network that knows the answer would say: every cell the box of the face it lies in."""
    out = np.zeros((1, len(CENTRES), CHANNELS), np.float32)
    out[..., SCORE] = -logit
    for face in targets[0][targets[0, :, KIND] == FACE]:
        inside = (face[:2] < CENTRES).all(1) & (face[2:4] > CENTRES).all(1)
        out[0, inside, SIDES] = (
            np.concatenate([CENTRES - face[:2], face[2:4] - CENTRES], 1) / STRIDES[:, None]
        )[inside]
        out[0, inside, MARKS] = ((face[POINTS] - np.tile(CENTRES, 5)) / STRIDES[:, None])[inside]
        out[0, inside, STATES] = -logit
        out[0, inside, STATES.start + int(face[STATE])] = logit
    return out


def test_perfect_geometry_costs_nothing():
    targets = targets_of([(20, 10, 50, 44)], state=1)
    parts = detection_losses(targets, perfect(targets), WIDTH, HEIGHT)
    for name in ("box", "landmarks", "state", "lean"):
        assert float(parts[name]) == pytest.approx(0, abs=1e-4), name


def test_parts_grow_with_their_errors():
    targets = targets_of([(20, 10, 50, 44)])
    good = perfect(targets)
    base = {name: float(value) for name, value in detection_losses(targets, good, WIDTH, HEIGHT).items()}
    for part, columns, change in (("box", SIDES, 1.0), ("landmarks", MARKS, 1.0)):
        worse = good.copy()
        worse[..., columns] += change
        assert float(detection_losses(targets, worse, WIDTH, HEIGHT)[part]) > base[part] + 0.05
    wrong = good.copy()
    wrong[..., STATES] = -wrong[..., STATES]
    assert float(detection_losses(targets, wrong, WIDTH, HEIGHT)["state"]) > 5


def test_false_alarm_costs_unless_ignored():
    face = (20, 10, 50, 44)
    elsewhere = (70, 40, 94, 62)
    quiet = perfect(targets_of([face]))
    loud = quiet.copy()
    loud[0, (elsewhere[:2] < CENTRES).all(1) & (elsewhere[2:] > CENTRES).all(1), SCORE] = 4.0
    known = targets_of([face])
    doubtful = targets_of([face, elsewhere], kinds=[FACE, IGNORED])

    def score(targets, predictions):
        return float(detection_losses(targets, predictions, WIDTH, HEIGHT)["score"])

    assert score(known, loud) > score(known, quiet) + 1
    assert score(doubtful, loud) == pytest.approx(score(doubtful, quiet), abs=1e-3)


def test_unknown_state_and_landmarks_are_not_learnt():
    targets = targets_of([(20, 10, 50, 44)], state=-1)
    targets[0, 0, MARKED] = 0
    rng = np.random.default_rng(0)
    parts = detection_losses(
        targets, rng.normal(size=(1, len(CENTRES), CHANNELS)).astype(np.float32), WIDTH, HEIGHT
    )
    assert float(parts["landmarks"]) == 0
    assert float(parts["state"]) == 0


def test_no_face_at_all():
    empty = np.zeros((1, 6, COLUMNS), np.float32)
    parts = detection_losses(empty, perfect(empty), WIDTH, HEIGHT)
    assert all(np.isfinite(float(value)) for value in parts.values())
    assert float(parts["box"]) == 0


@given(
    x=st.floats(0, 60), y=st.floats(0, 30), side=st.floats(9, 34), stretch=st.floats(0.7, 1.3),
    seed=st.integers(0, 99),
)  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_a_face_always_claims_a_cell_near_its_middle(x, y, side, stretch, seed):
    box = (x, y, x + side * stretch, y + side)
    targets = targets_of([box])
    rng = np.random.default_rng(seed)
    scores = rng.uniform(0, 1, (1, len(CENTRES))).astype(np.float32)
    boxes = np.asarray(boxes_of(rng.uniform(0, 3, (1, len(CENTRES), 4)).astype(np.float32), CENTRES, STRIDES))
    owner, quality, positive, _ = (
        np.asarray(part) for part in assign(scores, boxes, targets, CENTRES, STRIDES)
    )
    assert positive.sum() >= 1
    assert (owner[positive] == 0).all()
    assert (quality[positive] > 0).all()
    assert quality.max() <= 1
    assert (quality[~positive] == 0).all()
    half = np.maximum(np.float32([box[2] - box[0], box[3] - box[1]]) / 2, STRIDES[positive[0], None] / 2)
    middle = np.float32([box[0] + box[2], box[1] + box[3]]) / 2
    assert (np.abs(CENTRES[positive[0]] - middle) <= half + 1e-3).all()


def test_two_faces_share_no_cell():
    targets = targets_of([(10, 10, 40, 40), (30, 20, 62, 52)])
    owner, _, positive, _ = (
        np.asarray(part)
        for part in assign(
            np.full((1, len(CENTRES)), 0.3, np.float32),
            np.asarray(boxes_of(np.full((1, len(CENTRES), 4), 2, np.float32), CENTRES, STRIDES)),
            targets,
            CENTRES,
            STRIDES,
        )
    )
    assert set(owner[positive]) == {0, 1}


def test_overlaps_by_hand():
    a, b = np.float32([0, 0, 2, 2]), np.float32([1, 0, 3, 2])
    assert float(iou(a, b)) == pytest.approx(1 / 3, abs=1e-5)
    assert float(generalised_iou(a, b)) == pytest.approx(1 / 3, abs=1e-5)
    assert float(generalised_iou(a, np.float32([4, 0, 6, 2]))) == pytest.approx(-1 / 3, abs=1e-5)


def test_loss_survives_saving():
    loss = DetectionLoss(96, 64, Weights(box=3.0))
    again = keras.losses.deserialize(keras.losses.serialize(loss))
    assert (again.width, again.height, again.weights) == (96, 64, Weights(box=3.0))
    targets = targets_of([(20, 10, 50, 44)])
    assert float(again(targets, perfect(targets))) == pytest.approx(float(loss(targets, perfect(targets))))


def turned(marks, degrees):
    """Landmarks [10] turned clockwise about the nose, as one sees them."""
    angle = np.radians(degrees)
    matrix = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    points = marks.reshape(5, 2)
    return ((points - points[2]) @ matrix + points[2]).astype(np.float32).ravel()


LEVEL = np.float32([30, 30, 50, 30, 40, 40, 32, 50, 48, 50])


@pytest.mark.parametrize("degrees", [0, 3, 10, 45, -45, 90, 180])
@pytest.mark.parametrize("zoom", [0.3, 1, 4])
def test_lean_is_the_angle_whatever_the_size(degrees, zoom):
    """By hand: the chord between two unit vectors, softened below a tenth of a radian."""
    ours = zoom * turned(LEVEL, degrees) + 7
    chord = 2 * np.sin(np.radians(abs(degrees)) / 2)
    assert float(lean(ours, LEVEL, 5.0)) == pytest.approx(np.hypot(chord, 0.1) - 0.1, abs=2e-3)


def test_lean_of_one_line_counts_half():
    eyes_only = LEVEL.copy()
    eyes_only[:4] = turned(LEVEL, 30)[:4]
    assert float(lean(eyes_only, LEVEL, 5.0)) == pytest.approx(float(lean(turned(LEVEL, 30), LEVEL, 5.0)) / 2)


def test_lean_of_short_lines_is_not_asked():
    """In profile the eyes meet; the mouth, 16 px wide, still counts."""
    ours = turned(LEVEL, 90)
    whole = float(lean(ours, LEVEL, 5.0))
    assert float(lean(ours, LEVEL, 18.0)) == pytest.approx(whole / 2)
    assert float(lean(ours, LEVEL, 25.0)) == 0


def gradient_of_lean(ours, truth, least=5.0):
    import tensorflow as tf

    points = tf.Variable(ours)
    with tf.GradientTape() as tape:
        value = lean(points, truth, least)
    return np.asarray(tape.gradient(value, points))


@pytest.mark.parametrize("where", [LEVEL, turned(LEVEL, 40), np.zeros(10, np.float32), LEVEL[::-1].copy()])
@pytest.mark.parametrize("truth", [LEVEL, turned(LEVEL, -30), np.zeros(10, np.float32)])
def test_gradients_of_lean_are_finite(where, truth):
    """Also where predicted or true points coincide."""
    slope = gradient_of_lean(where, truth)
    assert np.isfinite(slope).all()
    assert np.abs(slope).max() < 1


def test_points_that_coincide_are_pulled_apart_along_the_true_line():
    slope = gradient_of_lean(np.full(10, 40, np.float32), turned(LEVEL, 30))
    left, right = -slope[:2], -slope[2:4]
    wanted = turned(LEVEL, 30)[2:4] - turned(LEVEL, 30)[:2]
    assert (right - left) @ wanted / np.linalg.norm(right - left) / np.linalg.norm(wanted) > 0.99


def test_following_the_gradient_turns_the_lines():
    """From level to 35 degrees, by the lean alone."""
    points, truth = LEVEL.copy(), turned(LEVEL, 35)
    for _ in range(200):
        points -= 10 * gradient_of_lean(points, truth)
    assert float(lean(points, truth, 5.0)) < 0.01


def test_lean_is_learnt_from_exact_landmarks_only():
    targets = targets_of([(20, 10, 60, 54)])
    targets[0, 0, POINTS] = turned(LEVEL, 20)
    predictions = perfect(targets)
    centres = np.tile(CENTRES, 5)
    inside = predictions[0, :, SCORE] == -8
    predictions[0, inside, MARKS] = ((LEVEL - centres) / STRIDES[:, None])[inside]
    leans, landmarks = [], []
    for marked in (0, KNOWN, EXACT):
        targets[0, 0, MARKED] = marked
        parts = detection_losses(targets, predictions, WIDTH, HEIGHT)
        leans.append(float(parts["lean"]))
        landmarks.append(float(parts["landmarks"]))
    assert leans[:2] == [0, 0]
    assert leans[2] > 0.2
    assert landmarks[0] == 0
    assert landmarks[1] == landmarks[2] > 0


def test_weight_of_the_lean():
    """Nothing unless a recipe says so."""
    targets = targets_of([(20, 10, 60, 54)])
    targets[0, 0, POINTS], targets[0, 0, MARKED] = LEVEL, EXACT
    predictions = np.random.default_rng(3).normal(size=(1, len(CENTRES), CHANNELS)).astype(np.float32)
    part = float(detection_losses(targets, predictions, WIDTH, HEIGHT)["lean"])
    without, with_it = (
        float(DetectionLoss(WIDTH, HEIGHT, weights)(targets, predictions))
        for weights in (Weights(), Weights(lean=3.0))
    )
    assert part > 0
    assert with_it - without == pytest.approx(3 * part, rel=1e-3)
