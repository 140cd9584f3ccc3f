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
# Steps of an int8 answer; ARM's kernels round some sums otherwise. 3 were seen.
TOLERANCE = 4 / 255


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
    (root / "crops").mkdir()
    for face in on_x86(root, "/pictures"):
        x0, y0, x1, y1 = (max(round(edge), 0) for edge in face["box"])
        name = Path(face["file"]).name
        cv2.imwrite(str(root / "crops" / name), cv2.imread(str(pictures / name))[y0:y1, x0:x1])
    return root


def on_the_board(board: Path, *arguments: str) -> str:
    mien = ["/qemu", "/usr/lib/mien/bin/python", "-sP", "-m", "edge.cli", *arguments]
    # The runtime reads there what the processor can do; without, it takes other kernels with other answers.
    mounts = f'mount -t proc proc "{board}/proc" && mount --rbind /sys "{board}/sys"'
    inside = f'{mounts} && exec chroot "{board}" "$@"'
    command = ["unshare", "--mount", "sh", "-c", inside, "sh", *mien]
    environment = {"PATH": os.environ["PATH"], "HOME": "/", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr or done.stdout
    return done.stdout


def test_doctor_finds_nothing_wrong(board: Path) -> None:
    assert "fail" not in on_the_board(board, "doctor")


def test_it_finds_the_same_faces(board: Path) -> None:
    arm, x86 = on_arm(board, "/pictures"), on_x86(board, "/pictures")
    assert len(x86) >= 10
    assert [(face["file"], face["mask_state"]) for face in arm] == [
        (face["file"], face["mask_state"]) for face in x86
    ]
    assert min(iou(one["box"], other["box"]) for one, other in zip(arm, x86, strict=True)) > 0.9


def test_it_answers_as_on_x86(board: Path) -> None:
    """Of the same crops: a box that is a step elsewhere makes another crop."""
    arm, x86 = on_arm(board, "/crops", "--faces"), on_x86(board, "/crops", "--faces")
    assert len(x86) >= 10
    assert [(face["file"], face["label"]) for face in arm] == [(face["file"], face["label"]) for face in x86]
    largest = 0.0
    for one, other in zip(arm, x86, strict=True):
        ours, theirs = one["probabilities"], other["probabilities"]
        largest = max(largest, *(abs(ours[name] - theirs[name]) for name in ours))
    print(f"{len(arm)} faces, largest difference {largest * 255:.2f} / 255", file=sys.stderr)
    assert largest <= TOLERANCE


def on_arm(board: Path, folder: str, *flags: str) -> list[dict[str, Any]]:
    return faces(on_the_board(board, "predict", "--jsonl", "--threads", "1", *flags, folder))


def on_x86(board: Path, folder: str, *flags: str) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "edge.cli", "predict", "--jsonl", "--threads", "1", *flags]
    done = subprocess.run(
        [*command, f"{board}{folder}"], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return faces(done.stdout.replace(str(board), ""))


def faces(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


def iou(one: list[float], other: list[float]) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return width * height / (sum(areas) - width * height)
