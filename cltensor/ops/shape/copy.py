"""Strided copies between windows of buffers: what shape and index operations move data with.

A window is a Tensor view (buffer, offset, strides). Axes that run on in both windows are merged
first, so that most copies become one or two loops. Copies move bit patterns, which serves every
element type on every device, float64 on one without fp64 arithmetic included.
"""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cltensor.core.tensor import Tensor, shown_on_host
from cltensor.halves import cast_array
from cltensor.lazy.codegen import Shape
from cltensor.runtime.kernel import kernel

if TYPE_CHECKING:
    from cltensor.runtime.device import Device
    from cltensor.runtime.memory import Buffer

#: Unsigned C type by element size: copies need no other type, but for complex128, whose number is
#: an argument as it is.
BIT_TYPES = {1: "uchar", 2: "ushort", 4: "uint", 8: "ulong", 16: "double2"}
#: Kernels with 32-bit indices add up two positions, such as the start and the length of a share.
INT_LIMIT = 1 << 30
#: Fewer elements than this are not worth waking a second core for (about 10 us of copying).
_GRAIN = 8192


def spread(device: Device, count: int, grain: int = _GRAIN) -> tuple[int, int, int]:
    """(global size, local size, elements each) for a kernel that loops over consecutive elements.

    A CPU gets a few long runs per core, other devices one element per work-item.
    """
    if device.is_cpu:
        items = max(1, min(-(-count // grain), device.compute_units * 4))
        each = max(1, -(-count // items))
        return -(-count // each), 1, each
    local = min(128, device.max_work_group)
    return -(-count // local) * local, local, 1


def wide(*tensors: Tensor) -> bool:
    """Whether positions in any of the tensors need 64-bit arithmetic."""
    return any(
        x.buffer.nbytes // x.dtype.itemsize >= INT_LIMIT or x.size >= INT_LIMIT for x in tensors
    )


def bits_of(value: complex, dtype: np.dtype) -> complex:
    """The bit pattern of the scalar `value` in `dtype` as an argument of its BIT_TYPES."""
    if dtype.itemsize not in (1, 2, 4, 8):
        return complex(value)
    with np.errstate(invalid="ignore", over="ignore"):
        found = cast_array(np.asarray(value), dtype)
        return int(found.reshape(1).view(f"u{dtype.itemsize}")[0])


class _Layout(NamedTuple):
    """How a copy runs: the merged axes and the launch. `axes` are the kernel's arguments that say
    how the axes run and how work is cut; `units` whether the last one is dense on either side."""

    rank: int
    fixed: int
    axes: dict[str, int]
    units: tuple[bool, bool]
    grid: tuple[int, ...]
    local: tuple[int, ...]


@lru_cache(4096)
def _layout(
    device: Device, is_cpu: bool, shape: Shape, to: Shape, source: Shape, axis: int
) -> _Layout:
    """Merge neighbouring axes that run on in both windows, but for `axis`, and drop sizes of 1."""
    merged: list[tuple[int, int, int]] = []
    fixed = -1
    for d, (n, ys, xs) in enumerate(zip(shape, to, source, strict=True)):
        if d == axis:
            fixed = len(merged)
        elif n == 1:
            continue
        elif merged and len(merged) - 1 != fixed:
            before, before_ys, before_xs = merged[-1]
            if before_ys == ys * n and before_xs == xs * n:
                merged[-1] = (before * n, ys, xs)
                continue
        merged.append((n, ys, xs))
    merged = merged or [(1, 1, 1)]
    rows, n = prod([size for size, _, _ in merged[:-1]]), merged[-1][0]
    if is_cpu:
        items = max(1, min(rows * n // _GRAIN, device.compute_units * 4))
        rows_each = -(-rows // items)
        segment = -(-n // min(n, -(-items // rows)))
        grid, local = (-(-rows // rows_each), -(-n // segment)), (1, 1)
    else:
        rows_each, segment = 1, n
        width, group, _ = spread(device, rows * n)
        grid, local = (width, 1), (group, 1)
    axes = {"rows": rows, "rows_each": rows_each, "segment": segment}
    for d, sizes in enumerate(merged):
        axes.update(zip((f"n{d}", f"ys{d}", f"xs{d}"), sizes, strict=True))
    units = (merged[-1][1] == 1, merged[-1][2] == 1)
    return _Layout(len(merged), fixed, axes, units, grid, local)


def copy(
    to: Tensor,
    source: Tensor | float,
    *,
    to_table: Buffer | None = None,
    source_table: Buffer | None = None,
    axis: int = -1,
    long_index: bool = False,
) -> None:
    """Write `source` (a Tensor of the same shape and item size, or a scalar) into the window `to`.

    With a table, positions along `axis` of that side are the table's element offsets in place of
    multiples of a stride; the table holds long when `long_index`, else int. `to` must be a window
    of a buffer that nobody else sees.
    """
    shape = to.shape
    if 0 in shape:
        return
    device = to.device
    if device.is_host and isinstance(source, Tensor) and to_table is source_table is None:
        shown_on_host(to)[...] = shown_on_host(source)
        return
    other = source if isinstance(source, Tensor) else to
    other_buffer = other.buffer
    layout = _layout(device, device.is_cpu, shape, to.strides, other.strides, axis)
    run = kernel(
        device,
        "copy",
        T=BIT_TYPES[to.dtype.itemsize],
        rank=layout.rank,
        index="long" if long_index or wide(to, other) else "int",
        cpu=device.is_cpu,
        scalar=other is to,
        to_table=-1 if to_table is None else layout.fixed,
        source_table=-1 if source_table is None else layout.fixed,
        to_unit=layout.units[0],
        source_unit=layout.units[1],
    )
    more: dict[str, Any] = {}
    if isinstance(source, Tensor):
        more["x_g"] = other_buffer
    else:
        more["value"] = bits_of(source, to.dtype)
    table = to_table if source_table is None else source_table
    if table is not None:
        more["table_g"] = table
    run(
        layout.grid, layout.local, y_g=to.buffer, y_start=to.offset, x_start=other.offset,
        **layout.axes, **more,
    )  # fmt: skip
