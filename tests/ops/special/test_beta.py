"""The beta functions: how near to the exact values, where they end, and their slopes."""

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

special = ct.special
SPREAD = [(-20, 20, "decades"), (0.01, 3), (2, 8), (3, 300)]


def skip_without(device, dtype):
    if dtype == "float64" and not device.fp64:
        pytest.skip(f"'{device}' has no float64")


def pairs(ranges, dtype):
    """Every range beside every other."""
    first, second = points(ranges, dtype), points(ranges, dtype, seed=1)
    turned = [np.roll(second, k) for k in range(0, len(first), 60)]
    return np.concatenate([first] * len(turned)), np.concatenate(turned)


def log_beta(a, b):
    return (mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b)).real


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_accuracy_of_the_logarithm(device, dtype):
    skip_without(device, dtype)
    with mp.workdps(60):
        off, at = worst(special.betaln, log_beta, pairs(SPREAD, dtype), lambda *x: 1.0)
    assert off <= 12, f"betaln{at} is off by {off:.1f} ulp"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_accuracy_of_the_logarithm_on_the_left(device, dtype):
    skip_without(device, dtype)
    a, b = points([(-9, 0)], dtype), points([(-5, 9)], dtype, seed=1)

    def largest(a, b):
        return max(1.0, *[abs(math.lgamma(x)) for x in (a, b, a + b)])

    off, at = worst(special.betaln, log_beta, [a, b], largest)
    assert off <= 12, f"betaln{at} is off by {off:.1f} ulp"
    got = special.beta(ct.tensor(a), ct.tensor(b)).numpy()
    want = np.array([float(mp.gammaprod([x, y], [x + y])) for x, y in zip(a, b, strict=True)])
    assert (np.sign(got) == np.sign(want)).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_accuracy_of_beta(device, dtype):
    skip_without(device, dtype)

    def floor(a, b):  # 2 units for each of |log(result)|
        log = abs(float(log_beta(mp.mpf(a), mp.mpf(b))))
        return math.exp(-log) * (1 + log / 6) if log < 700 else inf

    ranges = [(-3, 3, "decades"), (0.01, 3), (2, 8)]
    with mp.workdps(60):
        off, at = worst(special.beta, mp.beta, pairs(ranges, dtype), floor)
    assert off <= 16, f"beta{at} is off by {off:.1f} ulp"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("where", ["of its mean", "small b", "anywhere"])
def test_accuracy_of_the_incomplete_function(device, where, dtype):
    skip_without(device, dtype)
    a, b = pairs([(-2, 1, "decades"), (1, 2.3, "decades"), (2.4, 4, "decades")], dtype)
    x = points([(0, 1)], dtype, len(a), seed=2)
    if where == "of its mean":
        x = (a / (a + b) * points([(0.9, 1.1)], dtype, len(a), seed=3)).clip(0, 1).astype(dtype)
    if where == "small b":
        b = points([(-6, 0, "decades")], dtype, len(a), seed=4)
        x = x * np.asarray(0.95, dtype)

    def exact(a, b, x):
        return mp.betainc(a, b, 0, x, regularized=True)

    def floor(a, b, x):  # 16 units for each of -log(result)
        with mp.workdps(40):
            want = float(exact(mp.mpf(a), mp.mpf(b), mp.mpf(x)))
        least = 1.0 if b < 1 and x > 0.95 else 0.0
        return max(least, want * (1 - 0.25 * math.log(want))) if want > 0 else least

    off, at = worst(special.betainc, exact, [a, b, x], floor)
    assert off <= 64, f"betainc{at} is off by {off:.1f} ulp"


def test_where_they_end(device):
    one = [0.0, 0, 1, inf, inf, -1, -1, nan, 0.5]
    two = [0.0, 2, 1, 2, inf, 0.5, 3, 1, 0.5]
    a, b = ct.tensor(one), ct.tensor(two)
    want = np.float32([inf, inf, 0, -inf, -inf, inf, inf, nan, math.log(math.pi)])
    np.testing.assert_allclose(special.betaln(a, b).numpy(), want, rtol=1e-6)
    np.testing.assert_allclose(special.beta(a, b).numpy()[[1, 2, 3, 8]], [inf, 1, 0, math.pi], 1e-6)
    edges(lambda x: special.betainc(ct.tensor(2.0), ct.tensor(3.0), x),
          [0, 1, -0.1, 1.1, nan, 0.5], [0, 1, nan, nan, nan, 0.6875])  # fmt: skip
    given = [(0, 0, nan), (0, 1, 1), (1, 0, 0), (inf, 1, 0), (1, inf, 1), (inf, inf, nan),
             (-1, 1, nan), (1, -1, nan), (0, inf, 1), (inf, 0, 0)]  # fmt: skip
    a, b, want = [np.float32(row) for row in zip(*given, strict=True)]
    got = special.betainc(ct.tensor(a), ct.tensor(b), ct.full((len(a),), 0.5)).numpy()
    np.testing.assert_array_equal(got, want)


def test_derivatives(device):
    dtype = "float64" if device.fp64 else None
    a, b = leaf([0.3, 1.9, 5.5, 2.0], dtype), leaf([2.3, 0.7, 4.5, 9.0], dtype)
    for function in (special.betaln, special.beta):
        assert gradcheck(function, [a, b])
        assert gradgradcheck(function, [a, b])
    x = leaf([0.2, 0.5, 0.6, 0.1], dtype)
    p, q = a.detach(), b.detach()
    assert gradcheck(lambda x: special.betainc(p, q, x), [x])
    assert gradgradcheck(lambda x: special.betainc(p, q, x), [x])
    with pytest.raises(GradientError, match="no derivative for its first argument"):
        special.betainc(a, q, x).sum().backward()
    with pytest.raises(GradientError, match="no derivative for its second argument"):
        special.betainc(p, b, x).sum().backward()
