"""What product builders put into their images, as text; tests/systemd/test_image_layers.py runs it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

IMAGE = Path(__file__).resolve().parents[2] / "packaging/image"
STAGE = IMAGE / "pi-gen/stage-mien"
LAYER = IMAGE / "rpi-image-gen/layer/mien.yaml"
SCRIPTS = [IMAGE / "first-boot.sh", STAGE / "prerun.sh", STAGE / "00-mien/00-run.sh"]


def hooks() -> list[str]:
    layer: dict[str, dict[str, list[str]]] = yaml.safe_load(LAYER.read_text())
    return layer["mmdebstrap"]["customize-hooks"]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_the_scripts_are_sound(script: Path) -> None:
    if shutil.which("shellcheck") is None:
        pytest.skip("no shellcheck here: apt install shellcheck")
    done = subprocess.run(["shellcheck", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_the_hooks_are_sound() -> None:
    if shutil.which("shellcheck") is None:
        pytest.skip("no shellcheck here: apt install shellcheck")
    for hook in hooks():
        # SC2154: rpi-image-gen sets what begins with IGconf_.
        command = ["shellcheck", "--shell=sh", "--exclude=SC2154", "-"]
        done = subprocess.run(command, input=hook, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


def test_pi_gen_finds_what_it_runs() -> None:
    """It passes over a script that nobody may execute, without a word."""
    for script in (STAGE / "prerun.sh", STAGE / "00-mien/00-run.sh"):
        assert script.stat().st_mode & 0o111 == 0o111
    assert (STAGE / "EXPORT_IMAGE").read_text() == 'IMG_SUFFIX="-mien"\n'


def test_the_layer_declares_what_its_hooks_use() -> None:
    head = LAYER.read_text().partition("# METAEND")[0].splitlines()
    assert head[0] == "# METABEGIN"
    names = [line.removeprefix("# X-Env-Var-").partition(":")[0] for line in head if "X-Env-Var-" in line]
    declared = {f"IGconf_mien_{name}" for name in names if "-" not in name}
    assert declared == {"IGconf_mien_deb", "IGconf_mien_config"}
    assert all(any(name in hook for hook in hooks()) for name in declared)
    assert "# X-Env-VarPrefix: mien" in head
    config = yaml.safe_load((IMAGE / "rpi-image-gen/config/mien.yaml").read_text())
    assert {f"IGconf_mien_{key}" for key in config["mien"]} == declared
    assert config["layer"] == {"app": "mien"}


def test_without_a_package_the_stage_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    done = subprocess.run([STAGE / "00-mien/00-run.sh"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == "00-mien/files holds 0 packages mien_*.deb: put one there (make deb)\n"
