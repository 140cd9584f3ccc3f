import hashlib
import json
import platform
import shutil

import jsonschema
import numpy as np
import pytest

from edge.config import load
from edge.doctor import examine
from edge.health.vitals import ROOT
from edge.schemas import DOCTOR, published_schemas


def statuses(root=ROOT, **flags):
    settings = load(None, {key.replace("_", "."): value for key, value in flags.items()}, {}).settings
    return {check.name: check for check in examine(settings, root)}


def test_nothing_stops_the_main_job_here(clip, bundle, mien):
    assert not [check for check in statuses().values() if check.status == "fail"]
    done = mien("doctor")
    assert done.returncode == 0, done.stdout
    assert "golden outputs" in done.stdout


def test_every_check_that_is_not_ok_tells_what_to_do(tmp_path):
    checks = statuses(model_name=str(tmp_path), detector_name="yunet")
    assert {checks[name].status for name in ("model", "golden outputs", "detector")} == {"fail"}
    assert all(check.mend for check in checks.values() if check.status != "ok")


def test_an_altered_model_fails(bundle, mien, tmp_path):
    copy = shutil.copytree(bundle.path, tmp_path / "copy")
    with (copy / "model.tflite").open("ab") as file:
        file.write(b"!")
    done = mien("doctor", "--model", copy)
    assert done.returncode == 1
    assert "install the model again" in " ".join(done.stdout.split())


def test_the_same_checks_as_one_json_object(bundle, mien, tmp_path):
    done = mien("doctor", "--json", "--detector", "yunet")
    assert done.returncode == 1
    report = json.loads(done.stdout)
    jsonschema.validate(report, published_schemas()[DOCTOR])
    checks = {check["name"]: check for check in report["checks"]}
    assert list(checks) == list(statuses(detector_name="yunet"))
    assert checks["detector"]["status"] == "fail"
    assert "yunet.onnx" in checks["detector"]["mend"]
    assert (checks["model"]["status"], checks["model"]["mend"]) == ("ok", "")
    assert report["versions"]["python"] == platform.python_version()
    assert report["versions"]["numpy"] == np.__version__


def test_the_json_of_a_machine_that_can_do_the_main_job(bundle, mien):
    done = mien("doctor", "--json")
    assert done.returncode == 0, done.stdout
    report = json.loads(done.stdout)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**report, "more": 1}, published_schemas()[DOCTOR])


@pytest.mark.parametrize("shift", [1, 3])
def test_a_runtime_that_computes_something_else_fails(bundle, tmp_path, shift):
    copy = shutil.copytree(bundle.path, tmp_path / "copy")
    with np.load(copy / "golden.npz") as golden:
        inputs, probabilities = golden["inputs"], golden["probabilities"]
    np.savez(copy / "golden.npz", inputs=inputs, probabilities=np.roll(probabilities, shift, axis=1))
    manifest = json.loads((copy / "manifest.json").read_text())
    manifest["sha256"]["golden.npz"] = hashlib.sha256((copy / "golden.npz").read_bytes()).hexdigest()
    (copy / "manifest.json").write_text(json.dumps(manifest))
    assert statuses(model_name=str(copy))["golden outputs"].status == "fail"


def test_a_machine_that_fares_badly_is_told_of(tmp_path):
    firmware = tmp_path / "sys/devices/platform/soc/soc:firmware/get_throttled"
    zone = tmp_path / "sys/class/thermal/thermal_zone0"
    for folder in (firmware.parent, zone, tmp_path / "proc"):
        folder.mkdir(parents=True)
    firmware.write_text("50004\n")
    (zone / "type").write_text("cpu-thermal\n")
    (zone / "temp").write_text("84200\n")
    (tmp_path / "proc/meminfo").write_text("MemTotal: 900000 kB\nMemAvailable: 20000 kB\n")
    checks = statuses(tmp_path)
    assert checks["power"].found == "throttled, under-voltage (past)"
    assert checks["temperature"].found == "84 °C"
    assert checks["memory"].found == "20 MB left"
    for name in ("power", "temperature", "memory"):
        assert checks[name].status == "warn"
        assert checks[name].mend


def test_what_this_machine_does_not_tell_is_no_worry(tmp_path):
    checks = statuses(tmp_path)
    assert {checks[name].status for name in ("power", "temperature", "memory", "disk")} == {"ok"}
