"""mien beside its peers. See `benchmarks.peers`.

    python -m benchmarks.peers [--make-venvs] [--quick] [--model slim_fine]

--make-venvs installs the peers first (3 GB or so under build/peers). Writes a section of docs/results.md, a
JSON file beside it and a picture, all named after what multiplies integers in this processor; with --quick,
which is no measurement, under runs/quick.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.exporting import NETWORK, exported
from benchmarks.material import demo_frames, faces_in
from benchmarks.networks import NETWORKS, network
from benchmarks.outcome import DOCS, QUICK, begin_on_one_thread, key_of, outcome
from benchmarks.peers.catalogue import PEERS
from benchmarks.peers.measuring import at_work, measure
from benchmarks.peers.onnx_export import to_onnx
from benchmarks.peers.report import answers, draw, section
from benchmarks.peers.venvs import PeerError, make_venv
from edge.alignment import CropGeometry
from edge.bench.table import measuring
from edge.bundles import load
from edge.detectors import open_detector
from edge.errors import MienError
from train_keras.results import write_section

ROUNDS, SECONDS = 9, 3.0
QUICK_ROUNDS, QUICK_SECONDS = 2, 0.3


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--make-venvs", action="store_true", help="install the peers first")
    parser.add_argument("--quick", action="store_true", help="only to see that it works")
    names = [one.key for one in NETWORKS if one.key == one.shipped]
    parser.add_argument("--model", choices=names, default=names[0], help="that mien reads faces with")
    options = parser.parse_args()
    try:
        run(options.model, options.make_venvs, options.quick)
    except MienError as error:
        sys.exit(f"error: {error}")


def run(model: str, make_venvs: bool, quick: bool) -> None:
    """Measure and write.

    Raises:
        MienError: mien's own network cannot be exported.
    """
    docs, rounds, seconds = (QUICK, QUICK_ROUNDS, QUICK_SECONDS) if quick else (DOCS, ROUNDS, SECONDS)
    environments = dict.fromkeys(peer.environment for peer in PEERS if peer.environment is not None)
    steps = (len(environments) if make_venvs else 0) + 2 + len(PEERS) + rounds
    with measuring(steps) as report, tempfile.TemporaryDirectory() as folder:
        context = begin_on_one_thread(report)
        missing: dict[str, str] = {}
        if make_venvs:
            for environment in environments:
                report(f"installing {environment.name}", 0.0)
                try:
                    make_venv(environment)
                except PeerError as error:
                    missing |= {peer.name: str(error) for peer in PEERS if peer.environment == environment}
                report(f"installing {environment.name}", 1.0)
        home, _ = exported(network(model), report)
        report("exporting to ONNX", 0.0)
        known: dict[str, Any] = {"int8": home / "int8", "float32": home / "float32"}
        known |= {"keras": home / NETWORK, "onnx": "", **_write_pictures(Path(folder), home / "int8")}
        try:
            known["onnx"] = to_onnx(home / NETWORK, make_venvs)
        except PeerError as error:
            missing |= {peer.name: str(error) for peer in PEERS if "{onnx}" in peer.options.values()}
        report("exporting to ONNX", 1.0)
        with at_work(PEERS, known, missing, report) as (workers, told):
            found = measure(workers, told, rounds, seconds, report)
    command = "python -m benchmarks.peers"
    result = outcome(context, command, found.record)
    result |= {"model": model, "rounds": rounds, "seconds_a_turn": seconds}
    result |= {"peers": told, "asked": answers(found)}
    key = key_of("peers")
    figure = f"figures/{key}.png"
    body = section(result, figure)
    title = f"mien beside its peers, {result['machine']['cpu']}"
    write_section(key, title, command, body, docs / "results.md")
    (docs / "results").mkdir(exist_ok=True)
    (docs / "results" / f"{key}.json").write_text(json.dumps(result, indent=1) + "\n")
    draw(result, docs / figure)
    print(body)


def _write_pictures(folder: Path, bundle: Path) -> dict[str, Any]:
    """Frames, faces as the bundle reads them, and the clip's frames a second, for the workers to read."""
    images, fps = demo_frames()
    faces = faces_in(images, open_detector("facet"), CropGeometry(load(str(bundle)).manifest.input.size))
    np.save(folder / "frames.npy", np.stack(images))
    np.save(folder / "faces.npy", faces)
    return {"frames": str(folder / "frames.npy"), "faces": str(folder / "faces.npy"), "fps": fps}


if __name__ == "__main__":
    main()
