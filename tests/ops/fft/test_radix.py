"""Factors of lengths, and the small transforms."""

import math

import numpy as np
import pytest

from cltensor.ops.fft.radix import ODD, butterfly, divided, factors, smooth_above


def test_factors_multiply_up():
    for n in range(1, 3000):
        found = factors(n)
        if found is None:
            rest = n
            for p in (2, *ODD):
                while rest % p == 0:
                    rest //= p
            assert rest > 1
        else:
            assert math.prod(found) == n
            assert set(found) <= {2, 4, 8, 16, *ODD}


def test_lengths_above_are_smooth_and_near():
    for n in (1, 2, 7, 17, 101, 1023, 1025, 6007):
        found = smooth_above(n)
        assert found >= n
        assert factors(found) is not None
        assert found <= max(4, 1.2 * n)


def test_matrices_are_near_square():
    assert divided(1 << 20) == (1024, 1024)
    assert divided(1000) == (40, 25)
    assert divided(64) == (8, 8)
    assert divided(60) is None
    assert divided(2 * 101 * 64) is None


@pytest.mark.parametrize("radix", [2, 4, 8, 16, *ODD])
def test_small_transforms_are_numpys(radix):
    random = np.random.default_rng(radix)
    x = random.normal(size=radix) + 1j * random.normal(size=radix)
    names = {
        f"x{j}{part}": v for j in range(radix) for part, v in (("r", x[j].real), ("i", x[j].imag))
    }
    for line in butterfly(radix):
        for statement in line.removeprefix("const V ").rstrip(";").split(", "):
            exec(statement.replace("(R)", ""), names)
    got = [names[f"y{k}r"] + 1j * names[f"y{k}i"] for k in range(radix)]
    np.testing.assert_allclose(got, np.fft.fft(x), rtol=1e-12, atol=1e-12)
