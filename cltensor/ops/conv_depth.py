"""Depthwise convolution on CPU devices: groups of few filters and channels, plane by plane."""

from __future__ import annotations

import numpy as np

from cltensor import tuning
from cltensor.device import Device
from cltensor.dtypes import C_NAMES
from cltensor.ops.conv_blocks import Axis, Weights
from cltensor.ops.launch import Launch, Plan
from cltensor.ops.linalg import accumulator, ceil_div, equal_parts, vector_width
from cltensor.program import kernel

_MOST = 2  # filters and channels of a group; more fill the register tile of the general kernels
_TAPS = 49  # code grows with them
_SUMS = 64  # filters that a work-item sums the gradient of

# rows: outputs that share what was loaded; shares: work-items per compute unit.
tuning.declare("conv_depth", ["all"], rows=(4, 2, 3, 6), shares=(8, 2, 4, 16))


def fits(rows: Axis, cols: Axis, channels: int, filters: int) -> bool:
    """Whether groups of `channels` and `filters` are computed plane by plane."""
    return max(channels, filters) <= _MOST and rows.taps * cols.taps <= _TAPS


def _band(rows: Axis, cols: Axis, width: int, room: int, lines: int = 1) -> tuple[int, int] | None:
    """(outputs rows, elements of their patch) that fit `room` elements, computed `lines` at once."""
    phases = min(cols.step, (cols.taps - 1) * cols.tap + 1)
    pitch = ceil_div(cols.out, width) * width + (cols.taps - 1) * cols.tap // cols.step
    n_rows = rows.out
    while True:
        patch = (ceil_div(n_rows, lines) * lines * rows.step + (rows.taps - 1) * rows.tap) * pitch
        if patch * phases <= room:
            return n_rows, patch * phases
        if n_rows == 1:
            return None
        n_rows = ceil_div(n_rows, 2)


def plan_image(
    device: Device, dtype: np.dtype, images: int, rows: Axis, cols: Axis, spread: tuple[int, int],
    channels: int, filters: int, groups: int, weights: Weights,
) -> Plan | None:  # fmt: skip
    """conv_depth: a correlation of planes whose elements are `spread` apart; None where a row does
    not fit local memory."""
    chosen = tuning.parameters(device, "conv_depth", dtype, "all")
    total, width = accumulator(dtype), vector_width(dtype)
    cap = min(device.local_mem // 2, 128 << 10) // total.itemsize
    band = _band(rows, cols, width, (cap - 2 * width) // channels, chosen["rows"])
    if band is None:
        return None
    pairs, bands = images * groups, ceil_div(rows.out, band[0])
    n_pairs = equal_parts(pairs, max(1, pairs * bands // (chosen["shares"] * device.compute_units)))
    run = kernel(
        device, "conv_depth", P=rows.taps, Q=cols.taps, step=(rows.step, cols.step),
        tap=(rows.tap, cols.tap), spread=spread, TI=C_NAMES[dtype], TA=C_NAMES[total], VW=width,
        RB=chosen["rows"], patch_cap=cap, w_cap=_MOST * _MOST * rows.taps * cols.taps,
    )  # fmt: skip
    rest = (
        *(pairs, groups, channels, filters, rows.size, cols.size, rows.out, cols.out),
        *(rows.start, cols.start, weights.group, weights.filter, weights.channel, weights.col),
        *(n_pairs, band[0]),
    )
    launch = Launch(
        run, (bands, ceil_div(pairs, n_pairs), 1), (1, 1, 1), (0, 1, 2),
        ((1, 0), (2, weights.offset)), rest,
    )  # fmt: skip
    return Plan((images, groups * filters, rows.out, cols.out), total, (launch,))


def plan_filter(
    device: Device, dtype: np.dtype, images: int, rows: Axis, cols: Axis, channels: int,
    filters: int, groups: int,
) -> Plan | None:  # fmt: skip
    """conv_depth_grad: the gradient of filters, with parts of its sum as a first axis."""
    chosen = tuning.parameters(device, "conv_depth", dtype, "all")
    total, width = accumulator(dtype), vector_width(dtype)
    cap = min(device.local_mem // 4, 64 << 10) // total.itemsize
    band = _band(rows, cols, width, cap - 2 * width)
    if band is None:
        return None
    # Planes in the order of memory: all filters of an image follow each other as far as sums fit.
    items = groups * filters * channels
    n_items = equal_parts(items, _SUMS)
    blocks = ceil_div(items, n_items)
    each = equal_parts(images, ceil_div(images, ceil_div(4 * device.compute_units, blocks)))
    run = kernel(
        device, "conv_depth_grad", P=rows.taps, Q=cols.taps, step=(rows.step, cols.step),
        tap=(rows.tap, cols.tap), TI=C_NAMES[dtype], TA=C_NAMES[total], VW=width, patch_cap=cap,
        grad_cap=cap, t_cap=_SUMS,
    )  # fmt: skip
    splits = ceil_div(images, each)
    rest = (
        *(images, groups, channels, filters, rows.size, cols.size, rows.out, cols.out),
        *(rows.start, cols.start, each, n_items, band[0]),
    )
    launch = Launch(run, (blocks, splits, 1), (1, 1, 1), (0, 2, 1), ((2, 0), (1, 0)), rest)
    shape = (groups * filters, channels, rows.taps, cols.taps)
    return Plan(shape if splits == 1 else (splits, *shape), total, (launch,))
