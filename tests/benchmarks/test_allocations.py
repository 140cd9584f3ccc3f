from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from benchmarks.allocations import allocating_lines, section, watch

KIB = 1024
HERE = str(Path(__file__))


def test_a_step_that_keeps_nothing():
    steady = watch(lambda: np.zeros(64 * KIB, np.uint8).max(), 40)
    assert steady.surviving_bytes < KIB
    assert 64 * KIB <= steady.peak_bytes < 70 * KIB


def test_a_step_that_keeps_an_array():
    kept = []
    steady = watch(lambda: kept.append(np.zeros(4 * KIB, np.uint8)), 40)
    assert 4 * KIB <= steady.surviving_bytes < 5 * KIB
    assert steady.surviving_blocks >= 1


def makes_much() -> None:
    for _ in range(2):
        big = np.zeros(32 * KIB, np.uint8)
        del big
    small = np.zeros(2 * KIB, np.uint8)
    del small


def line_of(text: str) -> int:
    source = Path(__file__).read_text().splitlines()
    return next(number for number, line in enumerate(source, 1) if line.strip() == text)


def test_lines_are_charged_for_what_they_drop_too():
    lines = allocating_lines(makes_much, 5, within=HERE)
    (first, most), (second, less) = lines[:2]
    assert first == f"{HERE}:{line_of('big = np.zeros(32 * KIB, np.uint8)')}"
    assert 64 * KIB <= most < 66 * KIB
    assert second == f"{HERE}:{line_of('small = np.zeros(2 * KIB, np.uint8)')}"
    assert 2 * KIB <= less < 3 * KIB


def test_code_elsewhere_is_not_charged():
    assert allocating_lines(makes_much, 2, within="/nowhere/") == []


def test_the_section_names_lines_from_the_root():
    options = argparse.Namespace(adaptive=False, frames=40)
    lines = [(f"{HERE}:1", 3 * KIB)]
    text = section(watch(lambda: None, 4), lines, options)
    assert "| `tests/benchmarks/test_allocations.py:1` `from __future__ import annotations` | 3.00 |" in text
