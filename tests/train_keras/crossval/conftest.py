"""Tiny sets in their published layouts, from the faces of the demo clip."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edge.cameras.demo import CLIP
from edge.labels import LABELS
from edge.types import Image
from train_keras.crossval.recipe import CrossvalRecipe

JAFFE_CODES = ("AN", "DI", "FE", "HA", "SA", "SU", "NE")
FOLDERS = ("anger", "disgust", "fear", "happy", "sad", "surprise", "neural")


@pytest.fixture(scope="session")
def heads() -> list[Image]:
    """Whole heads as laboratories take them, uint8 [340, 300, 3] each."""
    clip = cv2.VideoCapture(str(CLIP))
    frames = [clip.read()[1] for _ in range(40)]
    return [np.asarray(frame[20:, 290:590], np.uint8) for frame in frames]


def label_head(head: Image, label: int, light: int) -> Image:
    """A class that even a tiny network can learn: the picture grows darker from label to label."""
    return np.clip(head.astype(np.float32) * (1.1 - 0.14 * label) + light, 0, 255).astype(np.uint8)


@pytest.fixture(scope="session")
def jaffe(heads: list[Image], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four women with all seven expressions, twice each."""
    folder = tmp_path_factory.mktemp("sets") / "jaffe"
    folder.mkdir()
    number = 0
    for who in ("KA", "KM", "NA", "YM"):
        for label, code in enumerate(JAFFE_CODES):
            for take in (1, 2):
                picture = label_head(heads[number % len(heads)], label, 4 * (number % 4))
                cv2.imwrite(str(folder / f"{who}.{code}{take}.{number}.tiff"), picture)
                number += 1
    return folder


@pytest.fixture(scope="session")
def fedro(heads: list[Image], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two pictures of each class, of nobody named."""
    root = tmp_path_factory.mktemp("sets") / "fedro"
    for label, name in enumerate(FOLDERS):
        (root / name).mkdir(parents=True)
        for take in range(2):
            cv2.imwrite(str(root / name / f"{take}.png"), label_head(heads[7 * take + label], label, 2))
    return root


@pytest.fixture(scope="session")
def make_recipe() -> Callable[..., CrossvalRecipe]:
    """A recipe of a tiny network that trains in no time; tables as keyword arguments."""

    def recipe(train: list[dict[str, Any]], **more: Any) -> CrossvalRecipe:
        options = {"widths": [4, 6, 8], "hidden": 8, "dropout": [0.0, 0.0, 0.0, 0.0]}
        table = {
            "name": "tiny",
            "seed": 5,
            "task": "crossval",
            "train": train,
            "folds": 2,
            "model": {"builder": "dcnn", "options": options},
            "data": {"variants": 1, "labels": "three"},
            "optimiser": {"epochs": 2, "batch_size": 8, "warmup_epochs": 0},
        }
        return CrossvalRecipe.model_validate(table | more)

    return recipe


assert len(JAFFE_CODES) == len(FOLDERS) == len(LABELS)
