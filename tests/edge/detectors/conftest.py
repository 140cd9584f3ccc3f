"""The lamp detector as bundles."""

from __future__ import annotations

import numpy as np
import pytest
from lamp import BLUE, GREEN, RED, convert, lit, write

from edge import bundles
from edge.bundles import DetectionBundle


@pytest.fixture(scope="session")
def flatbuffers() -> dict[str, bytes]:
    return {"int8": convert(quantised=True), "float32": convert(quantised=False)}


@pytest.fixture(scope="session", params=["int8", "float32"])
def lamp(request, flatbuffers, tmp_path_factory) -> DetectionBundle:
    """The detector as int8 and as float32."""
    inputs = np.stack([lit(96, 128, (4, 2, BLUE), (5, 10, GREEN)), lit(96, 128), lit(96, 128, (1, 8, RED))])
    folder = tmp_path_factory.mktemp("bundles") / request.param
    write(folder, flatbuffers[request.param], inputs, quantisation=request.param)
    return bundles.load_detection(str(folder))
