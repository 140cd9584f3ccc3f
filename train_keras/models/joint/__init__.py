"""The joint occlusion-parsing network (Hou and Sun, 2025): one file a module."""

from train_keras.models.joint.joint import joint
from train_keras.models.joint.light import joint_light
from train_keras.models.joint.parts import Inspection, for_device, inspect

__all__ = ["Inspection", "for_device", "inspect", "joint", "joint_light"]
