"""Running sums and sorting against NumPy, at sizes around the edges of blocks and runs."""

import numpy as np
import pytest

import cltensor as ct
from cltensor.errors import ShapeError
from cltensor.testing import gradcheck, gradgradcheck

SIZES = [(0,), (1,), (15,), (16,), (17,), (33,), (1000,), (70001,), (3, 0), (5, 1, 7), (4, 300, 9)]


@pytest.fixture(autouse=True)
def kernel_form(skeleton):
    """Runs each test with the kernels' loops over runs, then with one element per work-item."""


def check(got, want):
    np.testing.assert_array_equal(got.numpy(), np.asarray(want), strict=True)


def draw(sizes, dtype, high=40):
    rng = np.random.default_rng(len(sizes))
    return rng.integers(0 if np.dtype(dtype).kind in "ub" else -high, high, sizes).astype(dtype)


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
    check(ct.cumsum(ct.tensor(a).t(), 0), np.cumsum(a.T, 0, dtype="uint64"))
    check(ct.cumsum(ct.tensor(a > 20), 1), np.cumsum(a > 20, 1, dtype="int64"))
    check(ct.cumsum(ct.tensor(a), 1, dtype="float32"), np.cumsum(a, 1, dtype="float32"))


def test_cumsum_of_floats_stays_accurate():
    a = np.random.default_rng(0).standard_normal(100_000).astype("float32")
    got = ct.cumsum(ct.tensor(a), 0).numpy()
    np.testing.assert_allclose(got, np.cumsum(a, dtype="float64"), atol=2e-2)


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("dtype", ["int64", "float32", "uint8"])
def test_sort_is_stable_along_every_axis(sizes, dtype):
    a = draw(sizes, dtype)
    x = ct.tensor(a)
    for axis in range(a.ndim):
        order = np.argsort(a, axis, kind="stable")
        check(ct.argsort(x, axis), order)
        check(ct.sort(x, axis), np.sort(a, axis))
        down = np.argsort(-a.astype("int64"), axis, kind="stable")
        check(ct.argsort(x, axis, descending=True), down)


def test_sort_puts_nan_last_and_orders_infinities():
    a = np.float32([np.nan, 1, -np.inf, np.inf, np.nan, -0.0, 0.0] * 7)
    check(ct.sort(ct.tensor(a)), np.sort(a))
    check(ct.argsort(ct.tensor(a)), np.argsort(a, kind="stable"))
    first = ct.sort(ct.tensor(a), descending=True).numpy()
    assert np.isnan(first[:14]).all()
    check(ct.tensor(first[14:]), np.sort(a)[:-14][::-1])


def test_sort_of_extremes_bools_and_scalars():
    limits = np.iinfo("int64")
    a = np.array([limits.max, 0, limits.min, -1], "int64")
    check(ct.sort(ct.tensor(a)), np.sort(a))
    unsigned = np.array([2**64 - 1, 0, 2**63], "uint64")
    check(ct.sort(ct.tensor(unsigned)), np.sort(unsigned))
    flags = np.array([True, False, True])
    check(ct.sort(ct.tensor(flags)), np.sort(flags))
    assert ct.sort(ct.tensor(3.0)).item() == 3.0
    assert ct.argsort(ct.tensor(3.0)).item() == 0


@pytest.mark.parametrize("largest", [True, False])
def test_topk(largest):
    a = np.random.default_rng(1).permutation(60).reshape(3, 20).astype("float32")
    values, indices = ct.topk(ct.tensor(a), 4, largest=largest)
    order = np.argsort(-a if largest else a, -1)[:, :4]
    check(indices, order)
    check(values, np.take_along_axis(a, order, -1))
    columns = ct.topk(ct.tensor(a), 2, axis=0, largest=largest)
    check(columns.values, np.sort(a, 0)[::-1][:2] if largest else np.sort(a, 0)[:2])
    with pytest.raises(ShapeError, match="topk: 21 elements of axis 1 of size 20"):
        ct.topk(ct.tensor(a), 21)


@pytest.mark.parametrize(
    "operation",
    [
        lambda x: ct.cumsum(x, 0),
        lambda x: ct.cumsum(x, 1),
        lambda x: ct.sort(x, 1),
        lambda x: ct.topk(x, 2, axis=0).values,
    ],
)
def test_gradients_of_first_and_second_order(operation):
    if not ct.device().fp64:
        pytest.skip("the device has no float64 for finite differences")
    x = ct.tensor(np.random.default_rng(2).permutation(15).reshape(3, 5) / 7, requires_grad=True)
    assert gradcheck(lambda x: operation(x * x), [x])
    assert gradgradcheck(lambda x: operation(x * x), [x])


def test_long_axes_have_a_gradient_too():
    x = ct.ones(40_000, requires_grad=True)
    ct.cumsum(x, 0).sum().backward()
    check(x.grad, np.arange(40_000, 0, -1, dtype="float32"))


def test_bad_axes():
    for call in (ct.cumsum, ct.argsort, ct.sort):
        with pytest.raises(ShapeError, match="axis 2 is out of range"):
            call(ct.zeros(2, 3), 2)
