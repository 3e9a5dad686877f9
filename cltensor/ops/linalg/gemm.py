"""How matrix products are computed: kernels, tiles, and how work is cut for a device.

Operands are read through their strides, so transposed, sliced and broadcast views are never copied
first. There are two kinds of plan, each with a kernel for CPU devices and one for others. *Tile*:
the result in tiles, operands packed or staged in local memory. *Thin*: a few columns or rows, where
the long operand is read once and nothing is worth a copy. Either may cut the sum into parts when
there are too few results for every compute unit; the parts are then a first axis of the result.
"""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

import numpy as np

from cltensor.dtypes import C_NAMES
from cltensor.errors import ShapeError
from cltensor.lazy.grids import ceil_div
from cltensor.ops.kernels.plan import Elements, Launch, Plan, Recipe, Start
from cltensor.ops.linalg.cuts import Axis, most_at_once, pieces
from cltensor.ops.linalg.tiles import (
    ROWS,
    VECTOR_BYTES,
    VECTORS,
    GridTile,
    accumulator,
    equal_parts,
    fitting_tile,
    local_budget,
    packed_plan,
    vector_width,
)
from cltensor.ops.linalg.unit_choice import tile_for
from cltensor.ops.linalg.unit_tiles import UnitTile
from cltensor.runtime import tuning
from cltensor.runtime.device import Device
from cltensor.runtime.groups import power_below

#: Columns that the thin kernels can take; each number is a kernel of its own.
_THIN = (1, 2, 4, 8)

# thin: one side is a few columns or rows; deep: a long sum for each result; small: little work.
# rows, vectors, bytes: the register tile; depth: steps along k for which panels are packed; tall:
# the most rows of a tile; start, late: what a work-item costs before its first product, and what a
# core does until another one wakes up, in products of 16 steps (some 0.3 ns).
tuning.declare(
    "gemm_cpu",
    ["thin", "deep", "small", "large"],
    wide={"rows": 2 * ROWS, "bytes": 2 * VECTOR_BYTES},
    tall=(192, 48, 96, 384),
    depth=(256, 128, 384, 512),
    start=(2000, 500, 8000),
    late=(100_000, 30_000, 300_000),
    rows=(ROWS, 4, 8, 12),
    vectors=(VECTORS, 1, 3),
    bytes=(VECTOR_BYTES, 16, 64),
)
# row: k is the fast axis of the long operand; column: its other axis is. grain: elements of it that
# are worth waking another thread for; shares: work-items per compute unit; cap: elements of the
# short operand (row), or results (column), that are kept in local memory.
tuning.declare(
    "gemm_thin_cpu",
    ["row", "column"],
    grain=(16384, 8192, 32768, 65536),
    shares=(4, 1, 2, 8),
    cap=(4096, 1024, 2048, 8192),
)
# local: work-items of a group; fast: how many of them lie along the fast axis; shares: work-groups
# per compute unit; each: steps of the sum that a work-item is worth.
tuning.declare(
    "gemm_thin_gpu",
    {"row": {}, "column": {"fast": 64}},
    local=(256, 64, 128),
    fast=(32, 16, 64, 128),
    shares=(8, 4, 16),
    each=(32, 8, 16, 64),
)


def size_class(m: int, n: int, k: int, batch: int) -> str:
    """Which of the declared classes of gemm_cpu a product belongs to."""
    if min(m, n) <= 16:
        return "thin"
    if k >= 8 * max(m, n):
        return "deep"
    return "small" if m * n * k * batch < 1 << 25 else "large"


Shape = tuple[int, ...]


class Product(NamedTuple):
    """A batch of products of one m x k matrix by one k x n matrix, and how they lie in memory."""

    m: int
    n: int
    k: int
    a_m: int
    a_k: int
    b_k: int
    b_n: int
    batch: tuple[Axis, ...]

    @property
    def batches(self) -> int:
        """How many products there are."""
        return prod([axis.size for axis in self.batch])

    def mirrored(self) -> Product:
        """The product of the transposed operands in the other order, whose result is transposed."""
        batch = tuple([Axis(axis.size, axis.b, axis.a) for axis in self.batch])
        return Product(
            self.n, self.m, self.k, self.b_n, self.b_k, self.a_k, self.a_m, batch
        )  # fmt: skip


class Way(NamedTuple):
    """How a kernel computes products: launch sizes without the batch, the steps of each part of the
    sum, what the kernel takes beyond the arguments that all have, whether it is to be given the
    mirrored product, takes a store side, and keeps sums in the result meanwhile; rows of a group
    along the second dimension of the grid, if those lie there."""

    run: Recipe
    result: np.dtype
    grid: tuple[int, int]
    local: tuple[int, int, int]
    part: int
    rest: dict[str, int]
    mirror: bool = False
    joins: bool = True
    passes: bool = False
    tile: int = 0


def batch_shape(a: Shape, b: Shape) -> Shape:
    """The batch dimensions of a product. Raises ShapeError if the operands do not fit."""
    if a[-1] != b[-2]:
        raise ShapeError(
            f"matmul: inner sizes {a[-1]} and {b[-2]} of shapes {a} and {b} differ; transpose an "
            "operand with .mT or reshape it"
        )
    try:
        return np.broadcast_shapes(a[:-2], b[:-2])
    except ValueError:
        raise ShapeError(
            f"matmul: batch shapes {a[:-2]} and {b[:-2]} of {a} and {b} do not broadcast; sizes "
            "must be equal or 1, counted from the last"
        ) from None


def _batch_axes(
    batch: Shape, a: Shape, a_steps: Shape, b: Shape, b_steps: Shape
) -> tuple[Axis, ...]:
    """The batch dimensions, merged where both operands run on."""

    def steps(shape: Shape, strides: Shape) -> list[int]:
        own = zip(shape[:-2], strides[:-2], strict=True)
        return [0] * (len(batch) + 2 - len(shape)) + [0 if n == 1 else s for n, s in own]

    axes: list[Axis] = []
    for size, step_a, step_b in zip(batch, steps(a, a_steps), steps(b, b_steps), strict=True):
        if size == 1:
            continue
        if axes and axes[-1].a == step_a * size and axes[-1].b == step_b * size:
            axes[-1] = Axis(axes[-1].size * size, step_a, step_b)
        else:
            axes.append(Axis(size, step_a, step_b))
    return tuple(axes)


def way(
    device: Device, is_cpu: bool, dtype: np.dtype, product: Product, precision: str = "highest"
) -> Way:
    """The way to compute `product`, by its shape and by how its operands lie; precision: of
    operands, see ops.precision."""
    mirror = product.n > product.m
    thin = product.mirrored() if mirror else product
    if thin.n <= _THIN[-1]:
        if not is_cpu:
            return _thin_gpu(device, dtype, thin, mirror)
        if thin.a_k == 1 or (thin.a_m == 1 and thin.n <= 2):
            return _thin_cpu(device, dtype, thin, mirror)
    if not is_cpu:
        return _tile_gpu(device, dtype, product, precision)
    mirror = product.n <= 2 * ROWS < product.m and product.a_m == 1
    return _tile_cpu(device, dtype, product.mirrored() if mirror else product, mirror)


def _tile_cpu(device: Device, dtype: np.dtype, product: Product, mirror: bool) -> Way:
    """gemm_cpu: a work-item packs panels and computes a tile, a register tile at a time."""
    m, n, k, count = product.m, product.n, product.k, product.batches
    chosen = tuning.parameters(device, "gemm_cpu", dtype, size_class(m, n, k, count))
    total = accumulator(dtype)
    width = vector_width(dtype, chosen["bytes"])
    rows, vectors = chosen["rows"], min(chosen["vectors"], ceil_div(n, width))
    cols = vectors * width
    budget = local_budget(device) // total.itemsize - rows * cols
    kc_cap = min(chosen["depth"], budget // (2 * max(rows, cols)))
    if budget * total.itemsize <= 64 << 10:
        kc_cap = min(kc_cap, 96)
    a_cap = budget - cols * kc_cap
    # Narrower than a tile, b is packed even where its rows could be read in place.
    mc, nc, kc, part = packed_plan(
        m, n, k, count, rows, cols, a_cap, kc_cap, device.compute_units, product.a_k == 1,
        product.b_n == 1 and n >= cols, chosen["tall"], chosen["start"], chosen["late"],
    )  # fmt: skip
    # The kernel has the code of one way to read each operand: drivers compile no more than is run.
    reads_a, reads_b = _packed(product.a_k, product.a_m, m >= rows), "direct"
    if product.b_n != 1 or n < cols or mc > 2 * rows:
        reads_b = _packed(product.b_k, product.b_n, n >= cols)
        reads_a = "direct" if product.a_k == 1 else reads_a
    # Long sums pass through c several times, which float16 would round each time: hence TO.
    run = Recipe(
        device, "gemm_cpu", TI=C_NAMES[dtype], TA=C_NAMES[total], TO=C_NAMES[total],
        VW=width, MR=rows, NV=vectors, a_cap=a_cap, kc_cap=kc_cap,
        reads_a=reads_a, reads_b=reads_b, passes=part > kc,
    )  # fmt: skip
    grid = (ceil_div(n, nc), ceil_div(m, mc))
    # Rows of a mirrored tile are columns of the result: nothing for a store side to run along.
    return Way(
        run,
        total,
        grid,
        (1, 1, 1),
        part,
        {"mc": mc, "nc": nc, "kc": kc},
        mirror,
        joins=not mirror,
        passes=part > kc,
    )


def _packed(along: int, across: int, full: bool) -> str:
    """How gemm_cpu packs an operand with these strides along the sum and across it; full: whether
    it has as many rows or columns as a register tile."""
    if across == 1 and full:
        return "across"
    return "along" if along == 1 else "strided"


def _tile_gpu(device: Device, dtype: np.dtype, product: Product, precision: str) -> Way:
    """gemm_gpu: a work-group computes a tile, which it stages in local memory or reads as it is."""
    m, n, k, batch = product.m, product.n, product.k, product.batch
    total = accumulator(dtype)
    most = 4 if total == dtype else 8
    along_a, unit_a, wide_a = _read(product.a_k, product.a_m, [axis.a for axis in batch], most)
    along_b, unit_b, wide_b = _read(product.b_k, product.b_n, [axis.b for axis in batch], most)

    def cut(tile: GridTile | UnitTile) -> int:
        groups = ceil_div(m, tile.rows) * ceil_div(n, tile.cols) * product.batches
        part = _part(k, groups, 2 * device.compute_units, 256)
        return min(k, ceil_div(part, tile.depth) * tile.depth)

    def made(tile: GridTile | UnitTile) -> Recipe:
        params: dict[str, Any] = {"TI": C_NAMES[dtype], **tile.params(dtype)}
        return Recipe(
            device, "gemm_gpu", TO=C_NAMES[total], along_a=along_a, along_b=along_b,
            unit_a=unit_a, unit_b=unit_b, wide_a=wide_a, wide_b=wide_b, staged=tile.staged,
            **params,
        )  # fmt: skip

    def takes(tile: UnitTile) -> bool:
        return made(tile).takes(tile.local)

    # Floats of 16 bits are for matrix units alone.
    tile: GridTile | UnitTile | None
    tile = tile_for(device, dtype, precision, m, n, product.batches, takes)
    if tile is None:
        tile, run = fitting_tile(device, dtype, m, n, made, product.batches)
    else:
        run = made(tile)
    part = cut(tile)
    grid = (ceil_div(n, tile.cols) * tile.items_n, ceil_div(m, tile.rows) * tile.items_m)
    return Way(run, total, grid, tile.local, part, {}, tile=tile.rows)


def _read(along: int, across: int, others: list[int], most: int) -> tuple[bool, bool, int]:
    """How gemm_gpu reads an operand with these strides along the sum, across it and between
    products: whether in the order of the sum, whether elements lie side by side there, and lanes of
    the vectors that all its rows allow, at most `most`."""
    by_k = across != 1 and (along == 1 or abs(along) < abs(across))
    unit = 1 in (along, across)
    steps = (across if by_k else along, *others)
    wide = next((n for n in (most, 4) if all(step % n == 0 for step in steps)), 1)
    return by_k, unit, wide if unit else 1


def _part(k: int, groups: int, wanted: int, least: int) -> int:
    """Steps of each part of a sum of k, if `groups` are fewer than `wanted`; not under `least`."""
    if 2 * groups > wanted:
        return k
    return min(k, max(least, equal_parts(k, ceil_div(k * groups, wanted))))


def _thin_cpu(device: Device, dtype: np.dtype, product: Product, mirror: bool) -> Way:
    """gemm_thin_cpu: a work-item streams rows of the long operand, or a run of its columns."""
    m, n, k = product.m, product.n, product.k
    by_k = product.a_k == 1
    chosen = tuning.parameters(device, "gemm_thin_cpu", dtype, "row" if by_k else "column")
    total = accumulator(dtype)
    width = vector_width(dtype)
    columns = next(c for c in _THIN if c >= n)
    most = min(chosen["shares"] * device.compute_units, max(1, m * k // chosen["grain"]))
    # Short pieces of the rows that lie side by side would be reread line by line.
    least = 4 if by_k else 16 * width
    rows = max(ceil_div(m, most), least)
    rows = ceil_div(rows, least) * least
    groups = ceil_div(m, rows) * product.batches
    part = k
    if groups < device.compute_units:
        part = _part(k, groups, min(most, 2 * device.compute_units), 8 * chosen["grain"] // m)
    run = Recipe(
        device, "gemm_thin_cpu", TI=C_NAMES[dtype], TA=C_NAMES[total], TO=C_NAMES[total],
        VW=width, N=columns, by_k=by_k, cap=max(width, chosen["cap"] // columns),
    )  # fmt: skip
    passes = by_k and part > chosen["cap"] // columns
    grid = (ceil_div(m, rows), 1)
    return Way(run, total, grid, (1, 1, 1), part, {"rows": rows}, mirror, passes=passes)


def _thin_gpu(device: Device, dtype: np.dtype, product: Product, mirror: bool) -> Way:
    """gemm_thin_gpu: a work-group takes some rows of the long operand."""
    m, n, k = product.m, product.n, product.k
    by_k = product.a_k == 1
    chosen = tuning.parameters(device, "gemm_thin_gpu", dtype, "row" if by_k else "column")
    columns = next(c for c in _THIN if c >= n)
    wanted = chosen["shares"] * device.compute_units
    total = accumulator(dtype)
    local = min(chosen["local"], power_below(device.max_work_group))
    while True:
        fast = min(chosen["fast"], local)
        sharing, rows = (fast, local // fast) if by_k else (local // fast, fast)
        groups = ceil_div(m, rows) * product.batches
        part = _part(k, groups, wanted, max(512, sharing * chosen["each"]))
        result = dtype if part == k else total
        run = Recipe(
            device, "gemm_thin_gpu", TI=C_NAMES[dtype], TA=C_NAMES[total], TO=C_NAMES[result],
            N=columns, by_k=by_k, DI=rows, DK=sharing,
        )  # fmt: skip
        shape = (fast, local // fast, 1)
        if local == 1 or run.takes(shape):
            break
        local //= 2
    return Way(run, result, (ceil_div(m, rows) * shape[0], shape[1]), shape, part, {}, mirror)


@tuning.planned
def plan(
    device: Device, is_cpu: bool, dtype: np.dtype,
    a: Shape, a_steps: Shape, b: Shape, b_steps: Shape, b_first: bool = False,
    precision: str = "highest",
) -> Plan | None:  # fmt: skip
    """How to multiply operands of these shapes and strides; None if there is nothing to add up.
    b_first: b is the first operand of the plan; precision: see ops.precision.

    A result of one dimension more than the product has holds parts of its sums.
    """
    batch = batch_shape(a, b)
    m, k, n = a[-2], a[-1], b[-1]
    shape = (*batch, m, n)
    if k == 0 or 0 in shape:
        return None
    axes = _batch_axes(batch, a, a_steps, b, b_steps)
    a_m = a_steps[-2]
    while axes and axes[-1].b == 0 and (m == 1 or axes[-1].a == m * a_m):
        # Rows of one tall product, all by the same b.
        a_m = axes[-1].a if m == 1 else a_m
        m *= axes[-1].size
        axes = axes[:-1]
    product = Product(m, n, k, a_m, a_steps[-1], b_steps[-2], b_steps[-1], axes)
    # The kernels know two batch dimensions; what cannot be merged into them is launched singly.
    each = product._replace(batch=axes[-2:])
    chosen = way(device, is_cpu, dtype, each, precision)
    splits = ceil_div(k, chosen.part)
    turned = product.mirrored() if chosen.mirror else product
    most = (each.batches, turned.m)
    if not is_cpu:
        most = most_at_once(device, chosen.tile, splits, turned.m, turned.n, k)
    c_m, c_n = (1, n) if chosen.mirror else (n, 1)
    of_a, of_b = (2, 1) if chosen.mirror != b_first else (1, 2)
    numbers = {
        **turned._asdict(), "c_m": c_m, "c_n": c_n, "part": chosen.part,
        "split_step": product.batches * m * n, **chosen.rest,
    }  # fmt: skip
    del numbers["batch"], numbers["m"]
    launches = []
    for piece in pieces(turned.batch, turned.m, *most):
        first, second = ((Axis(1, 0, 0),) * 2 + piece.batch)[-2:]
        columns, rows = chosen.grid
        if piece.rows < turned.m:
            rows = ceil_div(piece.rows, chosen.tile) * chosen.local[1]
        batches = first.size * second.size
        launch = Launch(
            chosen.run, (columns, rows, batches * splits), chosen.local, c_g=Elements(0),
            a_g=Elements(of_a), b_g=Elements(of_b),
            c_offset=Start(0, piece.first * m * n + piece.row * c_m),
            a_offset=Start(of_a, piece.a + piece.row * turned.a_m), b_offset=Start(of_b, piece.b),
            m=piece.rows, batches=batches, inner_batch=second.size, a_outer=first.a,
            a_inner=second.a, b_outer=first.b, b_inner=second.b, **numbers,
        )  # fmt: skip
        launches.append(launch)
    joins = chosen.joins and splits == 1 and len(launches) == 1
    whole = shape if splits == 1 else (splits, *shape)
    return Plan(whole, chosen.result, tuple(launches), joins=joins, passes=chosen.passes)
