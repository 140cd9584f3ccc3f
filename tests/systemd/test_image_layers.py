"""pi-gen's stage and rpi-image-gen's layer, run as those run them, on a small Debian instead of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from debian_roots import unpack_debian
from machine import ROOT, why_not

pytestmark = pytest.mark.slow
IMAGE = ROOT / "packaging/image"
DEBIAN = "systemd,systemd-sysv,udev,dbus,python3,debconf,libstdc++6"
CONFIG = '[camera]\nsource = "demo"\n'
# pi-gen's own, without its mounts.
PI_GEN = """
copy_previous() { cp -a "$PREV_ROOTFS_DIR" "$ROOTFS_DIR"; }
on_chroot() { chroot "$ROOTFS_DIR" bash -e; }
export -f copy_previous on_chroot
cd "$STAGE" && ./prerun.sh && cd 00-mien && ./00-run.sh
"""


@pytest.fixture
def debian(tmp_path: Path) -> Path:
    if (reason := why_not()) is not None:
        pytest.skip(reason)
    return unpack_debian(tmp_path / "debian", "amd64", "minbase", DEBIAN)


def holds_mien(root: Path) -> None:
    """It is installed, starts at every boot, has its configuration, and left nothing behind."""
    said = subprocess.run(
        ["chroot", root, "dpkg-query", "--show", "--showformat=${Status}", "mien"], capture_output=True
    )
    assert said.stdout == b"install ok installed"
    assert (root / "etc/systemd/system/multi-user.target.wants/mien.service").is_symlink()
    assert (root / "etc/mien/config.d/40-image.toml").read_text() == CONFIG
    assert not (root / "var/lib/mien-package").exists()
    shown = subprocess.run(
        ["chroot", root, "mien", "config", "show"], capture_output=True, text=True, check=True
    )
    assert "/etc/mien/config.d/40-image.toml" in shown.stdout


def test_the_stage_of_pi_gen(debian: Path, package: Path, tmp_path: Path) -> None:
    stage = tmp_path / "stage-mien"
    shutil.copytree(IMAGE / "pi-gen/stage-mien", stage)
    files = stage / "00-mien/files"
    files.mkdir()
    shutil.copy(package, files)
    (files / "config.toml").write_text(CONFIG)
    root = tmp_path / "rootfs"
    environment = {**os.environ, "PREV_ROOTFS_DIR": str(debian), "ROOTFS_DIR": str(root), "STAGE": str(stage)}
    done = subprocess.run(["bash", "-ec", PI_GEN], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    holds_mien(root)


def test_the_layer_of_rpi_image_gen(debian: Path, package: Path, tmp_path: Path) -> None:
    (tmp_path / "kiosk.toml").write_text(CONFIG)
    layer = yaml.safe_load((IMAGE / "rpi-image-gen/layer/mien.yaml").read_text())
    known = {"IGconf_mien_deb": str(package), "IGconf_mien_config": str(tmp_path / "kiosk.toml")}
    for hook in layer["mmdebstrap"]["customize-hooks"]:
        # As mmdebstrap runs it.
        done = subprocess.run(
            ["sh", "-c", hook, "exec", debian], env={**os.environ, **known}, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
    holds_mien(debian)
