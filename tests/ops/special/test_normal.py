"""The error function's family: how near to the exact values, where they end, and their slopes."""

from math import inf, nan

import mpmath as mp
import numpy as np
import pytest
from leaves import leaf
from ulps import edges, points, worst

import cltensor as ct
from cltensor.testing import gradcheck, gradgradcheck


def _erfcx(x):
    return (
        mp.exp(x * x) * mp.erfc(x)
        if x < 50
        else mp.hyp2f0(1, 0.5, -1 / (x * x)) / x / mp.sqrt(mp.pi)
    )


def _ndtr(x):
    return mp.erfc(-x / mp.sqrt(2)) / 2


def _ndtri(p):
    """By Newton's method on the logarithm of the nearer tail."""
    tail = min(p, 1 - p)
    y = mp.findroot(lambda y: mp.log(mp.erfc(y) / 2) - mp.log(tail), mp.sqrt(-mp.log(2 * tail)))
    return y * mp.sqrt(2) * (-1 if p < 0.5 else 1)


ACCURACY = {
    "erf": (mp.erf, 3, [(-6, 6), (-30, 1, "decades")]),
    "erfc": (mp.erfc, 5, [(-6, 9), (-20, 1, "decades"), (9, 26)]),
    "erfcx": (_erfcx, 5, [(-9, 9), (-20, 30, "decades")]),
    "ndtr": (_ndtr, 5, [(-13, 6), (-37, -13)]),
    "log_ndtr": (lambda x: mp.log(_ndtr(x)), 6, [(-30, 8), (-200, 5)]),
    "erfinv": (mp.erfinv, 4, [(-1, 1), (-10, -0.01, "decades")]),
    "ndtri": (_ndtri, 5, [(0.01, 0.99), (-36, -1, "decades")]),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ACCURACY)
def test_accuracy(device, name, dtype):
    if dtype == "float64" and not device.fp64:
        pytest.skip(f"'{device}' has no float64")
    exact, bound, ranges = ACCURACY[name]
    off, x = worst(getattr(ct.special, name), exact, [points(ranges, dtype)])
    assert off <= bound, f"{name}{x} is off by {off:.1f} ulp"


def test_where_they_end(device):
    x = [inf, -inf, nan, 0.0, -0.0]
    edges(ct.erf, x, [1, -1, nan, 0.0, -0.0])
    edges(ct.erfc, x, [0, 2, nan, 1, 1])
    edges(ct.special.erfcx, [*x, -20.0], [0, inf, nan, 1, 1, inf])
    edges(ct.special.ndtr, x, [1, 0, nan, 0.5, 0.5])
    edges(ct.special.log_ndtr, [-inf, nan, 0.0, -1e20], [-inf, nan, -0.6931472, -inf])
    edges(ct.erfinv, [*x, 1, -1, 1.5], [nan, nan, nan, 0.0, -0.0, inf, -inf, nan])
    edges(ct.special.ndtri, [0, 1, 0.5, -0.1, 1.1, nan], [-inf, inf, 0, nan, nan, nan])
    assert ct.special.log_ndtr(ct.tensor([inf])).item() == 0


def test_denormals(device):
    if not device.is_pocl:
        pytest.skip(f"'{device}' may flush subnormal numbers to zero")
    x = np.array([1e-40, -1e-44], "float32")
    np.testing.assert_allclose(ct.erf(ct.tensor(x)).numpy(), x * 1.1283792, rtol=0.1)
    np.testing.assert_allclose(ct.erfinv(ct.tensor(x)).numpy(), x * 0.8862269, rtol=0.1)
    assert ct.erfc(ct.tensor([9.8])).item() == pytest.approx(1.132e-43, rel=0.02)
    assert ct.special.ndtri(ct.tensor(x[:1])).item() == pytest.approx(-13.310918, rel=1e-5)


def test_integers_become_float32(device):
    got = ct.special.ndtr(ct.tensor([0, 1]))
    assert got.dtype == ct.float32
    assert got.numpy() == pytest.approx([0.5, 0.8413447])
    assert ct.erfc(ct.tensor([True])).item() == pytest.approx(0.1572992)


@pytest.mark.parametrize("name", ACCURACY)
def test_derivatives(device, name):
    inside = name in ("erfinv", "ndtri")
    x = leaf(
        [0.2, 0.45, 0.7] if inside else [-1.7, -0.4, 0.3, 1.9], "float64" if device.fp64 else None
    )
    assert gradcheck(getattr(ct.special, name), [x])
    assert gradgradcheck(getattr(ct.special, name), [x])


def test_methods_and_forms_in_place(device):
    x = ct.tensor([0.25, -0.5])
    assert x.erfinv().erf().numpy() == pytest.approx([0.25, -0.5], rel=1e-6)
    x.erfc_()
    assert x.numpy() == pytest.approx([0.7236736, 1.5204999])
