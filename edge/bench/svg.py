"""Plots as SVG: text that stands in a page and takes its colours from the page's style."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np

from edge.bench.document import Latency, Reading

WIDTH, HEIGHT = 560, 210
LEFT, RIGHT, TOP, BOTTOM = 44, 44, 30, 34
ACROSS, DOWN = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
BARS = 48
MARKS = ("p50", "p90", "p99")
APART = 34  # pixels between two labels in one line


def histogram(samples: Sequence[float], latency: Latency) -> str:
    """How often which latency, in seconds, with lines at the percentiles; the last bar holds the rest."""
    low, high = min(samples), max(latency.p99, min(samples) * 1.01)
    high += (high - low) / BARS
    counts, _ = np.histogram(np.minimum(samples, high), BARS, (low, high))
    most = max(1, int(counts.max()))
    step = ACROSS / BARS
    bars = ""
    for number, count in enumerate(counts):
        kind = "bar beyond" if number == BARS - 1 else "bar"
        bars += _box(LEFT + number * step + 0.5, step - 1, DOWN * count / most, kind)

    def place(seconds: float) -> float:
        return LEFT + ACROSS * (min(seconds, high) - low) / (high - low)

    marks, free = "", -math.inf
    for name in MARKS:
        x = place(getattr(latency, name))
        at = max(x, free)  # a label gives way to the one before it
        free = at + APART
        marks += f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 6}" y2="{TOP + DOWN}" class="mark"/>'
        marks += _text(at, TOP - 12, name, "middle", "label")
    ticks = "".join(
        _text(place(value), HEIGHT - 14, f"{1000 * value:g}", "middle") for value in round_steps(low, high)
    )
    return _svg(
        "Latency histogram", f"{_ground()}{bars}{marks}{ticks}{_text(WIDTH - 4, HEIGHT - 14, 'ms', 'end')}"
    )


def timeline(readings: Sequence[Reading]) -> str:
    """Calls a second over the seconds, with the temperature, and bands where the firmware throttled."""
    told = [reading for reading in readings if reading.fps is not None]
    if len(told) < 2:
        return ""
    end = told[-1].at_seconds or 1.0
    top = max(reading.fps or 0.0 for reading in told) * 1.1 or 1.0

    def x(seconds: float) -> float:
        return LEFT + ACROSS * seconds / end

    rates = [(x(r.at_seconds), TOP + DOWN * (1 - (r.fps or 0.0) / top)) for r in told]
    parts = [_ground()]
    for before, reading in itertools.pairwise(told):
        if reading.throttled:
            left, right = x(before.at_seconds), x(reading.at_seconds)
            parts.append(_box(left, right - left, DOWN, "throttled"))
    parts.append(_line(rates, "rate"))
    parts += [
        _text(LEFT - 6, TOP + DOWN * (1 - value / top) + 4, f"{value:,g}", "end")
        for value in round_steps(0.0, top, 3)
    ]
    heat = [(x(r.at_seconds), r.temperature) for r in told if r.temperature is not None]
    if heat:
        low, high = (bound(value for _, value in heat) for bound in (min, max))
        low, high = low - 3, high + 3
        parts.append(_line([(at, TOP + DOWN * (1 - (v - low) / (high - low))) for at, v in heat], "heat"))
        parts += [
            _text(
                WIDTH - RIGHT + 6, TOP + DOWN * (1 - (value - low) / (high - low)) + 4, f"{value:g}°", "start"
            )
            for value in round_steps(low, high, 3)
        ]
    parts += [_text(x(value), HEIGHT - 14, f"{value:g}", "middle") for value in round_steps(0.0, end)]
    parts.append(_text(WIDTH - 4, HEIGHT - 14, "s", "end"))
    return _svg("Calls a second and temperature over time", "".join(parts))


def round_steps(low: float, high: float, most: int = 5) -> list[float]:
    """Round numbers within a range, evenly apart.

    >>> round_steps(0.0, 1050.0)
    [0.0, 250.0, 500.0, 750.0, 1000.0]
    """
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(times * power for times in (1, 2, 2.5, 5, 10) if times * power >= rough * 0.999)
    first, last = math.ceil(low / step), math.floor(high / step)
    return [round(number * step, 12) for number in range(first, last + 1)]


def _box(x: float, width: float, height: float, kind: str) -> str:
    """A bar that stands on the axis."""
    y = TOP + DOWN - height
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" class="{kind}"/>'


def _ground() -> str:
    y = TOP + DOWN
    return f'<line x1="{LEFT}" x2="{LEFT + ACROSS}" y1="{y}" y2="{y}" class="axis"/>'


def _line(points: Sequence[tuple[float, float]], kind: str) -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{path}" class="{kind}"/>'


def _text(x: float, y: float, text: str, anchor: str, kind: str = "tick") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{kind}">{text}</text>'


def _svg(title: str, content: str) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}">{content}</svg>'
