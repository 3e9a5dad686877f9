"""Running products, totals of exponentials and extremes, and recurrences, against NumPy."""

import numpy as np
import pytest
from arrays import SIZES, check, check_both_orders, draw
from draws import cases, drawn, generator

import cltensor as ct
from cltensor.errors import ShapeError
from cltensor.ops.reduce.running import recurrence
from cltensor.testing import gradcheck, gradgradcheck

# Each test runs with the kernels for CPUs, loops over runs, and with one element per work-item.
pytestmark = pytest.mark.usefixtures("skeleton")


@pytest.mark.parametrize("sizes", SIZES)
def test_cumprod(sizes):
    a = np.sign(draw(sizes, "float32")) + 0.5
    for axis in range(a.ndim):
        got = ct.cumprod(ct.tensor(a), axis).numpy()
        np.testing.assert_allclose(got, np.cumprod(a, axis, dtype="float32"), rtol=1e-4)
    whole = (draw(sizes, "uint8", 3) % 3 + 1).astype("uint8")
    check(ct.cumprod(ct.tensor(whole)), np.cumprod(whole, dtype="int64"))


def test_cumprod_of_complex_numbers(device):
    parts = np.random.default_rng(0).standard_normal((2, 3, 5)).astype("float32")
    z = parts[0] + 1j * parts[1]
    for axis in (0, 1):
        got = ct.cumprod(ct.tensor(z), axis).numpy()
        np.testing.assert_allclose(got, np.cumprod(z, axis), rtol=1e-4)


def test_derivatives_of_cumprod_of_complex_numbers(fp64):
    z = ct.tensor([1 + 2j, 0j, 3 - 1j, -1j], dtype="complex128", requires_grad=True)
    assert gradcheck(lambda z: ct.view_as_real(ct.cumprod(z, 0)), (z,))


def test_cumprod_widens_casts_and_does_not_underflow_on_the_way():
    check(ct.cumprod(ct.tensor([True, False]), 0), np.int64([1, 0]))
    check(ct.cumprod(ct.tensor([2, 3]), 0, dtype="float32"), np.float32([2, 6]))
    a = np.r_[np.full(100, 1e-1), np.full(100, 1e1)].astype("float32")
    got = ct.cumprod(ct.tensor(a[::-1].copy()), 0).numpy()
    assert got[99] == np.inf
    assert ct.cumprod(ct.tensor(3.0), -1).item() == 3
    with pytest.raises(ShapeError, match="cumprod: axis 1 is out of range"):
        ct.cumprod(ct.tensor(3.0), 1)


@pytest.mark.parametrize("zeros", [[], [2], [1, 3], [0, 4]])
def test_the_gradient_of_cumprod_holds_at_zeros(zeros):
    if not ct.device().fp64:
        pytest.skip("the device has no float64 for finite differences")
    a = np.random.default_rng(1).random((2, 5)) + 0.5
    a[:, zeros] = 0
    for axis in (0, 1):
        x = ct.tensor(a, requires_grad=True)
        assert gradcheck(lambda x, d=axis: ct.cumprod(x, d), [x])
        assert gradgradcheck(lambda x, d=axis: ct.cumprod(x, d), [x])


def test_cumprod_by_hand():
    x = ct.tensor([2.0, 0.0, 3.0], requires_grad=True)
    ct.cumprod(x, 0).sum().backward()
    check(x.grad, np.float32([1, 8, 0]))


@pytest.mark.parametrize("sizes", [(1,), (3, 40), (40, 3), (20_000,), (0, 2)])
def test_logcumsumexp(sizes):
    a = draw(sizes, "float32") * 5
    a[..., ::7] = -np.inf
    for axis in range(a.ndim):
        got = ct.logcumsumexp(ct.tensor(a), axis).numpy()
        want = np.logaddexp.accumulate(a.astype("float64"), axis) if a.size else a
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-5)


def test_logcumsumexp_of_infinities_and_nan():
    inf, nan = np.inf, np.nan
    for a in ([-inf, -inf, 1], [inf, 1, inf], [1, nan, 2], [nan, 1, 2], [inf, nan, 1]):
        with np.errstate(invalid="ignore"):
            want = np.logaddexp.accumulate(np.float32(a))
        np.testing.assert_allclose(ct.logcumsumexp(ct.tensor(a), 0).numpy(), want, rtol=1e-6)
    assert ct.logcumsumexp(ct.tensor([1, 2]), 0).dtype == ct.float32


def test_the_gradient_of_logcumsumexp_over_what_is_nothing():
    x = ct.tensor([-np.inf, 0.0, 0.0, 500.0], requires_grad=True)
    ct.logcumsumexp(x, 0).sum().backward()
    check(x.grad, np.float32([0, 1.5, 0.5, 1]))


@pytest.mark.parametrize(
    "operation",
    [
        lambda x: ct.cumprod(x, 0),
        lambda x: ct.logcumsumexp(x, 1),
        lambda x: ct.cummax(x, 0).values,
        lambda x: ct.cummin(x, 1).values,
        lambda x: recurrence(x, x + 1, 0, False),
        lambda x: recurrence(x, x * 2, 1, True),
    ],
)
def test_gradients_of_first_and_second_order(operation):
    check_both_orders(operation, np.random.default_rng(2).permutation(15).reshape(3, 5) / 7)


def test_a_recurrence_by_hand():
    a, b = ct.tensor([9.0, 2.0, 3.0]), ct.tensor([1.0, 1.0, 1.0])
    check(recurrence(a, b, 0, False), np.float32([1, 3, 10]))
    check(recurrence(a, b, 0, True), np.float32([28, 3, 1]))


def extremes(a, axis, sign):
    """Values and last places of the largest (sign 1) or smallest so far."""
    moved = np.moveaxis(a, axis, -1)
    values, places = np.empty_like(moved), np.empty(moved.shape, "int64")
    for lane in np.ndindex(moved.shape[:-1]):
        best = 0
        for k in range(moved.shape[-1]):
            v, b = moved[lane][k], moved[lane][best]
            if v != v or (b == b and sign * v >= sign * b):
                best = k
            values[lane][k], places[lane][k] = moved[lane][best], best
    return np.moveaxis(values, -1, axis), np.moveaxis(places, -1, axis)


@pytest.mark.parametrize("sizes", [(1,), (3, 0), (4, 300, 2), (17_000,), (2, 9000)])
@pytest.mark.parametrize("sign", [1, -1])
def test_running_extremes(sizes, sign):
    a = draw(sizes, "float32").astype("float32")
    if a.ndim > 1 and a.size:
        a[..., -1, :][..., :1] = np.nan
        a[-1, a.shape[1] // 3] = np.nan
    for axis in range(a.ndim):
        got = (ct.cummax if sign > 0 else ct.cummin)(ct.tensor(a), axis)
        values, places = extremes(a, axis, sign)
        check(got.values, values)
        check(got.indices, places)


@cases
def test_drawn(case):
    rng = generator(case)
    sizes = tuple(rng.integers(0, 6, int(rng.integers(1, 5))).tolist())
    axis = int(rng.integers(-len(sizes), len(sizes)))
    drawn(sizes=sizes, axis=axis)
    a = rng.integers(-2, 3, sizes).astype("float32")
    x = ct.tensor(a)
    check(ct.cumprod(x, axis), np.cumprod(a, axis))
    check(ct.cumsum(x, axis), np.cumsum(a, axis))
    check(ct.cummax(x, axis).values, np.maximum.accumulate(a, axis))
    check(ct.cummin(x, axis).values, np.minimum.accumulate(a, axis))
