"""What a picture takes in the joint network at the paper's size, in batches of 16 as the paper has them.

    python -m benchmarks.joint_speed [--quick]

Random weights, Keras compiled by TensorFlow, on all cores, or on the accelerator that TensorFlow sees. Writes
docs/results/speed-joint.json for `mien report`; --quick, which is no measurement, writes under runs/quick.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np

from benchmarks.outcome import DOCS, QUICK, begin_on_one_thread, outcome
from edge.bench.recorder import Recorder
from edge.bench.table import measuring
from edge.bench.words import milliseconds
from train_keras.reporting.store import Figure, save

COMMAND = "python -m benchmarks.joint_speed"
BATCH, BATCHES, QUICK_BATCHES = 16, 20, 2


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="only to see that it works")
    quick = parser.parse_args().quick
    with measuring(1) as report:
        context = begin_on_one_thread(report)
        step, device = make_step()
        step()  # compiles
        batches = QUICK_BATCHES if quick else BATCHES
        recorder = Recorder(batches)
        took: list[float] = []
        for number in range(batches):
            report("joint network", number / batches)
            begin = time.perf_counter()
            step()
            took.append(time.perf_counter() - begin)
            recorder.tick(time.perf_counter(), number)
        told = outcome(context, COMMAND, recorder.stop())
    each = float(np.median(took)) / BATCH
    clean = "" if told["clean"] else ", not clean"
    figure = Figure(
        kind="figure",
        key="speed-joint",
        model="joint",
        value=round(1000 * each, 2),
        unit="ms",
        machine=f"{device or told['machine']['cpu']}{clean}",
        command=COMMAND,
        commit=told["commit"],
        date=datetime.now(UTC).date(),
    )
    save(figure, (QUICK if quick else DOCS) / "results")
    print(f"{milliseconds(each)} ms a picture in batches of {BATCH}, {figure.machine}")
    for reason in told["reasons"]:
        print(f"  {reason}")


def make_step(
    input_size: int = 224, batch: int = BATCH, width: float = 1.0
) -> tuple[Callable[[], object], str]:
    """One batch through the network each time, and the accelerator it runs on; empty for the processor."""
    import tensorflow as tf

    from train_keras.models import build

    model = build("joint", input_size=input_size, width=width)
    pictures = tf.random.uniform((batch, *model.input_shape[1:]), -1, 1, seed=0)
    forward = tf.function(lambda faces: model(faces, training=False), reduce_retracing=True)

    def step() -> object:
        return tf.nest.map_structure(lambda answer: answer.numpy(), forward(pictures))

    cards = tf.config.list_physical_devices("GPU")
    details = [tf.config.experimental.get_device_details(card).get("device_name", "GPU") for card in cards]
    return step, ", ".join(details)


if __name__ == "__main__":
    main()
