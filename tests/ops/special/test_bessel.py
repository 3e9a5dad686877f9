"""Bessel functions and Airy's: how near to the exact values, where they end, and their slopes."""

import math
from math import inf, nan

import mpmath as mp
import numpy as np
import pytest
from leaves import leaf
from ulps import edges, points, worst

import cltensor as ct
from cltensor.errors import GradientError
from cltensor.testing import gradcheck, gradgradcheck


def _amplitude(x):
    return min(1.0, math.sqrt(2 / math.pi / max(abs(x), 1e-3)))


def _airy_floor(x):
    if x >= 0:  # 4 ulp more for each unit of x^(3/2)
        return float(mp.airyai(x)) * (1 + x**1.5 / 2)
    return (1 + abs(x) ** 1.5 / 2) / math.sqrt(math.pi) / max(abs(x), 0.1) ** 0.25


WAVES, GROWS = [(0, 10), (-5, 3, "decades"), (2.3, 2.5)], [(0, 30), (-5, 1.9, "decades")]
EITHER = [(-15, 15), (-5, 1.9, "decades")]
ACCURACY = {
    "bessel_j0": (lambda x: mp.besselj(0, x), 8, [(-10, 10), *WAVES], _amplitude),
    "bessel_j1": (lambda x: mp.besselj(1, x), 8, [(-10, 10), *WAVES], _amplitude),
    "bessel_y0": (lambda x: mp.bessely(0, x), 8, WAVES, _amplitude),
    "bessel_y1": (lambda x: mp.bessely(1, x), 8, WAVES, _amplitude),
    "spherical_bessel_j0": (mp.sinc, 3, EITHER, None),
    "i0": (lambda x: mp.besseli(0, x), 6, EITHER, None),
    "i1": (lambda x: mp.besseli(1, x), 6, EITHER, None),
    "i0e": (lambda x: mp.exp(-abs(x)) * mp.besseli(0, x), 5, EITHER, None),
    "i1e": (lambda x: mp.exp(-abs(x)) * mp.besseli(1, x), 5, EITHER, None),
    "modified_bessel_k0": (lambda x: mp.besselk(0, x), 6, GROWS, None),
    "modified_bessel_k1": (lambda x: mp.besselk(1, x), 6, GROWS, None),
    "scaled_modified_bessel_k0": (lambda x: mp.exp(x) * mp.besselk(0, x), 6, GROWS, None),
    "scaled_modified_bessel_k1": (lambda x: mp.exp(x) * mp.besselk(1, x), 6, GROWS, None),
    "airy_ai": (mp.airyai, 8, [(-12, 6), (-2.4, -2.3), (-5, 0.5, "decades")], _airy_floor),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ACCURACY)
def test_accuracy(device, name, dtype):
    if dtype == "float64" and not device.fp64:
        pytest.skip(f"'{device}' has no float64")
    exact, bound, ranges, floor = ACCURACY[name]
    x = points(ranges, dtype, 40)
    off, x = worst(getattr(ct.special, name), exact, [x], floor or (lambda x: 0.0))
    assert off <= bound, f"{name}{x} is off by {off:.1f} ulp"


def test_where_they_end(device):
    s = ct.special
    edges(s.bessel_j0, [0, inf, -inf, nan], [1, 0, 0, nan])
    edges(s.bessel_j1, [0.0, -0.0, inf, -1, nan], [0.0, -0.0, 0, -0.4400506, nan])
    edges(s.bessel_y0, [0, inf, -1, nan], [-inf, 0, nan, nan])
    edges(s.bessel_y1, [0, inf, -1, nan], [-inf, 0, nan, nan])
    edges(s.spherical_bessel_j0, [0, inf, nan], [1, 0, nan])
    edges(s.i0, [0, inf, -inf, nan, 90], [1, inf, inf, nan, 5.1392385e37])
    edges(s.i1, [0.0, -0.0, inf, -inf, nan], [0.0, -0.0, inf, -inf, nan])
    edges(s.i0e, [0, inf, nan], [1, 0, nan])
    edges(s.i1e, [0.0, -0.0, inf, -inf, nan], [0.0, -0.0, 0, -0.0, nan])
    for k in (s.modified_bessel_k0, s.modified_bessel_k1):
        edges(k, [0, inf, -1, nan], [inf, 0, nan, nan])
    for k in (s.scaled_modified_bessel_k0, s.scaled_modified_bessel_k1):
        edges(k, [0, inf, -1, nan], [inf, 0, nan, nan])
    edges(s.airy_ai, [0, inf, -inf, nan], [0.3550281, 0, 0, nan])
    assert s.modified_bessel_i0 is s.i0 is ct.i0
    assert s.modified_bessel_i1 is s.i1
    assert ct.i0(ct.tensor([1, 2])).numpy() == pytest.approx([1.2660659, 2.2795853])


def test_derivatives(device):
    dtype = "float64" if device.fp64 else None
    x = leaf([0.3, 1.9, 9.5], dtype)
    for name in set(ACCURACY) - {"airy_ai"}:
        assert gradcheck(getattr(ct.special, name), [x]), name
        assert gradgradcheck(getattr(ct.special, name), [x]), name
    at_zero = leaf([0.0], dtype)
    for name, slope in (("bessel_j1", 0.5), ("i1", 0.5), ("i1e", 0.5), ("bessel_j0", 0), ("i0", 0)):
        at_zero.grad = None
        getattr(ct.special, name)(at_zero).sum().backward()
        assert at_zero.grad.item() == slope, name
    with pytest.raises(GradientError, match="airy_ai: there is no derivative"):
        ct.special.airy_ai(x).sum().backward()
    assert np.isfinite(ct.special.airy_ai(x).detach().numpy()).all()
