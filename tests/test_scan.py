"""Running sums against NumPy."""

import numpy as np
import pytest
from arrays import SIZES, check, check_both_orders, draw

import cltensor as ct
from cltensor.errors import ShapeError

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
    check(ct.cumsum(ct.tensor(a).t(), 0), np.cumsum(a.T, 0, dtype="uint64"))
    check(ct.cumsum(ct.tensor(a > 20), 1), np.cumsum(a > 20, 1, dtype="int64"))
    check(ct.cumsum(ct.tensor(a), 1, dtype="float32"), np.cumsum(a, 1, dtype="float32"))


def test_cumsum_of_floats_stays_accurate():
    a = np.random.default_rng(0).standard_normal(100_000).astype("float32")
    got = ct.cumsum(ct.tensor(a), 0).numpy()
    np.testing.assert_allclose(got, np.cumsum(a, dtype="float64"), atol=2e-2)


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


def test_bad_axes():
    with pytest.raises(ShapeError, match="axis 2 is out of range"):
        ct.cumsum(ct.zeros(2, 3), 2)
