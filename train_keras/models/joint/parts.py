"""Parts of a joint network: what a device runs, and what its modules see in a face."""

from __future__ import annotations

from dataclasses import dataclass

import keras
import numpy as np

from edge.types import Floats
from train_keras.models.joint.effm import REGIONS


@dataclass(frozen=True, slots=True, eq=False)
class Inspection:
    """What the modules make of N faces.

    Attributes:
        probabilities: float32 [N, classes].
        occlusion: float32 [N, h, w], 0 bare to 1 covered.
        landmarks: float32 [N, h, w, 68], heat maps.
        weights: float32 [N, h, w, 4], the patch-gated units' weight of each cell for each of
            `effm.REGIONS`, its share in the region included.
        gates: float32 [N, 4], how much of each region passes, 0 to 1.
        fused: float32 [N, h, w, C], the fused feature.
    """

    probabilities: Floats
    occlusion: Floats
    landmarks: Floats
    weights: Floats
    gates: Floats
    fused: Floats

    @property
    def attention(self) -> Floats:
        """How much of each cell reaches the fused feature, all regions together: float32 [N, h, w]."""
        exposed = 1 - self.occlusion
        return exposed * (self.weights * self.gates[:, np.newaxis, np.newaxis]).sum(-1)


def for_device(model: keras.Model, occlusion: bool = False) -> keras.Model:
    """The trained network without what only training needs; weights are shared with `model`.

    Args:
        occlusion: with the occlusion map as a second output.
    Returns:
        A model from faces to probabilities [B, classes]; with `occlusion` to a dict of "expression" and
        "occlusion".
    Raises:
        ValueError: the network has no occlusion map.
    """
    if not occlusion:
        return keras.Model(model.input, model.output["expression"], name=model.name)
    if "occlusion" not in model.output:
        raise ValueError(f"{model.name} was built without FOPM: it has no occlusion map")
    kept = {name: model.output[name] for name in ("expression", "occlusion")}
    return keras.Model(model.input, kept, name=model.name)


def inspect(model: keras.Model, faces: Floats, batch_size: int = 64) -> Inspection:
    """Run a joint network and look inside.

    Args:
        model: `joint` or `joint_light` with FOPM and EFFM.
        faces: float32 [N, S, S, C], -1 to 1.
    Raises:
        ValueError: the network was built without one of the two modules.
    """
    names = {layer.name for layer in model.layers}
    if not {"occlusion", "effm_fused"} <= names:
        raise ValueError(f"{model.name} was built without FOPM or EFFM: there is nothing to look at")

    def layer(name: str) -> keras.KerasTensor:
        return model.get_layer(name).output

    inner = keras.Model(
        model.input,
        {
            **model.output,
            "weights": [layer(f"effm_{region}_region") for region in REGIONS],
            "gates": [layer(f"effm_{region}_gate") for region in REGIONS],
            "fused": layer("effm_fused"),
        },
    )
    seen = inner.predict(np.asarray(faces, np.float32), batch_size=batch_size, verbose=0)
    return Inspection(
        probabilities=seen["expression"],
        occlusion=seen["occlusion"][..., 0],
        landmarks=seen["landmarks"],
        weights=np.concatenate(seen["weights"], -1).astype(np.float32),
        gates=np.concatenate(seen["gates"], -1)[:, 0, 0].astype(np.float32),
        fused=seen["fused"].astype(np.float32),
    )
