"""Convolution by a register tile that reads a padded patch of the image in local memory in place:
any stride, padding, dilation and groups, on CPU devices."""

from __future__ import annotations

from math import gcd
from typing import NamedTuple

from cltensor.dtypes import C_NAMES
from cltensor.lazy.grids import ceil_div
from cltensor.ops.conv.blocks import (
    PIXELS,
    Axis,
    Blocks,
    Caps,
    Correlation,
    Weights,
    batch_for,
    blocks_for,
    caps_for,
    geometry,
    places,
    spread,
    weights_of,
)
from cltensor.ops.kernels.plan import Elements, Launch, Plan, Recipe, Start
from cltensor.ops.linalg.tiles import ROWS, VECTORS, accumulator, equal_parts, vector_width, widest
from cltensor.runtime import tuning
from cltensor.runtime.kernel import kernel


class Target(NamedTuple):
    """Where outputs lie: the distance between planes, rows, columns, and the first one. Where
    columns are two apart, phase tells the odd ones and pairs is half the width of the image."""

    plane: int
    row: int
    col: int
    offset: int
    phase: int = 0
    pairs: int = 0


#: Rows and vectors of tiles for pixels as lanes; the others are for registers of 64 bytes.
_TILES = ((ROWS, VECTORS), (4, 3))
_WIDE_TILES = ((2 * ROWS, VECTORS), (8, 3), (ROWS, VECTORS), (4, 4))


class _Tile(NamedTuple):
    """What the lanes of conv_cpu are, and its register tile: rows, vectors, lanes of a vector."""

    lanes: str
    rows: int
    vectors: int
    width: int


def _register_tile(c: Correlation, blocks: Blocks) -> _Tile:
    """The tile with the fewest products, idle ones included. The store of a tile counts as 10 steps
    of its sum, or 18 where it is transposed, or 30 where long vectors reach over the ends of rows;
    steps with filters as lanes, aligned and one after the other, take a tenth less (as measured).
    """
    widest_lanes, least = widest(c.device, c.dtype), vector_width(c.dtype)
    if c.filters == 1:  # a tile of one row is filled by more pixels
        return _Tile("pixels", 1, 8, widest_lanes)
    deep = c.channels * c.taps
    n_rows, n_cols = blocks.rows, blocks.cols
    pixels = n_rows * n_cols
    options: list[tuple[float, _Tile]] = []
    for width in {least, widest_lanes}:
        run_on = ceil_div(n_rows * (n_cols + c.cols.reach), width)
        vectors = min(n_rows * ceil_div(n_cols, width), run_on)
        store = 10 if width == least or n_cols % width == 0 or not c.cols.reach else 30
        for mr, nv in _TILES if width == least else _WIDE_TILES:
            idle = ceil_div(vectors, nv) * nv * ceil_div(c.filters, mr) * mr
            options.append((idle * (deep + store), _Tile("pixels", mr, nv, width)))
    if pixels <= PIXELS:
        lanes = VECTORS * widest_lanes
        idle = ceil_div(pixels, ROWS) * ROWS * ceil_div(c.filters, lanes) * VECTORS
        tile = _Tile("filters", ROWS, VECTORS, widest_lanes)
        options.append((idle * (deep + 18) * 0.9, tile))
    return min(options)[1]


def _correlate(
    c: Correlation, weights: Weights, target: Target, caps: Caps, blocks: Blocks, scratch: int
) -> tuple[int, Launch, Launch]:
    """conv_cpu, after laying out the filters in operand `scratch`, whose size comes first."""
    element, sums = C_NAMES[c.dtype], C_NAMES[accumulator(c.dtype)]
    lanes, tile_rows, vectors, width = _register_tile(c, blocks)
    panel = tile_rows if lanes == "pixels" else vectors * width
    panels = c.groups * ceil_div(c.filters, panel)
    shares = tuning.parameters(c.device, "conv_cpu", c.dtype, "image")["shares"]
    cores = c.device.compute_units
    blocks = spread(blocks, c.rows, c.images, c.groups, cores, shares, panel)
    lay = Launch(
        kernel(c.device, "conv_weights", TI=element, TA=sums, MR=panel),
        (panels, 1, 1), (1, 1, 1), u_g=Elements(scratch), w_g=Elements(2),
        w_offset=Start(2, weights.offset), filters=c.filters,
        channels=c.channels, n_channels=max(1, blocks.channels), taps_h=c.rows.taps,
        taps_w=c.cols.taps, **places(weights),
    )  # fmt: skip
    run = Recipe(
        c.device, "conv_cpu", lanes=lanes, TI=element, TA=sums, TO=sums, VW=width, MR=tile_rows,
        NV=vectors, patch_cap=caps.patch, k_cap=caps.taps, p_cap=PIXELS,
    )  # fmt: skip
    grid = (
        ceil_div(c.rows.out, blocks.rows) * ceil_div(c.cols.out, blocks.cols),
        ceil_div(c.filters, blocks.filters),
        ceil_div(c.images, blocks.images) * c.groups,
    )
    compute = Launch(
        run, grid, (1, 1, 1), y_g=Elements(0), x_g=Elements(1), u_g=Elements(scratch),
        x_offset=Start(1), images=c.images, channels=c.channels, filters=c.filters,
        y_plane=target.plane, y_row=target.row, y_col=target.col, y_offset=target.offset,
        y_phase=target.phase, y_pairs=target.pairs, groups=c.groups, n_images=blocks.images,
        n_filters=blocks.filters, n_channels=max(1, blocks.channels), n_rows=blocks.rows,
        n_cols=blocks.cols, **geometry(c),
    )  # fmt: skip
    return panels * panel * c.channels * c.taps, lay, compute


def forward(c: Correlation) -> Plan | None:
    """The outputs; None where filters or images are too large for the patch."""
    caps = caps_for(c.device, c.dtype, with_grad=False)
    width = widest(c.device, c.dtype)
    blocks = blocks_for(c.rows, c.cols, c.channels, c.filters, width, 1, caps)
    if blocks is None:
        return None
    target = Target(c.rows.out * c.cols.out, c.cols.out, 1, 0)
    size, *launches = _correlate(c, weights_of(c), target, caps, blocks, 3)
    return Plan(c.shape, accumulator(c.dtype), tuple(launches), (size,), joins=True)


def phase_of(axis: Axis, phase: int) -> tuple[Axis, int, int]:
    """The correlation that gives every step-th input element from `phase` on out of the outputs,
    with the last of its taps and the distance from each tap to the one before."""
    every = axis.step // gcd(axis.step, axis.tap)
    taps = [t for t in range(axis.taps) if (phase - axis.start - t * axis.tap) % axis.step == 0]
    count = ceil_div(axis.size - phase, axis.step)
    if not taps:
        return Axis(axis.out, count, 0, 1, 0, 1), 0, 0
    start = (phase - axis.start - taps[-1] * axis.tap) // axis.step
    tap = every * axis.tap // axis.step
    return Axis(axis.out, count, len(taps), 1, start, tap), taps[-1], every


def data(c: Correlation) -> Plan | None:
    """The gradient of images: one correlation with turned filters for each phase of the stride."""
    caps = caps_for(c.device, c.dtype, with_grad=False)
    width = widest(c.device, c.dtype)
    plain = weights_of(c)
    size = c.rows.size, c.cols.size
    launches: list[Launch] = []
    scratch: list[int] = []
    for i in range(min(c.rows.step, size[0])):
        rows, last_row, every_row = phase_of(c.rows, i)
        for j in range(min(c.cols.step, size[1])):
            cols, last_col, every_col = phase_of(c.cols, j)
            summed = c.filters
            if not rows.taps or not cols.taps:
                summed = 0
            part = c._replace(
                rows=rows if summed else rows._replace(taps=1),
                cols=cols if summed else cols._replace(taps=1),
                channels=summed,
                filters=c.channels,
            )
            weights = Weights(
                last_row * plain.row + last_col, plain.group, plain.channel, plain.filter,
                -every_row * plain.row, -every_col,
            )  # fmt: skip
            blocks = blocks_for(part.rows, part.cols, max(1, summed), c.channels, width, 1, caps)
            if blocks is None:
                return None
            target = Target(
                size[0] * size[1], size[1] * c.rows.step, c.cols.step, i * size[1] + j, j,
                size[1] // 2,
            )  # fmt: skip
            needed, *pair = _correlate(part, weights, target, caps, blocks, 3 + len(scratch))
            scratch.append(needed)
            launches += pair
    shape = (c.images, c.groups * c.channels, *size)
    whole = c.rows.step == c.cols.step == 1
    return Plan(shape, accumulator(c.dtype), tuple(launches), tuple(scratch), joins=whole)


def weight(c: Correlation) -> Plan | None:
    """The gradient of filters: sums over parts of the batch, then their sum."""
    caps = caps_for(c.device, c.dtype, with_grad=True)
    width = vector_width(c.dtype)
    if c.filters > width:
        width = widest(c.device, c.dtype)
    # One vector of filters where there are no more, with twice the rows of taps.
    tile_rows, vectors = (2 * ROWS, 1) if c.filters <= width else (ROWS, VECTORS)
    lanes = vectors * width
    blocks = blocks_for(c.rows, c.cols, c.channels, c.filters, width, lanes, caps)
    if blocks is None:
        return None
    total = accumulator(c.dtype)
    element, sums = C_NAMES[c.dtype], C_NAMES[total]
    grid_c, grid_f = ceil_div(c.channels, blocks.channels), ceil_div(c.filters, blocks.filters)
    wanted = ceil_div(4 * c.device.compute_units, grid_c * grid_f * c.groups)
    each = equal_parts(c.images, ceil_div(c.images, wanted))
    splits = ceil_div(c.images, each)
    batch = batch_for(c.rows, c.cols, blocks, lanes, caps, each)
    tiles = ceil_div(blocks.filters, lanes) * ceil_div(blocks.channels * c.taps, tile_rows)
    part = Launch(
        kernel(
            c.device, "conv_grad_cpu", TI=element, TA=sums, VW=width, MR=tile_rows, NV=vectors,
            patch_cap=caps.patch, grad_cap=caps.grad, k_cap=caps.taps,
        ),
        (grid_c, grid_f, splits * c.groups), (1, 1, 1), part_g=Elements(3), x_g=Elements(2),
        g_g=Elements(1), x_offset=Start(2), g_offset=Start(1), images=c.images,
        channels=c.channels, filters=c.filters, groups=c.groups, n_images=each, n_batch=batch,
        n_filters=blocks.filters, n_channels=blocks.channels, n_rows=blocks.rows,
        n_cols=blocks.cols, **geometry(c),
    )  # fmt: skip
    strips = c.groups * ceil_div(c.filters, lanes)
    add = Launch(
        kernel(c.device, "conv_grad_sum", TA=sums, TO=sums, MR=tile_rows, NR=lanes, VW=width),
        (c.channels, strips), (1, 1), w_g=Elements(0), part_g=Elements(3), splits=splits,
        groups=c.groups, filters=c.filters, channels=c.channels, taps_h=c.rows.taps,
        taps_w=c.cols.taps, n_filters=blocks.filters, n_channels=blocks.channels,
    )  # fmt: skip
    scratch = splits * c.groups * grid_f * grid_c * tiles * tile_rows * lanes
    shape = (c.groups * c.filters, c.channels, c.rows.taps, c.cols.taps)
    return Plan(shape, total, (part, add), (scratch,))
