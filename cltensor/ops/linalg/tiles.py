"""How products are cut into tiles, by the sizes of registers, local memory and the device."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from math import isqrt
from typing import NamedTuple

import numpy as np

from cltensor.dtypes import C_NAMES, arithmetic, float32
from cltensor.lazy.grids import ceil_div
from cltensor.ops.kernels.plan import Recipe
from cltensor.runtime import tuning
from cltensor.runtime.device import Device

#: Rows of the CPU register tile: 6 rows of 2 vectors and their operands fill 16 registers.
ROWS, VECTORS = 6, 2
VECTOR_BYTES = 32

# edge: work-items along a side of a work-group; each: results along a side of a work-item; depth:
# steps along k that are staged in local memory. small: tiles of the others would leave compute
# units without work. All are powers of two, so that each work-item stages as much. staged: whether
# blocks go through local memory; if not, a work-item reads `depth` steps for itself, for half as
# many rows as columns.
_EACH: dict[str, dict[str, int]] = {"small": {"each": 2}, "medium": {"each": 4}, "large": {}}
_STRAIGHT = {"edge": 8, "each": 8, "depth": 4, "staged": 0}
tuning.declare(
    "gemm_gpu",
    _EACH,
    cached={"small": {**_STRAIGHT, "each": 4}, "medium": _STRAIGHT, "large": _STRAIGHT},
    edge=(16, 8, 32),
    each=(8, 2, 4),
    depth=(16, 8, 32, 4),
    staged=(1, 0),
)
for _kind in ("conv_gpu", "conv_grad_gpu"):
    tuning.declare(_kind, _EACH, edge=(16, 8, 32), each=(8, 2, 4), depth=(16, 8, 32))


def vector_width(dtype: np.dtype, width: int = VECTOR_BYTES) -> int:
    """Lanes of a register vector of `width` bytes that accumulates `dtype`."""
    return min(16, width // accumulator(dtype).itemsize)


def widest(device: Device, dtype: np.dtype) -> int:
    """Lanes of the longest register vector of a CPU that accumulates `dtype`."""
    return vector_width(dtype, (2 if tuning.wide_registers(device) else 1) * VECTOR_BYTES)


def accumulator(dtype: np.dtype) -> np.dtype:
    """The dtype in which products of `dtype` are summed: float32 for float16."""
    return arithmetic(dtype)


def local_budget(device: Device) -> int:
    """Bytes of local memory that a packed kernel may use: most of it, and never beyond a cache."""
    return min(device.local_mem, 512 << 10) - (2 << 10)


def equal_parts(total: int, most: int) -> int:
    """The size of equal parts of `total`, none larger than `most`."""
    return ceil_div(total, max(1, ceil_div(total, most)))


@lru_cache(maxsize=4096)
def packed_plan(
    m: int, n: int, k: int, batch: int, rows: int, cols: int, a_cap: int, kc_cap: int, cores: int,
    a_direct: bool, b_direct: bool, tall: int = 192, start: int = 2000, late: int = 100_000,
) -> tuple[int, int, int, int]:  # fmt: skip
    """(mc, nc, kc, part): the tile of c that a work-item of gemm_cpu computes, its steps along k at
    a time, and all of them.

    Minimises an estimate of the slowest core's time: products; packing, or fetching, both panels
    (that of a for every column of tiles, that of b for every row; `a_direct`, `b_direct`: read in
    place, b only where a tile has few rows); the start of a work-item; a core that comes late and
    leaves a tile to others, or is held up in its last; where the sum
    is cut into parts, another launch to add them up.
    """
    a_cost = 0.1 if a_direct else 0.5
    far = 0.2 if n * k > 1 << 18 else 0.0  # more than a core's own cache holds
    best, plan = float("inf"), (rows, cols, equal_parts(k, kc_cap), k)
    for splits in (1, 2, 4, 8) if cores > 1 else (1,):
        part = k if splits == 1 else ceil_div(k, splits * kc_cap) * kc_cap
        if splits > 1 and part * (splits - 1) >= k:
            continue
        kc = equal_parts(part, kc_cap)
        for parts_m in range(1, 65):
            mc = ceil_div(ceil_div(m, rows), parts_m) * rows
            if mc * kc > a_cap or (mc > tall and mc > rows):
                continue
            b_cost = far + (0.12 if b_direct and mc <= 2 * rows else 0.25)
            for parts_n in range(1, 65):
                nc = ceil_div(ceil_div(n, cols), parts_n) * cols
                tiles = ceil_div(m, mc) * ceil_div(n, nc) * batch * splits
                work = mc * nc * (part / 16 + 1) + a_cost * mc * part + b_cost * nc * part + start
                cost = ceil_div(tiles, cores) * work
                if cores > 1:
                    cost += min(work, late) + 0.1 * work
                if splits > 1:
                    cost += late + splits * batch * m * n
                if cost < best:
                    best, plan = cost, (mc, nc, kc, part)
                if nc == cols:
                    break
            if mc == rows:
                break
    return plan


class GridTile(NamedTuple):
    """Of the work-group kernels: work-items, and results of each, along rows and columns, and steps
    of the sum at a time. staged: in local memory."""

    items_m: int
    items_n: int
    each_m: int
    each_n: int
    depth: int
    staged: bool = True

    @property
    def rows(self) -> int:
        """Of the tile."""
        return self.items_m * self.each_m

    @property
    def cols(self) -> int:
        """Of the tile."""
        return self.items_n * self.each_n

    @property
    def items(self) -> int:
        """Of a group."""
        return self.items_m * self.items_n

    @property
    def local(self) -> tuple[int, int, int]:
        """The size of a group."""
        return self.items_n, self.items_m, 1

    def turned(self) -> GridTile:
        """With columns for rows."""
        return GridTile(
            self.items_n, self.items_m, self.each_n, self.each_m, self.depth, self.staged
        )

    def for_rows(self, m: int, n: int, most: int) -> GridTile:
        """As flat as a result of m rows and n columns: with fewer rows, and more columns instead,
        of at most `most` work-items, where each has few rows."""
        tile = self
        while m <= tile.rows // 2 and n > tile.cols:
            if tile.each_m > 4:
                tile = tile._replace(each_m=tile.each_m // 2)
                continue
            if tile.items_m <= 4 or tile.items_n * 2 > most:
                break
            if tile.each_n > 4 and tile.items_m <= tile.items_n // 4:
                tile = tile._replace(each_n=tile.each_n // 2)
            tile = tile._replace(items_m=tile.items_m // 2, items_n=tile.items_n * 2)
        return tile

    def fits(self, device: Device, dtype: np.dtype) -> GridTile:
        """With as many steps as local memory has room for."""
        step = (self.rows + self.cols + 8) * accumulator(dtype).itemsize * self.staged
        depth = self.depth
        while depth * step > device.local_mem and depth > 1:
            depth //= 2
        return self._replace(depth=depth)

    def params(self, dtype: np.dtype) -> dict[str, str | int]:
        """The tile, and what it sums elements of dtype in, as templates take them."""
        return {
            "TA": C_NAMES[accumulator(dtype)], "DM": self.items_m, "DN": self.items_n,
            "RM": self.each_m, "RN": self.each_n, "KW": self.depth,
        }  # fmt: skip


def _tile(
    device: Device, dtype: np.dtype, m: int, n: int, most: int, chosen: tuning.Parameters
) -> GridTile:
    """That of `chosen`, as far as groups of the device reach; flat where the result is."""
    wide, high = device.max_work_items[:2]
    edge, each = chosen["edge"], chosen["each"]
    while edge > min(most, wide, high) or edge * edge > device.max_work_group:
        edge //= 2
    tile = GridTile(edge, edge, each, each, chosen["depth"])
    if not chosen.get("staged", 1):
        # All that is read of both operands lies in registers, too.
        each = min(each, 32 // accumulator(dtype).itemsize)
        tile = tile._replace(each_m=max(1, each // 2), each_n=each, staged=False)
    return tile.for_rows(m, n, wide).turned().for_rows(n, m, high).turned()


def size_class(
    device: Device, kind: str, dtype: np.dtype, m: int, n: int, count: int = 1, most: int = 1 << 10
) -> str:
    """Which of the classes of a kernel `count` results of m x n at once belong to: that of the
    largest tile, by itself, that local memory holds and every compute unit gets one of."""
    # Registers do not hold large tiles of long numbers, and whole ones are multiplied too slowly
    # for loads to matter.
    large = ("large",) if accumulator(dtype) == float32 else ()
    for found in (*large, "medium"):
        tile = _tile(device, dtype, m, n, most, tuning.KINDS[kind].plain(found))
        tiles = ceil_div(m, tile.rows) * ceil_div(n, tile.cols) * count
        filled = min(m, tile.rows) * min(n, tile.cols) * 2 > tile.rows * tile.cols
        fits = tile.fits(device, dtype).depth == tile.depth
        if tiles >= device.compute_units and filled and fits:
            return found
    return "small"


def grid_tile(
    device: Device, dtype: np.dtype, m: int, n: int, count: int = 1, most: int = 1 << 10,
    kind: str = "gemm_gpu",
) -> GridTile:  # fmt: skip
    """The tile of the work-group kernels of a kind for `count` results of m x n at once: that of
    their class. most: the longest edge of a square group."""
    chosen = tuning.parameters(
        device, kind, dtype, size_class(device, kind, dtype, m, n, count, most)
    )
    return _tile(device, dtype, m, n, most, chosen).fits(device, dtype)


def fitting_tile(
    device: Device, dtype: np.dtype, m: int, n: int, make: Callable[[GridTile], Recipe],
    count: int = 1, least: int = 1, kind: str = "gemm_gpu",
) -> tuple[GridTile, Recipe]:  # fmt: skip
    """The tile as `grid_tile` says and its kernel, with half the edge for as long as the kernel,
    which `make` gives for a tile, cannot take such groups; least: the shortest edge."""
    most = 1 << 10
    while True:
        tile = grid_tile(device, dtype, m, n, count, most, kind)
        run = make(tile)
        edge = isqrt(tile.items)
        if edge <= least or run.takes(tile.local):
            return tile, run
        most = edge // 2
