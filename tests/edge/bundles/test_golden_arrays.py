"""Damaged golden outputs, under a hash that is right: one line, whatever the damage."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from model_files import damage_golden

from edge import bundles
from edge.bundles import Bundle, DetectionBundle
from edge.bundles.golden import golden_arrays
from edge.detectors import golden as golden_faces
from edge.errors import ModelCorruptError
from edge.golden import check_golden


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return shutil.copytree(bundles.SHIPPED / "slim", tmp_path / "slim")


@pytest.fixture
def detector(tmp_path: Path) -> Path:
    return shutil.copytree(bundles.SHIPPED / "facet", tmp_path / "facet")


def test_a_damaged_file_is_told_in_one_line(model: Path, detector: Path) -> None:
    damage_golden(model)
    with pytest.raises(ModelCorruptError, match=r"^[^\n]*golden\.npz: [^\n]*: install the model again$"):
        check_golden(bundles.load(str(model)))
    damage_golden(detector)
    with pytest.raises(ModelCorruptError, match=r"^[^\n]*golden\.npz: [^\n]*: install the detector again$"):
        golden_faces.check_golden(bundles.load_detection(str(detector)))


def test_the_doctor_goes_on(mien, model: Path) -> None:
    damage_golden(model)
    done = mien("doctor", "--json", "--model", model)
    assert done.returncode == 1
    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert (checks["golden outputs"]["status"], checks["golden faces"]["status"]) == ("fail", "ok")
    assert checks["golden outputs"]["mend"] == "install the model again"


def read_all(bundle: Bundle | DetectionBundle) -> None:
    with golden_arrays(bundle) as golden:
        dict(golden)


def test_whatever_the_damage(model: Path) -> None:
    bundle = bundles.load(str(model))
    np.savez_compressed(bundle.golden, inputs=np.zeros((2, 4, 4), np.uint8), probabilities=np.ones((2, 7)))
    content = bundle.golden.read_bytes()
    np.save(model / "one.npy", np.zeros(3))
    damaged = [content[:end] for end in range(0, len(content), 7)]
    damaged += [
        content[:at] + bytes([value]) + content[at + 1 :]
        for at in range(len(content))
        for value in (0, 0x20, 0x7B, 0xFF)
    ]
    refused = 0
    for one in [*damaged, b"no arrays", (model / "one.npy").read_bytes()]:
        bundle.golden.write_bytes(one)
        try:
            read_all(bundle)
        except ModelCorruptError:
            refused += 1
    assert refused > len(damaged) // 2  # some bytes do not count
    bundle.golden.unlink()
    with pytest.raises(ModelCorruptError, match="No such file"):
        read_all(bundle)
