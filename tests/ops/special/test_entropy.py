"""Products with logarithms, sums of exponentials, odds and the cardinal sine."""

from math import inf, nan

import mpmath as mp
import numpy as np
import pytest
from leaves import leaf, same, slopes
from ulps import edges, points, worst

import cltensor as ct
from cltensor.testing import gradcheck, gradgradcheck

LOGS = [(0, 4), (-30, 30, "decades")]
ACCURACY = {
    "logit": (
        lambda x: mp.log(x / (1 - x)),
        4,
        [(0.001, 0.999), (0.49, 0.51), (-30, -0.001, "decades")],
    ),
    "sinc": (mp.sincpi, 4, [(-10, 10), (-20, 5, "decades")]),
    "entr": (lambda x: -x * mp.log(x), 3, LOGS),
    "xlogy": (lambda x, y: x * mp.log(y), 3, LOGS),
    "xlog1py": (lambda x, y: x * mp.log1p(y), 4, [(0, 4), (-30, 8, "decades")]),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ACCURACY)
def test_accuracy(device, name, dtype):
    if dtype == "float64" and not device.fp64:
        pytest.skip(f"'{device}' has no float64")
    exact, bound, ranges = ACCURACY[name]
    operands = [points(ranges, dtype, seed=i) for i in range(1 + (name[0] == "x"))]
    off, x = worst(getattr(ct.special, name), exact, operands)
    assert off <= bound, f"{name}{x} is off by {off:.1f} ulp"


@pytest.mark.parametrize("base", [2, None])
def test_sums_of_exponentials(device, base):
    def exact(a, b):
        return mp.log(base**a + base**b, 2) if base else mp.log(mp.exp(a) + mp.exp(b))

    function = ct.logaddexp2 if base else ct.logaddexp
    a, b = points([(-20, 20)], "float32"), points([(-20, 20)], "float32", seed=1)
    off, x = worst(function, exact, [a, b], lambda a, b: max(1, abs(a), abs(b)))
    assert off <= 4, x
    assert function(
        ct.tensor([-inf, inf, -inf, nan, 1000.0]), ct.tensor([-inf, inf, 3, 1, 999.0])
    ).tolist()[:3] == [-inf, inf, 3]
    assert np.isnan(function(ct.tensor(nan), 1.0).item())
    assert ct.logaddexp(ct.tensor([-1000.0]), -1000.0).item() == pytest.approx(-999.30685)


def test_where_they_end(device):
    edges(ct.logit, [0, 1, 0.5, -0.1, 1.1, nan], [-inf, inf, 0, nan, nan, nan])
    edges(lambda x: ct.logit(x, 0.25), [0, 1, 0.5], [-1.0986123, 1.0986123, 0])
    edges(ct.sinc, [0.0, -0.0, 1, 0.5, nan, inf], [1, 1, 0, 0.6366198, nan, nan])
    edges(ct.special.entr, [0, 1, -1, inf, nan, -inf], [0, -0.0, -inf, -inf, nan, -inf])
    edges(lambda y: ct.xlogy(0.0, y), [0, inf, -1, nan], [0, 0, 0, nan])
    edges(lambda y: ct.special.xlog1py(0.0, y), [-1, inf, -2, nan], [0, 0, 0, nan])
    ends = [-inf, inf, nan, 0.0, -0.0]
    edges(lambda y: ct.special.xlog1py(2.0, y), [-1, inf, -2, 0.0, -0.0], ends)
    assert ct.xlogy(ct.tensor([2]), ct.tensor([3])).item() == pytest.approx(2.1972246)


def test_derivatives(device):
    dtype = "float64" if device.fp64 else None
    x = leaf([-1.7, 0.3, 2.6, 0.0, 1e-3, 7.25], dtype)
    for tool in (gradcheck, gradgradcheck):
        assert tool(ct.sinc, [x])
        p, q = leaf([0.2, 0.45, 0.8], dtype), leaf([1.3, 0.4, 2.0], dtype)
        for function in (ct.logit, ct.special.entr):
            assert tool(function, [p])
        for function in (ct.xlogy, ct.special.xlog1py, ct.logaddexp, ct.logaddexp2):
            assert tool(function, [p, q])


def test_higher_derivatives_of_sinc(device):
    # Of the power series sum of (-1)^k (pi x)^2k / (2k + 1)!.
    x = leaf([0.0], "float64" if device.fp64 else None)
    y, found = ct.sinc(x), []
    for _ in range(4):
        (y,) = ct.grad(y.sum(), [x], create_graph=True)
        found.append(y.item())
    assert found == pytest.approx([0, -(np.pi**2) / 3, 0, np.pi**4 / 5], abs=1e-6, rel=1e-5)


def test_slopes_at_the_ends(device):
    _, (a, b) = slopes(ct.xlogy, [0.0, 0.0, 2.0], [0.0, 2.0, 0.5])
    same(a, [0, np.log(2), np.log(0.5)])
    same(b, [nan, 0, 4])


def test_a_number_beside_what_is_differentiated(device):
    for function, want in ((ct.xlogy, np.log(2)), (ct.special.xlog1py, np.log(3))):
        x = leaf([0.0, 3.0])
        function(x, 2.0).sum().backward()
        np.testing.assert_allclose(x.grad.numpy(), [want] * 2, rtol=1e-6)
    x = leaf([0.0, 3.0])
    ct.xlogy(x, 0).sum().backward()
    assert x.grad.tolist() == [0, -inf]
