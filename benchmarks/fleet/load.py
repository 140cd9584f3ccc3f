"""Many devices at one broker: whether every message arrives, and what the broker needs.

    python -m benchmarks.fleet.load [--devices 200] [--rate 2] [--minutes 10] [--note TEXT]

Needs mosquitto. Writes docs/results/fleet-load.json and a section of docs/results.md; fails where a message
is missing.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.fleet import broker as brokers
from benchmarks.fleet.broker import Mosquitto, Usage
from benchmarks.fleet.recording import record
from benchmarks.fleet.witness import Witness
from edge.bench import machine
from train_keras.results import commit, write_section

SCHEMA = "mien.fleet_load/1"
RESULT = Path("docs/results/fleet-load.json")
FRAMES = 400  # of the demo clip
CROWDS = 4  # processes
SETTLE = 5.0  # seconds for the last messages to arrive
QUIET = 20.0  # seconds in which connected devices say nothing but that they are there
SYS = ("bytes/received", "bytes/sent", "publish/messages/dropped", "publish/messages/received")


def measure(
    devices: int, rate: float, seconds: float, quiet: float = QUIET, crowds: int = CROWDS
) -> dict[str, Any]:
    """Run it all.

    Args:
        rate: observations a second of a device.
        quiet: seconds of silence before, to see what connections alone cost.
        crowds: processes the devices are spread over.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        recording = folder / "recorded.jsonl"
        observations = record(recording, FRAMES)
        broker = stack.enter_context(Mosquitto(folder))
        witness = stack.enter_context(Witness(broker.port))
        empty = broker.usage()
        began = time.monotonic()
        started = [
            _start(broker.port, recording, *share, rate, seconds) for share in _shares(devices, crowds)
        ]
        for process in started:
            stack.callback(process.kill)
        for process in started:
            _expect(process, "ready")
        connecting, connected = time.monotonic() - began, broker.usage()
        time.sleep(quiet)
        before, told = broker.usage(), _said(witness)
        began = time.monotonic()
        for process in started:
            _say(process)
        answers = [json.loads(_line(process)) for process in started]
        sent = {name: count for answer in answers for name, count in answer["sent"].items()}
        _settle(witness, sum(sent.values()))
        took, after, telling = time.monotonic() - began, broker.usage(), _said(witness)
        for process in started:
            _say(process)
            process.wait()
        changed = {key: telling[key] - told[key] for key in SYS}
        total = sum(sent.values())
        return {
            "schema": SCHEMA,
            "time": datetime.now(UTC).isoformat(timespec="seconds"),
            "commit": commit(),
            "machine": machine.describe().model_dump(),
            "mosquitto": brokers.version(),
            "devices": devices,
            "rate": rate,
            "seconds": seconds,
            "faces": round(statistics.mean(len(one.faces) for one in observations), 2),
            "sent": total,
            "received": witness.heard - witness.repeated,
            "missing": witness.missing(sent),
            "repeated": witness.repeated,
            "disordered": witness.disordered,
            "lost_by_devices": sum(answer["lost"] for answer in answers),
            "dropped_by_broker": changed["publish/messages/dropped"],
            "reports": witness.reports,
            "delay_seconds": _delays(witness),
            "latest_seconds": round(max(answer["latest_seconds"] for answer in answers), 3),
            "took_seconds": round(took, 1),
            "bytes_in_per_second": round(changed["bytes/received"] / took),
            "bytes_out_per_second": round(changed["bytes/sent"] / took),
            "messages_in_per_second": round(changed["publish/messages/received"] / took, 1),
            "broker": _costs(before, after, took, total),
            "connections": _connections(empty, connected, before, devices, connecting, quiet),
            "devices_processor_seconds": round(sum(answer["processor_seconds"] for answer in answers), 1),
        }


def _shares(devices: int, crowds: int) -> list[tuple[int, int]]:
    """First device and number of devices of each process.

    >>> _shares(5, 2)
    [(0, 3), (3, 2)]
    """
    ends = [-(-devices * place // crowds) for place in range(crowds + 1)]
    return [(first, end - first) for first, end in itertools.pairwise(ends) if end > first]


def _start(
    port: int, recording: Path, first: int, count: int, rate: float, seconds: float
) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "benchmarks.fleet.crowd", str(recording), "--port", str(port)]
    command += ["--first", str(first), "--count", str(count), "--rate", str(rate), "--seconds", str(seconds)]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    if line := process.stdout.readline():
        return line
    raise RuntimeError("a process with devices ended: the machine has no room for so many?")


def _expect(process: subprocess.Popen[str], word: str) -> None:
    if (line := _line(process).strip()) != word:
        raise RuntimeError(f"a process with devices says {line!r}, not {word!r}")


def _say(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def _settle(witness: Witness, sent: int) -> None:
    """Wait for the last messages, and for the broker's next word about itself."""
    ends = time.monotonic() + SETTLE
    while witness.heard < sent and time.monotonic() < ends:
        time.sleep(0.05)
    time.sleep(1.5)


def _said(witness: Witness) -> dict[str, int]:
    return {key: int(witness.broker.get(key, "0")) for key in SYS}


def _delays(witness: Witness) -> dict[str, float]:
    ordered = sorted(witness.delays)
    if not ordered:
        return {}
    shares = {"median": 0.5, "p99": 0.99, "most": 1.0}
    places = {name: min(int(share * len(ordered)), len(ordered) - 1) for name, share in shares.items()}
    return {name: round(ordered[place], 4) for name, place in places.items()}


def _costs(before: Usage, after: Usage, took: float, messages: int) -> dict[str, float]:
    used = after.processor_seconds - before.processor_seconds
    return {
        "processor_seconds": round(used, 2),
        "processor_percent_of_a_core": round(100 * used / took, 2),
        "processor_seconds_per_1000_messages": round(1000 * used / messages, 4),
        "memory_bytes": after.memory,
    }


def _connections(
    empty: Usage, connected: Usage, before: Usage, devices: int, seconds: float, quiet: float
) -> dict[str, float]:
    idle = before.processor_seconds - connected.processor_seconds
    return {
        "seconds_until_all_were_there": round(seconds, 1),
        "memory_bytes_each": round((connected.memory - empty.memory) / devices),
        "idle_processor_percent_of_a_core": round(100 * idle / quiet, 2) if quiet else 0.0,
    }


def section(found: dict[str, Any]) -> str:
    """The result as a table, in Markdown."""
    cost, delay, room = found["broker"], found["delay_seconds"], found["connections"]
    each = f"{cost['processor_seconds_per_1000_messages']:.3f} s"
    share, idle = cost["processor_percent_of_a_core"], room["idle_processor_percent_of_a_core"]
    memory = f"{cost['memory_bytes'] / 1e6:.1f} MB; {room['memory_bytes_each'] / 1000:.1f} kB"
    waits = ", ".join(f"{1000 * delay[name]:.0f}" for name in ("median", "p99", "most"))
    rows = [
        ("messages told by devices, QoS 1", f"{found['sent']:,}"),
        ("missing at the subscriber", f"**{found['missing']:,}**"),
        ("heard twice; out of order", f"{found['repeated']:,}; {found['disordered']:,}"),
        (
            "lost by devices; dropped by the broker",
            f"{found['lost_by_devices']}; {found['dropped_by_broker']}",
        ),
        ("the broker's processor time", f"**{cost['processor_seconds']:.1f} s**, {share:.1f} % of a core"),
        ("the same for 1,000 messages in, each out once", each),
        ("the broker's memory; of it, a connection", memory),
        ("the same devices connected and silent", f"{idle:.1f} % of a core"),
        ("bytes a second in; out", f"{found['bytes_in_per_second']:,}; {found['bytes_out_per_second']:,}"),
        ("from an observation to its subscriber: median, 99 %, longest", f"{waits} ms"),
    ]
    made = found["machine"]
    head = (
        f"{found['devices']} simulated devices, {found['rate']:g} observations a second each, for "
        f"{found['seconds'] / 60:g} minutes, at one mosquitto {found['mosquitto']} on the same machine "
        f"({made['cpu']}, {made['usable_cores']} cores). The devices are mien's own publisher on recorded "
        "observations; a subscriber checks the number that each observation carries."
    )
    note = f"\n\n{found['note']}" if found.get("note") else ""
    return f"{head}{note}\n\n| | |\n|---|---|\n" + "\n".join(f"| {what} | {value} |" for what, value in rows)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--devices", type=int, default=200)
    parser.add_argument("--rate", type=float, default=2.0)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--note", help="what else the machine did")
    asked = parser.parse_args()
    found = measure(asked.devices, asked.rate, 60 * asked.minutes) | {"note": asked.note}
    RESULT.write_text(json.dumps(found, indent=1) + "\n")
    write_section("fleet", "A fleet at one broker", "python -m benchmarks.fleet.load", section(found))
    print(section(found))
    sys.exit(found["missing"] > 0)


if __name__ == "__main__":
    main()
