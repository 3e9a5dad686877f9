"""The kernels behind two-dimensional convolution: how work is cut, and how it is launched.

A CPU device reads a padded image patch in local memory in place; others run an implicit matrix
product. Filters or images too large for the patch take the second way everywhere.
"""

from __future__ import annotations

from math import gcd
from typing import NamedTuple

import numpy as np

from cltensor import tuning
from cltensor.device import Device
from cltensor.dtypes import C_NAMES, bool_, float32, promote
from cltensor.errors import DTypeError
from cltensor.op import same_device
from cltensor.ops import conv_depth
from cltensor.ops.conv_blocks import (
    Axis,
    Blocks,
    Caps,
    Padding,
    Pair,
    Weights,
    axes_of,
    batch_for,
    blocks_for,
    caps_for,
    interleave,
    spread,
)
from cltensor.ops.conv_winograd import plan_filter, plan_image
from cltensor.ops.launch import Launch, Plan, execute
from cltensor.ops.linalg import (
    ROWS,
    VECTORS,
    accumulator,
    ceil_div,
    equal_parts,
    grid_tile,
    vector_width,
)
from cltensor.ops.pointwise import astype, full
from cltensor.program import kernel
from cltensor.tensor import Tensor


class Target(NamedTuple):
    """Where outputs lie: the distance between planes, rows, columns, and the first one. Where
    columns are two apart, phase tells the odd ones and pairs is half the width of the image."""

    plane: int
    row: int
    col: int
    offset: int
    phase: int = 0
    pairs: int = 0


_PIXELS = 1024  # of a block with filters as lanes


def _register_tile(
    rows: Axis, cols: Axis, channels: int, filters: int, width: int, blocks: Blocks
) -> tuple[str, int, int]:
    """What the lanes of conv_cpu are, and the rows and vectors of its register tile: those with
    the fewest products, idle ones included. The store of a tile counts as 10 steps of its sum, or
    18 where it is transposed; steps with filters as lanes, aligned and one after the other, take a
    tenth less (as measured)."""
    if filters == 1:  # a tile of one row is filled by more pixels
        return "pixels", 1, 8
    deep = channels * rows.taps * cols.taps
    n_rows, n_cols = blocks.rows, blocks.cols
    pixels = n_rows * n_cols
    run_on = ceil_div(n_rows * (n_cols + cols.reach), width)
    vectors = min(n_rows * ceil_div(n_cols, width), run_on)
    options: list[tuple[float, str, int, int]] = [
        (ceil_div(vectors, nv) * nv * ceil_div(filters, mr) * mr * (deep + 10), "pixels", mr, nv)
        for mr, nv in ((ROWS, VECTORS), (4, 3))
    ]
    if pixels <= _PIXELS:
        lanes = VECTORS * width
        idle = ceil_div(pixels, ROWS) * ROWS * ceil_div(filters, lanes) * VECTORS
        options.append((idle * (deep + 18) * 0.9, "filters", ROWS, VECTORS))
    return min(options)[1:]


def _correlate(
    device: Device, dtype: np.dtype, images: int, rows: Axis, cols: Axis, channels: int,
    filters: int, groups: int, weights: Weights, target: Target, caps: Caps, blocks: Blocks,
    scratch: int,
) -> tuple[int, Launch, Launch]:  # fmt: skip
    """conv_cpu with `filters` by `channels` per group, after laying out the filters in operand
    `scratch`, whose size comes first."""
    element, sums = C_NAMES[dtype], C_NAMES[accumulator(dtype)]
    lanes, tile_rows, vectors = _register_tile(
        rows, cols, channels, filters, vector_width(dtype), blocks
    )
    panel = tile_rows if lanes == "pixels" else vectors * vector_width(dtype)
    panels = groups * ceil_div(filters, panel)
    shares = tuning.parameters(device, "conv_cpu", dtype, "image")["shares"]
    blocks = spread(blocks, rows, images, groups, device.compute_units, shares, panel)
    lay = Launch(
        kernel(device, "conv_weights", TI=element, TA=sums, MR=panel),
        (panels, 1, 1), (1, 1, 1), (scratch, 2), ((2, weights.offset),),
        (filters, channels, max(1, blocks.channels), rows.taps, cols.taps, *weights[1:]),
    )  # fmt: skip
    run = kernel(
        device, "conv_cpu", lanes=lanes, TI=element, TA=sums, TO=sums, VW=vector_width(dtype),
        MR=tile_rows, NV=vectors, patch_cap=caps.patch, k_cap=caps.taps, p_cap=_PIXELS,
    )  # fmt: skip
    grid = (
        ceil_div(rows.out, blocks.rows) * ceil_div(cols.out, blocks.cols),
        ceil_div(filters, blocks.filters),
        ceil_div(images, blocks.images) * groups,
    )
    rest = (
        *(images, channels, filters, *interleave(rows, cols), *target, groups, blocks.images),
        *(blocks.filters, max(1, blocks.channels), blocks.rows, blocks.cols),
    )
    size = panels * panel * channels * rows.taps * cols.taps
    return size, lay, Launch(run, grid, (1, 1, 1), (0, 1, scratch), ((1, 0),), rest)


def _winograd_fits(rows: Axis, cols: Axis, channels: int, filters: int, dtype: np.dtype) -> bool:
    """Whether transforms and partly filled tiles leave a gain."""
    return dtype == float32 and min(channels, filters) >= 12


def _grid(
    kind: str, device: Device, dtype: np.dtype, shape: tuple[int, ...], rows: Axis, cols: Axis,
    images: int, channels: int, filters: int, groups: int,
) -> Plan:  # fmt: skip
    """conv_gpu. The gradient of filters gets slices of its sum as a first axis."""
    pixels = rows.out * cols.out
    m = channels if kind == "data" else filters
    n = {
        "forward": images * pixels,
        "data": images * rows.size * cols.size,
        "weight": channels * rows.taps * cols.taps,
    }[kind]
    edge, each, depth = grid_tile(device, dtype, m, n)
    total = accumulator(dtype)
    result = total if kind == "weight" else dtype
    run = kernel(
        device, "conv_gpu", kind=kind, TI=C_NAMES[dtype], TA=C_NAMES[total], TO=C_NAMES[result],
        DM=edge, DN=edge, RM=each, RN=each, KW=depth,
    )  # fmt: skip
    groups_n, groups_m = ceil_div(n, edge * each), ceil_div(m, edge * each)
    slices, length = 1, images * pixels
    if kind == "weight":
        # Few results, long sums: slices of the sum keep the device busy.
        wanted = ceil_div(4 * device.compute_units, groups_n * groups_m * groups)
        length = max(equal_parts(images * pixels, ceil_div(images * pixels, wanted)), 256)
        slices = ceil_div(images * pixels, length)
        shape = (slices, *shape)
    grid = (groups_n * edge, groups_m * edge, slices * groups)
    rest = (images, channels, filters, groups, length, *interleave(rows, cols))
    # operands: y from w and x, dx from w and y, dw from y and x
    order = (0, 2, 1) if kind != "weight" else (0, 1, 2)
    offsets = tuple((i, 0) for i in order[1:])
    return Plan(shape, result, (Launch(run, grid, (edge, edge, 1), order, offsets, rest),))


def _phase(axis: Axis, phase: int) -> tuple[Axis, int, int]:
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


def _common(operation: str, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Both operands contiguous, in one dtype."""
    if a.device is not b.device:
        same_device(operation, a, b)
    dtype = a.dtype
    if b.dtype is not dtype:
        try:
            dtype = promote(dtype, b.dtype)
        except DTypeError as error:
            raise DTypeError(f"{operation}: {error}") from None
        a, b = astype.run(a, dtype), astype.run(b, dtype)
    if dtype is bool_:
        raise DTypeError(f"{operation}: not defined for bool; cast with .to(dtype)")
    return (
        a if a.is_contiguous else a.contiguous(),
        b if b.is_contiguous else b.contiguous(),
    )


Shape = tuple[int, ...]


@tuning.planned
def _plan_forward(
    device: Device, is_cpu: bool, dtype: np.dtype, x: Shape, w: Shape,
    stride: Pair, padding: Padding, dilation: Pair, groups: int,
) -> Plan | Shape:  # fmt: skip
    """How to convolve; the shape of zeros where there is nothing to add up."""
    images, filters, channels = x[0], w[0] // groups, w[1]
    rows, cols = axes_of(x[2:], w[2:], stride, padding, dilation)
    shape = (images, w[0], rows.out, cols.out)
    if 0 in shape or 0 in w:
        return shape
    caps = caps_for(device, dtype, with_grad=False)
    blocks = blocks_for(rows, cols, channels, filters, vector_width(dtype), 1, caps)
    if blocks is None or not is_cpu:
        return _grid("forward", device, dtype, shape, rows, cols, images, channels, filters, groups)
    taps = rows.taps * cols.taps
    weights = Weights(0, filters * channels * taps, channels * taps, taps, cols.taps, 1)
    if conv_depth.fits(rows, cols, channels, filters):
        plan = conv_depth.plan_image(
            device, dtype, images, rows, cols, (1, 1), channels, filters, groups, weights
        )
        if plan is not None:
            return plan
    if _winograd_fits(rows, cols, channels, filters, dtype):
        plan = plan_image(device, images, rows, cols, channels, filters, groups, weights)
        if plan is not None:
            return plan
    target = Target(rows.out * cols.out, cols.out, 1, 0)
    size, *launches = _correlate(
        device, dtype, images, rows, cols, channels, filters, groups, weights, target, caps,
        blocks, 3,
    )  # fmt: skip
    return Plan(shape, accumulator(dtype), tuple(launches), (size,))


@tuning.planned
def _plan_data(
    device: Device, is_cpu: bool, dtype: np.dtype, y: Shape, w: Shape, size: Pair,
    stride: Pair, padding: Padding, dilation: Pair, groups: int,
) -> Plan | Shape:  # fmt: skip
    """How to give the gradient to images: one correlation with turned filters for each phase of
    the stride."""
    images, filters, channels = y[0], w[0] // groups, w[1]
    rows, cols = axes_of(size, w[2:], stride, padding, dilation)
    shape = (images, channels * groups, *size)
    if 0 in shape or 0 in y or 0 in w:
        return shape
    whole = ("data", device, dtype, shape, rows, cols, images, channels, filters, groups)
    if not is_cpu:
        return _grid(*whole)
    caps = caps_for(device, dtype, with_grad=False)
    taps = rows.taps * cols.taps
    if conv_depth.fits(rows, cols, channels, filters):
        weights = Weights(
            taps - 1, filters * channels * taps, taps, channels * taps, -cols.taps, -1
        )
        turned = [
            Axis(a.out, a.size, a.taps, 1, -a.start - (a.taps - 1) * a.tap, a.tap)
            for a in (rows, cols)
        ]
        plan = conv_depth.plan_image(
            device,
            dtype,
            images,
            *turned,
            (rows.step, cols.step),
            filters,
            channels,
            groups,
            weights,
        )
        if plan is not None:
            return plan
    launches: list[Launch] = []
    scratch: list[int] = []
    for i in range(min(rows.step, size[0])):
        turned_rows, last_row, every_row = _phase(rows, i)
        for j in range(min(cols.step, size[1])):
            turned_cols, last_col, every_col = _phase(cols, j)
            summed = filters
            axes = turned_rows, turned_cols
            if not turned_rows.taps or not turned_cols.taps:
                summed = 0
                axes = turned_rows._replace(taps=1), turned_cols._replace(taps=1)
            weights = Weights(
                last_row * cols.taps + last_col, filters * channels * taps, taps, channels * taps,
                -every_row * cols.taps, -every_col,
            )  # fmt: skip
            if (rows.step, cols.step) == (1, 1) and _winograd_fits(*axes, summed, channels, dtype):
                plan = plan_image(device, images, *axes, summed, channels, groups, weights)
                if plan is not None:
                    return plan
            blocks = blocks_for(*axes, max(1, summed), channels, vector_width(dtype), 1, caps)
            if blocks is None:
                return _grid(*whole)
            target = Target(
                size[0] * size[1],
                size[1] * rows.step,
                cols.step,
                i * size[1] + j,
                j,
                size[1] // 2,
            )
            needed, *pair = _correlate(
                device, dtype, images, *axes, summed, channels, groups, weights, target, caps,
                blocks, 3 + len(scratch),
            )  # fmt: skip
            scratch.append(needed)
            launches += pair
    return Plan(shape, accumulator(dtype), tuple(launches), tuple(scratch))


@tuning.planned
def _plan_weight(
    device: Device, is_cpu: bool, dtype: np.dtype, y: Shape, x: Shape, taps: Pair,
    stride: Pair, padding: Padding, dilation: Pair, groups: int,
) -> Plan | Shape:  # fmt: skip
    """How to give the gradient to filters: sums over parts of the batch, then their sum."""
    images, filters, channels = x[0], y[1] // groups, x[1] // groups
    rows, cols = axes_of(x[2:], taps, stride, padding, dilation)
    shape = (y[1], channels, *taps)
    if 0 in shape or 0 in y or 0 in x:
        return shape
    if is_cpu and conv_depth.fits(rows, cols, channels, filters):
        plan = conv_depth.plan_filter(device, dtype, images, rows, cols, channels, filters, groups)
        if plan is not None:
            return plan
    if is_cpu and _winograd_fits(rows, cols, channels, filters, dtype):
        plan = plan_filter(device, images, rows, cols, channels, filters, groups)
        if plan is not None:
            return plan
    caps = caps_for(device, dtype, with_grad=True)
    width = vector_width(dtype)
    # One vector of filters where there are no more, with twice the rows of taps.
    tile_rows, vectors = (2 * ROWS, 1) if filters <= width else (ROWS, VECTORS)
    lanes = vectors * width
    blocks = blocks_for(rows, cols, channels, filters, width, lanes, caps)
    if blocks is None or not is_cpu:
        return _grid("weight", device, dtype, shape, rows, cols, images, channels, filters, groups)
    total = accumulator(dtype)
    element, sums = C_NAMES[dtype], C_NAMES[total]
    grid_c, grid_f = ceil_div(channels, blocks.channels), ceil_div(filters, blocks.filters)
    wanted = ceil_div(4 * device.compute_units, grid_c * grid_f * groups)
    each = equal_parts(images, ceil_div(images, wanted))
    splits = ceil_div(images, each)
    batch = batch_for(rows, cols, blocks, lanes, caps, each)
    tiles = ceil_div(blocks.filters, lanes) * ceil_div(
        blocks.channels * taps[0] * taps[1], tile_rows
    )
    part = Launch(
        kernel(
            device, "conv_grad_cpu", TI=element, TA=sums, VW=width, MR=tile_rows, NV=vectors,
            patch_cap=caps.patch, grad_cap=caps.grad, k_cap=caps.taps,
        ),
        (grid_c, grid_f, splits * groups), (1, 1, 1), (3, 2, 1), ((2, 0), (1, 0)),
        (images, channels, filters, *interleave(rows, cols), groups, each, batch,
         *blocks[1:]),
    )  # fmt: skip
    strips = groups * ceil_div(filters, lanes)
    add = Launch(
        kernel(device, "conv_grad_sum", TA=sums, TO=sums, MR=tile_rows, NR=lanes, VW=width),
        (channels, strips), (1, 1), (0, 3), (),
        (splits, groups, filters, channels, *taps, blocks.filters, blocks.channels),
    )  # fmt: skip
    scratch = splits * groups * grid_f * grid_c * tiles * tile_rows * lanes
    return Plan(shape, total, (part, add), (scratch,))


def _execute(plan: Plan | Shape, a: Tensor, b: Tensor) -> Tensor:
    if not isinstance(plan, Plan):
        return full(plan, 0, a.dtype, a.device)
    out = execute(plan, a, b)
    if out.ndim == 5:  # slices of a sum
        out = out.sum(axis=0)
    return out if out.dtype is a.dtype else astype.run(out, a.dtype)


def run_forward(
    x: Tensor, w: Tensor, stride: Pair, padding: Padding, dilation: Pair, groups: int
) -> Tensor:
    """Images convolved with filters."""
    x, w = _common("conv2d", x, w)
    how = (x.shape, w.shape, stride, padding, dilation, groups)
    return _execute(_plan_forward(x.device, x.device.is_cpu, x.dtype, *how), x, w)


def run_data(
    y: Tensor, w: Tensor, size: Pair, stride: Pair, padding: Padding, dilation: Pair, groups: int
) -> Tensor:
    """The gradient to images of `size`."""
    y, w = _common("conv2d_backward_data", y, w)
    how = (y.shape, w.shape, size, stride, padding, dilation, groups)
    return _execute(_plan_data(y.device, y.device.is_cpu, y.dtype, *how), y, w)


def run_weight(
    y: Tensor, x: Tensor, taps: Pair, stride: Pair, padding: Padding, dilation: Pair, groups: int
) -> Tensor:
    """The gradient to filters of `taps`."""
    y, x = _common("conv2d_backward_weight", y, x)
    how = (y.shape, x.shape, taps, stride, padding, dilation, groups)
    return _execute(_plan_weight(y.device, y.device.is_cpu, y.dtype, *how), y, x)
