"""The arm64 package under qemu gives x86's answers. It tells of correctness, not of speed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import pytest
from debian_roots import unpack_debian
from machine import ROOT
from shipping.__main__ import main as ship

from edge.cameras import open_camera

pytestmark = pytest.mark.slow
STRIDE = 40  # frames of the demo clip from one test picture to the next
TOLERANCE = 2 / 255  # steps of an int8 answer


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An arm64 Debian with the package's files and qemu in it, and pictures in /pictures."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("only root can change into another system")
    folder = tmp_path_factory.mktemp("arm64")
    root = unpack_debian(folder / "root", "arm64", "extract", "python3,libstdc++6,zlib1g")
    # What the system itself would have made.
    (root / "lib").symlink_to("usr/lib")
    (root / "proc").mkdir()
    (root / "sys").mkdir()
    # Trixie's qemu is linked statically; Bookworm's 7.2 crashes in LiteRT.
    emulator = unpack_debian(folder / "emulator", "amd64", "extract", "qemu-user")
    shutil.copy(emulator / "usr/bin/qemu-aarch64", root / "qemu")
    ship(["deb", "--arch=arm64", "--quick", f"--output={folder}"])
    (package,) = folder.glob("*.deb")
    subprocess.run(["dpkg-deb", "--extract", package, root], check=True)
    pictures = root / "pictures"
    pictures.mkdir()
    camera = open_camera("demo")
    number = 0
    while (frame := camera.read()) is not None:
        if number % STRIDE == 0:
            cv2.imwrite(str(pictures / f"{number:03}.png"), frame.image)
        number += 1
    camera.close()
    return root


def on_the_board(board: Path, *arguments: str) -> str:
    mien = ["/qemu", "/usr/lib/mien/bin/python", "-sP", "-m", "edge.cli", *arguments]
    # The runtime reads there what the processor can do; without, it takes other kernels, which answer otherwise.
    mounts = f'mount -t proc proc "{board}/proc" && mount --rbind /sys "{board}/sys"'
    inside = f'{mounts} && exec chroot "{board}" "$@"'
    command = ["unshare", "--mount", "sh", "-c", inside, "sh", *mien]
    environment = {"PATH": os.environ["PATH"], "HOME": "/", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr or done.stdout
    return done.stdout


def test_doctor_finds_nothing_wrong(board: Path) -> None:
    assert "fail" not in on_the_board(board, "doctor")


def test_it_answers_as_on_x86(board: Path) -> None:
    arm = faces(on_the_board(board, "predict", "--jsonl", "--threads", "1", "/pictures"))
    here = [sys.executable, "-m", "edge.cli", "predict", "--jsonl", "--threads", "1", str(board / "pictures")]
    x86 = faces(subprocess.run(here, capture_output=True, text=True, check=True, cwd=ROOT).stdout)
    assert len(arm) == len(x86) >= 10
    differences = []
    for one, other in zip(arm, x86, strict=True):
        assert Path(one["file"]).name == Path(other["file"]).name
        assert (one["label"], one["mask_state"]) == (other["label"], other["mask_state"])
        differences += [
            abs(one["probabilities"][name] - other["probabilities"][name]) for name in one["probabilities"]
        ]
    print(f"{len(arm)} faces, largest difference of a probability {max(differences):.4f}", file=sys.stderr)
    assert max(differences) <= TOLERANCE


def faces(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]
