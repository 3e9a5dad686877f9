"""Functions of two operands at NaN, infinities, zeros and the ends of integers."""

from math import inf as INF
from math import nan as NAN

import numpy as np
import pytest
from leaves import same, slopes

import cltensor as ct
from cltensor.errors import DTypeError
from cltensor.testing import gradcheck


def test_extremes_pass_over_nan_and_equals_give_the_gradient_to_the_first(device):
    got, (a, b) = slopes(ct.fmax, [1.0, NAN, 2, NAN, 3], [2.0, 1, NAN, NAN, 3])
    same([*got, *a, *b], [2, 1, 2, NAN, 3, 0, 0, 1, 1, 1, 1, 1, 0, 0, 0])
    got, (a, b) = slopes(ct.fmin, [1.0, NAN, 2, 3], [2.0, 1, NAN, 3])
    same([*got, *a, *b], [1, 1, 2, 3, 1, 0, 1, 1, 0, 1, 0, 0])


def test_divisors_and_multiples(device):
    a, b = ct.tensor([12, -18, 0, 0, 7]), ct.tensor([18, 12, 5, 0, 7])
    assert ct.gcd(a, b).tolist() == [6, 6, 5, 0, 7]
    assert ct.lcm(a, b).tolist() == [36, 36, 0, 0, 7]
    assert ct.lcm(ct.tensor([4], dtype=ct.uint8), ct.tensor([6], dtype=ct.uint8)).tolist() == [12]
    with pytest.raises(DTypeError, match="gcd"):
        ct.gcd(ct.ones(2), ct.ones(2))


def test_steps(device):
    x = ct.tensor([-1.0, 0, 2, NAN])
    assert ct.heaviside(x, ct.tensor(0.5)).tolist() == [0, 0.5, 1, 0]


def test_the_next_number(device):
    a, b = np.float32([1, 1, 0, -0.0, 5, INF, NAN]), np.float32([2, 0, -1, 1, 5, 0, 1])
    got = ct.nextafter(ct.tensor(a), ct.tensor(b)).numpy()
    np.testing.assert_array_equal(got, np.nextafter(a, b))
    _, (da, db) = slopes(ct.nextafter, [1.0, 2], [2.0, 2])
    assert (da, db) == ([1, 0], [0, 0])


def test_logarithms_of_sums(device):
    cases = [0.0, 1000, -1000, INF, -INF, INF, 1], [0.0, 1000, 1000, INF, -INF, -INF, NAN]
    for function, reference in ((ct.logaddexp, np.logaddexp), (ct.logaddexp2, np.logaddexp2)):
        got, _ = slopes(function, *cases)
        with np.errstate(all="ignore"):
            same(got, reference(*np.float32(cases)))
        if device.fp64:
            a, b = [ct.tensor([0.3, -1.2, 4.0], dtype=ct.float64) + k for k in (0, 0.7)]
            gradcheck(function, (a.requires_grad_(), b.detach().requires_grad_()))


def test_scaling_by_powers_of_two(device):
    x = ct.tensor([1.5, -3, 0])
    assert ct.ldexp(x, ct.tensor([2, 3, 4])).tolist() == [6, -24, 0]
    assert ct.ldexp(ct.tensor([3]), ct.tensor([1])).dtype == ct.float32


def test_powers_in_float64(fp64):
    for got in (ct.float_power(ct.tensor([2, 3]), 2), ct.float_power(2, ct.tensor([1.0, 2]))):
        assert got.dtype == ct.float64
    assert ct.float_power(ct.tensor([4]), 0.5).tolist() == [2]


def test_reversed_subtraction(device):
    assert ct.rsub(ct.tensor([1, 2]), 10, alpha=2).tolist() == [8, 6]


def test_neighbours_of_floats_of_16_bits(device):
    a = np.array([0, 1, -1, 1, 65504, -0.0, NAN, 6e-8, 2, 0, 1], np.float16)
    b = np.array([1, 2, -2, 0, INF, -1, 1, 0, 2, 0, NAN], np.float16)
    with np.errstate(over="ignore"):
        want = np.nextafter(a, b)
    np.testing.assert_array_equal(ct.nextafter(ct.tensor(a), ct.tensor(b)).numpy(), want)
    x = ct.tensor([1.0, -1.0, 0.0, 3.0], dtype="bfloat16", requires_grad=True)
    found = ct.nextafter(x, ct.tensor([2.0, 0.0, -1.0, 3.0], dtype="bfloat16"))
    assert found.tolist() == [1 + 2.0**-7, -1 + 2.0**-8, -(2.0**-133), 3.0]
    found.sum().backward()
    assert x.grad.tolist() == [1, 1, 1, 0]


def test_a_number_beside_what_is_differentiated(device):
    for function in (ct.fmax, ct.fmin):
        x = ct.tensor([1.0, NAN, 3.0], requires_grad=True)
        y = function(x, 2.0)
        y.sum().backward()
        assert y[1].item() == 2
        assert x.grad.tolist() == ([0, 0, 1] if function is ct.fmax else [1, 0, 0])


def test_ldexp_by_whole_numbers_overflows_only_where_the_result_does(device):
    x = ct.tensor([1e-30, 3.0, 0.0, INF, 1.0], requires_grad=True)
    y = ct.ldexp(x, ct.tensor([140, -2, 900, 1, 1 << 40]))
    np.testing.assert_allclose(y.tolist(), [1.3937966e12, 0.75, 0, INF, INF], rtol=1e-6)
    y[:2].sum().backward()
    assert x.grad.tolist() == [INF, 0.25, 0, 0, 0]
    half = ct.ldexp(ct.tensor([1.0], dtype=ct.bfloat16), ct.tensor([2]))
    assert (half.dtype, half.tolist()) == (ct.bfloat16, [4.0])
    assert ct.ldexp(ct.tensor([3]), ct.tensor([2])).dtype == ct.float32
    assert ct.ldexp(ct.tensor([2.0]), ct.tensor([0.5])).item() == pytest.approx(2 * 2**0.5)


def test_exact_functions_of_all_numbers(skeleton, deterministic):
    """Those of ours, of drawn bits: also where drivers take small numbers for 0."""
    rng = np.random.default_rng(7)
    reals = {np.float32: np.uint32} | ({np.float64: np.uint64} if skeleton.fp64 else {})
    for real, bits in reals.items():
        info = np.finfo(real)
        x, y = rng.integers(0, np.iinfo(bits).max, (2, 4000), bits, endpoint=True).view(real)
        x[:800] = rng.standard_normal(800) * info.smallest_subnormal * 5e5
        y[400:1200] = rng.standard_normal(800) * info.smallest_subnormal * 5e5
        special = np.array([0, -0.0, 1, -1, info.max, np.inf, -np.inf, np.nan, info.tiny], real)
        x[:81], y[:81] = np.repeat(special, 9), np.tile(special, 9)
        n = rng.integers(-1300, 1300, 4000) >> rng.integers(0, 5, 4000)
        a, b = ct.tensor(x), ct.tensor(y)
        with np.errstate(all="ignore"):
            found = ct.fmod(a, b), ct.nextafter(a, b), ct.ldexp(a, ct.tensor(n)), ct.frexp(a)[0]
            wanted = np.fmod(x, y), np.nextafter(x, y), np.ldexp(x, n), np.frexp(x)[0]
        for one, other in zip(found, wanted, strict=True):
            one = one.numpy()
            assert ((one.view(bits) == other.view(bits)) | (np.isnan(one) & np.isnan(other))).all()
