"""The tiles of work-groups that multiply with matrix units, and how their lanes share them.

A sub-group computes `each_m` x `each_n` matrices of one instruction. Their rows do not lie one
matrix after the other: those of a lane are neighbours, as far as a vector reaches, so that it reads
and writes them together.
"""

from __future__ import annotations

from functools import cache, cached_property
from typing import Any

import numpy as np

from cltensor.lazy.grids import ceil_div
from cltensor.ops.linalg.matrix_units import Fragment, Unit
from cltensor.runtime.device import Device


class UnitTile:
    """Sub-groups of a work-group along rows and columns, and instructions of each along both. It is
    part of the keys of kernels, as itself."""

    #: Words that a row of local memory has beyond the tile's: lanes that read four neighbours, of
    #: rows that follow each other, then meet different banks.
    spare = 8
    staged = True

    def __init__(self, unit: Unit, groups_m: int, groups_n: int, each_m: int, each_n: int) -> None:
        self.unit = unit
        self.groups_m, self.groups_n = groups_m, groups_n
        self.each_m, self.each_n = each_m, each_n
        self.rows = groups_m * each_m * unit.rows
        self.cols = groups_n * each_n * unit.cols
        self.items = self.items_n = groups_m * groups_n * unit.lanes
        self.items_m = 1
        self.local = (self.items, 1, 1)
        self.words = unit.depth
        #: Steps of the sum at a time.
        self.depth = self.words * unit.per

    def __repr__(self) -> str:
        return f"{self.unit.name}, {self.rows} x {self.cols}"

    def fits(self, device: Device) -> bool:
        """Whether `device` has room for the tile, and takes the group."""
        room = self.words * (self.rows + self.cols + 2 * self.spare) * 4 <= device.local_mem
        return room and self.items <= min(device.max_work_group, device.max_work_items[0])

    def fills(self, device: Device, m: int, n: int, count: int) -> bool:
        """Whether `count` results of m x n have a tile for every compute unit, and are not the
        lesser part of their tiles."""
        tiles = ceil_div(m, self.rows) * ceil_div(n, self.cols) * count
        filled = min(m, self.rows) * min(n, self.cols) * 2 > self.rows * self.cols
        return filled and tiles >= device.compute_units

    def params(self, dtype: np.dtype) -> dict[str, Any]:
        """The tile, and the type of elements, as templates take them."""
        return {"TI": "float" if dtype.itemsize == 4 else "ushort", "TA": "float", "tile": self}

    @staticmethod
    def turned(row: str, word: str, width: int) -> str:
        """Where a row of `width` in all lies among those of a word in local memory, in C and in
        Python: eights of rows are exchanged from four words to the next four, as lanes that write
        words of a few rows would all meet the same banks."""
        turns = 24 if width % 32 == 0 else 8 if width % 16 == 0 else 0
        return f"({row}) ^ (({word}) << 1 & {turns})" if turns else row

    # Where the rows of the matrices of a sub-group lie among its own. Those that a lane has of one
    # operand are counted matrix by matrix; `run` of them are neighbours.

    @cached_property
    def run_m(self) -> int:
        """Rows of a lane that lie side by side."""
        return _run(self.each_m * self.unit.a.each)

    @cached_property
    def run_n(self) -> int:
        """Columns of a lane that lie side by side."""
        return _run(self.each_n * self.unit.b.each)

    @cached_property
    def sum_rows(self) -> list[tuple[int, int, int]]:
        """Of each row of a lane's sums: its matrix, its r in `Unit.sums`, and how far it is from
        the first."""
        found = []
        for f in range(self.each_m):
            for r in sorted({r for r, _ in self.unit.sums}):
                found.append((f, r, _place(self.unit.a, self.run_m, f, r)))
        return found

    @cached_property
    def sum_cols(self) -> list[tuple[int, int, int]]:
        """The same of columns, neighbours after each other."""
        found = []
        for first in range(0, self.each_n, self.run_n):
            for c in sorted({c for _, c in self.unit.sums}):
                for f in range(first, first + self.run_n):
                    found.append((f, c, _place(self.unit.b, self.run_n, f, c)))
        return found

    def register(self, operand: str, f: int, row: int) -> tuple[int, int]:
        """In which run of an operand, "a" or "b", a lane has that row of matrix f, and where."""
        fragment, run = (self.unit.a, self.run_m) if operand == "a" else (self.unit.b, self.run_n)
        return divmod(f * fragment.each + row, run)


@cache
def tiles_of(unit: Unit) -> tuple[UnitTile, ...]:
    """The tiles of a unit, from the largest on."""
    return tuple([UnitTile(unit, *each) for each in unit.groups])


def _run(each: int) -> int:
    return next(n for n in (4, 2, 1) if each % n == 0)


def _place(fragment: Fragment, run: int, f: int, offset: int) -> int:
    """How far `offset` rows on in matrix f is from the lane's first row of the first one."""
    row, strip = divmod(offset, fragment.strips)
    at = f * fragment.each + row
    return at // run * fragment.strips * run + at % run + strip * run
