"""Where the standard differs from the main namespace, element by element."""

from math import inf, nan

import numpy as np
import pytest

from cltensor import array_api as xp
from cltensor.errors import DTypeError


def same(got, want):
    want = np.asarray(want, "float32")
    np.testing.assert_array_equal(got.numpy(), want)
    np.testing.assert_array_equal(np.signbit(got.numpy()), np.signbit(want))


def test_quotients_with_infinities(device):
    a = xp.asarray([inf, inf, -inf, 1.0, -1.0, 7.0, inf])
    b = xp.asarray([1.0, -1.0, 2.0, -inf, inf, -2.0, nan])
    same(a // b, [inf, -inf, -inf, -0.0, -0.0, -4, nan])
    assert xp.floor_divide(7, xp.asarray([2, -2])).tolist() == [3, -4]
    a //= 2
    assert a[5].item() == 3


def test_remainders_have_the_sign_of_the_divisor(device):
    a, b = xp.asarray([-0.0, 0.0, -3.0, 5.0]), xp.asarray([2.0, -2.0, 3.0, -3.0])
    same(a % b, [0.0, -0.0, 0.0, -1.0])
    assert (xp.asarray([5, -5]) % 3).tolist() == [2, 1]


def test_clip_keeps_the_dtype(fp64):
    x = xp.asarray([1.0, 5.0, 9.0])
    assert xp.clip(x).tolist() == [1, 5, 9]
    found = xp.clip(x, xp.asarray(2.0, dtype=xp.float64), max=8)
    assert (found.dtype, found.tolist()) == (xp.float32, [2, 5, 8])
    with pytest.raises(DTypeError, match="clip: x is int64, and with its bounds float32"):
        xp.clip(xp.asarray([1, 2]), 1.5)


@pytest.mark.parametrize("name", ["sign", "round", "abs"])
def test_complex_numbers(device, name):
    z = np.array([3 - 4j, 0j, 2.5 + 1.5j], "complex64")
    np.testing.assert_allclose(getattr(xp, name)(xp.asarray(z)).numpy(), getattr(np, name)(z))


def test_names(device):
    assert xp.equal.__name__ == "equal"
    assert xp.equal(xp.asarray([1, 2]), 2).tolist() == [False, True]
    with pytest.raises(TypeError, match="positional-only"):
        xp.add(x1=xp.ones(1), x2=1)
