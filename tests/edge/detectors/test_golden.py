import dataclasses
import json

import numpy as np
import pytest
from lamp import BLUE, lit, write

from edge.bundles import load_detection, sha256
from edge.config import load
from edge.detectors.golden import compare, compare_golden, golden_outputs
from edge.doctor import examine
from edge.types import Face

MARKS = np.float32([[10, 10], [30, 10], [20, 20], [12, 30], [28, 30]])
SURE = Face(np.float32([0, 0, 40, 40]), 0.9, MARKS, "mask")
FAR = Face(np.float32([100, 0, 140, 40]), 0.8, MARKS + np.float32([100, 0]), "no_mask")
WEAK = Face(np.float32([0, 100, 40, 140]), 0.55, MARKS + np.float32([0, 100]), "no_mask")


def but(face, **changes):
    return dataclasses.replace(face, **changes)


def test_the_arrays(lamp):
    with np.load(lamp.golden) as golden:
        assert golden["counts"].tolist() == [2, 0, 1]
        assert {name: golden[name].shape for name in golden} == {
            "inputs": (3, 96, 128, 3),
            "counts": (3,),
            "boxes": (3, 4),
            "scores": (3,),
            "landmarks": (3, 5, 2),
            "mask_states": (3,),
        }
        comparison = compare_golden(lamp, golden)
    assert comparison.faces == 3
    assert not comparison.faults
    assert comparison.score == comparison.landmark == 0


def test_pictures_without_faces(lamp):
    golden = golden_outputs(lamp, np.zeros((2, 64, 64, 3), np.uint8))
    assert golden["boxes"].shape == (0, 4)
    assert golden["landmarks"].shape == (0, 5, 2)
    assert not compare_golden(lamp, golden).faults


@pytest.mark.parametrize(
    "found",
    [
        [SURE, FAR, WEAK],
        [FAR, WEAK, SURE],
        [SURE, FAR],  # a score so near the threshold of 0.5 may fall below it
        [but(SURE, score=0.83, box=SURE.box + 2, landmarks=MARKS + 2), FAR, WEAK],
        [SURE, FAR, WEAK, but(WEAK, box=WEAK.box + 100)],
        [but(SURE, mask_state="no_mask"), FAR, WEAK],
    ],
)
def test_what_rounding_may_do(found):
    assert not compare([[SURE, FAR, WEAK]], [found], 0.5).faults


@pytest.mark.parametrize(
    ("found", "fault"),
    [
        ([FAR, WEAK], "score 0.90 is missing"),
        ([SURE, but(FAR, box=FAR.box + 30), WEAK], "score 0.80 is missing"),
        ([SURE, FAR, WEAK, but(SURE, box=SURE.box + 200)], "where there is none"),
        ([SURE, SURE, FAR, WEAK], "where there is none"),
        ([but(SURE, score=0.7), FAR, WEAK], "a score differs by 0.20"),
        ([but(SURE, landmarks=MARKS + np.float32([0, 6])), FAR, WEAK], "a landmark differs by 0.15"),
        ([but(SURE, landmarks=None), FAR, WEAK], "a landmark differs"),
        ([but(SURE, mask_state="no_mask"), but(FAR, mask_state="mask"), WEAK], "2 mask states differ"),
    ],
)
def test_what_rounding_does_not_do(found, fault):
    assert any(fault in each for each in compare([[SURE, FAR, WEAK]], [found], 0.5).faults)


def doctor(folder):
    settings = load(None, {"detector.name": f"facet:{folder}"}, {}).settings
    return {check.name: check for check in examine(settings)}["golden faces"]


def test_the_doctor_looks_at_them(lamp, mien):
    check = doctor(lamp.path)
    assert check.status == "ok"
    assert check.found.startswith("3 faces; largest differences")
    done = mien("doctor", "--detector", f"facet:{lamp.path}")
    assert "golden faces" in done.stdout


def test_the_doctor_notices_a_runtime_that_computes_something_else(flatbuffers, tmp_path):
    folder = write(tmp_path / "copy", flatbuffers["int8"], np.stack([lit(96, 96, (3, 4, BLUE))]))
    bundle = load_detection(str(folder))
    with np.load(bundle.golden) as golden:
        arrays = dict(golden)
    arrays["boxes"] = arrays["boxes"] + 20
    np.savez(bundle.golden, **arrays)
    spoil(folder)
    assert "is missing" in doctor(folder).found
    assert doctor(folder).status == "fail"
    del arrays["counts"]
    np.savez(bundle.golden, **arrays)
    spoil(folder)
    assert doctor(folder).status == "fail"
    assert doctor(folder).mend == "install the detector again"


def spoil(folder):
    """Bring the checksums in line with the files."""
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["sha256"] = {name: sha256(folder / name) for name in manifest["sha256"]}
    (folder / "manifest.json").write_text(json.dumps(manifest))
