"""The gamma function's family: how near to the exact values, where they end, and their slopes."""

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


def _lgamma(x):
    return mp.log(abs(mp.gamma(x))) if abs(x) < 1000 else mp.loggamma(x).real


def _pole(x):
    return max(1.0, abs(math.pi / math.tan(math.pi * x)))


def _power(n):
    """The size of the terms of polygamma, which cancel for odd n on the left."""
    return lambda x: math.factorial(n) * max(abs(x - round(x)), 1e-9) ** -(n + 1) if x < 0 else 0.0


ACCURACY = {
    "lgamma": (ct.lgamma, _lgamma, 6, [(0, 4), (-30, 30, "decades"), (0, 100)], None),
    "lgamma, left": (ct.lgamma, _lgamma, 8, [(-10, 0), (-200, -100)], lambda x: 1.0),
    "digamma": (ct.digamma, mp.digamma, 8, [(0, 4), (-30, 30, "decades"), (1.45, 1.47)], None),
    "digamma, left": (ct.digamma, mp.digamma, 8, [(-10, 0), (-40, -30)], _pole),
    **{
        f"polygamma {n}": (
            lambda x, n=n: ct.polygamma(n, x), lambda x, n=n: mp.psi(n, x), 16,
            [(0.1, 4), (-2, 3, "decades"), (-6, 0)], _power(n),
        )
        for n in (1, 2, 5, 10)
    },
}  # fmt: skip


def skip_without(device, dtype):
    if dtype == "float64" and not device.fp64:
        pytest.skip(f"'{device}' has no float64")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ACCURACY)
def test_accuracy(device, name, dtype):
    skip_without(device, dtype)
    function, exact, bound, ranges, floor = ACCURACY[name]
    if name == "polygamma 10":
        ranges = [(0.3, 4), (-0.5, 2, "decades")]
    off, x = worst(function, exact, [points(ranges, dtype)], floor or (lambda x: 0.0))
    assert off <= bound, f"{name} at {x} is off by {off:.1f} ulp"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_accuracy_of_zeta(device, dtype):
    skip_without(device, dtype)
    s, q = points([(1.01, 10)], dtype), points([(-2, 3, "decades")], dtype, seed=1)
    off, x = worst(ct.special.zeta, mp.zeta, [s, q])
    assert off <= 8, f"zeta{x} is off by {off:.1f} ulp"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("upper", [False, True])
def test_accuracy_of_the_incomplete_functions(device, upper, dtype):
    skip_without(device, dtype)

    def exact(a, x):
        return mp.gammainc(a, x, mp.inf, True) if upper else mp.gammainc(a, 0, x, True)

    a = points([(-2, 1, "decades"), (1, 2.3, "decades"), (2.4, 4, "decades")], dtype)
    spread = points([(0.1, 3), (0.6, 1.5), (0.95, 1.05)], dtype, seed=1)
    near = points([(-3, 1, "decades")], dtype, seed=2)
    tiny = points([(-37, -2, "decades")], dtype, seed=3)
    a, x = np.concatenate([a, a[:60], tiny]), np.concatenate([a * spread, near, near])

    def floor(a, x):  # 16 units for each of -log(result)
        want = float(exact(mp.mpf(a), mp.mpf(x)))
        return want * (1 - 0.5 * math.log(want)) if want > 1e-300 else 0.0

    off, at = worst(ct.igammac if upper else ct.igamma, exact, [a, x], floor)
    assert off <= 32, f"{'Q' if upper else 'P'}{at} is off by {off:.1f} ulp"


def test_where_they_end(device):
    edges(
        ct.lgamma, [0.0, -0.0, -1, -5, inf, -inf, nan, 1, 2, 3], [inf] * 6 + [nan, 0, 0, 0.6931472]
    )
    edges(ct.digamma, [0.0, -0.0, -1, inf, -inf, nan], [-inf, inf, nan, inf, nan, nan])
    edges(lambda x: ct.polygamma(1, x), [0, -3, inf, nan, 1], [inf, inf, 0, nan, 1.6449341])
    edges(lambda x: ct.polygamma(2, x), [1, -0.5, 0.5], [-2.4041138, -0.8287966, -16.828796])
    edges(lambda x: ct.special.zeta(x, 1.0), [1, 0.5, 2, nan, inf], [inf, nan, 1.6449341, nan, 1])
    edges(lambda x: ct.special.zeta(2.5, x), [0, -1, -0.5, inf], [inf, inf, nan, 0])
    a = ct.tensor([0.0, 0, 1, 1, inf, inf, 2, -1, nan, 3])
    x = ct.tensor([0.0, 1, 0, inf, 1, inf, -1, 1, 1, nan])
    want = np.float32([nan, 1, 0, 1, 0, nan, nan, nan, nan, nan])
    np.testing.assert_array_equal(ct.igamma(a, x).numpy(), want)
    np.testing.assert_array_equal(ct.igammac(a, x).numpy(), 1 - want)


def test_denormals(device):
    if not device.is_pocl:
        pytest.skip(f"'{device}' may flush subnormal numbers to zero")
    found = ct.igammac(ct.tensor([2.5, 30.0]), ct.tensor([100.0, 0.5])).numpy()
    np.testing.assert_allclose(found, [2.8406229e-41, 1], rtol=1e-3)
    assert ct.igamma(ct.tensor(1e-40), ct.tensor(0.9)).item() == pytest.approx(1)
    x = ct.tensor([1e-40, -1e-40])
    np.testing.assert_allclose(ct.lgamma(x).numpy(), [92.103404, 92.103404], rtol=1e-6)
    assert ct.digamma(x).numpy().tolist() == [-inf, inf]


def test_of_several_dimensions(device):
    x = ct.tensor([2.5, 4.0])
    assert ct.mvlgamma(x, 2).numpy() == pytest.approx([0.8570478, 3.5650983])
    assert ct.special.multigammaln(x, p=1).numpy() == pytest.approx([0.2846829, 1.7917595])
    assert x.polygamma(1).numpy() == pytest.approx([0.4903577, 0.2838230])
    with pytest.raises(ValueError, match="n"):
        ct.polygamma(-1, x)
    assert ct.lgamma(ct.tensor([3, 4])).dtype == ct.float32


def test_derivatives(device):
    dtype = "float64" if device.fp64 else None
    x = leaf([-1.7, -0.4, 0.3, 1.9, 5.5], dtype)
    for function in (ct.lgamma, ct.digamma, lambda x: ct.polygamma(1, x) * 0.01):
        assert gradcheck(function, [x])
        assert gradgradcheck(function, [x])
    a, y = ct.tensor([0.5, 2.0, 7.0]), leaf([0.7, 1.3, 8.0], dtype)
    a = a.to(y.dtype)
    for function in (ct.igamma, ct.igammac):
        assert gradcheck(lambda y, f=function: f(a, y), [y])
        assert gradgradcheck(lambda y, f=function: f(a, y), [y])
    assert gradcheck(lambda y: ct.special.zeta(3.0, y), [y])
    for function in (ct.igamma, ct.igammac, ct.special.zeta):
        with pytest.raises(GradientError, match="no derivative for its first argument"):
            function(leaf([1.5, 2.5, 3.5], dtype), y).sum().backward()


def test_a_number_beside_what_is_differentiated(device):
    for function, sign in ((ct.special.gammainc, 1), (ct.special.gammaincc, -1)):
        x = leaf([0.5, 2.0])
        function(2.0, x).sum().backward()
        want = sign * x.detach().numpy() * np.exp(-x.detach().numpy())
        np.testing.assert_allclose(x.grad.numpy(), want, rtol=1e-5)
