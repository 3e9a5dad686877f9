"""Windows along an axis, as a view, and what they add up to: each the other's derivative."""

from __future__ import annotations

import math
from typing import Any

from cltensor.core.op import Op, primitive, view_op
from cltensor.core.tensor import Tensor
from cltensor.dtypes import C_NAMES
from cltensor.ops.elementwise.cast import full
from cltensor.ops.linalg.gemm import accumulator
from cltensor.ops.shape.copy import spread, wide
from cltensor.runtime.kernel import kernel


def _run_windows(x: Tensor, axis: int, taps: int, step: int, dilation: int) -> Tensor:
    shape, strides = tuple(x.shape), x.strides
    count = max(0, (shape[axis] - dilation * (taps - 1) - 1) // step + 1)
    return x.window(
        (*shape[:axis], count, taps, *shape[axis + 1 :]),
        (*strides[:axis], strides[axis] * step, strides[axis] * dilation, *strides[axis + 1 :]),
        x.offset,
    )


#: The windows of `taps` elements, `dilation` apart, along an axis (counted from the front), each
#: `step` behind the one before: (windows, taps) in place of the axis. A view.
windows: Op = view_op(
    "windows(x, axis, taps, step, dilation)",
    _run_windows,
    dx=lambda g, x_shape, axis, step, dilation: overlap_add(g, axis, x_shape[axis], step, dilation),
)


def _run_overlap_add(x: Tensor, axis: int, n: int, step: int, dilation: int) -> Tensor:
    outer, (count, taps) = tuple(x.shape[:axis]), x.shape[axis : axis + 2]
    inner = tuple(x.shape[axis + 2 :])
    shape = (*outer, n, *inner)
    total = math.prod(shape)
    if not total or not x.size:
        return full(shape, 0, x.dtype, x.device)
    x = x.contiguous()
    result = Tensor.empty(shape, x.dtype, x.device)
    size, local, each = spread(x.device, total)
    run = kernel(
        x.device, "overlap_add", T=C_NAMES[x.dtype], TA=C_NAMES[accumulator(x.dtype)],
        index="long" if wide(x, result) else "int",
    )  # fmt: skip
    run(
        (size,), (local,), y_g=result.buffer, x_g=x.buffer, x_start=x.offset, total=total, n=n,
        windows=count, taps=taps, step=step, dilation=dilation, inner=math.prod(inner), each=each,
    )  # fmt: skip
    return result


#: The axis of n elements of which x has the `windows`: each element is the sum of all that show it.
overlap_add: Op = primitive(
    "overlap_add(x, axis, n, step, dilation)",
    _run_overlap_add,
    dx=lambda g, x_shape, axis, step, dilation: windows(g, axis, x_shape[axis + 1], step, dilation),
)


def image_windows(
    x: Any, taps: tuple[int, ...], step: tuple[int, ...], dilation: tuple[int, ...]
) -> Any:
    """Windows along the last len(taps) axes: (..., windows, taps) for each of them in turn."""
    first = x.ndim - len(taps)
    for d, sizes in enumerate(zip(taps, step, dilation, strict=True)):
        x = windows(x, first + 2 * d, *sizes)
    return x


def image_overlaps(
    x: Any, sizes: tuple[int, ...], step: tuple[int, ...], dilation: tuple[int, ...]
) -> Any:
    """What the windows of `image_windows` add up to, with last axes of `sizes`."""
    first = x.ndim - 2 * len(sizes)
    for d in reversed(range(len(sizes))):
        x = overlap_add(x, first + 2 * d, sizes[d], step[d], dilation[d])
    return x
