"""Products in several launches."""

import itertools
import types

import numpy as np
import pytest
from matrices import check, draw
from store_sides import launches_of

import cltensor as ct
from cltensor.ops.linalg.cuts import Axis, boxes, most_at_once, pieces
from cltensor.runtime import tuning

BATCHES = [(), (5,), (3, 4), (2, 3, 4), (2, 1, 3, 5)]


@pytest.mark.parametrize("sizes", BATCHES)
@pytest.mark.parametrize("most", [1, 2, 7, 12, 100])
@pytest.mark.parametrize("most_rows", [4, 8, 20])
def test_pieces_are_all_of_a_batch_once(sizes, most, most_rows):
    rows, seen = 10, []
    steps = [(1000 * 10**d, 7 * 10**d) for d in range(len(sizes))]
    batch = tuple([Axis(n, *step) for n, step in zip(sizes, steps, strict=True)])
    for piece in pieces(batch, rows, most, most_rows):
        count = np.prod([axis.size for axis in piece.batch], dtype=int)
        assert len(piece.batch) <= 2
        assert count <= most
        assert piece.rows == rows or count == 1
        assert piece.rows <= most_rows
        inside = itertools.product(*[range(axis.size) for axis in piece.batch])
        for at, index in enumerate(inside):
            a = piece.a + sum(i * axis.a for i, axis in zip(index, piece.batch, strict=True))
            b = piece.b + sum(i * axis.b for i, axis in zip(index, piece.batch, strict=True))
            seen += [(piece.first + at, piece.row + row, a, b) for row in range(piece.rows)]
    want = [
        (at, row, *(sum(i * s[k] for i, s in zip(index, steps, strict=True)) for k in (0, 1)))
        for at, index in enumerate(itertools.product(*map(range, sizes)))
        for row in range(rows)
    ]
    assert sorted(seen) == want


def device_of(peak, is_integrated=True, max_groups=65535):
    return types.SimpleNamespace(peak=peak, is_integrated=is_integrated, max_groups=max_groups)


def test_what_is_large_is_cut_on_an_integrated_gpu_only():
    sizes = (32, 1, 4096, 4096, 4096)
    # 32 units of 8 lanes at 1.55 GHz: a tenth of it for half a second is 20e9 of 69e9.
    products, rows = most_at_once(device_of(32 * 8 * 1.55e9), *sizes)
    assert (products, rows) == (1, 1152)
    assert most_at_once(device_of(1e12, False), *sizes) == (65535, 4096)
    assert most_at_once(device_of(1e13), *sizes) == (7, 4096)
    # However slow it is, there is some end of it.
    assert most_at_once(device_of(1), *sizes) == (1, 32)
    assert most_at_once(device_of(1), 0, 1, 4096, 8, 4096) == (1, 4096)


def test_groups_are_counted_along_the_second_and_third_dimension():
    found = device_of(1, False)
    assert most_at_once(found, 32, 1, 3_000_000, 9, 16) == (65535, 65535 * 32)
    assert most_at_once(found, 32, 4, 64, 64, 4096) == (65535 // 4, 64)


@pytest.mark.parametrize(("tiles", "deep"), [(1, 1), (7, 5), (100, 3), (3, 200_000)])
@pytest.mark.parametrize(
    "found", [device_of(1e12, False), device_of(2e4), device_of(5e5), device_of(1, True, 7)]
)
def test_boxes_are_all_of_a_grid_once(tiles, deep, found):
    cut = boxes(found, tiles, deep, 1000)
    covered = sum(box.tiles * box.deep for box in cut)
    assert covered == tiles * deep
    ends = {(box.tile, box.first) for box in cut}
    assert len(ends) == len(cut)
    budget = 0.5 * 0.1 * found.peak / 1000 if found.is_integrated else 1e30
    for box in cut:
        assert box.tile + box.tiles <= tiles
        assert box.first + box.deep <= deep
        assert 1 <= box.deep <= found.max_groups
        assert box.tiles * box.deep <= max(1, budget)


@pytest.fixture
def small(device, use_skeletons, monkeypatch):
    """A GPU of few groups and little patience."""
    use_skeletons("gpu")
    tuning.forget_plans()
    monkeypatch.setattr(device, "max_groups", 3)
    yield device
    tuning.forget_plans()


@pytest.mark.parametrize(("m", "n"), [(70, 90), (9, 200), (200, 9), (300, 2), (2, 300)])
@pytest.mark.parametrize("batch", BATCHES)
def test_products_in_pieces_are_the_same(small, m, n, batch):
    a, b = draw(*batch, m, 33), draw(*batch, 33, n)
    x, y = ct.tensor(a), ct.tensor(b)
    check(x @ y, a.astype("float64") @ b)
    check(x.mT.contiguous().mT @ y.mT.contiguous().mT, a.astype("float64") @ b)


def test_operands_that_broadcast_are_cut(small):
    a, b = draw(2, 1, 5, 40, 30), draw(4, 1, 30, 50)
    check(ct.tensor(a) @ ct.tensor(b), a.astype("float64") @ b)
    check(ct.tensor(a) @ ct.tensor(b[0, 0]), a.astype("float64") @ b[0, 0])


def test_a_product_that_takes_long_is_cut(small, device, monkeypatch):
    monkeypatch.setattr(device, "max_groups", 65535)
    a, b = draw(3, 150, 40), draw(40, 60)
    x, y = ct.tensor(a).mT.contiguous().mT, ct.tensor(b)

    def product():
        return (x @ y).relu()

    once = launches_of(product)
    monkeypatch.setattr(device, "is_integrated", True)
    monkeypatch.setattr(device, "peak", 20 * 64 * 60 * 40)  # 64 rows are half a second's work
    tuning.forget_plans()
    assert launches_of(product) > once
    check(product(), np.maximum(a.astype("float64") @ b, 0))
    long = ct.tensor(draw(8, 4000)), ct.tensor(draw(4000, 30))
    check(long[0] @ long[1], long[0].numpy().astype("float64") @ long[1].numpy())
