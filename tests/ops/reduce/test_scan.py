"""Running sums against NumPy."""

import numpy as np
import pytest
from arrays import SIZES, check, check_both_orders, draw

import cltensor as ct
from cltensor.errors import ShapeError
from cltensor.ops.reduce.scan import running_sums

# Each test runs with the kernels for CPUs, loops over runs, and with one element per work-item.
pytestmark = pytest.mark.usefixtures("skeleton")


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("dtype", ["int64", "float32"])
def test_cumsum(sizes, dtype):
    a = draw(sizes, dtype)
    x = ct.tensor(a)
    for axis in range(a.ndim):
        check(ct.cumsum(x, axis), np.cumsum(a, axis))
    check(ct.cumsum(x), np.cumsum(a))


def test_cumsum_widens_integers_and_reads_views():
    a = np.arange(200, dtype="uint8").reshape(10, 20)
    check(ct.cumsum(ct.tensor(a).t(), 0), np.cumsum(a.T, 0, dtype="int64"))
    check(ct.cumsum(ct.tensor(a > 20), 1), np.cumsum(a > 20, 1, dtype="int64"))
    check(ct.cumsum(ct.tensor(a), 1, dtype="float32"), np.cumsum(a, 1, dtype="float32"))


@pytest.mark.parametrize("sizes", [(100_000,), (20_000, 3), (3, 5000)])
@pytest.mark.parametrize("axis", [0, -1])
def test_sums_of_floats_are_rounded_about_once(sizes, axis):
    a = np.random.default_rng(0).random(sizes).astype("float32")
    for x, there in ((ct.tensor(a), a), (ct.tensor(a).flip(axis), np.flip(a, axis))):
        np.testing.assert_allclose(
            ct.cumsum(x, axis).numpy(), np.cumsum(there, axis, dtype="float64"), rtol=4e-7
        )


def test_what_a_large_element_hides_comes_back():
    a = np.float32([1e9, 1, 1, -1e9] * 100)
    want = np.cumsum(a, dtype="float64").astype("float32")
    check(ct.cumsum(ct.tensor(a[:200]), 0), want[:200])  # one element after the other
    check(ct.cumsum(ct.tensor(np.stack([a, a], 1)), 0), np.stack([want, want], 1))


def test_infinities_and_nan_reach_all_that_follow_and_nothing_else():
    a = np.ones(1000, "float32")
    a[[600, 800]] = np.inf, -np.inf
    columns = np.stack([a, np.ones_like(a)], 1)
    with np.errstate(invalid="ignore"):
        want = np.cumsum(columns, 0)
    check(ct.cumsum(ct.tensor(a), 0), want[:, 0])
    check(ct.cumsum(ct.tensor(columns), 0), want)


@pytest.mark.parametrize(
    "operation",
    [
        lambda x: ct.cumsum(x, 0),
        lambda x: ct.cumsum(x, 1),
    ],
)
def test_gradients_of_first_and_second_order(operation):
    check_both_orders(operation, np.random.default_rng(2).permutation(15).reshape(3, 5) / 7)


def test_long_axes_have_a_gradient_too():
    x = ct.ones(40_000, requires_grad=True)
    ct.cumsum(x, 0).sum().backward()
    check(x.grad, np.arange(40_000, 0, -1, dtype="float32"))


def test_a_zero_dimensional_tensor_has_one_sum_and_the_axes_0_and_minus_1():
    check(ct.cumsum(ct.tensor(3.0)), np.float32([3]))
    for axis in (0, -1):
        check(ct.cumsum(ct.tensor(3.0), axis), np.float32(3))
        x = ct.tensor(3.0, requires_grad=True)
        (2 * ct.cumsum(x, axis)).backward()
        check(x.grad, np.float32(2))
    with pytest.raises(ShapeError, match="cumsum: axis 1 is out of range for a tensor with 0 dim"):
        ct.cumsum(ct.tensor(3.0), 1)


def test_a_zero_dimensional_tensor_has_one_sum():
    check(ct.cumsum(ct.tensor(3.0)), np.float32([3]))
    for axis in (0, -1):
        check(ct.cumsum(ct.tensor(3.0), axis), np.float32(3))
    with pytest.raises(ShapeError, match="0 dimensions; use -1 to 0"):
        ct.cumsum(ct.tensor(3.0), 1)


def test_small_integers_add_up_in_int64():
    for dtype in ("bool", "uint8", "int8", "uint32"):
        assert ct.cumsum(ct.ones(2, dtype=dtype), 0).dtype == ct.int64
    assert ct.cumsum(ct.tensor([200, 100], dtype="uint8"), 0).tolist() == [200, 300]


def test_axes_count_from_the_end_too():
    a = draw((3, 4, 5), "int64")
    check(ct.cumsum(ct.tensor(a), -2), np.cumsum(a, -2))


def test_a_view_is_summed_as_it_looks():
    a = draw((6, 40), "float32")
    x = ct.tensor(a)
    check(ct.cumsum(x[::-2, 3:], 1), np.cumsum(a[::-2, 3:], 1))
    check(ct.cumsum(x[2], 0), np.cumsum(a[2]))
    check(ct.cumsum(x[:1].expand(3, 40), 0), np.cumsum(np.repeat(a[:1], 3, 0), 0))


def test_nan_stays_in_its_lane():
    a = np.ones((3, 4), "float32")
    a[1, 2] = np.nan
    check(ct.cumsum(ct.tensor(a), 0), np.cumsum(a, 0))
    check(ct.cumsum(ct.tensor(a), 1), np.cumsum(a, 1))


def test_bad_axes():
    with pytest.raises(ShapeError, match="axis 2 is out of range"):
        ct.cumsum(ct.zeros(2, 3), 2)


@pytest.mark.parametrize("n", [64, 65, 255, 2047, 2049, 5000, 40_000])
def test_lanes_around_what_a_group_scans(n):
    rng = np.random.default_rng(0)
    for lanes in (1, 3):
        a = rng.random((lanes, n), "float32")
        x = ct.tensor(a, requires_grad=True)
        found = ct.cumsum(x, 1)
        want = np.cumsum(a, 1, dtype="float64")
        np.testing.assert_allclose(found.detach().numpy(), want, rtol=4e-7)
        g = rng.random((lanes, n), "float32")
        found.backward(ct.tensor(g))
        want = np.cumsum(g[:, ::-1], 1, dtype="float64")[:, ::-1]
        np.testing.assert_allclose(x.grad.numpy(), want, rtol=4e-7)
        whole = rng.integers(-9, 9, (lanes, n))
        check(ct.cumsum(ct.tensor(whole), 1), np.cumsum(whole, 1))
        check(ct.cumprod(ct.tensor(whole | 1), 1), np.cumprod(whole | 1, 1))
        small = whole.astype("uint8")
        check(ct.cumsum(ct.tensor(small), 1, dtype="uint8"), np.cumsum(small, 1, dtype="uint8"))
        half = ct.cumsum(ct.tensor(np.abs(a) / n).to("float16"), 1)
        np.testing.assert_allclose(half.numpy(), np.cumsum(np.abs(a) / n, 1), rtol=4e-3, atol=1e-6)
        a[0, n // 2] = 90
        wide = np.logaddexp.accumulate(a.astype("float64"), 1)
        np.testing.assert_allclose(ct.logcumsumexp(ct.tensor(a), 1).numpy(), wide, rtol=1e-6)
        a[0, :3], a[-1, 7] = -np.inf, np.inf
        with np.errstate(invalid="ignore"):
            wide = np.logaddexp.accumulate(a.astype("float64"), 1)
        np.testing.assert_allclose(ct.logcumsumexp(ct.tensor(a), 1).numpy(), wide, rtol=1e-6)


@pytest.mark.parametrize(("shape", "axis"), [((2, 700), 1), ((300, 3), 0), ((1, 20000), 1)])
@pytest.mark.parametrize("reverse", [False, True])
def test_bits_of_running_sums(deterministic, shape, axis, reverse):
    """One element after the other, with what rounding loses beside."""
    x = np.random.default_rng(4).standard_normal(shape).astype("float32")
    wanted = np.empty_like(x)
    total, rest = np.zeros((2, shape[1 - axis]), "float32")
    for k in range(shape[axis])[:: -1 if reverse else 1]:
        each = x.take(k, axis)
        summed = total + each
        part = summed - total
        rest += (total - (summed - part)) + (each - part)
        total = summed
        wanted.swapaxes(0, axis)[k] = total + rest
    found = running_sums(ct.tensor(x), axis, reverse).numpy()
    assert (found.view("int32") == wanted.view("int32")).all()
