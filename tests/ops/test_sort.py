"""Sorting against NumPy, at sizes around the edges of blocks and runs."""

import numpy as np
import pytest
from arrays import SIZES, check, check_both_orders, draw

import cltensor as ct
from cltensor.errors import ShapeError

# Each test runs with the kernels for CPUs, loops over runs, and with one element per work-item.
pytestmark = pytest.mark.usefixtures("skeleton")


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("dtype", ["int64", "float32", "uint8"])
def test_sort_is_stable_along_every_axis(sizes, dtype):
    a = draw(sizes, dtype)
    x = ct.tensor(a)
    for axis in range(a.ndim):
        order = np.argsort(a, axis, kind="stable")
        check(ct.argsort(x, axis), order)
        check(ct.sort(x, axis).values, np.sort(a, axis))
        down = np.argsort(-a.astype("int64"), axis, kind="stable")
        check(ct.argsort(x, axis, descending=True), down)


def test_sort_puts_nan_last_and_orders_infinities():
    a = np.float32([np.nan, 1, -np.inf, np.inf, np.nan, -0.0, 0.0] * 7)
    check(ct.sort(ct.tensor(a)).values, np.sort(a))
    check(ct.argsort(ct.tensor(a)), np.argsort(a, kind="stable"))
    first = ct.sort(ct.tensor(a), descending=True).values.numpy()
    assert np.isnan(first[:14]).all()
    check(ct.tensor(first[14:]), np.sort(a)[:-14][::-1])


def test_sort_of_extremes_bools_and_scalars():
    limits = np.iinfo("int64")
    a = np.array([limits.max, 0, limits.min, -1], "int64")
    check(ct.sort(ct.tensor(a)).values, np.sort(a))
    unsigned = np.array([2**64 - 1, 0, 2**63], "uint64")
    check(ct.sort(ct.tensor(unsigned)).values, np.sort(unsigned))
    flags = np.array([True, False, True])
    check(ct.sort(ct.tensor(flags)).values, np.sort(flags))
    assert ct.sort(ct.tensor(3.0)).values.item() == 3.0
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
        lambda x: ct.sort(x, 1).values,
        lambda x: ct.topk(x, 2, axis=0).values,
    ],
)
def test_gradients_of_first_and_second_order(operation):
    check_both_orders(operation, np.random.default_rng(2).permutation(15).reshape(3, 5) / 7)


def test_tensors_without_dimensions_have_the_axes_0_and_minus_1():
    for axis in (0, -1):
        x = ct.tensor(3.0, requires_grad=True)
        check(ct.argsort(x.detach(), axis), np.int64(0))
        values, indices = ct.topk(x, 1, axis)
        check(values.detach(), np.float32(3))
        check(indices, np.int64(0))
        (2 * values).backward()
        check(x.grad, np.float32(2))
    for call in (lambda: ct.argsort(x, 1), lambda: ct.sort(x, -2), lambda: ct.topk(x, 1, 1)):
        with pytest.raises(ShapeError, match="is out of range for a tensor with 0 dimensions"):
            call()
    with pytest.raises(ShapeError, match="topk: 2 elements of axis 0 of size 1"):
        ct.topk(x, 2)


def test_empty_operands():
    for shape, axis in (((0,), 0), ((0, 3), 0), ((2, 0), 0), ((2, 0), 1)):
        x = ct.ones(*shape, requires_grad=True)
        assert ct.argsort(x.detach(), axis).shape == shape
        values, indices = ct.topk(x, min(1, shape[axis]), axis)
        want = tuple(min(1, n) if d == axis else n for d, n in enumerate(shape))
        assert values.shape == indices.shape == want
        values.sum().backward()
        assert x.grad.shape == shape


@pytest.mark.parametrize("bad", [True, 1.0, 1.5, -1, 2**70, "1", None])
def test_numbers_that_are_no_counts(bad):
    with pytest.raises(ShapeError, match="topk: k is"):
        ct.topk(ct.ones(3), bad)
    for call in (ct.argsort, ct.sort, lambda x, axis: ct.topk(x, 1, axis)):
        with pytest.raises(ShapeError, match="axis is|axis -"):
            call(ct.ones(3), -9 if bad == -1 else bad)


def test_bad_axes():
    for call in (ct.argsort, ct.sort):
        with pytest.raises(ShapeError, match="axis 2 is out of range"):
            call(ct.zeros(2, 3), 2)


def test_a_zero_dimensional_tensor_takes_the_axes_0_and_minus_1():
    x = ct.tensor(3.0)
    for axis in (0, -1):
        assert ct.sort(x, axis).values.item() == 3
        assert ct.argsort(x, axis).item() == 0
        values, indices = ct.topk(x, 1, axis)
        assert (values.shape, values.item(), indices.item()) == ((), 3, 0)
    for function in (ct.sort, ct.argsort, lambda x, a: ct.topk(x, 1, a)):
        with pytest.raises(ShapeError, match="axis 1 is out of range"):
            function(x, 1)


def test_msort_and_lexsort():
    a = np.random.default_rng(3).integers(0, 3, (6, 4, 50))
    check(ct.msort(ct.tensor(a)), np.sort(a, 0))
    check(ct.lexsort(ct.tensor(a[:, 0])), np.lexsort(a[:, 0]))
    check(ct.lexsort([ct.tensor(row) for row in a]), np.lexsort(list(a)))
    check(ct.lexsort(ct.tensor(a), 0), np.lexsort(a, 0))
    with pytest.raises(ShapeError, match="lexsort: keys are no tensors of one shape"):
        ct.lexsort([])


@pytest.mark.parametrize("sizes", [(3, 40), (2, 5000), (40_000,), (3, 2, 700)])
def test_long_rows_have_values_indices_and_gradients(sizes):
    a = np.random.default_rng(4).permutation(np.prod(sizes)).reshape(sizes).astype("float32")
    for axis in (0, -1):
        for descending in (False, True):
            x = ct.tensor(a, requires_grad=True)
            values, indices = ct.sort(x, axis, descending)
            order = np.argsort(-a if descending else a, axis, kind="stable")
            check(indices, order)
            check(values.detach(), np.take_along_axis(a, order, axis))
            weights = np.arange(a.size, dtype="float32").reshape(sizes)
            (values * ct.tensor(weights)).sum().backward()
            want = np.zeros_like(a)
            np.put_along_axis(want, order, weights, axis)
            check(x.grad, want)


@pytest.mark.parametrize("k", [0, 1, 5, 100, 300])
def test_the_largest_of_long_rows(k):
    a = np.random.default_rng(5).standard_normal((3, 2000)).round(1).astype("float32")
    for largest in (True, False):
        values, indices = ct.topk(ct.tensor(a), k, largest=largest)
        order = np.argsort(-a if largest else a, -1, kind="stable")[:, :k]
        check(indices, order)
        check(values, np.take_along_axis(a, order, -1))


@pytest.mark.parametrize("n", [7, 100, 5000])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_floats_of_16_bits(device, dtype, n):
    rng = np.random.default_rng(n)
    a = rng.standard_normal((2, n)) * {"float16": 1e4, "bfloat16": 1e37}[dtype]
    a[0, :5] = np.nan, np.inf, -np.inf, -0.0, 0.0
    x = ct.tensor(a.astype("float32")).to(dtype)
    b = x.float().numpy()
    for descending in (False, True):
        values, order = ct.sort(x, 1, descending, stable=True)
        ranks = np.unique(b, return_inverse=True)[1].reshape(b.shape)
        check(order, np.argsort(-ranks if descending else ranks, 1, kind="stable"))
        assert values.dtype == dtype
        check(values.float(), np.take_along_axis(b, order.numpy(), 1))
    check(ct.topk(x, 3).values[1].float(), -np.sort(-b[1])[:3])
    check(ct.kthvalue(x, 4, 1).values.float(), np.sort(b, 1)[:, 3])
    check(ct.searchsorted(ct.sort(x[1]).values, x[1]), np.searchsorted(np.sort(b[1]), b[1]))


def test_values_alone_are_those_of_pairs():
    a = np.random.default_rng(6).standard_normal((3, 4, 100)).astype("float32")
    x = ct.tensor(a)
    for axis in (0, 1, -1):
        check(ct.sort(x, axis=axis), np.sort(a, axis))
        check(ct.sort(x, axis=axis, descending=True), -np.sort(-a, axis))
    check(ct.func.vmap(lambda row: ct.sort(row, axis=-1))(x), np.sort(a, -1))
    check(ct.func.vmap(ct.msort, in_dims=2)(x), np.sort(np.moveaxis(a, 2, 0), 1))
    w = ct.tensor(a[0, 0], requires_grad=True)
    (ct.msort(w) * ct.arange(100)).sum().backward()
    check(w.grad, np.argsort(np.argsort(a[0, 0])).astype("float32"))
    recorded = ct.jit(lambda t: ct.sort(t, axis=0) * 2)
    for row in a.reshape(12, 100):
        check(recorded(ct.tensor(row)), np.sort(row) * 2)
