"""Tiles of matrix units: where the rows of a sub-group's matrices lie."""

from collections import Counter
from types import SimpleNamespace

import pytest
from lanes import UNITS

import cltensor as ct
from cltensor.ops.linalg.unit_tiles import UnitTile, tiles_of


def stub(units=8, group=256, local=32 << 10):
    return SimpleNamespace(
        compute_units=units, max_work_group=group, max_work_items=(group, group, 64),
        local_mem=local,
    )  # fmt: skip


@pytest.mark.parametrize("name", UNITS)
@pytest.mark.parametrize("each", [None, (1, 1), (3, 2), (1, 6)])
def test_lanes_have_every_result_of_a_sub_group_once(name, each):
    unit = UNITS[name]
    tiles = tiles_of(unit) if each is None else [UnitTile(unit, 1, 1, *each)]
    for tile in tiles:
        found = [
            (eval(unit.row, {"lane": lane}) * tile.run_m + row[2],
             eval(unit.col, {"lane": lane}) * tile.run_n + col[2])
            for lane in range(unit.lanes) for row in tile.sum_rows for col in tile.sum_cols
            if (row[1], col[1]) in unit.sums
        ]  # fmt: skip
        rows, cols = tile.each_m * unit.rows, tile.each_n * unit.cols
        assert sorted(found) == [(r, c) for r in range(rows) for c in range(cols)]


@pytest.mark.parametrize("name", UNITS)
def test_tiles_fit_cards(name):
    large, small = tiles_of(UNITS[name])
    assert large.fits(stub())
    assert large.rows * large.cols > small.rows * small.cols
    assert not large.fits(stub(local=4 << 10))
    assert not large.fits(stub(group=128))
    assert tiles_of(UNITS[name])[0] is large  # which is part of the keys of kernels


def test_a_tile_for_every_compute_unit_and_not_too_empty():
    tile = tiles_of(UNITS["mma m16n8k8 tf32.tf32"])[0]
    assert tile.fills(stub(), 512, 512, 1)
    assert not tile.fills(stub(), 256, 256, 1)
    assert tile.fills(stub(), 256, 256, 2)
    assert not tile.fills(stub(), 16, 1 << 20, 1)


def test_what_templates_take():
    tile = tiles_of(UNITS["mma m16n8k16 f16.f16"])[0]
    assert tile.params(ct.float16)["TI"] == "ushort"
    assert tile.params(ct.float32)["TI"] == "float"
    assert repr(tile) == "mma m16n8k16 f16.f16, 128 x 128"
    assert tile.depth == 32


def banks(words):
    """The most words, of those that lanes want at once, that lie in one of 32 banks."""
    return max(Counter(word % 32 for word in set(words)).values())


@pytest.mark.parametrize("name", [name for name in UNITS if name.startswith("mma")])
def test_lanes_meet_different_banks(name):
    unit = UNITS[name]
    tile = tiles_of(unit)[0]

    def place(row, word):
        return word * (tile.rows + tile.spare) + eval(tile.turned(str(row), str(word), tile.rows))

    # Operands in the order of the sum: each lane has four words of a row, which are written singly.
    for j in range(4):
        assert banks([place(lane // 4, 4 * (lane % 4) + j) for lane in range(32)]) == 1
    # Vectors of four rows, of which eight lanes are served at once.
    assert banks([place(4 * lane, 3) + i for lane in range(8) for i in range(4)]) == 1
    for first in range(0, tile.words, unit.words):
        for _, step in unit.a.registers:
            for eight in range(0, 32, 8):
                at = {"lane": 0}
                read = []
                for at["lane"] in range(eight, eight + 8):
                    row = eval(unit.a.strip, at) * tile.run_m
                    word = first + eval(unit.a.word, at) + step
                    read += [place(row, word) + i for i in range(4)]
                assert banks(read) == 1


@pytest.mark.parametrize("width", [16, 32, 40, 128])
def test_rows_are_exchanged_within_their_number(width):
    for word in range(32):
        found = [eval(UnitTile.turned(str(row), str(word), width)) for row in range(width)]
        assert sorted(found) == [*range(width)]
