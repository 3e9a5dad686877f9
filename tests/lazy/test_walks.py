"""How kernels for GPUs go over an iteration space: the numbers they divide by, vectors, tiles."""

from math import prod

import numpy as np
import pytest

import cltensor as ct
from cltensor.lazy.codegen import contiguous_strides, geometry
from cltensor.lazy.walks import TILE, divisor, divisors, offsets_of, tile_of, tiles_of, width_of


@pytest.mark.parametrize("d", [1, 2, 3, 5, 7, 10, 31, 49, 641, 3136, 65535, 2**30 + 1, 2**31 - 1])
def test_numbers_that_divide(d):
    magic, shift = divisor(d)
    assert -(2**31) <= magic < 2**31
    magic %= 2**32
    top = 2**31 - 1
    for a in {0, 1, d - 1, d, d + 1, 2 * d - 1, 3 * d, top // d * d - 1, top // d * d, top}:
        if 0 <= a <= top:
            high = magic * a >> 32
            assert high + a < 2**32
            assert (high + a) >> shift == a // d


def test_sizes_are_divided_by_from_the_second_on():
    assert divisors((7,), 4) == ()
    assert divisors((7, 3), 1) == divisor(3)
    assert divisors((7, 3, 20), 4) == (*divisor(3), *divisor(5))
    assert divisors((0, 0), 1) == divisor(1)


def width(shape, *operands, offsets=None, rest=False):
    space = geometry(shape, operands)
    starts = offsets_of(offsets or [0] * len(operands))
    return width_of(space.sizes, space.flags, space.strides, starts, rest)


def dense(*shape):
    return shape, contiguous_strides(shape)


def test_vectors_where_all_dense_operands_have_whole_ones():
    assert width((8, 12), dense(8, 12)) == 4
    assert width((9,), dense(9), rest=True) == 4
    assert width((9,), dense(9)) == 1
    assert width((3,), dense(3), rest=True) == 1
    bias = ((8, 1, 1), (1, 1, 1))
    assert width((2, 8, 6, 6), dense(2, 8, 6, 6), bias) == 4
    assert width((2, 8, 7, 7), dense(2, 8, 7, 7), bias) == 1
    assert width((8, 12), dense(8, 12), offsets=[8]) == 4
    assert width((8, 12), dense(8, 12), offsets=[3]) == 1
    assert width((8, 12), ((8, 12), (13, 1))) == 1
    assert width((8, 12), ((8, 12), (16, 1))) == 4
    assert width((8, 12), ((8, 12), (1, 1))) == 1  # windows that overlap
    assert width((8, 12), ((8, 12), (1, 8)), dense(8, 12), offsets=[5, 0]) == 4


def tile(shape, *operands, itemsize=4):
    space = geometry(shape, operands)
    return tile_of(space.sizes, space.flags, (itemsize,) * len(operands))


def test_tiles_where_operands_are_dense_along_another_dimension():
    turned = ((256, 128), (1, 256))
    assert tile((256, 128), turned) == 0
    assert tile((256, 128), dense(256, 128)) == -1
    assert tile((256, 128), turned, dense(256, 128)) == 0
    assert tile((16, 128), ((16, 128), (1, 16))) == -1  # few elements
    assert tile((4, 8192), ((4, 8192), (1, 4))) == -1  # tiles mostly empty
    assert tile((256, 128), turned, itemsize=16) == -1  # more local memory than devices have
    assert tile((4, 64, 128), ((4, 64, 128), (8192, 1, 64))) == 1
    two = ((32, 32, 32), (1, 1024, 32)), ((32, 32, 32), (1024, 1, 32))
    assert tile((32, 32, 32), *two) == -1
    assert tiles_of((4, 64, 130), 1) == (4, 2, 5)
    assert TILE == 32


SHAPES = [(5, 3, 8), (3, 4, 28), (2, 3, 7, 7), (1, 33), (64, 4), (2, 2, 2, 2, 12), (1027,)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", ["float32", "float16", "int64", "uint8", "complex64", "bool"])
def test_broadcast_operands(skeleton, shape, dtype):
    rng = np.random.default_rng(0)
    a = rng.integers(0, 9, shape).astype(dtype)
    x = ct.tensor(a)
    for axes in ((), (0,), (len(shape) - 1,), tuple(range(1, len(shape)))):
        b = rng.integers(0, 9, [1 if d in axes else n for d, n in enumerate(shape)]).astype(dtype)
        y = ct.tensor(b)
        if dtype == "bool":
            found, wanted = x ^ y, a ^ b
        else:
            found, wanted = x * y + x, a * b + a
        np.testing.assert_array_equal(found.numpy(), wanted)
        again = ct.tensor(a)
        again[...] = y
        np.testing.assert_array_equal(again.numpy(), np.broadcast_to(b, shape))


@pytest.mark.parametrize("start", [0, 1, 4])
@pytest.mark.parametrize("step", [1, 2])
def test_views_are_read_and_written_where_they_are(skeleton, start, step):
    a = np.random.default_rng(0).standard_normal((6, 44)).astype("float32")
    x, part = ct.tensor(a), (slice(1, 5), slice(start, start + 32, step))
    np.testing.assert_array_equal((x[part] * 2).numpy(), a[part] * 2)
    x[part] += x[part][:1] * 2
    wanted = a.copy()
    wanted[part] += a[part][:1] * 2
    np.testing.assert_array_equal(x.numpy(), wanted)


TURNED = [((256, 128), (1, 0)), ((130, 200), (1, 0)), ((3, 33, 190), (0, 2, 1)),
          ((40, 20, 33), (2, 1, 0)), ((5, 40, 6, 17), (0, 3, 2, 1))]  # fmt: skip


@pytest.mark.parametrize(("shape", "order"), TURNED)
@pytest.mark.parametrize("dtype", ["float32", "float16", "int64", "uint8", "complex64"])
def test_turned_operands(skeleton, shape, order, dtype):
    a = (np.arange(prod(shape)) % 251).reshape(shape).astype(dtype)
    x, wanted = ct.tensor(a).permute(order), a.transpose(order)
    np.testing.assert_array_equal(x.contiguous().numpy(), wanted)
    b = (np.arange(prod(shape)) % 7).reshape(wanted.shape).astype(dtype)
    held = x + 1
    total = held + ct.tensor(b) + x
    np.testing.assert_array_equal(total.numpy(), wanted + np.asarray(1, dtype) + b + wanted)
    np.testing.assert_array_equal(held.numpy(), wanted + np.asarray(1, dtype))
    y = ct.tensor(b)
    y += x
    np.testing.assert_array_equal(y.numpy(), b + wanted)


def test_a_turned_copy_goes_by_tiles(use_skeletons):
    use_skeletons("gpu")
    launches = ct.explain(lambda: ct.ones(256, 130).mT.contiguous())
    assert [launch.name for launch in launches] == ["pointwise", "pointwise_tiles"]
