"""Running sums."""

from __future__ import annotations

import math
from typing import Any

from cltensor import dtypes
from cltensor.core.checks import axis_of
from cltensor.core.composite import composite
from cltensor.core.op import Op, primitive
from cltensor.core.tensor import Tensor
from cltensor.dtypes import C_NAMES
from cltensor.ops.elementwise.cast import astype
from cltensor.ops.shape.copy import spread, wide
from cltensor.ops.shape.parts import view_as_complex, view_as_real
from cltensor.ops.shape.view import flatten, reshape
from cltensor.runtime.kernel import kernel


def _run_cumsum(x: Tensor, axis: int, reverse: bool) -> Tensor:
    if x.dtype.kind == "c":  # part by part
        return view_as_complex(_run_cumsum(view_as_real(x), axis, reverse))
    x = x.contiguous()
    result = Tensor.empty(x.shape, x.dtype, x.device)
    if x.size == 0:
        return result
    n, inner = x.shape[axis], math.prod(x.shape[axis + 1 :])
    outer, device = x.size // (n * inner), x.device
    # On a CPU neighbouring lanes go side by side, row by row; elsewhere each work-item has one.
    rows = device.is_cpu and inner > 1
    lanes = max(16, -(-inner // device.compute_units)) if rows else 1
    parts = -(-inner // lanes)
    # With few lanes, each is cut into blocks: their sums come first, then all of them at once.
    wanted = device.compute_units if device.is_cpu else 4096
    alone = outer * parts >= wanted or x.size < 1 << 14
    blocks = 1 if alone else min(-(-wanted // (outer * parts)), -(-n // 256))
    block = -(-n // blocks)
    blocks = -(-n // block)
    items = outer * blocks * parts
    size, local, each = spread(device, items, grain=max(1, 4096 // (block * lanes)))
    given = {
        "x_g": x.buffer, "x_start": x.offset, "items": items, "n": n, "inner": inner,
        "blocks": blocks, "block": block, "lanes": lanes, "each": each,
    }  # fmt: skip
    common = {
        "T": C_NAMES[x.dtype],
        "index": "long" if wide(x) else "int",
        "reverse": reverse,
        "rows": rows,
    }
    if blocks == 1:
        run = kernel(device, "scan", mode="alone", **common)
        run((size,), (local,), y_g=result.buffer, **given)
        return result
    totals = Tensor.empty((outer, blocks, inner), x.dtype, device)
    kernel(device, "scan", mode="totals", **common)((size,), (local,), y_g=totals.buffer, **given)
    totals = _run_cumsum(totals, 1, False)
    kernel(device, "scan", mode="carried", **common)(
        (size,), (local,), y_g=result.buffer, total_g=totals.buffer, **given
    )
    return result


_cumsum: Op = primitive(
    "cumsum(x, axis, reverse)",
    _run_cumsum,
    dx=lambda g, axis, reverse: _cumsum(g, axis, not reverse),
)


@composite
def cumsum(x: Tensor, axis: int | None = None, dtype: Any = None) -> Tensor:
    """Running sums along an axis; of the flattened x for None.

    bool and integers are summed in int64 (uint64 stays), floats in their own dtype.
    """
    if axis is None:
        x, axis = flatten(x), 0
    axis = axis_of("cumsum", axis, x.ndim)
    if x.ndim == 0:
        return reshape(cumsum(reshape(x, (1,)), 0, dtype), ())
    kind = x.dtype
    if dtype is not None:
        kind = dtypes.as_dtype(dtype)
    elif kind.kind not in dtypes.FRACTIONAL and kind is not dtypes.uint64:
        kind = dtypes.int64
    return _cumsum(x if x.dtype == kind else astype(x, kind), axis, False)
