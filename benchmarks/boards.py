"""What mien should take on Raspberry Pi boards: reckoned from counted work and published times, not measured.

    python -m benchmarks.boards

A network's time on a board is its multiply-accumulates over the rate at which that board's cores are known to
work through int8 MobileNets. Writes a section of docs/results.md from what the other benchmarks left in
docs/results; takes seconds and says how far this way of reckoning errs where it can be checked.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

import train_keras.models  # noqa: F401 - registers the detector's layers
from benchmarks.outcome import DOCS
from benchmarks.peers.catalogue import BARE, EVERY, MIEN
from train_keras.cost import gflops
from train_keras.models.outputs import expression_only
from train_keras.recipe import Recipe, read_recipe
from train_keras.results import write_section
from train_keras.training import network

COMMAND = "python -m benchmarks.boards"
DETECTOR = Path("train_keras/starts/facet-0.2.keras")
# Multiply-accumulates of MobileNet 1.0 at 224 px, in 1e9, as its papers give them.
MOBILENETS = {"V1": 0.569, "V2": 0.300}
CORES = (2.5, 4.0)  # what four cores are worth to such a network, at the least and at the most
SHIPPED = ("slim_fine", "slim")  # classifiers, one look at a face each
# Of the server that the boards' `slower` compares with.
SERVER = DOCS / "results" / "table2.json", DOCS / "results" / "peers.json"
CHECKED = ("MobileNet V1", "MobileNet V2")


@dataclass(frozen=True, slots=True)
class Board:
    """A board and how fast it is.

    Attributes:
        milliseconds: of int8 MobileNet V1 and V2 through XNNPACK on all four cores.
        faster: than the board those were measured on, at the least and at the most.
        slower: than one core of the server that measured the rest of a frame, at the least and at the most.
    """

    name: str
    processor: str
    milliseconds: tuple[float, float]
    faster: tuple[float, float]
    slower: tuple[float, float]


# XNNPACK's README, table of 8 February 2022: Pi 3+ (Cortex-A53, 1.4 GHz) and Pi 4 (64 bit). In the table of
# ncnn-small-board a MobileNet takes 107.8 ms on a Pi 3B+, 162.6 on a Zero 2 W, 60.7 on a Pi 4 and 11.3 on a
# Pi 5. Of the last step half precision is a part, for which int8's dot product stands here; the clock alone
# is 1.33 to 1.6.
BOARDS = (
    Board("Zero 2 W", "4 Cortex-A53, 1.0 GHz", (46.0, 30.0), (1 / 1.51, 1 / 1.4), (9.0, 15.0)),
    Board("Pi 4", "4 Cortex-A72, 1.5 to 1.8 GHz", (24.0, 17.0), (1.0, 1.2), (4.0, 7.0)),
    Board("Pi 5", "4 Cortex-A76, 2.4 GHz, dot product", (24.0, 17.0), (3.0, 5.4), (1.7, 3.0)),
)


def main() -> None:
    table, peers = (json.loads(file.read_text()) for file in SERVER)
    networks = {one["title"]: one for one in table["networks"]}
    detector = gflops(keras.saving.load_model(DETECTOR, compile=False)) / 2
    work = {name: counted(name) for name in SHIPPED}
    body = section(detector, work, rest_of(peers), checks(networks, detector, detector_of(peers)))
    write_section("boards", "Raspberry Pi boards: an estimate", COMMAND, body)
    print(body)


def counted(name: str) -> float:
    """Multiply-accumulates of one look of a shipped recipe's network, in 1e9."""
    recipe = read_recipe(Path(name))
    assert isinstance(recipe, Recipe)
    return gflops(expression_only(network(recipe))) / 2


def rates(board: Board) -> tuple[float, float]:
    """Multiply-accumulates a second of one core, in 1e9, at the least and at the most.

    >>> rates(Board("b", "", (569.0, 300.0), (1.0, 2.0), (1.0, 1.0)))
    (0.25, 0.8)
    """
    whole = [1e3 * work / spent for work, spent in zip(MOBILENETS.values(), board.milliseconds, strict=True)]
    return min(whole) * board.faster[0] / CORES[1], max(whole) * board.faster[1] / CORES[0]


def spans(board: Board, work: float, rest: float) -> tuple[float, float]:
    """Seconds on one core, at the least and at the most.

    Args:
        work: multiply-accumulates, in 1e9.
        rest: seconds of everything else on the server's core.
    """
    slow, fast = rates(board)
    return work / fast + rest * board.slower[0], work / slow + rest * board.slower[1]


def checks(networks: dict[str, Any], detector: float, seconds: float) -> list[float]:
    """How the same reckoning errs on the server: times from a MobileNet's rate over times as measured.

    Args:
        detector: its multiply-accumulates, in 1e9, and what it takes there.
    """

    def rate(one: Any) -> float:
        return float(one["gflops"] / 2 * one["variants"]["int8"]["classify"]["fps"])

    ours = [rate(_of(networks, name)) for name in SHIPPED] + [detector / seconds]
    return [each / rate(networks[known]) for each in ours for known in CHECKED]


def rest_of(peers: dict[str, Any]) -> float:
    """Seconds of a frame beside the networks, as measured beside the peers."""
    return _spent(peers, EVERY) - _spent(peers, BARE)


def detector_of(peers: dict[str, Any]) -> float:
    """Seconds of the detector's network, from the same."""
    return _spent(peers, BARE) - _spent(peers, MIEN)


def section(detector: float, work: dict[str, float], rest: float, errors: list[float]) -> str:
    """Markdown."""
    head = ["board", "1e9 MAC a second and core"]
    head += [f"{name}, faces a second" for name in work]
    head += [f"{name}, ms a frame" for name in work] + [f"{name}, frames a second" for name in work]
    lines = [head, ["---"] * len(head)]
    for board in BOARDS:
        faces = [spans(board, each, 0.0) for each in work.values()]
        frames = [spans(board, detector + each, rest) for each in work.values()]
        lines.append(
            [f"{board.name} ({board.processor})", _span(*rates(board))]
            + [_rate(span) for span in faces]
            + [_span(1e3 * low, 1e3 * high) for low, high in frames]
            + [_rate(span) for span in frames]
        )
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    counted = ", ".join(f"`{name}` {1e3 * each:.1f}" for name, each in work.items())
    return "\n\n".join((
        _HEAD.format(
            detector=1e3 * detector, counted=counted, rest=1e3 * rest, low=CORES[0], high=CORES[1]
        ).strip(),
        table,
        _TAIL.format(low=100 * (min(errors) - 1), high=100 * (max(errors) - 1)),
    ))  # fmt: skip


def _spent(peers: dict[str, Any], name: str) -> float:
    return next(float(one["seconds"]) for one in peers["peers"] if one["name"] == name)


def _of(networks: dict[str, Any], key: str) -> Any:
    return next(one for one in networks.values() if one["key"] == key)


def _rate(span: tuple[float, float]) -> str:
    return _span(1 / span[1], 1 / span[0])


def _span(low: float, high: float) -> str:
    return f"{_short(low)} to {_short(high)}"


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


_HEAD = """**Not measured: reckoned.** No such board was at hand; `mien bench` on one says what is true.
One core, one thread, 640x480, one face looked at once, a look at the whole picture in every frame.
Counted: the detector {detector:.0f} million multiply-accumulates a frame, the classifiers, a look:
{counted}. A board's rate is that of int8 MobileNets V1 and V2 (569 and 300 million) through XNNPACK,
whose README gives milliseconds on all four cores of a Pi 3+ and a Pi 4; four cores count as {low:g} to
{high:g} of one. From the Pi 3+ to the Zero 2 W goes the clock, or the ratio in ncnn-small-board's table;
from the Pi 4 to the Pi 5 a factor of 3 to 5.4, the latter that table's. The rest of a frame, {rest:.2f}
ms on a server's core, is assumed 9 to 15, 4 to 7 and 1.7 to 3 times as slow."""

_TAIL = """Error: the spans hold what is not known of the boards. On the server, where it can be checked
against Table 2 and the peers, the same reckoning from a MobileNet's rate to mien's three networks errs by
{low:+.0f} to {high:+.0f} %; that comes on top."""


if __name__ == "__main__":
    main()
