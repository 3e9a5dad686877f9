"""Strided copies between windows of buffers: what shape and index operations move data with.

A window is a Tensor view (buffer, offset, strides). Axes that run on in both windows are merged
first, so that most copies become one or two loops. Copies move bit patterns, which serves every
element type on every device, float64 on one without fp64 arithmetic included.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cltensor.program import kernel
from cltensor.tensor import Tensor

if TYPE_CHECKING:
    from cltensor.device import Device
    from cltensor.memory import Buffer

#: Unsigned C type by element size: copies need no other type.
BIT_TYPES = {1: "uchar", 2: "ushort", 4: "uint", 8: "ulong"}
_INT_LIMIT = 1 << 31
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


def reach(x: Tensor) -> int:
    """One past the largest element position that `x` can touch in its buffer."""
    if 0 in x.shape:
        return 0
    forward = sum((n - 1) * s for n, s in zip(x.shape, x.strides, strict=True) if s > 0)
    return x.offset + forward + 1


def wide(*tensors: Tensor) -> bool:
    """Whether positions in any of the tensors need 64-bit arithmetic."""
    return any(max(reach(x), x.size) >= _INT_LIMIT for x in tensors)


def bits_of(value: complex, dtype: np.dtype) -> int:
    """The bit pattern of the scalar `value` in `dtype`, as an unsigned integer."""
    with np.errstate(invalid="ignore", over="ignore"):
        return int(np.asarray(value).astype(dtype).reshape(1).view(f"u{dtype.itemsize}")[0])


def _merge(
    shape: tuple[int, ...], to: tuple[int, ...], source: tuple[int, ...], fixed: int
) -> tuple[list[list[int]], int]:
    """Axes as [size, to stride, source stride] without those of size 1, neighbours merged.

    Axis `fixed` (-1: none) stays on its own; its new position is the second result.
    """
    merged: list[list[int]] = []
    fixed_at = -1
    for axis, (n, ys, xs) in enumerate(zip(shape, to, source, strict=True)):
        if axis == fixed:
            fixed_at = len(merged)
        elif n == 1:
            continue
        elif merged and len(merged) - 1 != fixed_at:
            before = merged[-1]
            if before[1] == ys * n and before[2] == xs * n:
                merged[-1] = [before[0] * n, ys, xs]
                continue
        merged.append([n, ys, xs])
    return merged or [[1, 1, 1]], fixed_at


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
    if 0 in to.shape:
        return
    device = to.device
    other = source if isinstance(source, Tensor) else to
    axes, fixed = _merge(to.shape, to.strides, other.strides, axis)
    long_index = long_index or wide(to, other)
    rank, rows, n = len(axes), 1, axes[-1][0]
    for size, _, _ in axes[:-1]:
        rows *= size
    if device.is_cpu:
        items = max(1, min(rows * n // _GRAIN, device.compute_units * 4))
        rows_each = -(-rows // items)
        segments = min(n, -(-items // rows))
        segment = -(-n // segments)
        grid, local = (-(-rows // rows_each), -(-n // segment)), (1, 1)
    else:
        rows_each, segment = 1, n
        width, group, _ = spread(device, rows * n)
        grid, local = (width,), (group,)  # type: ignore[assignment]
    run = kernel(
        device,
        "copy",
        T=BIT_TYPES[to.dtype.itemsize],
        rank=rank,
        index="long" if long_index else "int",
        cpu=device.is_cpu,
        scalar=not isinstance(source, Tensor),
        to_table=fixed if to_table is not None else -1,
        source_table=fixed if source_table is not None else -1,
        to_unit=axes[-1][1] == 1,
        source_unit=axes[-1][2] == 1,
    )
    args: list[Any] = [to.buffer]
    if isinstance(source, Tensor):
        args.append(source.buffer)
    if to_table is not None or source_table is not None:
        args.append(to_table if to_table is not None else source_table)
    for triple in axes:
        args += triple
    args += [to.offset, other.offset, rows, rows_each, segment]
    if not isinstance(source, Tensor):
        args.append(bits_of(source, to.dtype))
    run(grid, local, *args)
