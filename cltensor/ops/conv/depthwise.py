"""Depthwise convolution on CPU devices: groups of few filters and channels, plane by plane."""

from __future__ import annotations

from cltensor.core.checks import Pair
from cltensor.dtypes import C_NAMES
from cltensor.lazy.grids import ceil_div
from cltensor.ops.conv.blocks import Correlation, Weights, turned, weights_of
from cltensor.ops.kernels.plan import Elements, Launch, Plan, Recipe, Start
from cltensor.ops.linalg.tiles import accumulator, equal_parts, vector_width
from cltensor.runtime import tuning
from cltensor.runtime.kernel import kernel

_MOST = 2  # filters and channels of a group; more fill the register tile of the general kernels
_TAPS = 49  # code grows with them
_SUMS = 64  # filters that a work-item sums the gradient of, at the most

# rows: outputs that share what was loaded; shares: work-items per compute unit.
tuning.declare("conv_depth", ["all"], rows=(4, 2, 3, 6), shares=(8, 2, 4, 16))


def _fits(c: Correlation) -> bool:
    return max(c.channels, c.filters) <= _MOST and c.taps <= _TAPS


def _band(c: Correlation, room: int, lines: int = 1) -> tuple[int, int] | None:
    """(rows of outputs, elements of their patch) that fit `room` elements; rows go by `lines`."""
    rows, cols, width = c.rows, c.cols, vector_width(c.dtype)
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


def _sizes(c: Correlation) -> dict[str, int]:
    """The correlation as both kernels take it, beside its images."""
    return {
        "groups": c.groups, "channels": c.channels, "filters": c.filters, "h": c.rows.size,
        "w": c.cols.size, "out_h": c.rows.out, "out_w": c.cols.out, "start_h": c.rows.start,
        "start_w": c.cols.start,
    }  # fmt: skip


def forward(c: Correlation) -> Plan | None:
    """The outputs."""
    return _correlate(c, (1, 1), weights_of(c)) if _fits(c) else None


def data(c: Correlation) -> Plan | None:
    """The gradient of images, from outputs spread by the stride."""
    if not _fits(c):
        return None
    back, weights = turned(c)
    return _correlate(back, (c.rows.step, c.cols.step), weights)


def _correlate(c: Correlation, spread: Pair, weights: Weights) -> Plan | None:
    """conv_depth on planes whose elements are `spread` apart; None where a row does not fit local
    memory."""
    chosen = tuning.parameters(c.device, "conv_depth", c.dtype, "all")
    total, width = accumulator(c.dtype), vector_width(c.dtype)
    cap = min(c.device.local_mem // 2, 128 << 10) // total.itemsize
    band = _band(c, (cap - 2 * width) // c.channels, chosen["rows"])
    if band is None:
        return None
    pairs, bands = c.images * c.groups, ceil_div(c.rows.out, band[0])
    items = chosen["shares"] * c.device.compute_units
    n_pairs = equal_parts(pairs, max(1, pairs * bands // items))
    run = Recipe(
        c.device, "conv_depth", P=c.rows.taps, Q=c.cols.taps, step=(c.rows.step, c.cols.step),
        tap=(c.rows.tap, c.cols.tap), spread=spread, TI=C_NAMES[c.dtype], TA=C_NAMES[total],
        VW=width, RB=chosen["rows"], patch_cap=cap, w_cap=_MOST * _MOST * c.taps,
    )  # fmt: skip
    launch = Launch(
        run, (bands, ceil_div(pairs, n_pairs), 1), (1, 1, 1), y_g=Elements(0), x_g=Elements(1),
        w_g=Elements(2), x_offset=Start(1), w_offset=Start(2, weights.offset), pairs=pairs,
        w_group=weights.group, w_filter=weights.filter, w_channel=weights.channel,
        w_tap=weights.col, n_pairs=n_pairs, n_rows=band[0], **_sizes(c),
    )  # fmt: skip
    return Plan(c.shape, total, (launch,), joins=True)


def weight(c: Correlation) -> Plan | None:
    """The gradient of filters, with parts of its sum as a first axis."""
    if not _fits(c):
        return None
    total, width = accumulator(c.dtype), vector_width(c.dtype)
    cap = min(c.device.local_mem // 4, 64 << 10) // total.itemsize
    band = _band(c, cap - 2 * width)
    most = min(_SUMS, c.device.local_mem // 4 // (c.taps * width * total.itemsize))
    if band is None or most == 0:
        return None
    # Planes in the order of memory: all filters of an image follow each other as far as sums fit.
    items = c.groups * c.filters * c.channels
    n_items = equal_parts(items, most)
    blocks = ceil_div(items, n_items)
    each = equal_parts(c.images, ceil_div(c.images, ceil_div(4 * c.device.compute_units, blocks)))
    run = kernel(
        c.device, "conv_depth_grad", P=c.rows.taps, Q=c.cols.taps,
        step=(c.rows.step, c.cols.step), tap=(c.rows.tap, c.cols.tap), TI=C_NAMES[c.dtype],
        TA=C_NAMES[total], VW=width, patch_cap=cap, grad_cap=cap, t_cap=most,
    )  # fmt: skip
    splits = ceil_div(c.images, each)
    launch = Launch(
        run, (blocks, splits, 1), (1, 1, 1), out_g=Elements(0), x_g=Elements(2), g_g=Elements(1),
        x_offset=Start(2), g_offset=Start(1), images=c.images, n_images=each, n_items=n_items,
        n_rows=band[0], **_sizes(c),
    )  # fmt: skip
    shape = (c.groups * c.filters, c.channels, c.rows.taps, c.cols.taps)
    return Plan(shape if splits == 1 else (splits, *shape), total, (launch,))
