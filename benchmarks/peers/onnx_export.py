"""A Keras network as ONNX, in a process of its own.

    python -m benchmarks.peers.onnx_export NETWORK.keras OUT.onnx

Keras exports through tf2onnx, which is no part of the training environment: build/peers/tf2onnx holds it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from benchmarks.peers.venvs import FOLDER, PeerError, install_beside, last_words

PACKAGES = ("tf2onnx", "onnx")


def to_onnx(network: Path, install: bool, folder: Path = FOLDER) -> Path:
    """The file, made beside the network where it is not there yet.

    Args:
        install: whether to install the exporter.
    Raises:
        PeerError: the exporter is missing, or fails.
    """
    out = network.with_suffix(".onnx")
    tools = (folder / "tf2onnx").resolve()
    if install:
        install_beside(PACKAGES, tools)
    if out.is_file():
        return out
    if not tools.is_dir():
        raise PeerError("no exporter to ONNX was installed: python -m benchmarks.peers --make-venvs")
    part = out.with_suffix(".part.onnx")
    command = [sys.executable, "-m", "benchmarks.peers.onnx_export", str(network), str(part)]
    path = os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), str(tools))))
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise PeerError(f"the network could not be exported to ONNX: {last_words(done.stderr)}")
    part.replace(out)
    return out


def export(network: str, out: str) -> None:
    """Write the network, float32, for one face at a time."""
    import keras

    import train_keras.models  # noqa: F401  registers the layers that a network is loaded with

    model = keras.saving.load_model(network, compile=False)
    signature = [keras.InputSpec(shape=(1, *model.input_shape[1:]), dtype="float32", name="face")]
    model.export(out, format="onnx", input_signature=signature, verbose=False)


if __name__ == "__main__":
    export(*sys.argv[1:])
