"""Bundles to install: one that is only read, and shipped ones under other names and versions."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

from edge import bundles
from edge.bundles import archive

FILES = {"model.tflite": b"not run here", "golden.npz": b"nor this", "MODEL_CARD.md": b"# Small\n"}


def write_small(folder: Path, version: str, name: str = "small") -> None:
    """A bundle that can be read and verified, but not run."""
    folder.mkdir(parents=True)
    for file, content in FILES.items():
        (folder / file).write_bytes(content + version.encode())
    manifest = json.loads((bundles.SHIPPED / "slim/manifest.json").read_text())
    digests = {file: hashlib.sha256((folder / file).read_bytes()).hexdigest() for file in FILES}
    manifest |= {"name": name, "version": version, "sha256": digests}
    (folder / "manifest.json").write_text(json.dumps(manifest))


def filling(version: str, name: str = "small") -> Any:
    """What `Store.install` fills a folder with: a small bundle."""

    def fill(folder: Path) -> str:
        write_small(folder, version, name)
        return "somebody (0123456789ABCDEF)"

    return fill


def change(folder: Path, version: str, name: str = "slim", source: str = "slim", **more: Any) -> Path:
    """A shipped bundle as another version; `more` changes its manifest."""
    shutil.copytree(bundles.SHIPPED / source, folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {"name": name, "version": version, **more}))
    return folder


def spoil_answers(folder: Path) -> None:
    """Golden answers that the model does not give, under a hash that is right."""
    import numpy as np

    with np.load(folder / "golden.npz") as golden:
        inputs, expected = golden["inputs"], golden["probabilities"]
    np.savez(folder / "golden.npz", inputs=inputs, probabilities=expected[:, ::-1])
    _note_golden(folder)


def damage_golden(folder: Path) -> None:
    """A golden.npz that cannot be unpacked, under a hash that is right."""
    file = folder / "golden.npz"
    content = file.read_bytes()
    middle = len(content) // 2
    file.write_bytes(content[:middle] + bytes(64) + content[middle + 64 :])
    _note_golden(folder)


def spoil_faces(folder: Path) -> None:
    """Golden faces that the detector does not find, under a hash that is right."""
    import numpy as np

    with np.load(folder / "golden.npz") as golden:
        arrays = dict(golden)
    np.savez(folder / "golden.npz", **{**arrays, "boxes": arrays["boxes"] + 200})
    _note_golden(folder)


def blind(folder: Path) -> None:
    """A detector that is sure of no face, and whose golden faces are none."""
    import numpy as np

    from edge.detectors.golden import golden_outputs

    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {"threshold": 0.9999}))
    bundle = bundles.load_detection(str(folder))
    with np.load(bundle.golden) as golden:
        inputs = golden["inputs"]
    np.savez(bundle.golden, **golden_outputs(bundle, inputs))
    _note_golden(folder)


def _note_golden(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["sha256"]["golden.npz"] = bundles.sha256(folder / "golden.npz")
    (folder / "manifest.json").write_text(json.dumps(manifest))


def packed(folder: Path, file: Path) -> Path:
    """A bundle's folder as a .mien file, also where `archive.pack` would refuse it."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name in archive.LIMITS:
            made.write(folder / name, name)
    return file
