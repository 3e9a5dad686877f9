"""Running sums, and the kernel of all running totals.

Few lanes are cut into blocks: what each comes to is found first, then all of them at once. On a GPU
the work-items of a group scan neighbours together, which come through local memory. Running
sums of floating-point numbers are as accurate as one rounding for each element.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from cltensor import dtypes
from cltensor.core.checks import axis_of
from cltensor.core.composite import composite
from cltensor.core.declare import no_complex
from cltensor.core.op import Op, primitive
from cltensor.core.tensor import Tensor
from cltensor.dtypes import C_NAMES
from cltensor.ops.elementwise.cast import astype
from cltensor.ops.shape.copy import spread, wide
from cltensor.ops.shape.parts import view_as_complex, view_as_real
from cltensor.ops.shape.view import flatten, reshape
from cltensor.runtime.determinism import is_deterministic
from cltensor.runtime.groups import GroupError, largest_group, narrow
from cltensor.runtime.kernel import kernel

_WIDTH = 64  # lanes that a work-item of a CPU takes side by side
_LEAST_IN_GROUP = 64  # elements of a lane that the work-items of a group scan together


def running_sums(x: Tensor, axis: int, reverse: bool) -> Tensor:
    """The sums of the elements up to each, from the far end when `reverse`."""
    return scanned("sum", x, axis, reverse)


def in_blocks(outer: int, n: int, parallel: bool, wanted: int) -> tuple[int, int]:
    """In how many blocks, and of how many elements, `outer` lanes of n elements are scanned."""
    blocks = 1 if not parallel or outer >= wanted else min(-(-wanted // outer), -(-n // 256))
    block = -(-n // blocks)
    return -(-n // block), block


def scanned(kind: str, x: Tensor, axis: int, reverse: bool) -> Tensor:
    """What the elements up to each come to: kind is "sum", "product" or "logsumexp"."""
    if x.dtype.kind == "c" and kind == "logsumexp":
        raise no_complex("logcumsumexp", x.dtype)
    if x.dtype.kind == "c" and kind == "sum":  # part by part
        return view_as_complex(scanned(kind, view_as_real(x), axis, reverse))
    x = x.contiguous()
    result = Tensor.empty(x.shape, x.dtype, x.device)
    if x.size == 0:
        return result
    n, inner = x.shape[axis], math.prod(x.shape[axis + 1 :])
    outer, device = x.size // (n * inner), x.device
    # On a CPU neighbouring lanes go side by side, row by row; elsewhere each work-item has one.
    if not device.is_cpu and inner == 1 and n >= _LEAST_IN_GROUP and not _in_order(kind, x.dtype):
        try:
            _scan_in_groups(kind, x, result, n, outer, reverse)
        except GroupError as error:
            narrow("scan_gpu", error)
            _scan_in_groups(kind, x, result, n, outer, reverse)
        return result
    rows = device.is_cpu and inner > 1
    lanes = max(1, min(_WIDTH, max(16, -(-inner // device.compute_units)))) if rows else 1
    parts = -(-inner // lanes)
    parallel = x.size >= 1 << 14 and not _in_order(kind, x.dtype)
    wanted = device.compute_units if device.is_cpu else 4096
    blocks, block = in_blocks(outer * parts, n, parallel, wanted)
    items = outer * blocks * parts
    size, local, each = spread(device, items, grain=max(1, 4096 // (block * lanes)))
    given = {
        "x_g": x.buffer, "x_start": x.offset, "items": items, "n": n, "inner": inner,
        "blocks": blocks, "block": block, "lanes": lanes, "each": each,
    }  # fmt: skip
    inside = dtypes.arithmetic(x.dtype)
    common = {
        "kind": kind,
        "T": C_NAMES[x.dtype],
        "A": C_NAMES[inside],
        "floating": x.dtype.kind == "f",
        "index": "long" if wide(x) else "int",
        "reverse": reverse,
        "rows": rows,
        "cpu": device.is_cpu,
        "most": _WIDTH,
        "in_turn": _in_order(kind, x.dtype),
    }
    if blocks == 1:
        run = kernel(device, "scan", mode="alone", **common)
        run((size,), (local,), y_g=result.buffer, **given)
        return result
    totals = Tensor.empty((outer, blocks, inner), inside, device)
    kernel(device, "scan", mode="totals", **common)((size,), (local,), y_g=totals.buffer, **given)
    totals = scanned(kind, totals, 1, False)
    kernel(device, "scan", mode="carried", **common)(
        (size,), (local,), y_g=result.buffer, total_g=totals.buffer, **given
    )
    return result


def _in_order(kind: str, dtype: np.dtype) -> bool:
    """Whether one element must be taken after the other: products over- and underflow by the order
    in which they are made, and sums are rounded by it."""
    return dtype.kind in "fc" and (kind == "product" or is_deterministic())


def _scan_in_groups(
    kind: str, x: Tensor, result: Tensor, n: int, lanes: int, reverse: bool
) -> None:
    """Fill `result` with the running totals of dense lanes, which work-groups of a GPU scan; a lane
    is in several blocks where there are few."""
    device, inside = x.device, dtypes.arithmetic(x.dtype)
    each = 32 // inside.itemsize if inside.itemsize >= 4 else 8
    common = {
        "kind": kind, "T": C_NAMES[x.dtype], "A": C_NAMES[inside],
        "floating": x.dtype.kind == "f", "index": "long" if wide(x) else "int",
        "reverse": reverse, "each": each,
    }  # fmt: skip
    group = largest_group(device, "scan_gpu", 256)
    while group > 32 and group * each >= 2 * n:
        group //= 2

    def run(mode: str, y: Tensor, blocks: int, span: int, **more: Any) -> None:
        scan = kernel(device, "scan_gpu", mode=mode, group=group, **common)
        scan(
            (lanes * blocks * group,), (group,), y_g=y.buffer, x_g=x.buffer, x_start=x.offset, n=n,
            blocks=blocks, span=span, **more,
        )  # fmt: skip

    tiles = -(-n // (group * each))
    blocks = min(tiles, max(1, 4 * device.compute_units // lanes))
    span = -(-tiles // blocks) * group * each
    blocks = -(-n // span)
    if blocks == 1:
        run("alone", result, 1, span)
        return
    totals = Tensor.empty((lanes, blocks), inside, device)
    run("totals", totals, blocks, span)
    totals = scanned(kind, totals, 1, False)
    run("carried", result, blocks, span, total_g=totals.buffer)


_cumsum: Op = primitive(
    "cumsum(x, axis, reverse)",
    running_sums,
    dx=lambda g, axis, reverse: _cumsum(g, axis, not reverse),
)


def to_scan(
    operation: str, x: Tensor, axis: int | None, dtype: Any
) -> tuple[Tensor, int, tuple[int, ...]]:
    """What is summed or multiplied up, cast, along which axis, and the shape of the result."""
    if axis is None:
        x, axis = flatten(x), 0
    axis = axis_of(operation, axis, x.ndim)
    kind = x.dtype
    if dtype is not None:
        kind = dtypes.as_dtype(dtype)
    elif kind.kind not in dtypes.FRACTIONAL and kind is not dtypes.uint64:
        kind = dtypes.int64
    shape = tuple(x.shape)
    x = x if x.ndim else reshape(x, (1,))
    return x if x.dtype == kind else astype(x, kind), axis, shape


@composite
def cumsum(x: Tensor, axis: int | None = None, dtype: Any = None) -> Tensor:
    """Running sums along an axis; of the flattened x for None.

    bool and integers are summed in int64 (uint64 stays), floats in their own dtype: each sum is
    rounded about once, however many elements came before.

    >>> ct.cumsum(ct.tensor([1, 2, 3]), 0)
    tensor([1, 3, 6])
    """
    x, axis, shape = to_scan("cumsum", x, axis, dtype)
    found = _cumsum(x, axis, False)
    return found if shape else reshape(found, ())
