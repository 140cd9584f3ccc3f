"""What a network shows of its inside, as panels of a sheet: whatever its kind has to show."""

from __future__ import annotations

from collections.abc import Sequence

import keras

from edge.types import Floats, Image
from train_keras import explain
from train_keras.batches import scale_pixels
from train_keras.models.attention import Attention, AttentionPool, attention_map
from train_keras.models.joint import inspect
from train_keras.models.joint.effm import REGIONS
from train_keras.predicting import resize_crops
from train_keras.reporting.sheet import Bars, Heat, Panel

_SPATIAL = "_spatial"  # how the attention CNN names the maps that let places through

Panels = list[dict[str, Panel]]


def panels_of(model: keras.Model, faces: Image, layer: str | None = None) -> tuple[Panels, list[str]]:
    """The panels of every face, and what they are in words.

    A transformer shows its last attention; any other network Grad-CAM, and a transformer too if a layer is
    named. A network that answers what is covered adds that map; joint networks add attention, gates and fused
    feature too; the attention CNN its last spatial attention. All show what the answer loses where a patch
    hides the face.

    Args:
        faces: uint8 [N, S, S] grey.
        layer: whose map Grad-CAM weights; None for `train_keras.explain.last_map`.
    Raises:
        ValueError: there is no such layer.
    """
    panels: Panels = [{} for _ in faces]
    notes = []
    attends = any(isinstance(each, (Attention, AttentionPool)) for each in model.layers)
    if layer is not None or not attends:
        layer = layer or explain.last_map(model)
        maps = explain.grad_cam(model, faces, layer=layer)
        _add(panels, "Grad-CAM", [Heat(each) for each in maps])
        notes.append(f"Grad-CAM at {layer}, {maps.shape[1]} x {maps.shape[2]}")
    if attends:
        maps = explain.to_peak(attention_map(model, _inputs(model, faces)))
        _add(panels, "attention", [Heat(each) for each in maps])
        notes.append(f"attention: of the last block, mean over heads, {maps.shape[1]} x {maps.shape[2]}")
    spatial = [each.name for each in model.layers if each.name.endswith(_SPATIAL)]
    if spatial:
        maps = explain.inner_output(model, faces, spatial[-1])[..., 0]
        maps = explain.to_peak(maps - maps.min((1, 2), keepdims=True))
        _add(panels, "spatial attention", [Heat(each) for each in maps])
        notes.append(f"spatial attention: {spatial[-1]}, least to most")
    names = {each.name for each in model.layers}
    if "occlusion" in names:
        _add(
            panels,
            "occlusion map",
            [Heat(each) for each in explain.inner_output(model, faces, "occlusion")[..., 0]],
        )
        notes.append("occlusion map: what the network takes for covered")
    if {"occlusion", "effm_fused"} <= names:
        _add_joint(panels, model, faces)
        notes.append("gates: share of each region that passes; fused: mean strength of the fused feature")
    _add(panels, "loss when hidden", [Heat(each) for each in explain.sensitivity(model, faces)])
    notes.append("loss when hidden: what the answer loses under a moving grey patch")
    return panels, notes


def _add_joint(panels: Panels, model: keras.Model, faces: Image) -> None:
    seen = inspect(model, _inputs(model, faces))
    _add(panels, "region attention", [Heat(each) for each in explain.to_peak(seen.attention)])
    _add(panels, "gates", [Bars(each, REGIONS) for each in seen.gates])
    strength = explain.to_peak(abs(seen.fused).mean(-1))
    _add(panels, "fused", [Heat(each) for each in strength])


def _add(panels: Panels, title: str, values: Sequence[Panel]) -> None:
    for row, value in zip(panels, values, strict=True):
        row[title] = value


def _inputs(model: keras.Model, faces: Image) -> Floats:
    return scale_pixels(resize_crops(faces, model.input_shape[1]))
