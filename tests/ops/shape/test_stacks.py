"""Stacks, splits, turns and combinations, against NumPy and itertools."""

import itertools

import numpy as np
import pytest
from arrays import check, check_both_orders, counted
from draws import cases, drawn, generator

import cltensor as ct
from cltensor.errors import DTypeError, ShapeError

RANKS = [counted(), counted(3), counted(2, 3), counted(2, 3, 4), counted(2, 0)]


def several(got, want):
    assert len(got) == len(want)
    for g, w in zip(got, want, strict=True):
        check(g, w)


@pytest.mark.parametrize("name", ["atleast_1d", "atleast_2d", "atleast_3d"])
def test_at_least_so_many_axes(name):
    ours, numpys = getattr(ct, name), getattr(np, name)
    for a in RANKS:
        check(ours(ct.tensor(a)), numpys(a))
    several(ours(*map(ct.tensor, RANKS)), numpys(*RANKS))
    several(ours(tuple(map(ct.tensor, RANKS))), numpys(*RANKS))
    with pytest.raises(DTypeError, match=rf"{name}: tensors\[1\] is 2"):
        ours(ct.ones(1), 2)


@pytest.mark.parametrize("name", ["hstack", "vstack", "row_stack", "dstack", "column_stack"])
def test_stacks(name):
    numpys = np.vstack if name == "row_stack" else getattr(np, name)
    for a in RANKS[:4]:
        check(getattr(ct, name)([ct.tensor(a), ct.tensor(a + 5)]), numpys([a, a + 5]))
    with pytest.raises(ShapeError):
        getattr(ct, name)([])


def test_blocks_along_a_diagonal():
    a, b = counted(2, 3), counted(2) + 1
    want = np.zeros((4, 6), "float32")
    want[:2, :3], want[2, 3:5], want[3, 5] = a, b, 7
    check(ct.block_diag(ct.tensor(a), ct.tensor(b), ct.tensor(7.0)), want)
    assert ct.block_diag().shape == (1, 0)
    with pytest.raises(ShapeError, match="is no matrix"):
        ct.block_diag(ct.ones(1, 1, 1))


def test_splits():
    a = counted(7, 4, 6)
    x = ct.tensor(a)
    for at in (1, 3, 9, [2], [3, 5], [-2, 3], [5, 2, 20], []):
        for axis in (0, 1, -1):
            several(ct.tensor_split(x, at, axis), np.array_split(a, at, axis))
    several(x.tensor_split(ct.tensor([1, 4])), np.array_split(a, [1, 4]))
    several(ct.hsplit(x, 2), np.hsplit(a, 2))
    several(ct.hsplit(x[0, 0], [1, 2]), np.hsplit(a[0, 0], [1, 2]))
    several(ct.vsplit(x, 7), np.vsplit(a, 7))
    several(ct.dsplit(x, [1, 3]), np.dsplit(a, [1, 3]))
    with pytest.raises(ShapeError, match="vsplit: axis 0 of size 7 is not cut into 2 equal parts"):
        ct.vsplit(x, 2)
    with pytest.raises(ShapeError, match="dsplit: shape"):
        ct.dsplit(x[0], 2)
    with pytest.raises(ShapeError, match="sections is 0"):
        ct.tensor_split(x, 0)
    with pytest.raises(DTypeError, match="give an int64 number or vector"):
        ct.tensor_split(x, ct.tensor([1.0]))


def test_turned_around():
    a = counted(2, 3, 4)
    x = ct.tensor(a)
    check(ct.fliplr(x), np.fliplr(a))
    check(ct.flipud(x), np.flipud(a))
    for k in range(-3, 6):
        for axes in ((0, 1), (1, 0), (2, 0), (-1, 1)):
            check(ct.rot90(x, k, axes), np.rot90(a, k, axes))
    check(x.rot90(), np.rot90(a))
    with pytest.raises(ShapeError, match="name"):
        ct.rot90(x, 1, (0, 0))
    with pytest.raises(ShapeError, match="fliplr: shape"):
        ct.fliplr(ct.ones(2))


def test_diagonals_embedded():
    a = counted(2, 3)
    want = np.zeros((2, 3, 3), "float32")
    want[:, range(3), range(3)] = a
    check(ct.diag_embed(ct.tensor(a)), want)
    shifted = ct.diag_embed(ct.tensor(a), -1, 0, 2)
    assert shifted.shape == (4, 2, 4)
    check(ct.diagonal(shifted, -1, 0, 2), a)
    with pytest.raises(ShapeError, match="are the same"):
        ct.diag_embed(ct.ones(2), 0, 0, 0)


def test_powers_as_columns():
    for a in (np.float32([1, 2, 0]), np.int64([3, -1])):
        for count in (None, 0, 1, 4):
            for increasing in (False, True):
                got = ct.vander(ct.tensor(a), count, increasing)
                check(got, np.vander(a, count, increasing=increasing).astype(a.dtype))
    with pytest.raises(ShapeError, match="vander: x has shape"):
        ct.vander(ct.ones(2, 2))


@pytest.mark.parametrize(("rows", "columns"), [(3, 4), (4, 2), (0, 3), (1, 1)])
def test_triangles_by_index(rows, columns):
    for offset in (-2, 0, 1, 9):
        for name in ("tril_indices", "triu_indices"):
            want = np.stack(getattr(np, name)(rows, offset, columns))
            check(getattr(ct, name)(rows, columns, offset), want)
    assert ct.tril_indices(2, 2, dtype=ct.int32).dtype == ct.int32
    with pytest.raises(ShapeError, match="triu_indices: row is -1"):
        ct.triu_indices(-1, 2)


def test_products_and_combinations():
    x, y = [1.0, 2.0, 3.0], [5.0, 6.0]
    want = np.float32(list(itertools.product(x, y, y)))
    check(ct.cartesian_prod(ct.tensor(x), ct.tensor(y), ct.tensor(y)), want)
    check(ct.cartesian_prod(ct.tensor(x)), np.float32(x))
    for r in (1, 2, 3):
        check(ct.combinations(ct.tensor(x), r), np.float32(list(itertools.combinations(x, r))))
        again = list(itertools.combinations_with_replacement(x, r))
        check(ct.combinations(ct.tensor(x), r, with_replacement=True), np.float32(again))
    assert ct.combinations(ct.tensor(x), 4).shape == (0, 4)
    with pytest.raises(ShapeError, match="is no vector"):
        ct.cartesian_prod(ct.ones(2), ct.ones(1, 1))


@pytest.mark.parametrize(
    "operation",
    [
        lambda x: ct.hstack([x, x * 2]),
        lambda x: ct.dstack([x[0], x[1] * x[2]]),
        lambda x: ct.block_diag(x[:2], x[2]),
        lambda x: ct.tensor_split(x, 3, 1)[1],
        lambda x: ct.rot90(x, 3) * ct.rot90(x, -1),
        lambda x: ct.diag_embed(x, 1, 0, -1),
        lambda x: ct.vander(x[0], 4),
        lambda x: ct.cartesian_prod(x[0], x[1, :2]),
        lambda x: ct.combinations(x[0], 3),
    ],
)
def test_gradients_of_first_and_second_order(operation):
    check_both_orders(operation, np.random.default_rng(2).permutation(15).reshape(3, 5) / 7)


@cases
def test_drawn(case):
    rng = generator(case)
    sizes = tuple(rng.integers(0, 5, int(rng.integers(2, 5))).tolist())
    axes = tuple(rng.permutation(len(sizes))[:2].tolist())
    at = rng.integers(-6, 7, int(rng.integers(0, 4))).tolist()
    drawn(sizes=sizes, axes=axes, at=at)
    a = counted(*sizes)
    x = ct.tensor(a)
    check(ct.rot90(x, case, axes), np.rot90(a, case, axes))
    several(ct.tensor_split(x, at, axes[0]), np.array_split(a, at, axes[0]))
    check(ct.vstack([x, x]), np.vstack([a, a]))
