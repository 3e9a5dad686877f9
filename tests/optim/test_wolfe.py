"""The line search: cubic interpolation, and points that fulfil the strong Wolfe conditions."""

import math

import pytest

import cltensor as ct
from cltensor.optim.wolfe import Point, interpolated, strong_wolfe


def point(at, value, slope):
    return Point(at, value, ct.zeros(1), slope)


def test_the_minimum_of_a_cubic_is_found():
    # x**3 - 3 x has its minimum at 1, -2.
    a, b = point(0.0, 0.0, -3.0), point(2.0, 2.0, 9.0)
    assert interpolated(a, b) == pytest.approx(1)
    assert interpolated(b, a) == pytest.approx(1)
    assert interpolated(a, b, (1.5, 3.0)) == 1.5
    assert interpolated(point(0.0, 0.0, 1.0), point(1.0, 9.0, 1e-9)) in (0.5, 0.0, 1.0)


@pytest.mark.parametrize("first", [1e-3, 0.1, 1.0, 30.0])
def test_strong_wolfe_conditions_hold(first):
    def at(t):
        return point(t, math.cosh(t - 2), math.sinh(t - 2))

    start = at(0.0)
    found, calls = strong_wolfe(at, start, first, 25, 1e-9)
    assert found.value <= start.value + 1e-4 * found.at * start.slope
    assert abs(found.slope) <= 0.9 * abs(start.slope)
    assert 1 <= calls <= 26
