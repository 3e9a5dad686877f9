"""Convolutions of few channels on GPUs, straight from images: depthwise ones, the first ones of
networks, and those of small networks. A work-item loads a window of pixels and uses each for all
taps and filters that it has, where a tile of a matrix product would be mostly empty, or mostly
staging.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import NamedTuple

from cltensor.core.checks import PIXELS, Pair
from cltensor.dtypes import C_NAMES
from cltensor.lazy.grids import ceil_div
from cltensor.ops.conv.blocks import Axis, Correlation, divisor, index_of, turned, weights_of
from cltensor.ops.kernels.plan import Elements, Launch, Plan, Recipe, Start
from cltensor.ops.linalg.cuts import boxes
from cltensor.ops.linalg.tiles import accumulator, equal_parts
from cltensor.runtime.groups import power_below

_MANY = 16  # filters of a work-item
_FEW = 32  # channels that are made, or
_FEWER = 4  # channels that are read, which leave tiles of matrix products too empty
_SUMS = 64  # registers of a work-item that sum outputs
_CODE = 1000  # multiply-adds that are written out for a single filter,
_CODE_EACH = 500  # and for several, where compilers keep many of those; more go in a loop
_ITEMS = 128  # of a group
_LOCAL = 16 << 10  # bytes of local memory for filters, and for sums of their gradient
_GRAD_SUMS = 50  # registers that sum the gradient of filters
_GRAD_HELD = 32  # registers for the outputs that are multiplied with a window
_GRAD_TURNS = 8  # runs of outputs that are worth a sum of their own


class Window(NamedTuple):
    """What a work-item makes, or sums: filters, rows, and outputs side by side; rolled: tap rows
    are taken one by one."""

    filters: int
    rows: int
    cols: int
    rolled: bool = False


def forward(c: Correlation, aligned: bool) -> Plan | None:
    """The outputs, where channels are few. aligned: operands begin at whole vectors of four."""
    return _correlate(c, c, (1, 1), aligned)


def data(c: Correlation, aligned: bool) -> Plan | None:
    """The gradient of images, from outputs spread by the stride."""
    return _correlate(c, turned(c)[0], (c.rows.step, c.cols.step), aligned)


def _window(c: Correlation, spread: Pair) -> Window | None:
    """The window for the outputs of `c` from what stands `spread` apart; None where registers hold
    none."""
    size = accumulator(c.dtype).itemsize
    # Beside wide windows Intel's chips have no registers for all.
    most = _SUMS * 4 // size // (2 if c.device.is_intel and c.cols.taps > 5 else 1)
    rows, cols = spread[0], spread[1] * max(1, 4 // spread[1])
    room = min(_LOCAL, c.device.local_mem) // (c.taps * size)
    filters = equal_parts(c.filters, _MANY)

    def code(filters: int, rows: int, taps_h: int) -> int:
        return filters * rows * cols * taps_h * c.cols.taps // prod(spread)

    def too_many(filters: int) -> bool:
        """For a turn of the loop."""
        return filters * rows * cols > most or code(filters, rows, spread[0]) > _CODE_EACH

    while filters > 1 and (filters > room or too_many(filters)):
        filters = ceil_div(filters, 2)
    if filters > 4:
        filters = ceil_div(filters, 4) * 4
    if filters == 1:
        whole = spread[0] * equal_parts(ceil_div(c.rows.out, spread[0]), max(1, 4 // spread[0]))
        rows = whole if code(1, whole, c.rows.taps) <= _CODE else rows
    elif 2 * filters * rows * cols <= most:
        cols *= 2
    if filters * rows * cols > most or code(filters, rows, spread[0]) > _CODE:
        return None
    rolled = code(filters, rows, c.rows.taps) > (_CODE if filters == 1 else _CODE_EACH)
    return Window(filters, rows, cols, rolled)


def _shift(axis: Axis, start: int, cols: int, spread: int, aligned: bool) -> int | None:
    """How far before a window of `cols` outputs to begin so that vectors of four are whole; None
    if they are not, or if to read its columns one by one is less work."""
    step = cols * axis.step // spread
    if not aligned or axis.size % 4 or step % 4 or cols * axis.step % spread:
        return None
    columns = ((axis.taps - 1) * axis.tap + (cols - 1) * axis.step) // spread + 1
    shift = start % 4
    sparse = axis.tap > 2 * spread
    return None if sparse or ceil_div(columns + shift, 4) * 2 > columns else shift


def _sizes(c: Correlation, window: Window) -> dict[str, int]:
    """The correlation, and its outputs by runs and bands of them, as kernels take it."""
    runs, bands = ceil_div(c.cols.out, window.cols), ceil_div(c.rows.out, window.rows)
    (run_magic, run_shift), (band_magic, band_shift) = divisor(runs), divisor(bands)
    return {
        "items": c.images * bands * runs, "channels": c.channels, "filters": c.filters,
        "groups": c.groups, "h": c.rows.size, "w": c.cols.size, "out_h": c.rows.out,
        "out_w": c.cols.out, "runs": runs, "run_magic": run_magic, "run_shift": run_shift,
        "bands": bands, "band_magic": band_magic, "band_shift": band_shift,
    }  # fmt: skip


def _params(c: Correlation, window: Window, *planes: int) -> dict[str, object]:
    """What templates take for a window of `c`; planes: elements of each operand that is read, for
    each image and group."""
    index = index_of(c.device, max(planes) * c.images * c.groups, c.dtype)
    return {
        "P": c.rows.taps, "Q": c.cols.taps, "step": (c.rows.step, c.cols.step),
        "tap": (c.rows.tap, c.cols.tap), "M": window.filters, "R": window.rows, "C": window.cols,
        "index": index, "TI": C_NAMES[c.dtype], "TA": C_NAMES[accumulator(c.dtype)],
    }  # fmt: skip


def _fitting(items: int, together: int, made: Callable[[int], Recipe]) -> tuple[int, Recipe]:
    """The kernel for groups of `items`, or fewer where it takes fewer, times `together`."""
    run = made(items)
    while items > 1 and not run.takes((items, together, 1)):
        items //= 2
        run = made(items)
    return items, run


def _correlate(plain: Correlation, c: Correlation, spread: Pair, aligned: bool) -> Plan | None:
    """conv_direct_gpu for correlation `c`, which is `plain` or made of it by turning."""
    window = _window(c, spread)
    if window is None or (c.filters > _FEW and c.channels > _FEWER):
        return None
    sizes = _sizes(c, window)
    count = sizes["items"]
    if count > PIXELS - _ITEMS:
        return None
    filters, _, cols, rolled = window
    back, start = c is not plain, (c.rows.start // spread[0], c.cols.start // spread[1])
    room = min(_LOCAL, c.device.local_mem) // (c.taps * filters * accumulator(c.dtype).itemsize)
    params = _params(c, window, c.channels * c.rows.size * c.cols.size)
    params |= {
        "spread": spread, "phase": (c.rows.start % spread[0], c.cols.start % spread[1]),
        "back": back, "rolled": rolled, "single": c.channels == 1, "full": c.cols.out % cols == 0,
        "shift": _shift(c.cols, start[1], cols, spread[1], aligned), "TO": C_NAMES[c.dtype],
        "CK": min(c.channels, max(1, room)),
    }  # fmt: skip
    items = min(_ITEMS, power_below(c.device.max_work_group))
    while items > 32 and count < items * c.device.compute_units:
        items //= 2
    items, run = _fitting(
        items, 1, lambda items: Recipe(c.device, "conv_direct_gpu", DN=items, **params)
    )
    weights = weights_of(plain)
    w_filter, w_channel = weights.filter, weights.channel
    if back:
        w_filter, w_channel = w_channel, w_filter
    blocks = ceil_div(c.filters, filters)
    work = items * blocks * c.channels * prod(window[:3]) * c.taps // prod(spread)
    launches = []
    for box in boxes(c.device, ceil_div(count, items), c.groups, work):
        launch = Launch(
            run, (box.tiles * items, blocks, box.deep), (items, 1, 1), y_g=Elements(0),
            x_g=Elements(1), w_g=Elements(2), x_offset=Start(1), w_offset=Start(2),
            item_first=box.tile * items, group_first=box.first, start_h=start[0],
            start_w=start[1], w_group=weights.group, w_filter=w_filter, w_channel=w_channel,
            **sizes,
        )  # fmt: skip
        launches.append(launch)
    return Plan(c.shape, c.dtype, tuple(launches), joins=len(launches) == 1, passes=False)


def _grad_window(c: Correlation) -> Window | None:
    """The window for the gradient of filters, of which outputs are whole bands and runs; None where
    tiles of a matrix product are better."""
    alone = min(c.channels, c.filters) == 1
    held = _GRAD_HELD * 4 // accumulator(c.dtype).itemsize
    cols = next(n for n in (4, 7, 6, 5, 3, 2, 1) if c.cols.out % n == 0)
    most = min(_GRAD_SUMS * 4 // accumulator(c.dtype).itemsize // c.taps, held // cols)
    filters = equal_parts(c.filters, most if most < 4 else most // 4 * 4) if most else 0
    few = min(c.channels, c.filters) <= _MANY and max(c.channels, c.filters) <= _FEW
    if filters < (1 if alone else 4) or not (alone or few):
        return None

    def fits(rows: int) -> bool:
        each = filters * rows * cols
        return c.rows.out % rows == 0 and each <= held and each * c.taps <= _CODE_EACH

    rows = next((n for n in (4, 3, 2, 1) if fits(n)), None)
    return Window(filters, rows, cols) if rows else None


def weight(c: Correlation, aligned: bool) -> Plan | None:
    """The gradient of filters, with slices of its sum as a first axis."""
    window = _grad_window(c)
    if window is None:
        return None
    sizes, total = _sizes(c, window), accumulator(c.dtype)
    count, filters, cols = sizes["items"], window.filters, window.cols
    if count > PIXELS - _ITEMS:
        return None
    planes = c.channels * c.rows.size * c.cols.size, c.filters * c.rows.out * c.cols.out
    together = min(8, power_below(c.channels), power_below(c.device.max_work_group))
    params = _params(c, window, *planes)
    params |= {
        "wide": aligned and cols == 4, "DC": together, "TO": C_NAMES[total],
        "shift": _shift(c.cols, c.cols.start, cols, 1, aligned),
    }  # fmt: skip
    items = power_below(min(64 if together == 1 else 32, c.device.max_work_group // together))
    while items > 1 and c.taps * items * together * total.itemsize > _LOCAL:
        items //= 2
    items, run = _fitting(
        items, together, lambda items: Recipe(c.device, "conv_direct_grad_gpu", DX=items, **params)
    )
    blocks, groups_c = ceil_div(c.filters, filters), ceil_div(c.channels, together)
    wanted = ceil_div(4 * c.device.compute_units, blocks * groups_c * c.groups)
    slices = max(1, min(wanted, count // (items * _GRAD_TURNS)))
    length = ceil_div(ceil_div(count, slices), items) * items
    slices = ceil_div(count, length)
    work = length * groups_c * together * prod(window[:3]) * c.taps
    launches = []
    for box in boxes(c.device, slices, c.groups * blocks, work):
        grid = (box.tiles * items, groups_c * together, box.deep)
        launch = Launch(
            run, grid, (items, together, 1), w_g=Elements(0), y_g=Elements(1), x_g=Elements(2),
            y_offset=Start(1), x_offset=Start(2), slice=length, slice_first=box.tile,
            block_first=box.first, blocks=blocks, start_h=c.rows.start, start_w=c.cols.start,
            **sizes,
        )  # fmt: skip
        launches.append(launch)
    shape = (c.groups * c.filters, c.channels, c.rows.taps, c.cols.taps)
    whole = shape if slices == 1 else (slices, *shape)
    joins = slices == 1 and len(launches) == 1
    return Plan(whole, total, tuple(launches), joins=joins, passes=False)
