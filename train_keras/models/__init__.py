"""The networks, one file each; `build` finds a builder by its name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from edge.errors import ConfigError
from train_keras.models.cbam import cbam
from train_keras.models.dcnn import dcnn
from train_keras.models.face_mobilenet import face_mobilenet
from train_keras.models.facet import facet
from train_keras.models.joint import joint, joint_light
from train_keras.models.references import REFERENCES
from train_keras.models.slim import slim
from train_keras.models.student import student
from train_keras.models.vit import vit
from train_keras.models.vit_student import vit_student

BUILDERS: dict[str, Callable[..., keras.Model]] = {
    "cbam": cbam,
    "dcnn": dcnn,
    "face_mobilenet": face_mobilenet,
    "facet": facet,
    "joint": joint,
    "joint_light": joint_light,
    "slim": slim,
    "student": student,
    "vit": vit,
    "vit_student": vit_student,
    **REFERENCES,
}


def build(name: str, **options: Any) -> keras.Model:
    """Build a network.

    Raises:
        ConfigError: there is no such builder, or it refuses the options.
    """
    if name not in BUILDERS:
        raise ConfigError(f"model.builder: no network '{name}': one of {', '.join(BUILDERS)}")
    try:
        return BUILDERS[name](**options)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"model.options: {error}") from error
