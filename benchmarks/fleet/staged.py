"""A good and a bad model on their way through a fleet, by `mien fleet rollout` and the signed index.

    python -m benchmarks.fleet.staged [--devices 200] [--probation 60]

Needs mosquitto. Every device has a store of its own, asks the index, checks what it installs and goes back by
itself. The bad model passes every check and is too slow in the field. Writes docs/results/fleet-staged.json
and a section of docs/results.md; fails where the bad one was not stopped in its first stage, or the good one
was.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.fleet.broker import Mosquitto
from benchmarks.fleet.updating import Device
from edge import bundles, swapping
from edge.bundles import archive, signing
from edge.errors import RolloutStoppedError
from edge.store.updates import Index, Offer, is_in_share
from train_keras.results import commit, write_section

SCHEMA = "mien.fleet_staged/1"
RESULT = Path("docs/results/fleet-staged.json")
MODEL = bundles.DEFAULT_MODEL
GOOD, BAD = "9.1.0", "9.2.0"
SLOWER = 1000.0  # times, of the bad one in the field
CHECKS = 10  # devices that look at the index before all daemons have their next moment
CHECK = 20.0  # seconds between two looks of a device at the index; a day in the field
REPORT = 10.0  # seconds between two reports of a device
PATIENCE = 900.0  # seconds of a roll-out without any change


@dataclass
class Fleet:
    """Devices in this process, looked after by one thread; a context manager."""

    devices: list[Device]
    check: float = CHECK
    _stopped: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Fleet:
        self._thread = threading.Thread(target=self._live, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stopped.set()
        self._thread.join()
        for device in self.devices:
            device.close()

    def _live(self) -> None:
        # Spread over the time, as devices' timers are.
        gap = self.check / len(self.devices)
        due, turns = time.monotonic(), itertools.cycle(self.devices)
        while not self._stopped.is_set():
            for device in self.devices:
                device.look()
            for _ in range(CHECKS):
                if self._stopped.is_set() or due > time.monotonic():
                    break
                due += gap
                if next(turns).check():  # that took a while; the others' daemons go on
                    break
            due = max(due, time.monotonic() - gap)  # what a busy machine did not manage is not made up for
            self._stopped.wait(0.02)


@dataclass(frozen=True)
class Maker:
    """Whoever makes models: keys, and a folder that devices fetch from."""

    folder: Path
    port: int

    @property
    def index(self) -> Path:
        return self.folder / "web/index.json"

    def prepare(self) -> list[signing.TrustedKey]:
        """Make keys and a configuration; whom to trust."""
        keys = self.folder / "etc/mien/keys"
        keys.mkdir(parents=True)
        self.index.parent.mkdir()
        (self.folder / "mien.toml").write_text(f'[mqtt]\nhost = "127.0.0.1"\nport = {self.port}\n')
        return [signing.create_keys(self.folder / "secret", keys / "maker.pub", None)]

    def offer(self, version: str) -> None:
        """Pack the shipped model as another version, sign it, and add it to the index."""
        made = self.folder / f"made-{version}"
        shutil.copytree(bundles.SHIPPED / MODEL, made)
        manifest = json.loads((made / "manifest.json").read_text()) | {"version": version}
        (made / "manifest.json").write_text(json.dumps(manifest))
        file = archive.pack(made, self.index.parent / f"{MODEL}-{version}{archive.SUFFIX}")
        signing.sign(file, self.folder / "secret", None, "bundle")
        self.mien("offer", str(self.index), str(file), "--secret-key", str(self.folder / "secret"))

    def roll_out(self, version: str, *more: str) -> subprocess.CompletedProcess[str]:
        """`mien fleet rollout`, to its end."""
        asked = [str(self.index), f"{MODEL}@{version}", "--secret-key", str(self.folder / "secret")]
        asked += ["--config", str(self.folder / "mien.toml"), "--patience", str(PATIENCE / 3600)]
        return self.mien("rollout", *asked, *more, check=False)

    def mien(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """`mien fleet …` with this maker's keys."""
        command = [sys.executable, "-m", "edge.cli", "fleet", *arguments]
        environment = os.environ | {"XDG_CONFIG_HOME": str(self.folder / "etc")}
        return subprocess.run(command, env=environment, check=check, capture_output=True, text=True)

    def share(self, version: str) -> float:
        """Per cent of the devices that the index offers a version to."""
        index = Index.model_validate_json(self.index.read_bytes())
        return next(offer.rollout for offer in index.models if offer.version == version)


def measure(devices: int, probation: float, stages: str = "5,25,100", check: float = CHECK) -> dict[str, Any]:
    """Roll out a good model, then a bad one.

    Args:
        probation: seconds.
        stages: per cent, as `mien fleet rollout` takes them.
        check: seconds between two looks of a device at the index.
    """
    swapping.PROBATION = probation
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        broker = stack.enter_context(Mosquitto(folder))
        maker = Maker(folder, broker.port)
        keys = maker.prepare()
        maker.offer(GOOD)
        address = maker.index.as_uri()
        made = [
            Device(
                number,
                folder / f"stores/{number}",
                broker.port,
                address,
                keys,
                lambda version: SLOWER if version == BAD else 1.0,
                REPORT,
            )
            for number in range(devices)
        ]
        stack.enter_context(Fleet(made, check))
        good = _follow(maker, made, GOOD, stages)
        maker.offer(BAD)
        bad = _follow(maker, made, BAD, stages)
        bad["tried_at_its_end"] = bad["tried"]
        time.sleep(2 * check)  # whoever was about to take it has done so
        bad |= _fates(made, BAD)
        return {
            "schema": SCHEMA,
            "time": datetime.now(UTC).isoformat(timespec="seconds"),
            "commit": commit(),
            "devices": devices,
            "stages": stages,
            "probation_seconds": probation,
            "check_seconds": check,
            "good": good,
            "bad": bad,
        }


def _follow(maker: Maker, devices: list[Device], version: str, stages: str) -> dict[str, Any]:
    began = time.monotonic()
    done = maker.roll_out(version, "--stages", stages)
    first = Offer(
        name=MODEL, version=version, url="", size=1, sha256="0" * 64, rollout=float(stages.split(",")[0])
    )
    return {
        "exit_code": done.returncode,
        "seconds": round(time.monotonic() - began, 1),
        "share_at_its_end": maker.share(version),
        "in_first_stage": sum(is_in_share(first, device.name) for device in devices),
        **_fates(devices, version),
        "log": [line.removeprefix("mien: ") for line in done.stderr.splitlines()],
    }


def _fates(devices: list[Device], version: str) -> dict[str, int]:
    """How many devices have installed a version, use it, and rolled it back."""
    stores = [device.store for device in devices]
    return {
        "tried": sum(any(f"/{version}-" in pointer for pointer in store.folders()) for store in stores),
        "use_it": sum(f"/{version}-" in (store.active("expression") or "") for store in stores),
        "rolled_back": sum(f"{MODEL}@{version}" in store.state().bad for store in stores),
    }


def is_right(found: dict[str, Any]) -> bool:
    """Whether the good model got through, and the bad one no farther than its first stage."""
    good, bad = found["good"], found["bad"]
    return (
        (good["exit_code"], good["rolled_back"], good["share_at_its_end"]) == (0, 0, 100)
        and (bad["exit_code"], bad["share_at_its_end"]) == (RolloutStoppedError.exit_code, 0)
        and bad["rolled_back"] == bad["tried"] <= bad["in_first_stage"]
    )


def section(found: dict[str, Any]) -> str:
    """The result in Markdown."""
    good, bad = found["good"], found["bad"]
    rows = [
        ("ends with", good["exit_code"], bad["exit_code"]),
        ("seconds", good["seconds"], bad["seconds"]),
        ("offered at the end to, per cent", f"{good['share_at_its_end']:g}", f"{bad['share_at_its_end']:g}"),
        ("devices in the first stage", good["in_first_stage"], bad["in_first_stage"]),
        ("devices that installed it", good["tried"], bad["tried"]),
        ("devices that rolled it back", good["rolled_back"], bad["rolled_back"]),
        ("devices that use it then", good["use_it"], bad["use_it"]),
    ]
    head = (
        f"{found['devices']} simulated devices with a model store each, at a real mosquitto; stages of "
        f"{found['stages']} %, a probation of {found['probation_seconds']:g} s, a look at the index every "
        f"{found['check_seconds']:g} s (once a day in the field). The bad model is the good one, {SLOWER:g} "
        "times as slow in the field, so that it passes every check of the installation."
    )
    table = "\n".join(f"| {what} | {left} | {right} |" for what, left, right in rows)
    log = "\n".join(bad["log"])
    return f"{head}\n\n| | good | bad |\n|---|---|---|\n{table}\n\nThe bad one's log:\n\n```\n{log}\n```"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--devices", type=int, default=200)
    parser.add_argument("--probation", type=float, default=60.0, help="seconds")
    asked = parser.parse_args()
    found = measure(asked.devices, asked.probation)
    RESULT.write_text(json.dumps(found, indent=1) + "\n")
    write_section(
        "fleet-staged", "A model through a fleet", "python -m benchmarks.fleet.staged", section(found)
    )
    print(section(found))
    sys.exit(not is_right(found))


if __name__ == "__main__":
    main()
