"""Parts of numbers and what stands for infinities and NaN."""

from math import inf as INF
from math import nan as NAN

import numpy as np
from leaves import same, slopes

import cltensor as ct


def test_mantissa_and_exponent(device):
    x = np.float32([1, -3, 0.1, 0, -0.0, 1e-42, 3e38])
    mantissa, exponent = ct.frexp(ct.tensor(x))
    want, power = np.frexp(x)
    np.testing.assert_array_equal(mantissa.numpy(), want)
    np.testing.assert_array_equal(exponent.numpy(), power)
    assert exponent.dtype == ct.int32
    assert ct.frexp(ct.tensor([INF])).exponent.tolist() == [0]
    _, (g,) = slopes(lambda x: ct.frexp(x).mantissa, [1.0, 6, 0.25])
    assert g == [0.5, 0.125, 2]


def test_numbers_for_nan_and_infinities(device):
    x = [NAN, INF, -INF, 2.0]
    got, (g,) = slopes(lambda x: ct.nan_to_num(x, 1.0, 5.0, -5.0), x)
    assert (got, g) == ([1, 5, -5, 2], [0, 0, 0, 1])
    largest = float(np.finfo(np.float32).max)
    assert ct.tensor(x).nan_to_num().tolist() == [0, largest, -largest, 2]
    assert ct.nan_to_num(ct.tensor([3])).tolist() == [3]


def test_signs(device):
    x = ct.tensor([-0.0, 0.0, -1.0, INF, -INF])
    assert ct.signbit(x).tolist() == [True, False, True, False, True]
    assert ct.isposinf(x).tolist() == [False, False, False, True, False]
    assert ct.isneginf(x).tolist() == [False, False, False, False, True]
    assert ct.signbit(ct.tensor([-1, 2])).tolist() == [True, False]


def test_fractions_and_angles(device):
    got, (g,) = slopes(ct.frac, [1.25, -1.25, 3])
    assert (got, g) == ([0.25, -0.25, 0], [1, 1, 1])
    same(ct.deg2rad(ct.tensor([180, 90])).tolist(), [np.pi, np.pi / 2])
    same(ct.rad2deg(ct.tensor([np.pi])).tolist(), [180])
