"""Running sums."""

from __future__ import annotations

import math
from typing import Any

from cltensor import dtypes
from cltensor.dtypes import C_NAMES
from cltensor.op import Op, normalize_axes, primitive
from cltensor.ops.pointwise import astype
from cltensor.ops.shape import flatten
from cltensor.ops.window import spread, wide
from cltensor.program import kernel
from cltensor.tensor import Tensor


def _run_cumsum(x: Tensor, axis: int, reverse: bool) -> Tensor:
    x = x.contiguous()
    result = Tensor.empty(x.shape, x.dtype, x.device)
    if x.size == 0:
        return result
    n, inner = x.shape[axis], math.prod(x.shape[axis + 1 :])
    lanes = x.size // n
    device, index = x.device, "long" if wide(x) else "int"
    # With few lanes, each is cut into blocks that are summed side by side and then joined.
    wanted = device.compute_units if device.is_cpu else 4096
    blocks = 1 if lanes >= wanted or x.size < 1 << 14 else min(-(-wanted // lanes), -(-n // 256))
    block = -(-n // blocks)
    blocks = -(-n // block)
    T = C_NAMES[x.dtype]
    size, local, each = spread(device, lanes * blocks, grain=max(1, 4096 // block))
    run = kernel(device, "scan", T=T, index=index, reverse=reverse, totals=blocks > 1)
    sizes = (lanes, n, inner, blocks, block)
    if blocks == 1:
        run((size,), (local,), result.buffer, x.buffer, x.offset, *sizes, each)
        return result
    totals = Tensor.empty((lanes // inner, blocks, inner), x.dtype, device)
    run((size,), (local,), result.buffer, totals.buffer, x.buffer, x.offset, *sizes, each)
    totals = _run_cumsum(totals, 1, False)
    size, local, each = spread(device, x.size)
    run = kernel(device, "scan_carry", T=T, index=index, reverse=reverse)
    run((size,), (local,), result.buffer, totals.buffer, x.size, n, inner, blocks, block, each)
    return result


_cumsum: Op = primitive(
    "cumsum(x, axis, reverse)",
    _run_cumsum,
    dx=lambda g, axis, reverse: _cumsum(g, axis, not reverse),
)


def cumsum(x: Tensor, axis: int | None = None, dtype: Any = None) -> Tensor:
    """Running sums along an axis; of the flattened x for None.

    bool and integers are summed in int64 (unsigned ones in uint64), floats in their own dtype.
    """
    if axis is None:
        x, axis = flatten(x), 0
    axis = normalize_axes("cumsum", axis, x.ndim)[0]
    kind = x.dtype
    if dtype is not None:
        kind = dtypes.as_dtype(dtype)
    elif kind.kind != "f":
        kind = dtypes.uint64 if kind.kind == "u" else dtypes.int64
    return _cumsum(x if x.dtype == kind else astype(x, kind), axis, False)
