"""Whether a model may be used on this device: `admit` looks at it in a child process.

The runtime is made for models one trusts: on a hostile flatbuffer it may crash, loop or take all memory. In a
child with limits of its own, that is a refusal like any other.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge import errors
from edge.bundles.manifest import Task
from edge.errors import DependencyError, MienError, ModelCorruptError, ModelUnfitError

CPU_LIMIT = 60  # seconds of a processor; a sound model takes one or two, on a slow device some more
PATIENCE = 10  # times as long it may take by the clock: the device has other work
MEMORY_LIMIT = 2 << 30  # bytes of address space, of which the runtime and numpy reserve 0.5 GiB
_OUTPUT_LIMIT = 1 << 20  # bytes the child may write into files
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
_REFUSALS = ("ModelMissingError", "ModelCorruptError", "ModelUnfitError", "DependencyError")
MEND = "do not use it, and tell who made it"


@dataclass(frozen=True, slots=True)
class Admission:
    """A model that may be used, with what was measured.

    Attributes:
        name, version, task: of its manifest.
        latency_seconds: median of a single invoke on one thread.
        golden_difference: largest from the golden outputs, of a probability or of a face's score.
        runtime: name and version of what it ran in.
    """

    name: str
    version: str
    task: Task
    latency_seconds: float
    golden_difference: float
    runtime: str


def admit(folder: Path, budget: float | None = None) -> Admission:
    """Check a bundle's files, labels, types, answers and speed on this device.

    Args:
        folder: with the whole bundle, as `archive.unpack` leaves it.
        budget: seconds a single invoke may take; None does not look at it.
    Raises:
        ModelMissingError: the folder holds no bundle.
        ModelCorruptError: it is damaged, not what it says, or crashes the runtime.
        ModelUnfitError: it is sound, but needs a newer runtime, or is too slow.
        DependencyError: no runtime is installed, or this user may not run Python.
    """
    command = [sys.executable, "-P", "-m", "edge.bundles.admission", str(folder.absolute()), str(CPU_LIMIT)]
    command += [] if budget is None else [str(budget)]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE * CPU_LIMIT,
            env={**os.environ, **_ONE_THREAD},
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _endless(folder) from error
    except OSError as error:  # root's own Python, which the store's owner may not run
        raise DependencyError(
            f"{sys.executable} cannot be started ({error.strerror}): install mien where every user may run it"
        ) from error
    if done.returncode == -signal.SIGXCPU:
        raise _endless(folder)
    if done.returncode < 0:
        name = signal.Signals(-done.returncode).name
        raise ModelCorruptError(f"{folder} crashes the runtime ({name}): {MEND}")
    return _read(folder, done.stdout)


def _endless(folder: Path) -> ModelUnfitError:
    return ModelUnfitError(f"{folder} was not done after {CPU_LIMIT} s on this device: use a smaller model")


def _read(folder: Path, output: bytes) -> Admission:
    """What the child said in its last line."""
    try:
        answer: dict[str, Any] = json.loads(output.splitlines()[-1])
        refusal, reason = answer.pop("refusal", None), answer.pop("reason", None)
        admission = None if refusal else Admission(**answer)
    except (ValueError, IndexError, TypeError, AttributeError) as error:
        raise ModelCorruptError(f"{folder} ended the runtime without an answer: {MEND}") from error
    if admission is not None:
        return admission
    kind = getattr(errors, refusal) if refusal in _REFUSALS else ModelCorruptError
    raise kind(reason)


def main(folder: Path, seconds: int, budget: float | None) -> dict[str, Any]:
    """The child's part: what was found, or `refusal` and `reason`."""
    _limit(seconds)
    try:
        from edge.bundles.examination import examine

        return examine(folder, budget)
    except MienError as error:
        refusal, reason = type(error).__name__, str(error)
    except ImportError as error:
        refusal, reason = DependencyError.__name__, f"{error}: install mien again"
    except Exception as error:  # whatever else a hostile bundle brings about: numpy, zipfile, memory
        first = (str(error).splitlines() or [""])[0]
        refusal = ModelCorruptError.__name__
        reason = f"{folder} cannot be run ({type(error).__name__}: {first}): {MEND}"
    return {"refusal": refusal, "reason": reason}


def _limit(seconds: int) -> None:
    for kind, limit in (
        (resource.RLIMIT_AS, MEMORY_LIMIT),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, _OUTPUT_LIMIT),
        (resource.RLIMIT_CORE, 0),
    ):
        _, most = resource.getrlimit(kind)
        limit = limit if most == resource.RLIM_INFINITY else min(limit, most)
        resource.setrlimit(kind, (limit, most))  # at the upper one of time the signal would be SIGKILL


if __name__ == "__main__":
    path, limit, *rest = sys.argv[1:]
    print(json.dumps(main(Path(path), int(limit), float(rest[0]) if rest else None)))
