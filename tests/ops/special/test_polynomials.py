"""Orthogonal polynomials against mpmath's, at their ends, and their slopes."""

import mpmath as mp
import numpy as np
import pytest
from leaves import leaf

import cltensor as ct
from cltensor.errors import GradientError
from cltensor.testing import gradcheck


def _v(n, x):
    return mp.cos((n + 0.5) * mp.acos(x)) / mp.cos(mp.acos(x) / 2)


def _w(n, x):
    return mp.sin((n + 0.5) * mp.acos(x)) / mp.sin(mp.acos(x) / 2)


EXACT = {
    "chebyshev_polynomial_t": mp.chebyt,
    "chebyshev_polynomial_u": lambda n, x: mp.sin((n + 1) * mp.acos(x)) / mp.sin(mp.acos(x)),
    "chebyshev_polynomial_v": _v,
    "chebyshev_polynomial_w": _w,
    "hermite_polynomial_h": mp.hermite,
    "hermite_polynomial_he": lambda n, x: mp.hermite(n, x / mp.sqrt(2)) * 2 ** (-mp.mpf(n) / 2),
    "laguerre_polynomial_l": lambda n, x: mp.laguerre(n, 0, x),
    "legendre_polynomial_p": mp.legendre,
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", EXACT)
def test_values(device, name, dtype):
    if dtype == "float64" and not device.fp64:
        pytest.skip(f"'{device}' has no float64")
    high = [] if name[0] == "h" else [20, 40, 90]
    x = np.array([-0.95, -0.3, 0.1, 0.5, 0.8, 0.99], dtype)
    degrees = np.array([0, 1, 2, 3, 5, 9, *high])
    got = getattr(ct.special, name)(ct.tensor(x), ct.tensor(degrees[:, None])).numpy()
    assert got.dtype == dtype
    with mp.workdps(40):
        values = [[EXACT[name](int(n), mp.mpf(float(v))) for v in x] for n in degrees]
    want = np.array(values, "float64")
    largest = np.maximum.accumulate(np.abs(want).max(1))[:, None]
    step = np.finfo(dtype).eps * (degrees[:, None] + 1) * largest
    assert (np.abs(got - want) <= 8 * step).all()


@pytest.mark.parametrize("kind", "tuvw")
def test_shifted(device, kind):
    x = ct.tensor([0.1, 0.4, 0.9])
    shifted = getattr(ct.special, f"shifted_chebyshev_polynomial_{kind}")
    plain = getattr(ct.special, f"chebyshev_polynomial_{kind}")
    np.testing.assert_array_equal(shifted(x, 3).numpy(), plain(2 * x - 1, 3).numpy())
    assert shifted(0.5, ct.tensor([0, 1])).shape == (2,)


def test_ends(device):
    s = ct.special
    x = ct.tensor([1.0, -1.0])
    for n, ends in ((4, [1, 1]), (7, [1, -1]), (50, [1, 1])):
        assert s.chebyshev_polynomial_t(x, n).tolist() == ends
        assert s.legendre_polynomial_p(x, n).numpy() == pytest.approx(ends)
    assert s.chebyshev_polynomial_u(x, 4).tolist() == [5, 5]
    assert s.chebyshev_polynomial_v(x, 4).tolist() == [1, 9]
    assert s.chebyshev_polynomial_w(x, 4).tolist() == [9, 1]
    assert s.laguerre_polynomial_l(ct.tensor([0.0]), 6).item() == pytest.approx(1)
    assert s.hermite_polynomial_h(x, -1).tolist() == [0, 0]
    assert s.hermite_polynomial_he(input=x, n=ct.tensor(2.9)).tolist() == [0, 0]
    assert np.isnan(s.chebyshev_polynomial_t(ct.tensor([float("nan")]), 3).item())
    assert s.chebyshev_polynomial_t(ct.tensor([2]), 3).dtype == ct.float32


def test_slopes(device):
    dtype = "float64" if device.fp64 else None
    x = leaf([-0.7, 0.2, 0.5], dtype)
    n = ct.tensor([0.0, 1.0, 4.0]).to(x.dtype)
    for name in EXACT:
        function = getattr(ct.special, name)
        assert gradcheck(lambda x, f=function: f(x, n), [x])
        (first,) = ct.grad(function(x, n).sum(), [x], create_graph=True)
        with pytest.raises(GradientError, match=f"{name}: there is no second derivative"):
            first.sum().backward()
    one = leaf([1.0, -1.0], dtype)
    ct.special.legendre_polynomial_p(one, 3).sum().backward()
    assert one.grad.numpy() == pytest.approx([6, 6])


def test_shifted_ones_of_unsigned_integers_are_shifted_as_floats(device):
    a = np.uint8([0, 1, 3, 255])
    got = ct.special.shifted_chebyshev_polynomial_t(ct.tensor(a), 3)
    assert got.dtype == ct.float32
    x = 2.0 * a - 1
    np.testing.assert_allclose(got.numpy(), 4 * x**3 - 3 * x, rtol=1e-6)
