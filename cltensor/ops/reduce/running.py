"""Running products, totals of exponentials and extremes, and linear recurrences."""

from __future__ import annotations

import math
from typing import Any

from cltensor import dtypes, return_types
from cltensor.core.checks import axis_of
from cltensor.core.composite import composite
from cltensor.core.declare import no_complex
from cltensor.core.op import Op, primitive
from cltensor.core.tensor import Tensor
from cltensor.dtypes import C_NAMES
from cltensor.ops.elementwise.cast import astype, full
from cltensor.ops.elementwise.compare import eq
from cltensor.ops.elementwise.functions import exp
from cltensor.ops.elementwise.select import where
from cltensor.ops.index.gather import gather_backward
from cltensor.ops.reduce.scan import in_blocks, scanned, to_scan
from cltensor.ops.shape.copy import spread, wide
from cltensor.ops.shape.cut import part
from cltensor.ops.shape.join import concat
from cltensor.ops.shape.view import reshape
from cltensor.runtime.kernel import kernel

# --------------------------------------------------------------------- products and recurrences


def _run_recurrence(a: Tensor, b: Tensor, axis: int, reverse: bool) -> Tensor:
    a, b = a.contiguous(), b.contiguous()
    result = Tensor.empty(b.shape, b.dtype, b.device)
    if b.size == 0:
        return result
    n, inner = b.shape[axis], math.prod(b.shape[axis + 1 :])
    lanes = b.size // n
    size, local, each = spread(b.device, lanes, grain=max(1, 4096 // n))
    T, A = C_NAMES[b.dtype], C_NAMES[dtypes.arithmetic(b.dtype)]
    run = kernel(b.device, "recurrence", T=T, A=A, reverse=reverse)
    run(
        (size,), (local,), y_g=result.buffer, a_g=a.buffer, b_g=b.buffer, a_start=a.offset,
        b_start=b.offset, lanes=lanes, n=n, inner=inner, each=each,
    )  # fmt: skip
    return result


def _moved(x: Any, axis: int, by: int, start: float) -> Any:
    """x one place further along an axis (by 1) or before it (-1); `start` comes in."""
    n = x.shape[axis]
    if not n:
        return x
    edge = full((*x.shape[:axis], 1, *x.shape[axis + 1 :]), start, x.dtype, x.device)
    rest = part(x, axis, 0 if by > 0 else 1, n - 1)
    return concat([edge, rest] if by > 0 else [rest, edge], axis)


def _recurrence_rule(g: Any, a: Any, out: Any, axis: int, reverse: bool) -> tuple[Any, Any]:
    step = -1 if reverse else 1
    db = recurrence(_moved(a, axis, -step, 0), g, axis, not reverse)
    return db * _moved(out, axis, step, 0), db


#: y[i] = b[i] + a[i] y[i - 1] along an axis, with b[0] the first; from the far end when reverse.
recurrence: Op = primitive(
    "recurrence(a, b, axis, reverse)", _run_recurrence, da_b=_recurrence_rule
)


def _product_rule(g: Any, x: Any, out: Any, axis: int) -> Any:
    """The product of those before, times the sum of what all later ones make of it: no division,
    so zeros are right to any order."""
    later = recurrence(_moved(x, axis, -1, 0), g, axis, True)
    return _moved(out, axis, 1, 1) * later


_cumprod: Op = primitive(
    "cumprod(x, axis)", lambda x, axis: scanned("product", x, axis, False), dx=_product_rule
)


@composite
def cumprod(x: Tensor, axis: int | None = None, dtype: Any = None) -> Tensor:
    """Running products along an axis; of the flattened x for None. The derivative holds at zeros.

    bool and integers are multiplied in int64 (uint64 stays), floats in their own dtype.

    >>> ct.cumprod(ct.tensor([1, 2, 3]), 0)
    tensor([1, 2, 6])
    """
    x, axis, shape = to_scan("cumprod", x, axis, dtype)
    found = _cumprod(x, axis)
    return found if shape else reshape(found, ())


def _logcumsumexp_rule(g: Any, x: Any, out: Any, axis: int) -> Any:
    """sum over j >= i of g[j] exp(x[i] - out[j]), by the shares that each total has of the next."""
    before = _moved(out, axis, -1, 0)  # the total after each
    share = where(eq(out, -math.inf), 0, exp(where(eq(out, -math.inf), 0, out) - before))
    later = recurrence(share, g, axis, True)
    return later * where(eq(x, -math.inf), 0, exp(where(eq(x, -math.inf), 0, x) - out))


_logcumsumexp: Op = primitive(
    "logcumsumexp(x, axis)",
    lambda x, axis: scanned("logsumexp", x, axis, False),
    dx=_logcumsumexp_rule,
)


@composite
def logcumsumexp(x: Tensor, axis: int) -> Tensor:
    """log(cumsum(exp(x))) along an axis, without overflow; integers give float32.

    >>> ct.logcumsumexp(ct.zeros(3), 0)
    tensor([0.0000, 0.6931, 1.0986])
    """
    axis = axis_of("logcumsumexp", axis, x.ndim)
    x = x if x.dtype.kind == "f" else astype(x, dtypes.to_float(x.dtype))
    found = _logcumsumexp(x if x.ndim else reshape(x, (1,)), axis)
    return found if x.ndim else reshape(found, ())


# ------------------------------------------------------------------------------- running extremes


def _run_extreme(x: Tensor, axis: int, better: str) -> tuple[Tensor, Tensor]:
    """The extreme of the elements up to each along an axis, and its index."""
    if x.dtype.kind == "c":
        raise no_complex("cummax" if ">" in better else "cummin", x.dtype)
    x = x.contiguous()
    values = Tensor.empty(x.shape, x.dtype, x.device)
    places = Tensor.empty(x.shape, dtypes.int64, x.device)
    if x.size == 0:
        return values, places
    device = x.device
    n, inner = x.shape[axis], math.prod(x.shape[axis + 1 :])
    lanes = x.size // n
    wanted = device.compute_units * 4 if device.is_cpu else 4096
    blocks, block = in_blocks(lanes, n, x.size >= 1 << 14, wanted)
    items = lanes * blocks
    size, local, each = spread(device, items, grain=max(1, 4096 // block))
    common = {
        "T": C_NAMES[x.dtype], "index": "long" if wide(x) else "int", "better": better,
    }  # fmt: skip
    given = {
        "x_g": x.buffer, "x_start": x.offset, "items": items, "n": n, "inner": inner,
        "blocks": blocks, "block": block, "each": each,
    }  # fmt: skip
    mode = "alone"
    if blocks > 1:
        totals = Tensor.empty((items,), dtypes.int64, device)
        run = kernel(device, "scan_extreme", mode="totals", **common)
        run((size,), (local,), place_g=totals.buffer, **given)
        given["total_g"], mode = totals.buffer, "carried"
    run = kernel(device, "scan_extreme", mode=mode, **common)
    run((size,), (local,), y_g=values.buffer, place_g=places.buffer, **given)
    return values, places


_extreme: Op = primitive(
    "running_extreme(x, axis, better)",
    _run_extreme,
    dx=lambda g, out, axis, x_shape: gather_backward(g[0], out[1], axis, x_shape, "cummax"),
)


def _running(kind: Any, x: Tensor, axis: int, better: str) -> Any:
    axis = axis_of(kind.__name__, axis, x.ndim)
    found = _extreme(x if x.ndim else reshape(x, (1,)), axis, better)
    return kind(*[y if x.ndim else reshape(y, ()) for y in found])


@composite
def cummax(x: Tensor, axis: int) -> return_types.cummax:
    """The largest of the elements up to each along an axis, and its index: the last of equals.
    From a NaN on all is NaN. The gradient goes to those places.

    >>> ct.cummax(ct.tensor([1, 3, 2]), 0)
    cltensor.return_types.cummax(
    values=tensor([1, 3, 3]),
    indices=tensor([0, 1, 1]))
    """
    return _running(return_types.cummax, x, axis, ">=")


@composite
def cummin(x: Tensor, axis: int) -> return_types.cummin:
    """The smallest of the elements up to each along an axis, and its index, as `cummax`.

    >>> ct.cummin(ct.tensor([3, 1, 2]), 0)
    cltensor.return_types.cummin(
    values=tensor([3, 1, 1]),
    indices=tensor([0, 1, 1]))
    """
    return _running(return_types.cummin, x, axis, "<=")
