"""The networks of the slim CNN paper's Table 2 with its figures, and mien's own."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Paper:
    """A row of Table 2: measured on a Core i7-6700T, integrated with a face detector at 640x480."""

    parameters: int
    gflops: float
    fps: float
    fps_integrated: float


@dataclass(frozen=True, slots=True)
class Network:
    """What is exported.

    Attributes:
        key: of the folder it is exported to; a builder in `train_keras.models` where there is no recipe.
        recipe: the training recipe that says how it is built; its network reads grey faces, others RGB.
        shipped: name of the shipped model that its int8 file is; None where it is made here.
        mirror: a face is read twice, the second time mirrored.
        paper: its row; None where the table has none.
    """

    key: str
    title: str
    recipe: str | None = None
    shipped: str | None = None
    mirror: bool = False
    paper: Paper | None = None


NETWORKS = (
    Network(
        "slim_fine_mirror", "slim_fine on both sides, mien's default", "slim_fine", "slim_fine", mirror=True
    ),
    Network("slim_fine", "slim_fine", "slim_fine", "slim_fine"),
    Network("slim", "slim CNN + RGC", "slim", "slim", paper=Paper(756_447, 0.01914, 203.73, 61.30)),
    Network("slim_plain", "slim CNN without RGC", "slim_plain"),
    Network("mobilenet_v1", "MobileNet V1", paper=Paper(3_236_039, 0.04871, 168.15, 57.19)),
    Network("mobilenet_v2", "MobileNet V2", paper=Paper(2_266_951, 0.03391, 124.64, 51.72)),
    Network("mobilenet_v3", "MobileNet V3", paper=Paper(5_127_839, 0.04045, 110.38, 48.51)),
    Network("shufflenet_v1", "ShuffleNet V1", paper=Paper(973_567, 0.01531, 192.20, 60.15)),
    Network("shufflenet_v2", "ShuffleNet V2", paper=Paper(4_025_915, 0.05459, 109.54, 48.19)),
    Network("vgg16", "VGG16", paper=Paper(14_718_279, 1.41, 78.04, 41.69)),
    Network("resnet18", "ResNet18", paper=Paper(11_198_919, 0.06506, 123.35, 51.08)),
    Network("ghostnet", "GhostNet", paper=Paper(3_918_680, 0.0215, 123.12, 50.60)),
)


def network(key: str) -> Network:
    """The network of a key.

    Raises:
        KeyError: there is none.
    """
    return {one.key: one for one in NETWORKS}[key]
