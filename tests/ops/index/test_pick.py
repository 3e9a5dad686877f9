"""Indexing against NumPy: every kind of key for reading and writing, taking, nonzero."""

import numpy as np
import pytest
from arrays import check, check_both_orders, counted

import cltensor as ct
from cltensor.errors import DeviceError, DTypeError, GradientError, IndexingError, ShapeError
from cltensor.ops.index.scatter import setitem

# Each test runs with the kernels for CPUs, loops over runs, and with one element per work-item.
pytestmark = pytest.mark.usefixtures("skeleton")


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
    (slice(None), [0, 1], ..., [1, 0], 0),
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
    if dtype == "float64" and not device.fp64:
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


def test_an_index_changed_later_does_not_change_the_gradient():
    index = ct.tensor(np.array([0, 1]))
    x = ct.tensor([1.0, 2.0, 3.0], requires_grad=True)
    y, z = x[index], x[index.clone()]
    index[0] = 2
    with pytest.raises(GradientError, match="getitem saved .indices. .* setitem changed it"):
        y.sum().backward()
    z.sum().backward()
    check(x.grad, np.float32([1, 1, 0]))


def test_taking():
    a = A
    x = ct.tensor(a)
    index = np.array([[2, -1], [0, 0]])
    check(ct.take(x, index, 2), a.take(index, 2))
    check(ct.take(x, ct.tensor(index)), a.take(index))
    check(ct.index_select(x, 1, ct.tensor(THREE)), a.take(THREE, 1))
    check(ct.index_select(x, 1, ct.tensor(1)), a.take([1], 1))
    check(ct.tensor(2.5).index_select(0, ct.tensor([0])), np.float32(2.5))
    for bad in ([[0]], ct.zeros(1, 1, dtype="int64")):
        with pytest.raises(ct.ShapeError, match=r"index_select: index has shape \(1, 1\)"):
            ct.index_select(x, 0, bad)
    with pytest.raises(ct.ShapeError, match="index_select: index has shape"):
        ct.index_select(ct.tensor(2.5), 0, [0, 0])
    with pytest.raises(ct.DTypeError, match="index_select: index is bool"):
        ct.index_select(x, 0, [True, False])
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
    for dtype in (ct.float16, ct.bfloat16):
        x = ct.tensor(a).to(dtype)
        check(ct.nonzero(x.t()), np.argwhere(a.T))
        check(ct.argwhere(x), np.argwhere(a))


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


OPERATIONS = {
    "array": lambda x: x[:, [0, 2, 0]],
    "arrays": lambda x: x[[0, 1, 0], :, [1, 1, 3]],
    "scalar index": lambda x: x[ct.tensor(1)],
    "mask": lambda x: x[ct.tensor(A[:, :, :, 0][:2, :3] % 2 == 0)],
    "take": lambda x: ct.take(x, [[1, 0], [2, 2]], 1),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_gradients_of_first_and_second_order(name):
    # At most 1: squares of the gradients of fourth powers would drown differences in rounding.
    values = np.random.default_rng(3).uniform(-1, 1, (2, 3, 4))
    check_both_orders(OPERATIONS[name], values)


def test_a_bad_index_on_the_device_is_reported_at_the_next_read():
    x = ct.tensor(A)
    result = x[ct.tensor(np.array([0, 7]))]
    with pytest.raises(IndexingError, match="getitem: index 7 is out of range"):
        result.numpy()
    check(x, A)


def test_nothing_has_no_elements_to_index():
    with pytest.raises(IndexingError, match=r"axis 0 (of size 0|has)|index 0 is out of range"):
        ct.tensor(A)[:0][[0]]


def test_an_index_on_another_device():
    if len(ct.devices()) < 2:
        pytest.skip("only one device is present")
    x, other = ct.tensor(A), ct.tensor(THREE, device="cl:1")
    with pytest.raises(DeviceError, match="getitem: the tensor is on '.*', an index on '.*'"):
        x[:, other]


def test_slices_of_no_integers_are_named(device):
    x = ct.ones(3)
    for key in (slice("a", None), slice(None, 1.5), slice(None, None, ct.tensor(1.5))):
        with pytest.raises(DTypeError, match=r"getitem: slice\(.* is no slice of an axis"):
            x[key]
        with pytest.raises(DTypeError, match=r"setitem: slice\("):
            x[key] = 1
    with pytest.raises(ShapeError, match="getitem: .* has a step of zero"):
        x[::0]
    assert x[ct.tensor(1) :].shape == (2,)


def test_an_empty_mask_picks_nothing(device):
    x = ct.ones(3, 2)
    assert x[ct.zeros(0, dtype="bool")].shape == (0, 2)
    assert x[np.zeros((3, 0), bool)].shape == (0,)
    x[ct.zeros((0, 2), dtype="bool")] = 5
    assert x.tolist() == [[1, 1]] * 3
