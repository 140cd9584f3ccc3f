"""Who takes part, and what mien asks of itself beside them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["classify", "integrated", "floor"]
CLASSIFY: Kind = "classify"
INTEGRATED: Kind = "integrated"
FLOOR: Kind = "floor"

# fer asks for torch too, which its own detector alone needs; OpenCV 5 has no cascades any more, setuptools 81
# no pkg_resources.
FER = (
    "fer==25.10.3",
    "tensorflow-cpu",
    "opencv-python-headless<5",
    "setuptools<81",
    "matplotlib",
    "pandas",
    "pillow",
    "requests",
    "tqdm",
)


@dataclass(frozen=True, slots=True)
class Environment:
    """An environment to run in.

    Attributes:
        name: of its folder.
        packages: that pip installs.
        alone: the first of them without what it asks for.
        newest_python: that they run on; None for any.
    """

    name: str
    packages: tuple[str, ...]
    alone: bool = False
    newest_python: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Peer:
    """One that is measured.

    Attributes:
        worker: its file in workers/.
        options: for the worker; the words in braces are paths that the run knows.
        environment: None for the one that mien runs in.
        like: the peer whose answers to the same faces it has to give, to within `within`.
    """

    name: str
    kind: Kind
    worker: str
    options: dict[str, Any] = field(default_factory=dict)
    environment: Environment | None = None
    like: str | None = None
    within: float = 1e-3


@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked of mien: that `slow` takes at least (or at most) so many times as long as `fast`."""

    what: str
    slow: str
    fast: str
    least: float | None = None
    most: float | None = None


MIEN, MIEN_FLOAT = "mien, int8", "mien, float32"
EVERY, ADAPTIVE = "mien, every frame", "mien, adaptive"
BARE = "bare invoke of detector and classifier"
PREDICT, CALL = "Keras, model.predict", "Keras, model(x)"
ONNX = "ONNX Runtime, float32"
FER_TFLITE, FER_KERAS = "fer, its TFLite model", "fer, its Keras model"

_TFLITE = Environment("tflite-runtime", ("tflite-runtime==2.14.0", "numpy<2"), newest_python=(3, 11))
_ONNX = Environment("onnxruntime", ("onnxruntime", "numpy"))
_FER = Environment("fer", FER, alone=True)
_MEDIAPIPE = Environment("mediapipe", ("mediapipe==0.10.21",), newest_python=(3, 12))
# flask is asked for as an extra, but imported always.
_DEEPFACE = Environment("deepface", ("deepface", "flask"))

PEERS = (
    Peer(MIEN, CLASSIFY, "mien_classify", {"bundle": "{int8}"}),
    Peer(MIEN_FLOAT, CLASSIFY, "mien_classify", {"bundle": "{float32}"}),
    Peer(PREDICT, CLASSIFY, "keras_model", {"model": "{keras}", "way": "predict"}, like=MIEN_FLOAT),
    Peer(CALL, CLASSIFY, "keras_model", {"model": "{keras}", "way": "call"}, like=MIEN_FLOAT),
    Peer(ONNX, CLASSIFY, "onnx_runtime", {"model": "{onnx}"}, _ONNX, like=MIEN_FLOAT),
    Peer(
        "tflite-runtime 2.14, int8",
        CLASSIFY,
        "tflite_interpreter",
        {"model": "{int8}/model.tflite"},
        _TFLITE,
        like=MIEN,
        within=0.1,  # other kernels round otherwise
    ),
    Peer(
        "tflite-runtime 2.14, float32",
        CLASSIFY,
        "tflite_interpreter",
        {"model": "{float32}/model.tflite"},
        _TFLITE,
        like=MIEN_FLOAT,
    ),
    Peer(EVERY, INTEGRATED, "mien_pipeline", {"bundle": "{int8}", "adaptive": False}),
    Peer(ADAPTIVE, INTEGRATED, "mien_pipeline", {"bundle": "{int8}", "adaptive": True}),
    Peer(FER_TFLITE, INTEGRATED, "fer_package", {"tflite": True}, _FER),
    Peer(FER_KERAS, INTEGRATED, "fer_package", {"tflite": False}, _FER),
    Peer("mediapipe, face mesh without expressions", INTEGRATED, "mediapipe_mesh", {}, _MEDIAPIPE),
    Peer("deepface", INTEGRATED, "deepface_package", {}, _DEEPFACE),
    Peer(BARE, FLOOR, "bare_invoke", {"bundle": "{int8}"}),
)
ASKS = (
    Ask("a face through Keras, model.predict", PREDICT, MIEN, least=300),
    Ask("a face through ONNX Runtime, float32", ONNX, MIEN, least=2),
    Ask("a frame through fer, as it comes", FER_TFLITE, EVERY, least=10),
    Ask("a frame through fer's Keras model", FER_KERAS, EVERY, least=10),
    Ask("a frame through mien, to bare invoke", EVERY, BARE, most=1.15),
)
