"""Whether this machine can do the main job, and what to do if not: `mien doctor`."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from edge.errors import MienError
from edge.health.vitals import ROOT, Vitals, read_vitals, state_folder
from edge.schemas import DOCTOR
from edge.settings import HealthConfig, Settings
from edge.store.choosing import load_detector, load_model
from edge.versions import installed_versions

Status = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at; `mend` says what to do where `status` is not ok."""

    name: str
    status: Status
    found: str
    mend: str = ""


def examine(settings: Settings, root: Path = ROOT) -> Iterator[Check]:
    """Look at everything the main job needs; "fail" is what would stop it.

    Args:
        root: of the file system with /proc and /sys.
    """
    yield _python()
    # What is broken must not keep the rest from being looked at.
    checks: tuple[tuple[str, Callable[[Settings], Check]], ...] = (
        ("runtime", _runtime),
        ("vision", _vision),
        ("model", _model),
        ("golden outputs", _golden),
        ("detector", _detector),
        ("golden faces", _golden_faces),
        ("demo clip", _clip),
        ("cameras", _cameras),
        ("camera permission", _permission),
    )
    for name, check in checks:
        try:
            yield check(settings)
        except MienError as error:
            found, _, mend = str(error).rpartition(": ")
            yield Check(name, "fail", found or mend, mend)
        except ImportError as error:
            yield Check(name, "fail", str(error), "install mien again: pip install --force-reinstall mien")
    yield from _machine(read_vitals(root=root), settings.health)


def as_report(checks: Iterable[Check]) -> dict[str, Any]:
    """The object `mien.doctor/1`, ready for JSON (docs/schema/doctor-1.json)."""
    return {
        "schema": DOCTOR,
        "versions": installed_versions(),
        "checks": [asdict(check) for check in checks],
    }


def _python() -> Check:
    found = ".".join(map(str, sys.version_info[:3]))
    good = sys.version_info >= (3, 11)
    return Check("python", "ok" if good else "fail", found, "" if good else "install Python 3.11 or newer")


def _runtime(settings: Settings) -> Check:
    from edge.runtime import is_runtime_older, runtime_version, version_parts

    found = runtime_version()
    needed = max(_needed_runtimes(settings), key=version_parts, default="0")
    if is_runtime_older(needed):
        return Check(
            "runtime", "fail", found, f"the model needs {needed}: pip install --upgrade ai-edge-litert"
        )
    return Check("runtime", "ok", found)


def _needed_runtimes(settings: Settings) -> Iterator[str]:
    """The least versions that the models ask for; models that cannot be read are told of by other checks."""
    with contextlib.suppress(MienError):
        yield load_model(settings.model).manifest.minimum_runtime
    with contextlib.suppress(MienError):
        if detector := load_detector(settings):
            yield detector.manifest.minimum_runtime


def _vision(settings: Settings) -> Check:
    import cv2

    from edge.runtime import version_parts

    old = version_parts(cv2.__version__) < (4, 10)
    mend = "pip install --upgrade opencv-python-headless" if old else ""
    return Check("vision", "warn" if old else "ok", f"OpenCV {cv2.__version__}", mend)


def _model(settings: Settings) -> Check:
    manifest = load_model(settings.model).manifest
    files = f"{len(manifest.sha256)} files as published"
    found = f"{manifest.name} {manifest.version} ({manifest.quantisation}), {files}"
    return Check("model", "ok", found)


def _golden(settings: Settings) -> Check:
    from edge.bundles.golden import golden_arrays
    from edge.golden import TOLERANCE, compare_golden

    name = "golden outputs"
    bundle = load_model(settings.model)
    with golden_arrays(bundle) as golden:
        comparison = compare_golden(bundle, golden, settings.model.threads)
    if not comparison.within(TOLERANCE):
        return Check(name, "fail", str(comparison), "this runtime computes wrongly: install another version")
    return Check(name, "ok", str(comparison))


def _detector(settings: Settings) -> Check:
    import numpy as np

    from edge.watching import make_detector

    bundle = load_detector(settings)
    detector = make_detector(settings.detector, bundle)
    detector.detect(np.zeros((360, 640, 3), np.uint8))
    name = f"{bundle.manifest.name} {bundle.manifest.version}" if bundle else detector.name
    return Check("detector", "ok", f"{name} at {settings.detector.longest_side} pixels")


def _golden_faces(settings: Settings) -> Check:
    from edge.bundles.golden import golden_arrays
    from edge.detectors.golden import compare_golden

    name = "golden faces"
    bundle = load_detector(settings)
    if bundle is None:
        return Check(name, "ok", "none: not one of mien's own detectors")
    with golden_arrays(bundle) as golden:
        comparison = compare_golden(bundle, golden)
    if comparison.faults:
        return Check(name, "fail", str(comparison), "this runtime computes wrongly: install another version")
    return Check(name, "ok", str(comparison))


def _clip(settings: Settings) -> Check:
    from edge.cameras import open_camera

    camera = open_camera("demo")
    count = 0
    while camera.read() is not None:
        count += 1
    camera.close()
    return Check("demo clip", "ok", f"{count} frames decoded")


def _cameras(settings: Settings) -> Check:
    from edge.cameras.picamera import list_picameras
    from edge.cameras.v4l2 import list_devices

    devices = [*list_picameras(), *list_devices()]
    if not devices:
        return Check("cameras", "warn", "none", "plug in a camera; the demo clip and files work without")
    return Check("cameras", "ok", ", ".join(devices))


def _permission(settings: Settings) -> Check:
    from edge.cameras.v4l2 import list_devices

    closed = [device for device in list_devices() if not os.access(device, os.R_OK | os.W_OK)]
    if closed:
        mend = "sudo usermod -aG video $USER, then log in again"
        return Check("camera permission", "warn", f"{', '.join(closed)} cannot be opened", mend)
    return Check("camera permission", "ok", "nothing is locked")


def _machine(vitals: Vitals, limits: HealthConfig) -> Iterator[Check]:
    """How the machine fares; none of it stops the main job."""
    throttling = vitals.throttling
    if throttling is None:
        yield Check("power", "ok", "not told by this board")
    elif throttling.now or throttling.past:
        past = [f"{flag} (past)" for flag in sorted(throttling.past - throttling.now)]
        found = ", ".join([*sorted(throttling.now), *past])
        yield Check("power", "warn", found, "a stronger power supply, a shorter cable, or better cooling")
    else:
        yield Check("power", "ok", "neither throttled nor under-voltage since the start")
    if vitals.temperature is None:
        yield Check("temperature", "ok", "not told by this machine")
    else:
        hot = vitals.temperature >= limits.hot
        mend = "better cooling; mien uses fewer threads meanwhile" if hot else ""
        yield Check("temperature", "warn" if hot else "ok", f"{vitals.temperature:.0f} °C", mend)
    yield _enough(
        "memory", vitals.memory, limits.low_memory, "end other programs, or raise the unit's MemoryHigh="
    )
    yield _enough("disk", vitals.disk, limits.low_disk, f"free some space below {state_folder()}")


def _enough(name: str, left: int | None, least: float, mend: str) -> Check:
    """Whether more than the least number of megabytes is left."""
    if left is None:
        return Check(name, "ok", "not told by this machine")
    low = left < least * 1e6
    return Check(name, "warn" if low else "ok", f"{left / 1e6:.0f} MB left", mend if low else "")
