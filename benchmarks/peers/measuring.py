"""Peers made ready, compared with what they have to answer, and measured in turns."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers.catalogue import Peer
from benchmarks.peers.venvs import FOLDER, PeerError
from benchmarks.peers.worker import Worker
from benchmarks.rounds import Rounds, Turn, take_turns
from edge.bench.stretch import Report

Told = dict[
    str, Any
]  # what is said of a peer: always `name` and `kind`, and `reason` where it cannot take part


@contextlib.contextmanager
def at_work(
    peers: tuple[Peer, ...],
    known: Mapping[str, Any],
    missing: Mapping[str, str],
    report: Report,
    folder: Path = FOLDER,
) -> Iterator[tuple[dict[str, Worker], list[Told]]]:
    """The workers that got ready and give the answers they have to, by name, and what is said of each peer.

    Args:
        known: paths, as of `worker.Worker`.
        missing: by the name of a peer, why it need not be tried.
        report: hears of progress.
    """
    with contextlib.ExitStack() as stack:
        workers: dict[str, Worker] = {}
        told: list[Told] = []
        for peer in peers:
            report(f"starting {peer.name}", 0.0)
            said: Told = {"name": peer.name, "kind": peer.kind}
            told.append(said)
            try:
                if peer.name in missing:
                    raise PeerError(missing[peer.name])
                worker = Worker(peer, known, folder)
                stack.callback(worker.close)
                said["about"] = worker.about
                if peer.like is not None and peer.like in workers:
                    said |= {"like": peer.like, "apart": agree(worker, workers[peer.like], peer.within)}
                workers[peer.name] = worker
            except PeerError as error:
                said["reason"] = str(error)
            report(f"starting {peer.name}", 1.0)
        yield workers, told


def agree(worker: Worker, like: Worker, within: float) -> float:
    """The largest difference between two workers' probabilities of the same faces.

    Raises:
        PeerError: it is larger than that, or one of them ended.
    """
    apart = float(np.abs(np.subtract(worker.answers(), like.answers())).max())
    if not apart <= within:
        raise PeerError(f"its answers are up to {apart:.2g} from those of {like.name}")
    return apart


def measure(
    workers: Mapping[str, Worker], told: list[Told], rounds: int, seconds: float, report: Report
) -> Rounds:
    """Measure in turns, and say of each peer what a call of it takes, or why it ended meanwhile."""
    ended: dict[str, str] = {}

    def turn_of(name: str, worker: Worker) -> Turn:
        def turn(seconds: float) -> Sequence[float]:
            try:
                return [math.nan] if name in ended else worker.turn(seconds)
            except PeerError as error:
                ended[name] = str(error)
                return [math.nan]

        return turn

    turns = {name: turn_of(name, worker) for name, worker in workers.items()}
    found = take_turns(turns, rounds, seconds, report)
    whole = Rounds({name: all_ for name, all_ in found.medians.items() if name not in ended}, found.record)
    for said in told:
        name = said["name"]
        if name in ended:
            said["reason"] = ended[name]
        elif name in workers:
            said |= {"seconds": whole.seconds(name), "rounds_seconds": list(whole.medians[name])}
    return whole
