"""Networks as the runtime takes them, float32 and int8, each made in a process of its own and kept in runs/.

    python -m benchmarks.exporting KEY FOLDER

makes one. What was not trained on this machine has random weights: its answers mean
nothing, its speed is the same.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.networks import Network, network
from edge.bench.stretch import Report
from edge.bundles import SHIPPED, load
from edge.errors import MienError

CACHE = Path("runs/table2")
FACTS = "facts.json"
TRAINED = "model.keras"  # as train_keras.runs calls it, which would load Keras into what measures
NETWORK = "network.keras"  # the one that float32 was made from
VARIANTS = ("int8", "float32")
NOISE = 32  # pictures that calibrate random weights
SPREAD = 2.0  # of random logits: else all answers are alike, and a mistake in one would not show
SEED = 0
# What an export depends on, from the root of the checkout.
SOURCES = (
    "train_keras/models/**/*.py",
    "train_keras/recipes/slim*.toml",
    "convert/export.py",
    "benchmarks/exporting.py",
)


@dataclass(frozen=True, slots=True)
class VariantFacts:
    """One file.

    Attributes:
        weights: trained or random.
        whole: whether all but its ends is one piece for XNNPACK.
        split: how it is split, in words.
    """

    weights: str
    kib: float
    whole: bool
    split: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a network without running it; GFLOPs are 2 x multiply-accumulates of one face."""

    parameters: int
    gflops: float
    variants: dict[str, VariantFacts]


def exported(one: Network, report: Report, root: Path = CACHE) -> tuple[Path, Facts]:
    """The folder with a bundle for each variant, and the facts; made where it is not there yet.

    Raises:
        MienError: it cannot be made; the message is the process's own last line.
    """
    folder = root / one.key / _digest(one)
    if not (folder / FACTS).is_file():
        report(f"exporting {one.title}", 0.0)
        shutil.rmtree(folder, ignore_errors=True)
        command = [sys.executable, "-m", "benchmarks.exporting", one.key, str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            complaints = done.stderr.strip().splitlines() or ["no reason given"]
            raise MienError(f"{one.title} could not be exported: {complaints[-1]}")
    report(f"exporting {one.title}", 1.0)
    return folder, read_facts(folder / FACTS)


def read_facts(file: Path) -> Facts:
    """What `write_facts` wrote."""
    told = json.loads(file.read_text())
    variants = {name: VariantFacts(**facts) for name, facts in told.pop("variants").items()}
    return Facts(**told, variants=variants)


def write_facts(file: Path, facts: Facts) -> None:
    """Put the facts into the file; it is written last, so where it is, the export is whole."""
    part = file.with_suffix(".part")
    part.write_text(json.dumps(asdict(facts), indent=1) + "\n")
    part.replace(file)


def _digest(one: Network) -> str:
    """Of what the export is made from: the code, and the weights where there are trained ones."""
    files = sorted(file for pattern in SOURCES for file in Path().glob(pattern))
    files += sorted(SHIPPED.glob(f"{one.shipped}/manifest.json"))
    files += sorted(Path("runs").glob(f"{one.recipe}/{TRAINED}"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]


def export(one: Network, folder: Path) -> None:
    """Build the network and write its bundles and facts; the converter leaves its memory behind."""
    import keras
    import numpy as np

    from convert import export as converter
    from convert.partitions import partitions
    from train_keras.batches import INPUT_OFFSET, INPUT_SCALE
    from train_keras.cost import gflops
    from train_keras.models import build
    from train_keras.models.outputs import expression_only
    from train_keras.recipe import read_recipe

    keras.utils.set_random_seed(SEED)
    trained = Path("runs") / str(one.recipe) / TRAINED
    if one.recipe and trained.is_file():
        model, weights = keras.saving.load_model(trained, compile=False), "trained"
    elif one.recipe:
        recipe = read_recipe(Path(one.recipe)).model
        model, weights = build(recipe.builder, **recipe.options), "random"
    else:
        model, weights = build(one.key), "random"
    model = expression_only(model)

    pixels = np.random.default_rng(SEED).integers(0, 256, (NOISE, 1, *model.input_shape[1:]))
    pixels[:2, 0, 0, 0], pixels[:2, 0, 0, 1] = 0, 255  # the input range has to be exactly the pixels'
    noise = (pixels * INPUT_SCALE + INPUT_OFFSET).astype(np.float32)

    if weights == "random" and one.shipped:  # those whose answers the peers have to give
        model = _decided(model, noise[:, 0])
    flatbuffers = {"float32": (converter.to_float32(model), weights)}
    if one.shipped:
        flatbuffers["int8"] = load(one.shipped).model.read_bytes(), "trained"
    else:
        flatbuffers["int8"] = converter.to_int8(model, noise), weights
    variants = {}
    for variant in VARIANTS:
        content, how = flatbuffers[variant]
        converter.operators(content)
        _write(folder / variant, one, variant, content, model.input_shape[1:])
        split = partitions(content)
        variants[variant] = VariantFacts(how, len(content) / 1024, split.whole, str(split))
    model.save(folder / NETWORK)
    looks = 2 if one.mirror else 1
    write_facts(folder / FACTS, Facts(model.count_params(), looks * gflops(model), variants))


def _decided(model: Any, faces: Any) -> Any:
    """The network with logits of so much standard deviation over the labels, on faces [N, S, S, C]."""
    import numpy as np

    from convert.export import with_temperature

    logits = np.log(model.predict(faces, verbose=0))
    return with_temperature(model, float(logits.std(axis=1).mean()) / SPREAD)


def _write(folder: Path, one: Network, variant: str, content: bytes, face: tuple[int, int, int]) -> None:
    """A bundle that the device's classifier takes, for faces [S, S, C]."""
    from convert.bundle import MINIMUM_RUNTIME, seal
    from edge.alignment import TEMPLATE
    from edge.bundles import Calibration, CropSpec, InputSpec, Manifest
    from edge.labels import LABELS
    from train_keras.batches import INPUT_OFFSET, INPUT_SCALE

    folder.mkdir(parents=True)
    (folder / "model.tflite").write_bytes(content)
    manifest = Manifest(
        name=one.key,
        version="0",
        task="expression",
        labels=LABELS,
        input=InputSpec(
            size=face[0], channels=face[2], scale=INPUT_SCALE, offset=INPUT_OFFSET, mirror=one.mirror
        ),
        crop=CropSpec(template=TEMPLATE),
        calibration=Calibration(temperature=1, abstain_below=0),
        quantisation=variant,
        training={},
        metrics=[],
        minimum_runtime=MINIMUM_RUNTIME,
        sha256={},
    )
    seal(folder, manifest, ("model.tflite",))


if __name__ == "__main__":
    export(network(sys.argv[1]), Path(sys.argv[2]))
