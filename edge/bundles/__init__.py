"""Model bundles: a folder, or a `.mien` file, with `model.tflite`, `manifest.json`, `golden.npz` and
`MODEL_CARD.md`.

A bundle's task is "expression" (read with `load`) or "detection" (read with `load_detection`). On its way to
a device it is packed (`archive`), signed (`signing`), and looked at before it may be used (`admission`).
"""

from edge.bundles.folder import (
    DEFAULT_DETECTOR,
    DEFAULT_MODEL,
    MEND,
    SHIPPED,
    Bundle,
    DetectionBundle,
    find,
    load,
    load_detection,
    load_either,
    sha256,
    shipped,
    verify,
)
from edge.bundles.manifest import (
    Calibration,
    CropSpec,
    DetectionManifest,
    InputSpec,
    Manifest,
    PictureSpec,
    Quantisation,
    Task,
)

__all__ = [
    "DEFAULT_DETECTOR",
    "DEFAULT_MODEL",
    "MEND",
    "SHIPPED",
    "Bundle",
    "Calibration",
    "CropSpec",
    "DetectionBundle",
    "DetectionManifest",
    "InputSpec",
    "Manifest",
    "PictureSpec",
    "Quantisation",
    "Task",
    "find",
    "load",
    "load_detection",
    "load_either",
    "sha256",
    "shipped",
    "verify",
]
