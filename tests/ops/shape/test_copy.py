"""Copies between windows of buffers against NumPy, and the grids and bit patterns of them."""

import types

import numpy as np
import pytest

import cltensor as ct
from cltensor.ops.shape.copy import bits_of, copy, spread, wide
from cltensor.runtime.kernel import Counters

ALL = slice(None)
BACK = slice(None, None, -1)


def numbers(*shape, dtype="float32"):
    return np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)


def owned(array):
    """A Tensor with a copy of the array in a buffer of its own."""
    return ct.tensor(array).realize()


# the window that is written, in an array of 6 x 8, and the source of its shape
WINDOWS = {
    "the whole": ((), lambda s: s(6, 8)),
    "a block": ((slice(2, 5), slice(1, 7)), lambda s: s(3, 6)),
    "steps and backwards": ((slice(5, None, -2), slice(0, 8, 3)), lambda s: s(3, 3)[:, BACK]),
    "from a transpose": ((slice(2), ALL), lambda s: s(8, 2).T),
    "from a broadcast row": ((ALL, slice(3)), lambda s: s(6, 1)[:, [0, 0, 0]]),
    "one element": ((4, 7), lambda s: s(3)[1]),
    "a column": ((BACK, 2), lambda s: s(6)),
    "nothing": ((slice(2, 2), ALL), lambda s: s(0, 8)),
}


@pytest.mark.parametrize("name", WINDOWS)
def test_windows(skeleton, name):
    key, make = WINDOWS[name]
    want = np.full((6, 8), -1, "float32")
    to = owned(want)
    want[key] = make(numbers)
    source = make(lambda *shape: owned(numbers(*shape)))
    if name == "from a broadcast row":
        source = owned(numbers(6, 1)).expand(6, 3)
    copy(to[key], source)
    np.testing.assert_array_equal(to.numpy(), want)


def test_an_empty_window_launches_nothing(skeleton):
    to, before = owned(numbers(4)), Counters.launches
    copy(to[:0], owned(numbers(0)))
    copy(to[:0], 5.0)
    assert Counters.launches == before


def test_axes_that_run_on_are_merged(skeleton):
    """So the kernel for one axis serves contiguous windows of any number of them."""
    copy(owned(numbers(24)), owned(numbers(24)))
    built = len(skeleton.kernels)
    to = owned(numbers(4, 2, 3, 4))
    copy(to[1:3], owned(numbers(2, 2, 3, 4)))
    assert len(skeleton.kernels) == built
    assert to[1:3].tolist() == numbers(2, 2, 3, 4).tolist()


def test_many_rows_are_shared_out(skeleton):
    source = numbers(300, 401)
    to = owned(np.zeros((401, 300), "float32"))
    copy(to, owned(source).T)
    np.testing.assert_array_equal(to.numpy(), source.T)


@pytest.mark.parametrize("long_index", [False, True])
def test_a_table_of_offsets_on_either_side(skeleton, long_index):
    rows = np.array([3, 0, 3, 1])
    table = owned((rows * 5).astype("int64" if long_index else "int32")).buffer
    source = owned(numbers(4, 5))
    to = owned(np.zeros((4, 5), "float32"))
    copy(to, source, source_table=table, axis=0, long_index=long_index)
    np.testing.assert_array_equal(to.numpy(), numbers(4, 5)[rows])
    to, table = owned(np.zeros((4, 5), "float32")), owned(rows[1:] * 5).buffer
    copy(to[:3], owned(numbers(3, 5)), to_table=table, axis=0, long_index=True)
    want = np.zeros((4, 5))
    want[rows[1:]] = numbers(3, 5)
    np.testing.assert_array_equal(to.numpy(), want)


@pytest.mark.parametrize(
    ("dtype", "value"),
    [("bool", True), ("int16", -2), ("float32", 0.1), ("uint64", 2**64 - 1), ("float32", -np.inf)],
)
def test_scalars_are_written_as_bits(device, dtype, value):
    want = np.zeros((3, 4), dtype)
    to = owned(want)
    want[:, 1:3] = value
    copy(to[:, 1:3], value)
    np.testing.assert_array_equal(to.numpy(), want)


def test_bit_patterns():
    assert bits_of(1.0, np.dtype("float32")) == 0x3F800000
    assert bits_of(-0.0, np.dtype("float64")) == 1 << 63
    assert bits_of(np.inf, np.dtype("float16")) == 0x7C00
    assert bits_of(-1, np.dtype("int8")) == 0xFF
    assert bits_of(2**64 - 1, np.dtype("uint64")) == 2**64 - 1
    assert bits_of(True, np.dtype("bool")) == 1


@pytest.mark.parametrize("count", [0, 1, 5, 8191, 8192, 8193, 1_000_003])
def test_work_items_share_the_elements(skeleton, count):
    size, local, each = spread(skeleton, count)
    assert size * each >= count
    assert size % local == 0
    if skeleton.is_cpu:
        assert local == 1
        assert (size - 1) * each < max(count, 1)
        assert size <= skeleton.compute_units * 4
        assert size <= max(1, -(-count // 8192))
    else:
        assert each == 1
        assert size - local < count or count == 0
        assert local <= skeleton.max_work_group


def test_long_positions_are_noticed():
    def stand_in(elements, size=1):
        buffer = types.SimpleNamespace(nbytes=4 * elements)
        return types.SimpleNamespace(buffer=buffer, dtype=np.dtype("float32"), size=size)

    # Half of what 32 bits count, for a kernel adds up two positions.
    small, far, broad = stand_in(2**30 - 1), stand_in(2**30), stand_in(1, 2**30)
    assert not wide()
    assert not wide(small, small)
    assert wide(small, far)
    assert wide(broad)
