"""Writing and adding at indices, and gathering, against NumPy."""

import draws
import numpy as np
import pytest
from arrays import check, check_both_orders, counted

import cltensor as ct
from cltensor.errors import DeviceError, DTypeError, IndexingError, ShapeError
from cltensor.ops.index.scatter import setitem

# Each test runs with the kernels for CPUs, loops over runs, and with one element per work-item.
pytestmark = pytest.mark.usefixtures("skeleton")


A = counted(2, 3, 4, 5)
THREE = np.array([1, -1, 0])
MASK = A % 3 == 0


def test_the_last_of_equal_indices_stays():
    places = np.random.default_rng(2).integers(0, 50, 3000)
    values = np.arange(3000, dtype="float32")
    want = np.zeros(50, "float32")
    want[places] = values
    x = ct.zeros(50)
    x[ct.tensor(places)] = ct.tensor(values)
    check(x, want)
    grid = np.zeros((4, 7, 5), "float32")
    rows, columns = places[:600] % 7, places[:600] % 5
    fill = np.random.default_rng(3).standard_normal((4, 600)).astype("float32")
    grid[:, rows, columns] = fill
    y = ct.zeros(4, 7, 5)
    y[:, ct.tensor(rows), ct.tensor(columns)] = ct.tensor(fill)
    check(y, grid)


def test_values_broadcast_and_are_cast():
    x, want = ct.tensor(A), A.copy()
    x[:, 1] = ct.tensor(np.arange(5))
    want[:, 1] = np.arange(5)
    x[0, :, [0, 2]] = np.float32([[1.5], [2.5], [3.5]])
    want[0, :, [0, 2]] = np.float64([[1.5], [2.5], [3.5]])
    x[1, 2] = ct.tensor(np.ones((1, 1, 1, 5), "float32"))
    want[1, 2] = 1
    x[MASK] = x[MASK] + 1
    want[MASK] += 1
    check(x, want)


def test_assignment_is_seen_by_all_that_share_the_elements_and_no_others():
    x, want = ct.tensor(A), A.copy()
    view, whole, apart = x[0], x.detach(), x.clone()
    x[0, :, 1] = -1
    want[0, :, 1] = -1
    x[[1, 0], :, 2] = x[:, :, 3]
    want[[1, 0], :, 2] = want[:, :, 3]
    check(view, want[0])
    check(whole, want)
    check(apart, A)
    overlapping = ct.tensor(np.arange(6))
    overlapping[1:] = overlapping[:-1]
    check(overlapping, [0, 0, 1, 2, 3, 4])


def test_assignment_is_recorded():
    x = ct.tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = x * 2
    y[1] = 10.0
    y.sum().backward()
    check(x.grad, np.float32([2, 0, 2]))


def draw_index(rng):
    """An array, an axis and an index array for it, negative entries among them."""
    shape = draws.several(rng, 1, 6, int(rng.integers(1, 5)))
    axis = int(rng.integers(-len(shape), len(shape)))
    sizes = [int(rng.integers(0 if rng.integers(9) == 0 else 1, n + 1)) for n in shape]
    sizes[axis] = int(rng.integers(0, 9))
    kind = str(rng.choice(["int8", "int32", "int64", "uint8", "uint64"]))
    index = rng.integers(0 if kind[0] == "u" else -shape[axis], shape[axis], sizes).astype(kind)
    draws.drawn(shape=shape, axis=axis, index=index)
    return rng.integers(-9, 9, shape).astype("float32"), axis, index


@draws.cases
def test_drawn_indices(case):
    rng = draws.generator(case)
    a, axis, index = draw_index(rng)
    places = list(np.indices(index.shape))
    places[axis] = index.astype("int64")
    # As views with an offset and strides of their own, too.
    base = ct.tensor(np.repeat(np.concatenate([a, a])[..., None], 2, -1))[len(a) :, ..., 1]
    check(base, a)
    for x in (ct.tensor(a), base):
        check(ct.gather(x, axis, ct.tensor(index)), a[tuple(places)])
    x = ct.tensor(a, requires_grad=True)
    g = rng.integers(-9, 9, index.shape).astype("float32")
    ct.gather(x, axis, ct.tensor(index)).backward(ct.tensor(g))
    want = np.zeros_like(a)
    np.add.at(want, tuple(places), g)
    check(x.grad, want)
    source = ct.tensor(g, requires_grad=True)
    sums = ct.scatter_add(base, axis, ct.tensor(index), source)
    check(sums.detach(), a + want)
    sums.backward(ct.tensor(a))
    check(source.grad, a[tuple(places)])
    one = index.reshape(-1)[:7]
    check(ct.take(base, ct.tensor(one), axis), np.take(a, one.astype("int64"), axis))
    more = rng.integers(-9, 9, np.take(a, one.astype("int64"), axis).shape).astype("float32")
    want = np.moveaxis(a, axis, 0).copy()
    np.add.at(want, one.astype("int64"), np.moveaxis(more, axis, 0))
    got = ct.index_add(ct.tensor(a), axis, ct.tensor(one), ct.tensor(more))
    check(got, np.moveaxis(want, 0, axis))


@draws.cases
def test_drawn_indices_out_of_range(case):
    """They are faults, and nothing outside the buffers is touched."""
    rng = draws.generator(case)
    a, axis, _ = draw_index(rng)
    n = a.shape[axis]
    kind = str(rng.choice(["int64", "int32", "uint64"]))
    far = {
        "int64": [n, -n - 1, 2**31, -(2**31), 2**32, 2**62, -(2**63), 2**63 - 1],
        "int32": [n, -n - 1, 2**31 - 1, -(2**31)],
        "uint64": [n, 2**32, 2**63, 2**64 - 1],
    }[kind]
    bad = np.full([3 if d == axis % a.ndim else m for d, m in enumerate(a.shape)], 0, kind)
    bad.reshape(-1)[rng.integers(bad.size)] = draws.drawn(kind=kind, far=far)["far"][
        case % len(far)
    ]
    x, one = ct.tensor(a), ct.tensor(bad)
    for call in (
        lambda: ct.gather(x, axis, one),
        lambda: ct.scatter_add(x, axis, one, ct.zeros(*bad.shape)),
        lambda: ct.take(x, one, axis),
        lambda: ct.one_hot(one, n),
    ):
        with pytest.raises(IndexingError, match="is out of range"):
            call().numpy()
    check(x, a)


def test_tensors_without_dimensions_have_the_axes_0_and_minus_1():
    for axis in (0, -1):
        x, y = ct.tensor(3.0, requires_grad=True), ct.tensor(2.0, requires_grad=True)
        zero = ct.tensor(0)
        check(ct.gather(x.detach(), axis, zero), np.float32(3))
        check(ct.gather(x.detach(), axis, ct.tensor([0, 0])), np.float32([3, 3]))
        check(ct.gather(ct.tensor([1.0, 2.0]), axis, ct.tensor(1)), np.float32(2))
        check(ct.take_along_axis(x.detach(), zero, axis), np.float32(3))
        check(ct.index_add(x.detach(), axis, zero, y.detach()), np.float32(5))
        check(ct.take(x.detach(), zero, axis), np.float32(3))
        check(ct.scatter_add(x.detach(), axis, ct.tensor([0, 0]), ct.ones(2)), np.float32(5))
        sums = ct.scatter_add(x, axis, zero, y)
        check(sums.detach(), np.float32(5))
        (ct.gather(x, axis, zero) * sums).backward()
        check(x.grad, np.float32(8))
        check(y.grad, np.float32(3))
    with pytest.raises(ShapeError, match="gather: axis 1 is out of range"):
        ct.gather(ct.tensor(3.0), 1, ct.tensor(0))
    with pytest.raises(ShapeError, match="gather: an index of shape"):
        ct.gather(ct.ones(2, 3), 0, ct.tensor(0))


def test_empty_operands():
    nothing = lambda *shape: ct.zeros(*shape, dtype="int64")  # noqa: E731
    for shape, axis, index in (
        ((2, 3), 0, (0, 3)), ((0, 3), 1, (0, 2)), ((3, 2), 0, (5, 0)), ((0,), 0, (0,)),
    ):  # fmt: skip
        x = ct.ones(*shape, requires_grad=True)
        out = ct.gather(x, axis, nothing(*index))
        assert out.shape == index
        out.sum().backward()
        check(x.grad, np.zeros(shape, "float32"))
        source = ct.ones(*index, requires_grad=True)
        sums = ct.scatter_add(x.detach(), axis, nothing(*index), source)
        check(sums.detach(), np.ones(shape, "float32"))
        sums.sum().backward()
        assert source.grad.shape == index
    with pytest.raises(IndexingError, match="axis 0 of size 0"):
        ct.gather(ct.ones(0), 0, nothing(1))
    assert ct.one_hot(nothing(0), 3).shape == (0, 3)
    assert ct.one_hot(nothing(0), 0).shape == (0, 0)


@pytest.mark.parametrize("bad", [True, 1.0, -2, 2**70, "3", None])
def test_one_hot_needs_a_number_of_classes(bad):
    with pytest.raises(ShapeError, match="one_hot: num_classes is"):
        ct.one_hot(ct.tensor([0]), bad)


def test_one_hot_without_classes():
    with pytest.raises(ShapeError, match="one_hot: num_classes is 0 for 2 labels"):
        ct.one_hot(ct.tensor([0, 0]), 0)
    with pytest.raises(ShapeError, match="one_hot: no labels"):
        ct.one_hot(ct.zeros(0, dtype="int64"))
    with pytest.raises(IndexingError, match="one_hot: label -3 is out of range"):
        ct.one_hot(ct.tensor([-3])).numpy()


@pytest.mark.parametrize("dtype", ["float32", "int32", "uint8"])
@pytest.mark.parametrize("sizes", [((40,), 0), ((5, 7), 0), ((5, 7), 1), ((3, 30, 70), 1)])
def test_index_add(sizes, dtype):
    shape, axis = sizes
    rng = np.random.default_rng(4)
    count = 900
    a = rng.integers(0, 9, shape).astype(dtype)
    index = rng.integers(0, shape[axis], count)
    source = rng.integers(0, 3, (*shape[:axis], count, *shape[axis + 1 :])).astype(dtype)
    want = np.moveaxis(a.copy(), axis, 0)
    np.add.at(want, index, np.moveaxis(source, axis, 0))
    got = ct.index_add(ct.tensor(a), axis, ct.tensor(index), ct.tensor(source))
    check(got, np.moveaxis(want, 0, axis))


def test_sums_at_indices_are_the_same_in_every_run():
    rng = np.random.default_rng(6)
    index, source = rng.integers(0, 3, 20000), rng.standard_normal(20000).astype("float32")
    runs = {
        ct.index_add(ct.zeros(3), 0, ct.tensor(index), ct.tensor(source)).numpy().tobytes()
        for _ in range(5)
    }
    assert len(runs) == 1


def test_one_hot():
    labels = np.array([[0, 2], [1, 1]])
    check(ct.one_hot(ct.tensor(labels)), np.eye(3, dtype="int64")[labels])
    got = ct.one_hot(ct.tensor(labels), 5, dtype=ct.float32)
    check(got, np.eye(5, dtype="float32")[labels])
    assert ct.one_hot(ct.tensor(labels[:0]), 4).shape == (0, 2, 4)


OPERATIONS = {
    "gather": lambda x: ct.gather(x, 2, np.array([[[0, 3], [1, 1], [2, 0]]] * 2)),
    "take_along_axis": lambda x: ct.take_along_axis(x, np.array([[[0, 3, 3]]]), -1),
    "scatter_add": lambda x: ct.scatter_add(x, 1, np.ones((2, 2, 3), int), x * x),
    "index_add": lambda x: ct.index_add(x, 1, [2, 0, 2], x * x, alpha=3),
    "setitem": lambda x: setitem(x, (slice(None), slice(0, 2)), x[:, 1:] * x[:, 1:]),
    "setitem scalar": lambda x: setitem(x * x, [0], 2.0),
    "setitem array": lambda x: setitem(x * x, (slice(None), [2, 0]), x[:, 1:] * x[:, 1:]),
    "setitem mask": lambda x: setitem(x * x, ct.tensor(A[:, :, :, 0] > 40), x.sum()),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_gradients_of_first_and_second_order(name):
    # At most 1: squares of the gradients of fourth powers would drown differences in rounding.
    values = np.random.default_rng(3).uniform(-1, 1, (2, 3, 4))
    check_both_orders(OPERATIONS[name], values)


def test_bad_indices_on_the_device_are_reported_at_the_next_read():
    x = ct.tensor(A)
    bad = ct.tensor(np.array([0, 7]))
    for name, call in [
        ("gather", lambda: ct.gather(x[:, 0, 0], 1, ct.tensor(np.array([[0, 7]] * 2)))),
        ("scatter_add", lambda: ct.scatter_add(x[0, 0], 0, ct.tensor(np.full((1, 5), 7)), x[0, 0])),
        ("index_add", lambda: ct.index_add(x[0, 0], 0, bad, x[0, 0, :2])),
        ("one_hot", lambda: ct.one_hot(bad, 4)),
        ("setitem", lambda: setitem(x, bad, 1)),
    ]:
        result = call()
        with pytest.raises(IndexingError, match=f"{name}: (index|label) 7 is out of range"):
            result.numpy()
    check(x, A)


def test_bad_arguments():
    x = ct.tensor(A[0, 0])
    index = ct.tensor(np.zeros((4, 5), "int64"))
    with pytest.raises(DTypeError, match=r"gather: the index is a Tensor .* \(float32\), not"):
        ct.gather(x, 0, x)
    with pytest.raises(DTypeError, match=r"index_add: the index is a NoneType \(object\), not of"):
        ct.index_add(x, 0, None, x)
    with pytest.raises(ShapeError, match="gather: an index of shape"):
        ct.gather(x, 0, index[0])
    with pytest.raises(ShapeError, match="gather: an index of shape"):
        ct.gather(x[:, :2], 0, index)
    with pytest.raises(ShapeError, match="scatter_add: an index of shape"):
        ct.scatter_add(x, 0, index, x[:2])
    with pytest.raises(ShapeError, match="take_along_axis: indices of shape"):
        ct.take_along_axis(x, index[0], 0)
    with pytest.raises(ShapeError, match="index_add: an index of shape"):
        ct.index_add(x, 0, [0, 1], x)
    for call in (
        lambda: ct.gather(x[:0], 0, index),
        lambda: ct.index_add(x[:0], 0, [0], x[:1]),
    ):
        with pytest.raises(IndexingError, match=r"axis 0 (of size 0|has)|index 0 is out of range"):
            call()


def test_operands_on_another_device():
    if len(ct.devices()) < 2:
        pytest.skip("only one device is present")
    x, other = ct.tensor(A), ct.tensor(THREE, device="cl:1")
    with pytest.raises(DeviceError, match="setitem: the tensor is on '.*', the value on '.*'"):
        x[0, 0, 0, :3] = other
    with pytest.raises(DeviceError, match="gather: operands are on '.*' and '.*'"):
        ct.gather(x[0, 0, 0], 0, other)


def test_what_is_added_is_of_the_same_dtype(device):
    index = ct.tensor([0])
    with pytest.raises(DTypeError, match="index_add: operands are float32 and int64"):
        ct.ones(2).index_add(0, index, ct.tensor([1]))
    with pytest.raises(DTypeError, match="index_add: alpha is 1.5 and the operands are integers"):
        ct.arange(2).index_add(0, index, ct.tensor([1]), alpha=1.5)
