"""The kernels behind two-dimensional convolution: how work is cut, and how it is launched.

A CPU device reads a padded image patch in local memory in place; others run an implicit matrix
product. Filters or images too large for the patch take the second way everywhere.
"""

from __future__ import annotations

from functools import lru_cache
from math import gcd
from typing import NamedTuple

import numpy as np

from cltensor.device import Device
from cltensor.dtypes import C_NAMES, bool_, float32, promote
from cltensor.errors import DTypeError
from cltensor.op import same_device
from cltensor.ops.linalg import (
    ROWS,
    VECTORS,
    accumulator,
    ceil_div,
    equal_parts,
    grid_tile,
    local_budget,
    vector_width,
)
from cltensor.ops.pointwise import astype, full
from cltensor.program import kernel
from cltensor.tensor import Tensor

Pair = tuple[int, int]
#: Zeros around an image: top, bottom, left, right.
Padding = tuple[int, int, int, int]


class Axis(NamedTuple):
    """One axis of a correlation: output i with tap t reads input i*step + start + t*tap."""

    size: int
    out: int
    taps: int
    step: int
    start: int
    tap: int

    @property
    def reach(self) -> int:
        """The distance from the first tap to the last, in steps."""
        return (self.taps - 1) * self.tap // self.step

    @property
    def phases(self) -> int:
        """How many remainders of a division by step the taps can fall on."""
        return min(self.step, (self.taps - 1) * self.tap + 1)


def _interleave(rows: Axis, cols: Axis) -> tuple[int, ...]:
    """Two axes as the kernels take them."""
    return tuple(v for pair in zip(rows, cols, strict=True) for v in pair)


class Caps(NamedTuple):
    """What the packed kernels hold in local memory, in elements."""

    patch: int
    grad: int
    taps: int


def _caps(device: Device, dtype: np.dtype, with_grad: bool) -> Caps:
    itemsize = accumulator(dtype).itemsize
    taps = 4096 if device.local_mem >= 128 << 10 else 768
    tile = ROWS * VECTORS * vector_width(dtype)
    rest = (local_budget(device) - 4 * (taps + ROWS)) // itemsize - tile
    grad = min(32768, rest // 3) if with_grad else 0
    return Caps(min(65536, rest - grad), grad, taps)


class Blocks(NamedTuple):
    """What one work-item of a packed kernel takes at a time."""

    images: int
    filters: int
    channels: int
    rows: int
    cols: int


@lru_cache(maxsize=4096)
def _blocks(
    rows: Axis, cols: Axis, channels: int, filters: int, width: int, caps: Caps
) -> Blocks | None:
    """The largest block of outputs whose patch (and gradient) fit, or None if not even one tap
    row does. Rows are halved first while enough remain to share the patch's border."""
    lanes = VECTORS * width
    most = min(channels, caps.taps // (rows.taps * cols.taps))
    if most < 1:
        return None
    n_rows, n_cols, n_channels, n_filters = rows.out, cols.out, most, filters
    while True:
        plane = (n_rows + rows.reach) * (n_cols + cols.reach) * rows.phases * cols.phases
        if n_channels * plane + cols.reach + 2 * width <= caps.patch:
            break
        if n_rows > 8:
            n_rows = ceil_div(n_rows, 2)
        elif n_cols > 64:
            n_cols = ceil_div(n_cols, 2)
        elif n_channels > 8:
            n_channels = ceil_div(n_channels, 2)
        elif n_rows > 1:
            n_rows = ceil_div(n_rows, 2)
        elif n_channels > 1:
            n_channels = ceil_div(n_channels, 2)
        elif n_cols > width:
            n_cols = ceil_div(n_cols, 2)
        else:
            return None
    while caps.grad and ceil_div(n_filters, lanes) * lanes * n_rows * n_cols > caps.grad:
        if n_filters > lanes:
            n_filters = ceil_div(ceil_div(n_filters, lanes), 2) * lanes
        elif n_rows > 1:
            n_rows = ceil_div(n_rows, 2)
        else:
            n_cols = ceil_div(n_cols, 2)
    return Blocks(1, n_filters, equal_parts(channels, n_channels), n_rows, n_cols)


def _spread(blocks: Blocks, rows: Axis, images: int, groups: int, cores: int) -> Blocks:
    """`blocks` with fewer rows and filters where that is needed to give every core work, or with
    several images where work-items would be many."""
    tiles = groups * ceil_div(rows.out, blocks.rows)
    if images * tiles >= 4 * cores:
        return blocks._replace(images=equal_parts(images, max(1, images * tiles // (8 * cores))))
    n_rows = blocks.rows
    while images * tiles < 2 * cores and n_rows > 4:
        n_rows = ceil_div(n_rows, 2)
        tiles = groups * ceil_div(rows.out, n_rows)
    parts = ceil_div(2 * cores, max(1, images * tiles))
    n_filters = ceil_div(ceil_div(blocks.filters, ROWS), parts) * ROWS
    return blocks._replace(rows=n_rows, filters=n_filters)


class Weights(NamedTuple):
    """Where filters lie: offset, then the distance between groups, filters, channels, taps."""

    offset: int
    group: int
    filter: int
    channel: int
    row: int
    col: int


class Target(NamedTuple):
    """Where outputs lie: the distance between planes, rows, columns, and the first one."""

    plane: int
    row: int
    col: int
    offset: int


def _correlate(
    out: Tensor, x: Tensor, w: Tensor, rows: Axis, cols: Axis, channels: int, filters: int,
    groups: int, weights: Weights, target: Target, caps: Caps, blocks: Blocks,
) -> None:  # fmt: skip
    """Launch the kernels of a CPU device: `filters` by `channels` per group."""
    if _winograd_fits(rows, cols, channels, filters, x.dtype) and _winograd(
        out, x, w, rows, cols, channels, filters, groups, weights
    ):
        return
    device, images = x.device, x.shape[0]
    total = accumulator(x.dtype)
    width = vector_width(x.dtype)
    element, sums = C_NAMES[x.dtype], C_NAMES[total]
    lay = kernel(device, "conv_weights", TI=element, TA=sums, MR=ROWS)
    panels = groups * ceil_div(filters, ROWS)
    laid = Tensor.empty((panels * ROWS * channels * rows.taps * cols.taps,), total, device)
    lay(
        (panels, 1, 1), (1, 1, 1), laid.buffer, w.buffer, filters, channels,
        max(1, blocks.channels), rows.taps, cols.taps,
        w.offset + weights.offset, *weights[1:],
    )  # fmt: skip
    run = kernel(
        device, "conv_cpu", TI=element, TA=sums, TO=sums, VW=width, MR=ROWS, NV=VECTORS,
        patch_cap=caps.patch, k_cap=caps.taps,
    )  # fmt: skip
    grid = (
        ceil_div(rows.out, blocks.rows) * ceil_div(cols.out, blocks.cols),
        ceil_div(filters, blocks.filters),
        ceil_div(images, blocks.images) * groups,
    )
    run(
        grid, (1, 1, 1), out.buffer, x.buffer, laid.buffer, x.offset, images, channels, filters,
        *_interleave(rows, cols), *target, groups, blocks.images, blocks.filters,
        max(1, blocks.channels), blocks.rows, blocks.cols,
    )  # fmt: skip


def _winograd_fits(rows: Axis, cols: Axis, channels: int, filters: int, dtype: np.dtype) -> bool:
    """Whether F(2x2, 3x3) applies, and transforms and partly filled tiles leave a gain."""
    if dtype != float32 or {(a.taps, a.step, a.tap) for a in (rows, cols)} != {(3, 1, 1)}:
        return False
    covered = ceil_div(rows.out, 2) * 2 * ceil_div(cols.out, 8) * 8
    return min(channels, filters) >= 24 and covered < 1.4 * rows.out * cols.out


def _winograd(
    out: Tensor, x: Tensor, w: Tensor, rows: Axis, cols: Axis, channels: int, filters: int,
    groups: int, weights: Weights,
) -> bool:  # fmt: skip
    """Launch conv_wino, if local memory holds what it needs."""
    device = x.device
    budget = local_budget(device) // 4 - ROWS * 256
    pitch = 8 * ceil_div(cols.out, 8) + 2
    s_cap = 2048 if pitch <= 200 else 6 * pitch
    v_cap = min(65536, budget - s_cap)
    n_channels = equal_parts(channels, max(1, v_cap // 256))
    n_blocks = v_cap // (256 * n_channels)
    if v_cap < 256 * 8:
        return False
    quads = ceil_div(rows.out, 2) * ceil_div(cols.out, 8)
    blocks = ceil_div(quads, 4)
    # Filters are read once for each item: as many blocks as fit, but work for every core.
    items = ceil_div(2 * device.compute_units, x.shape[0] * groups)
    n_blocks = equal_parts(blocks, max(1, min(n_blocks, blocks // items)))
    panels = groups * ceil_div(filters, ROWS)
    laid = Tensor.empty((panels * 16 * channels * ROWS,), x.dtype, device)
    lay = kernel(device, "conv_wino_weights", MR=ROWS)
    lay(
        (panels, 1, 1), (1, 1, 1), laid.buffer, w.buffer, filters, channels,
        w.offset + weights.offset, *weights[1:],
    )  # fmt: skip
    run = kernel(device, "conv_wino", MR=ROWS, v_cap=v_cap, s_cap=s_cap)
    run(
        (ceil_div(blocks, n_blocks), 1, x.shape[0] * groups), (1, 1, 1), out.buffer, x.buffer,
        laid.buffer, x.offset, channels, filters, rows.size, cols.size, rows.out, cols.out,
        rows.start, cols.start, groups, n_blocks, filters, n_channels,
    )  # fmt: skip
    return True


def _grid(
    kind: str, shape: tuple[int, ...], p: Tensor, q: Tensor, rows: Axis, cols: Axis, images: int,
    channels: int, filters: int, groups: int,
) -> Tensor:  # fmt: skip
    """Launch conv_gpu."""
    device, dtype = p.device, p.dtype
    taps = rows.taps * cols.taps
    pixels = rows.out * cols.out
    m = channels if kind == "data" else filters
    n = {
        "forward": images * pixels,
        "data": images * rows.size * cols.size,
        "weight": channels * taps,
    }[kind]
    edge, each = grid_tile(device, m, n)
    total = accumulator(dtype)
    sums = C_NAMES[total] if kind == "weight" else C_NAMES[dtype]
    run = kernel(
        device, "conv_gpu", kind=kind, TI=C_NAMES[dtype], TA=C_NAMES[total], TO=sums,
        DM=edge, DN=edge, RM=each, RN=each, KW=16,
    )  # fmt: skip
    groups_n, groups_m = ceil_div(n, edge * each), ceil_div(m, edge * each)
    slices, length = 1, images * pixels
    if kind == "weight":
        # Few results, long sums: slices of the sum keep the device busy.
        wanted = ceil_div(4 * device.compute_units, groups_n * groups_m * groups)
        length = max(equal_parts(images * pixels, ceil_div(images * pixels, wanted)), 256)
        slices = ceil_div(images * pixels, length)
    shape = (slices, *shape) if kind == "weight" else shape
    out = Tensor.empty(shape, np.dtype(total) if kind == "weight" else dtype, device)
    run(
        (groups_n * edge, groups_m * edge, slices * groups), (edge, edge, 1),
        out.buffer, p.buffer, q.buffer, p.offset, q.offset, images, channels, filters, groups,
        length, *_interleave(rows, cols),
    )  # fmt: skip
    return astype.run(out.sum(axis=0), dtype) if kind == "weight" else out


def axes_of(
    size: tuple[int, ...], taps: tuple[int, ...], stride: Pair, padding: Padding, dilation: Pair
) -> tuple[Axis, Axis]:
    """The correlation of images of `size` with filters of `taps`."""
    found = []
    for d in (0, 1):
        whole = size[d] + padding[2 * d] + padding[2 * d + 1]
        out = max(0, (whole - (taps[d] - 1) * dilation[d] - 1) // stride[d] + 1)
        found.append(Axis(size[d], out, taps[d], stride[d], -padding[2 * d], dilation[d]))
    return found[0], found[1]


def _common(operation: str, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Both operands contiguous, in one dtype."""
    same_device(operation, a, b)
    try:
        dtype = promote(a.dtype, b.dtype)
    except DTypeError as error:
        raise DTypeError(f"{operation}: {error}") from None
    if dtype == bool_:
        raise DTypeError(f"{operation}: not defined for bool; cast with .to(dtype)")
    a, b = (x if x.dtype == dtype else astype.run(x, dtype) for x in (a, b))
    return a.contiguous(), b.contiguous()


def run_forward(
    x: Tensor, w: Tensor, stride: Pair, padding: Padding, dilation: Pair, groups: int
) -> Tensor:
    x, w = _common("conv2d", x, w)
    images, filters, channels = x.shape[0], w.shape[0] // groups, w.shape[1]
    rows, cols = axes_of(x.shape[2:], w.shape[2:], stride, padding, dilation)
    shape = (images, w.shape[0], rows.out, cols.out)
    if 0 in shape or 0 in w.shape:
        return full(shape, 0, x.dtype, x.device)
    caps = _caps(x.device, x.dtype, with_grad=False)
    blocks = _blocks(rows, cols, channels, filters, vector_width(x.dtype), caps)
    if blocks is None or not x.device.is_cpu:
        return _grid("forward", shape, w, x, rows, cols, images, channels, filters, groups)
    out = Tensor.empty(shape, accumulator(x.dtype), x.device)
    taps = rows.taps * cols.taps
    weights = Weights(0, filters * channels * taps, channels * taps, taps, cols.taps, 1)
    target = Target(rows.out * cols.out, cols.out, 1, 0)
    blocks = _spread(blocks, rows, images, groups, x.device.compute_units)
    _correlate(out, x, w, rows, cols, channels, filters, groups, weights, target, caps, blocks)
    return astype.run(out, x.dtype)


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


def run_data(
    y: Tensor, w: Tensor, size: Pair, stride: Pair, padding: Padding, dilation: Pair, groups: int
) -> Tensor:
    y, w = _common("conv2d_backward_data", y, w)
    images, filters, channels = y.shape[0], w.shape[0] // groups, w.shape[1]
    rows, cols = axes_of(size, w.shape[2:], stride, padding, dilation)
    shape = (images, channels * groups, *size)
    if 0 in shape or 0 in y.shape or 0 in w.shape:
        return full(shape, 0, y.dtype, y.device)
    caps = _caps(y.device, y.dtype, with_grad=False)
    width = vector_width(y.dtype)
    taps = rows.taps * cols.taps
    jobs = []
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
            target = Target(size[0] * size[1], size[1] * rows.step, cols.step, i * size[1] + j)
            blocks = _blocks(*axes, max(1, summed), channels, width, caps)
            jobs.append((axes, summed, weights, target, blocks))
    if not y.device.is_cpu or any(job[-1] is None for job in jobs):
        return _grid("data", shape, w, y, rows, cols, images, channels, filters, groups)
    out = Tensor.empty(shape, accumulator(y.dtype), y.device)
    for axes, summed, weights, target, blocks in jobs:
        assert blocks is not None  # checked above
        blocks = _spread(blocks, axes[0], images, groups, y.device.compute_units)
        _correlate(out, y, w, *axes, summed, channels, groups, weights, target, caps, blocks)
    return astype.run(out, y.dtype)


def run_weight(
    y: Tensor, x: Tensor, taps: Pair, stride: Pair, padding: Padding, dilation: Pair, groups: int
) -> Tensor:
    y, x = _common("conv2d_backward_weight", y, x)
    images, filters, channels = x.shape[0], y.shape[1] // groups, x.shape[1] // groups
    rows, cols = axes_of(x.shape[2:], taps, stride, padding, dilation)
    shape = (y.shape[1], channels, *taps)
    if 0 in shape or 0 in y.shape or 0 in x.shape:
        return full(shape, 0, x.dtype, x.device)
    device, dtype = x.device, x.dtype
    width = vector_width(dtype)
    caps = _caps(device, dtype, with_grad=True)
    blocks = _blocks(rows, cols, channels, filters, width, caps)
    if blocks is None or not device.is_cpu:
        return _grid("weight", shape, y, x, rows, cols, images, channels, filters, groups)
    total = accumulator(dtype)
    element, sums = C_NAMES[dtype], C_NAMES[total]
    lanes = VECTORS * width
    grid_c, grid_f = ceil_div(channels, blocks.channels), ceil_div(filters, blocks.filters)
    wanted = ceil_div(4 * device.compute_units, grid_c * grid_f * groups)
    each = equal_parts(images, ceil_div(images, wanted))
    splits = ceil_div(images, each)
    tiles = ceil_div(blocks.filters, lanes) * ceil_div(blocks.channels * taps[0] * taps[1], ROWS)
    part = Tensor.empty((splits * groups * grid_f * grid_c * tiles * ROWS * lanes,), total, device)
    run = kernel(
        device, "conv_grad_cpu", TI=element, TA=sums, VW=width, MR=ROWS, NV=VECTORS,
        patch_cap=caps.patch, grad_cap=caps.grad, k_cap=caps.taps,
    )  # fmt: skip
    run(
        (grid_c, grid_f, splits * groups), (1, 1, 1), part.buffer, x.buffer, y.buffer,
        x.offset, y.offset, images, channels, filters, *_interleave(rows, cols),
        groups, each, *blocks[1:],
    )  # fmt: skip
    out = Tensor.empty(shape, dtype, device)
    add = kernel(device, "conv_grad_sum", TA=sums, TO=element, MR=ROWS, NR=lanes)
    local = min(64, device.max_work_group)
    add(
        (ceil_div(out.size, local) * local,), (local,), out.buffer, part.buffer, out.size, splits,
        groups, filters, channels, taps[0] * taps[1], taps[1], blocks.filters,
        blocks.channels,
    )  # fmt: skip
    return out
