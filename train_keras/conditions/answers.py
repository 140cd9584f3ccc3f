"""A classifier's answers in every condition, changed faces coming from a process a core."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge.calibration import soften
from edge.types import Floats, Image
from train_keras.conditions.framed import SIZES, Framing, frame, summarise
from train_keras.conditions.scores import Row, measure
from train_keras.conditions.steps import Step, Worn, apply, camera_steps, generator, worn_steps
from train_keras.data.faces import Faces, Rows
from train_keras.occlusion.cuttings import Cuttings
from train_keras.occlusion.kinds import Occlusion
from train_keras.occlusion.masked import Progress, find_landmarks, masked_test, occluded_test, workers

STANDARD, FRAMED = "standard", "as the device frames"
REAL, PAINTERS = "real mask, pasted", ("first painter", "second painter")
DRAWN = (Occlusion.SUNGLASSES, Occlusion.HAND, Occlusion.SCARF)


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """One condition and the faces it is applied to; `points` float [N, 68, 2]."""

    condition: Step | Worn | int  # a size: the faces go through the detector
    on: str
    images: Image
    rows: Rows
    points: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Changed:
    """The faces of a job in their condition.

    Attributes:
        images: uint8 [M, S, S].
        covered: mean share that is hidden; None where nothing is laid over.
        found: bool [N], which faces these are; errors: float32 [M, 3], only of faces that were framed.
    """

    images: Image
    covered: float | None = None
    found: npt.NDArray[np.bool_] | None = None
    errors: Floats | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """
    Attributes:
        rows: scores, a condition each.
        framing: how the device's crops differ, a size and set of faces each.
        answers: float32 [N, 7] by the name of the condition; those whose calibration is measured.
    """

    rows: list[Row]
    framing: list[Framing]
    answers: dict[str, Floats]


def ask_all(
    answer: Callable[[Image], Floats],
    faces: Faces,
    classes: Rows,
    cuttings: Cuttings,
    abstain_below: float | None,
    progress: Progress,
    masked_temperature: float = 1.0,
) -> Measured:
    """Put every condition to a classifier.

    Args:
        answer: uint8 [N, S, S] to float32 [N, 7].
        faces: bare test faces.
        classes: int64 [N], their labels.
        masked_temperature: for faces under a mask, real or painted, as the device would apply it.
    """
    points, _ = find_landmarks(faces.images, progress)
    masked, maps = masked_test(faces, progress)
    measured = Measured([], [], {})

    def keep(family: str, name: str, severity: float | None, on: str, changed: Changed) -> Floats:
        said = answer(changed.images)
        if on == "masked" or name == REAL or family.startswith(PAINTERS):
            said = soften(said, masked_temperature)
        truth = classes if changed.found is None else classes[changed.found]
        measured.rows.append(measure(family, name, severity, on, said, truth, abstain_below, changed.covered))
        return said

    measured.answers["bare"] = keep(STANDARD, "bare", None, "bare", Changed(faces.images))
    covered = float(maps.mean() / 255)
    measured.answers["masked"] = keep(STANDARD, "masked", None, "masked", Changed(masked, covered))
    for kind in DRAWN:
        pictures, hidden = occluded_test(faces, kind, progress)
        keep("natural", kind, None, "bare", Changed(pictures, float(hidden.mean() / 255)))

    sewn: dict[str, Floats] = {}
    work = list(_jobs(faces, masked, points, cuttings))
    with workers() as pool:
        done = zip(work, pool.map(change, work), strict=True)
        for job, changed in progress(done, len(work), "measuring conditions"):
            if isinstance(job.condition, int):
                assert changed.found is not None
                assert changed.errors is not None
                if changed.found.any():
                    keep(FRAMED, f"{job.condition} px", job.condition, job.on, changed)
                    measured.framing.append(summarise(job.condition, job.on, changed.found, changed.errors))
                continue
            step = job.condition
            said = keep(step.family, step.name, step.severity, job.on, changed)
            if step.family == "second painter, kinds":
                sewn[step.name] = said
            if step.name == REAL:
                measured.answers["real masks, pasted"] = said
    # As many faces in each kind: every face keeps the answer of one, drawn by its row.
    chosen = np.array([np.random.default_rng((0, int(row))).integers(len(sewn)) for row in faces.rows])
    measured.answers["masks of the second painter"] = np.stack(list(sewn.values()))[
        chosen, np.arange(len(faces))
    ]
    return measured


def change(job: Job) -> Changed:
    """Bring a job's faces into its condition."""
    condition = job.condition
    if isinstance(condition, int):
        crops, found, errors = frame(job.images, condition)
        return Changed(crops, None, found, errors)
    if isinstance(condition, Step):
        return Changed(apply(condition, job.images, job.rows))
    both = [
        condition.wear(image, marks, generator(condition, int(row)))
        for image, marks, row in zip(job.images, job.points, job.rows, strict=True)
    ]
    return Changed(np.stack([image for image, _ in both]), float(np.mean([m for _, m in both]) / 255))


def _jobs(faces: Faces, masked: Image, points: Floats, cuttings: Cuttings) -> Iterator[Job]:
    for worn in worn_steps(cuttings):
        yield Job(worn, "bare", faces.images, faces.rows, points)
    for on, images in (("bare", faces.images), ("masked", masked)):
        for step in camera_steps():
            yield Job(step, on, images, faces.rows, points)
        for size in SIZES:
            yield Job(size, on, images, faces.rows, points)
