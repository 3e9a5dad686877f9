"""Indexing against NumPy: every kind of key for reading and writing, gather and scatter."""

import numpy as np
import pytest

import cltensor as ct
from cltensor.errors import DeviceError, DTypeError, IndexingError, ShapeError
from cltensor.ops.scatter import setitem
from cltensor.testing import gradcheck, gradgradcheck


@pytest.fixture(autouse=True)
def kernel_form(skeleton):
    """Runs each test with the kernels' loops over runs, then with one element per work-item."""


def counted(*sizes, dtype="float32"):
    return (np.arange(np.prod(sizes, dtype=int)) % 120).reshape(sizes).astype(dtype)


def check(got, want):
    np.testing.assert_array_equal(got.numpy(), np.asarray(want), strict=True)


def on_device(key):
    """The key with its NumPy arrays as Tensors."""
    if isinstance(key, tuple):
        return tuple(on_device(k) for k in key)
    return ct.tensor(key) if isinstance(key, np.ndarray) else key


A = counted(2, 3, 4, 5)
THREE = np.array([1, -1, 0])
COLUMN = np.array([[0], [1]])
MASK = A % 3 == 0

BASIC = [
    (),
    ...,
    0,
    -1,
    (1, 2),
    (1, 2, 3, 4),
    (..., 2),
    (slice(None, None, -1),),
    (..., slice(3, None, -2)),
    (slice(None), slice(-2, 10)),
    (slice(1, 1),),
    (None, 1, ..., None),
    (slice(None), None, 0),
    np.int64(1),
    (slice(None), slice(None, None, 2), slice(3, 0, -1), slice(-1, None, -3)),
]
ADVANCED = [
    [0, 1],
    [],
    np.zeros((0, 3), int),
    np.array(1),
    (slice(None), np.array(2), slice(2)),
    (slice(None), THREE),
    (THREE[:2], slice(None), slice(1, 3)),
    (slice(None), THREE, COLUMN),
    (0, slice(None), COLUMN),
    (0, slice(None), slice(None), THREE),
    (slice(None), 0, COLUMN),
    (slice(None), THREE, slice(None), COLUMN),
    (COLUMN, slice(None), 0),
    (COLUMN, 0),
    (slice(None), None, THREE, None),
    ([0, 1], None, slice(None), [1, 2]),
    (..., THREE, slice(None, None, -1)),
    (slice(None, None, -1), THREE.astype("uint8") % 3),
    (THREE.astype("int16")[:2], THREE.astype("int32")[:2], [0, 3], [4, -5]),
    MASK,
    MASK[:, :, 0, 0],
    (MASK[:, 0, 0, 0], 0),
    (slice(None), np.array([True, False, True])),
    (np.array([True, False]), slice(None), [1]),
    (slice(None), MASK[0, :, :, 0], slice(None, None, -2)),
    np.zeros(A.shape, bool),
    True,
    False,
    (None, True, 0),
]


@pytest.mark.parametrize("key", BASIC + ADVANCED, ids=lambda k: repr(k)[:40])
def test_reading_and_writing_with_every_kind_of_key(key):
    rng = np.random.default_rng(5)
    for used in (key, on_device(key)):
        x, want = ct.tensor(A), A.copy()
        check(x[used], A[key])
        want[key] = 1
        x[used] = 1
        check(x, want)
        values = rng.integers(0, 100, A[key].shape).astype("float32")
        want[key] = values
        x[used] = ct.tensor(values)
        check(x, want)


@pytest.mark.parametrize(
    "dtype", ["bool", "int8", "uint16", "int32", "int64", "uint64", "float16", "float64"]
)
def test_every_dtype(dtype):
    device = ct.device()
    if (dtype == "float16" and not device.fp16) or (dtype == "float64" and not device.fp64):
        pytest.skip(f"the device has no {dtype}")
    a = A.astype(dtype)
    for key in [(0, slice(None, None, -1)), (slice(None), THREE)]:
        x, want = ct.tensor(a), a.copy()
        check(x[key], a[key])
        want[key] = 1
        x[key] = 1
        check(x, want)
        x[key] = a[key]
        check(x, a)


@pytest.mark.parametrize(
    "key",
    [
        [0, 1],
        (slice(None), [0, -1]),
        (THREE, slice(None), np.array([1, 0, 1])),
        ([4, 4, 2], ..., [1, 2, 0]),
        (slice(None, None, -1), [0, 1], slice(1, None)),
        (slice(1, 4, 2), slice(None), slice(None, None, -1)),
    ],
)
def test_keys_on_a_view(key):
    a = A.transpose(3, 2, 0, 1)[:, 1:, ::-1]
    x = ct.tensor(A).permute(3, 2, 0, 1)[:, 1:, ::-1]
    check(x[key], a[key])
    values = np.random.default_rng(1).standard_normal(a[key].shape).astype("float32")
    want = a.copy()
    want[key] = values
    check(setitem(x, key, values), want)
    check(x, a)


def test_slices_are_views():
    x = ct.tensor(A)
    for key in BASIC:
        assert x[key].buffer is x.buffer


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


def test_assignment_leaves_other_tensors_alone():
    x = ct.tensor(A)
    view, whole = x[0], x.alias()
    x[0, :, 1] = -1
    check(view, A[0])
    check(whole, A)
    overlapping = ct.tensor(np.arange(6))
    overlapping[1:] = overlapping[:-1]
    check(overlapping, [0, 0, 1, 2, 3, 4])


def test_an_index_changed_later_does_not_change_the_gradient():
    index = ct.tensor(np.array([0, 1]))
    x = ct.tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = x[index]
    index[0] = 2
    y.sum().backward()
    check(x.grad, np.float32([1, 1, 0]))


def test_taking():
    a = A
    x = ct.tensor(a)
    index = np.array([[2, -1], [0, 0]])
    check(ct.take(x, index, 2), a.take(index, 2))
    check(ct.take(x, ct.tensor(index)), a.take(index))
    check(ct.index_select(x, 1, ct.tensor(THREE)), a.take(THREE, 1))
    check(ct.masked_select(x, ct.tensor(MASK[:, :1])), a[np.broadcast_to(MASK[:, :1], a.shape)])


@pytest.mark.parametrize("sizes", [(0,), (1,), (63,), (64,), (5000,), (20, 1, 333), (3, 0)])
@pytest.mark.parametrize("dtype", ["bool", "float32", "int8"])
def test_nonzero(sizes, dtype):
    a = (np.random.default_rng(7).random(sizes) < 0.3).astype(dtype)
    check(ct.nonzero(ct.tensor(a)), np.argwhere(a))
    for got, want in zip(ct.nonzero(ct.tensor(a), as_tuple=True), np.nonzero(a), strict=True):
        check(got, want)


def test_nonzero_counts_nan_and_reads_views():
    a = np.float32([[0, np.nan], [-0.0, 2]])
    check(ct.nonzero(ct.tensor(a).t()), np.argwhere(a.T))


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("index_type", ["int64", "int32", "uint8"])
def test_gather_and_scatter_add(axis, index_type):
    rng = np.random.default_rng(11)
    a = rng.integers(0, 99, (4, 6, 5)).astype("float32")
    index = rng.integers(0, 4, (4, 6, 5)).astype(index_type)
    source = rng.integers(0, 9, (4, 6, 5)).astype("float32")
    check(ct.gather(ct.tensor(a), axis, ct.tensor(index)), np.take_along_axis(a, index, axis))
    want, places = a.copy(), list(np.indices(index.shape))
    places[axis] = index
    np.add.at(want, tuple(places), source)
    got = ct.scatter_add(ct.tensor(a), axis, ct.tensor(index), ct.tensor(source))
    check(got, want)


def test_gather_and_scatter_add_of_smaller_indices():
    rng = np.random.default_rng(12)
    a = rng.integers(0, 99, (4, 6, 5)).astype("int64")
    index = rng.integers(-6, 6, (2, 9, 3))
    check(ct.gather(ct.tensor(a), 1, index), np.take_along_axis(a[:2, :, :3], index, 1))
    want = a.copy()
    source = rng.integers(0, 9, (3, 9, 4))
    np.add.at(want, (np.arange(2)[:, None, None], index, np.arange(3)), source[:2, :, :3])
    check(ct.scatter_add(ct.tensor(a), 1, ct.tensor(index), ct.tensor(source)), want)


def test_take_along_axis_broadcasts():
    a = counted(3, 1, 5)
    index = np.random.default_rng(1).integers(-5, 5, (1, 4, 2))
    check(ct.take_along_axis(ct.tensor(a), ct.tensor(index), -1), np.take_along_axis(a, index, -1))
    order = np.argsort(-a, axis=None)
    check(ct.take_along_axis(ct.tensor(a), order, None), np.take_along_axis(a, order, None))


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
    "array": lambda x: x[:, [0, 2, 0]],
    "arrays": lambda x: x[[0, 1, 0], :, [1, 1, 3]],
    "scalar index": lambda x: x[ct.tensor(1)],
    "mask": lambda x: x[ct.tensor(A[:, :, :, 0][:2, :3] % 2 == 0)],
    "take": lambda x: ct.take(x, [[1, 0], [2, 2]], 1),
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
    if not ct.device().fp64:
        pytest.skip("the device has no float64 for finite differences")
    # At most 1: squares of the gradients of fourth powers would drown differences in rounding.
    values = np.random.default_rng(3).uniform(-1, 1, (2, 3, 4))
    x = ct.tensor(values, requires_grad=True)
    curved = lambda x: OPERATIONS[name](x * x)  # noqa: E731
    assert gradcheck(curved, [x])
    assert gradgradcheck(curved, [x])


def test_assignment_to_a_variable_is_recorded():
    x = ct.tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = x * 2
    y[1] = 10.0
    y.sum().backward()
    check(x.grad, np.float32([2, 0, 2]))


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (2, r"index 2 is out of range for axis 0 of size 2; use -2 to 1"),
        ((0, -4), "index -4 is out of range for axis 1 of size 3"),
        ((0, 0, 0, 0, 0), "5 indices for shape"),
        ((..., 0, ...), "two ellipses"),
        ([0, 5], "index 5 is out of range for axis 0 of size 2"),
        ((slice(None), np.array([[-4]])), "index -4 is out of range for axis 1 of size 3"),
        (np.array([1.5]), "cannot index"),
        ("name", "cannot index"),
        (np.ones((2, 2), bool), r"a mask of shape \(2, 2\) at axis 0"),
        ((slice(None), np.ones(2, bool)), r"a mask of shape \(2,\) at axis 1"),
    ],
)
def test_bad_keys_leave_everything_as_it_was(key, message):
    x = ct.tensor(A)
    with pytest.raises(IndexingError, match=f"getitem: .*{message}"):
        x[key]
    with pytest.raises(IndexingError, match=f"setitem: .*{message}"):
        x[key] = 1
    check(x, A)


def test_indices_that_do_not_broadcast():
    x = ct.tensor(A)
    with pytest.raises(ShapeError, match=r"getitem: shapes \(2,\) and \(3,\)"):
        x[[0, 1], THREE]
    with pytest.raises(ShapeError, match=r"setitem: .*shape"):
        x[:, 0] = np.ones(3, "float32")
    with pytest.raises(ShapeError, match="setitem"):
        x[0, 0] = np.ones((2, 4, 5), "float32")
    check(x, A)


def test_bad_indices_on_the_device_are_reported_at_the_next_read():
    x = ct.tensor(A)
    bad = ct.tensor(np.array([0, 7]))
    for name, call in [
        ("getitem", lambda: x[bad]),
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
    with pytest.raises(DTypeError, match="gather: the index is float32"):
        ct.gather(x, 0, x)
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
        lambda: x[:0][[0]],
        lambda: ct.gather(x[:0], 0, index),
        lambda: ct.index_add(x[:0], 0, [0], x[:1]),
    ):
        with pytest.raises(IndexingError, match=r"axis 0 (of size 0|has)|index 0 is out of range"):
            call()


def test_an_index_on_another_device():
    if len(ct.devices()) < 2:
        pytest.skip("only one device is present")
    x, other = ct.tensor(A), ct.tensor(THREE, device="cl:1")
    with pytest.raises(DeviceError, match="getitem: the tensor is on 'cl:0', an index on 'cl:1'"):
        x[:, other]
    with pytest.raises(DeviceError, match="setitem: the tensor is on 'cl:0', the value on 'cl:1'"):
        x[0, 0, 0, :3] = other
    with pytest.raises(DeviceError, match="gather: operands are on 'cl:0' and 'cl:1'"):
        ct.gather(x[0, 0, 0], 0, other)
