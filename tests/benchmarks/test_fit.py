from __future__ import annotations

import math

import numpy as np
import pytest

from benchmarks.fit import fit_line


def test_points_on_a_line():
    line = fit_line([1, 2, 5, 30], [3.5, 4.0, 5.5, 18.0])
    assert (line.start, line.slope) == pytest.approx((3.0, 0.5))
    assert line.residual == pytest.approx(0, abs=1e-9)
    assert line.slope_error == pytest.approx(0, abs=1e-9)


def test_errors_are_those_of_least_squares():
    rng = np.random.default_rng(0)
    x = np.arange(1, 31)
    y = 1.2 + 0.07 * x + rng.normal(0, 0.05, 30)
    line = fit_line(list(x), list(y))
    (slope, start), covariance = np.polyfit(x, y, 1, cov="unscaled")
    missed = y - (start + slope * x)
    variance = missed @ missed / 28
    assert (line.start, line.slope) == pytest.approx((start, slope))
    assert line.slope_error == pytest.approx(math.sqrt(variance * covariance[0, 0]))
    assert line.start_error == pytest.approx(math.sqrt(variance * covariance[1, 1]))
    assert line.residual == pytest.approx(math.sqrt(np.mean(missed**2)))
    assert line.at(10) == pytest.approx(start + 10 * slope)


def test_two_points_have_no_error_to_tell():
    line = fit_line([1, 3], [1.0, 5.0])
    assert (line.start, line.slope) == (-1.0, 2.0)
    assert math.isnan(line.slope_error)


def test_one_place_makes_no_line():
    with pytest.raises(ValueError, match="two different x"):
        fit_line([2, 2, 2], [1.0, 2.0, 3.0])
