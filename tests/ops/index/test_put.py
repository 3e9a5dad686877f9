"""Writing by index as NumPy and PyTorch name it, against NumPy; keys drawn at random."""

import numpy as np
import pytest
from arrays import check, check_both_orders
from draws import cases, drawn, generator
from keys import draw_key, draw_sizes, for_numpy, for_tensors

import cltensor as ct
from cltensor.errors import DTypeError, IndexingError, ShapeError

# Each test runs with the kernels for CPUs and with those for other devices.
pytestmark = pytest.mark.usefixtures("skeleton")


def _draws(case, count=12):
    rng = generator(case)
    for _ in range(count):
        a = rng.integers(0, 100, draw_sizes(rng)).astype("float32")
        key = drawn(sizes=a.shape, key=draw_key(rng, a.shape))["key"]
        try:
            picked = a[for_numpy(key)]
        except IndexError:
            with pytest.raises((IndexingError, ShapeError)):
                ct.tensor(a)[for_tensors(key)].numpy()
            continue
        yield rng, a, key, np.asarray(picked)


@cases
def test_reading_by_drawn_keys_and_its_gradient(case):
    for rng, a, key, picked in _draws(case):
        x = ct.tensor(a, requires_grad=True)
        found = x[for_tensors(key)]
        check(found.detach(), picked)
        g = rng.integers(0, 9, picked.shape).astype("float32")
        (found * ct.tensor(g)).sum().backward()
        want = np.zeros_like(a)
        np.add.at(want, for_numpy(key), g)
        check(x.grad, want)


@cases
def test_assigning_and_accumulating_by_drawn_keys(case):
    for rng, a, key, picked in _draws(case):
        sizes = tuple([1 if rng.random() < 0.3 else n for n in picked.shape])
        values = rng.integers(0, 100, sizes).astype("float32")
        want, x = a.copy(), ct.tensor(a)
        want[for_numpy(key)] = values
        x[for_tensors(key)] = ct.tensor(values) if rng.random() < 0.7 else values
        check(x, want)
        added = a.copy()
        np.add.at(added, for_numpy(key), values)
        check(ct.index_put(ct.tensor(a), for_tensors(key), ct.tensor(values), True), added)


def test_index_put():
    x, rows = ct.zeros(3, 2), ct.tensor([0, 2, 0])
    check(ct.index_put(x, (rows,), ct.tensor(5.0)), np.float32([[5, 5], [0, 0], [5, 5]]))
    check(ct.index_put(x, (rows,), ct.tensor(5.0), True), np.float32([[10, 10], [0, 0], [5, 5]]))
    check(ct.index_put(x, [rows, rows.clip(0, 1)], ct.tensor([1.0, 2, 3]), accumulate=True)[0],
          np.float32([4, 0]))  # fmt: skip
    check(x, np.zeros((3, 2), "float32"))
    assert x.index_put_((rows,), ct.tensor(1.0)) is x
    check(x, np.float32([[1, 1], [0, 0], [1, 1]]))
    with pytest.raises(DTypeError, match="index_put"):
        ct.index_put(x, (rows,), ct.tensor([1, 2, 3]), True)


def test_the_last_value_written_to_a_place_has_the_gradient():
    x = ct.zeros(3, requires_grad=True)
    values = ct.tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = x * 1
    y[ct.tensor([1, 0, 1])] = values
    (y * ct.tensor([1.0, 10, 100])).sum().backward()
    check(values.grad, np.float32([0, 1, 10]))
    check(x.grad, np.float32([0, 0, 100]))
    one = ct.tensor(4.0, requires_grad=True)
    ct.index_fill(ct.zeros(2, 3), 1, ct.tensor([0, 0, 2]), one).sum().backward()
    check(one.grad, np.float32(4))


@pytest.mark.parametrize("accumulate", [False, True])
def test_put(accumulate):
    a = np.arange(6, dtype="float32").reshape(2, 3)
    at, values = np.array([[4, -1, 0]]), np.float32([[7, 8, 9]])
    want = a.copy()
    (np.add.at(want.ravel(), at, values) if accumulate else np.put(want, at, values))
    check(ct.put(ct.tensor(a).t().contiguous().t(), at, ct.tensor(values), accumulate), want)
    check(ct.tensor(a).put_(ct.tensor(at), ct.tensor(values), accumulate), want)
    with pytest.raises(ShapeError, match="put: 3 indices for a source of 2 elements"):
        ct.put(ct.tensor(a), at, ct.ones(2))


@pytest.mark.parametrize("axis", [0, 1, -1, None])
def test_along_an_axis(axis):
    a = np.random.default_rng(0).integers(0, 50, (3, 4)).astype("float32")
    at = np.argsort(a, axis)[:2] if axis in (0, None) else np.argsort(a, axis)[:, :2]
    check(ct.take_along_dim(ct.tensor(a), ct.tensor(at), axis), np.take_along_axis(a, at, axis))
    want, x = a.copy(), ct.tensor(a)
    np.put_along_axis(want, at, -1, axis)
    assert ct.put_along_axis(x, at, -1, axis) is None
    check(x, want)
    with pytest.raises(ShapeError, match="put_along_axis: indices of shape"):
        ct.put_along_axis(ct.zeros(2, 3), np.zeros(2, "int64"), 0, 0)


def test_masked_scatter():
    a, mask = np.arange(6, dtype="float32").reshape(2, 3), np.array([True, False, True])
    want = np.float32([[10, 1, 11], [12, 4, 13]])
    source = ct.arange(10.0, 16.0)
    check(ct.masked_scatter(ct.tensor(a), ct.tensor(mask), source), want)
    check(ct.masked_scatter(ct.zeros(3), ct.tensor(mask).expand(2, 3), source)[1],
          np.float32([12, 0, 13]))  # fmt: skip
    check(
        ct.masked_scatter(ct.zeros(2), ct.tensor([False, False]), ct.zeros(0)),
        np.zeros(2, "float32"),
    )
    assert ct.tensor(a).masked_scatter_(ct.tensor(mask), source).tolist() == want.tolist()
    with pytest.raises(ShapeError, match="no elements, and the mask holds"):
        ct.masked_scatter(ct.zeros(2), ct.tensor([False, True]), ct.zeros(0))
    with pytest.raises(IndexingError, match="out of range"):
        ct.masked_scatter(ct.zeros(3), ct.tensor([True] * 3), ct.ones(2)).numpy()
    with pytest.raises(DTypeError, match="masked_scatter: x is float32"):
        ct.masked_scatter(ct.zeros(3), ct.tensor(mask), ct.tensor([1, 2]))


@pytest.mark.parametrize(
    "operation",
    [
        lambda x: ct.index_put(x, (ct.tensor([0, 2, 0]),), x[:, :1].sum() * x[1], True),
        lambda x: ct.index_put(x, (ct.tensor([2, 2]), ct.tensor([0, 1])), x[1, :2]),
        lambda x: ct.put(x, ct.tensor([0, 5]), x[1, :2]),
        lambda x: ct.masked_scatter(x, ct.tensor([True, False, True, False, True]), x * 2),
        lambda x: ct.take_along_dim(x, ct.tensor([[0], [2], [1]]), 1),
        lambda x: ct.repeat_interleave(x, ct.tensor([0, 3, 1]), 0),
    ],
)
def test_gradients_of_first_and_second_order(operation):
    check_both_orders(operation, np.random.default_rng(2).permutation(15).reshape(3, 5) / 7)


def test_argwhere_and_a_fixed_number_of_rows():
    a = np.array([[0, 3], [1, 0]])
    check(ct.argwhere(ct.tensor(a)), np.argwhere(a))
    check(ct.nonzero_static(ct.tensor(a), size=3), np.int64([[0, 1], [1, 0], [-1, -1]]))
    check(ct.nonzero_static(ct.tensor(a), size=1, fill_value=9), np.int64([[0, 1]]))


def test_indices_are_looked_at_where_nothing_is_read_or_written():
    x = ct.zeros(1, 0)
    for act in (lambda: x[ct.tensor([3])], lambda: ct.index_select(x, 0, ct.tensor([1, 0]))):
        with pytest.raises(IndexingError, match=r"index [13] is out of range for axis 0 of size 1"):
            act().numpy()
    x[ct.tensor([3])] = 1.0
    with pytest.raises(IndexingError, match="setitem: index 3 is out of range for axis 0"):
        x.device.synchronize()
    assert x[ct.tensor([0, -1])].shape == (2, 0)
