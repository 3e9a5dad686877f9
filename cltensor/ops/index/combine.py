"""Writing by index where equal indices combine: products, means, extremes.

As sums, they go through their sources in order: the same bits in every run.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from cltensor import dtypes
from cltensor.core.checks import axis_of
from cltensor.core.composite import composite
from cltensor.core.op import Op, primitive, require_tensor, same_dtype
from cltensor.core.tensor import Tensor
from cltensor.dtypes import C_NAMES
from cltensor.errors import ShapeError
from cltensor.ops.elementwise.arithmetic import floor_divide
from cltensor.ops.elementwise.cast import astype, full
from cltensor.ops.elementwise.compare import eq
from cltensor.ops.elementwise.select import where
from cltensor.ops.index.gather import check_along, gather_of, index_tensor, vector_of
from cltensor.ops.index.pick import add_along
from cltensor.ops.index.scatter import require_slices, scatter_add_of, setitem, whole_grid
from cltensor.ops.shape.copy import copy
from cltensor.ops.shape.cut import cut_op, cut_view
from cltensor.ops.shape.view import expand, reshape
from cltensor.runtime.faults import Site

_COMBINES = {
    "prod": "a * b",
    "amax": "(b > a || b != b) ? b : a",
    "amin": "(b < a || b != b) ? b : a",
}
REDUCES = ("sum", "prod", "mean", "amax", "amin")


def _start(reduce: str, dtype: np.dtype) -> Any:
    """What `reduce` makes of nothing."""
    if reduce in ("sum", "mean", "prod"):
        return int(reduce == "prod")
    if dtype.kind == "f":
        return -math.inf if reduce == "amax" else math.inf
    if dtype.kind == "b":
        return reduce == "amin"
    limits = np.iinfo(dtype)
    return int(limits.min if reduce == "amax" else limits.max)


def _run_combine(
    x: Tensor, source: Tensor, index: Tensor, axis: int, reduce: str, operation: str
) -> Tensor:
    result = Tensor.empty(x.shape, x.dtype, x.device)
    copy(result, x)
    if not source.size:
        return result
    cut = tuple([(0, 1, n if d == axis else m) for d, (n, m) in enumerate(_pairs(x, index))])
    part = cut_view(result, cut)
    dense = part
    if part.shape != x.shape:
        dense = Tensor.empty(part.shape, x.dtype, x.device)
        copy(dense, part)
    index = index.contiguous()
    m, inner = index.shape[axis], math.prod(index.shape[axis + 1 :])
    add_along(
        dense,
        source.contiguous(),
        (math.prod(index.shape[:axis]), x.shape[axis], m),
        (index.buffer, C_NAMES[index.dtype], index.offset),
        (m * inner, inner, 1),
        Site(operation, axis),
        _COMBINES[reduce],
    )
    if dense is not part:
        copy(part, dense)
    return result


def _pairs(x: Any, index: Any) -> list[tuple[int, int]]:
    return list(zip(x.shape, index.shape, strict=True))


def _combine_rule(
    g: Any, x: Any, source: Any, out: Any, index: Any, axis: int, reduce: str, operation: str
) -> tuple[Any, Any]:
    """Extremes share the gradient with their equals. Of a product each factor gets the others: what
    is there without zeros, where no other is zero."""
    if reduce != "prod":
        there = gather_of(operation, out, axis, index)
        mine, its = astype(eq(x, out), x.dtype), astype(eq(source, there), x.dtype)
        share = g / scatter_add_of(operation, mine, axis, index, its)
        return mine * share, its * gather_of(operation, share, axis, index)
    zero, source_zero = eq(x, 0), eq(source, 0)
    zeros = scatter_add_of(
        operation, astype(zero, dtypes.int64), axis, index, astype(source_zero, dtypes.int64)
    )
    nonzero = _combine(
        where(zero, 1, x), where(source_zero, 1, source), index, axis, "prod", operation
    )
    others = zeros - astype(zero, dtypes.int64)
    dx = where(eq(others, 0), g * nonzero / where(zero, 1, x), 0)
    others = gather_of(operation, zeros, axis, index) - astype(source_zero, dtypes.int64)
    whole = gather_of(operation, g * nonzero, axis, index) / where(source_zero, 1, source)
    return dx, where(eq(others, 0), whole, 0)


_combine: Op = primitive(
    "scatter_combine(x, source, index, axis, reduce, operation)",
    _run_combine,
    dx_source=_combine_rule,
)


def _reduced(
    name: str, x: Tensor, axis: int, index: Tensor, source: Tensor, reduce: str, include_self: bool
) -> Tensor:
    """`scatter_reduce` of checked operands: an index as large as the source."""
    if not include_self and index.size:
        x = setitem(x, whole_grid(index, axis), _start(reduce, x.dtype), name)
    if reduce == "sum":
        return scatter_add_of(name, x, axis, index, source)
    if reduce != "mean":
        return _combine(x, source, index, axis, reduce, name)
    count = full(x.shape, 1, x.dtype, x.device)
    if not include_self:
        count = setitem(count, whole_grid(index, axis), 0, name)
    ones = full(source.shape, 1, x.dtype, x.device)
    count = scatter_add_of(name, count, axis, index, ones)
    total = scatter_add_of(name, x, axis, index, source)
    return total / count if x.dtype.kind == "f" else floor_divide(total, count)


def _known(name: str, reduce: str, kinds: tuple[str, ...]) -> None:
    if reduce not in kinds:
        raise ValueError(f"{name}: reduce is {reduce!r}; use {', '.join(kinds)}")


@composite
def scatter_reduce(
    x: Tensor, axis: int, index: Any, source: Tensor, reduce: str, *, include_self: bool = True
) -> Tensor:
    """x with all source[i, j, k] whose index[i, j, k] is p combined with x[i, p, k] (for axis 1).

    reduce: "sum", "prod", "mean", "amax" or "amin"; integers divide downwards. include_self:
    whether the elements of x that are indexed take part. NaN wins among extremes, which share their
    gradient. Raises ShapeError; IndexingError at the next read for an index out of range.

    >>> ct.scatter_reduce(ct.zeros(2), 0, ct.tensor([0, 0]), ct.tensor([1.0, 5.0]), "amax")
    tensor([5., 0.])
    """
    name = "scatter_reduce"
    _known(name, reduce, REDUCES)
    axis = axis_of(name, axis, x.ndim)
    require_tensor(name, "source", source)
    same_dtype(name, x, source)
    index = index_tensor(name, index, x.device)
    if not x.ndim:
        rows = [vector_of(y) for y in (x, index, source)]
        found = scatter_reduce(rows[0], 0, rows[1], rows[2], reduce, include_self=include_self)
        return reshape(found, ())
    index, source = vector_of(index), vector_of(source)
    if not index.size:
        return x.clone()
    check_along(name, x, index, axis)
    if source.ndim != index.ndim or any(m > n for n, m in _pairs(source, index)):
        raise ShapeError(
            f"{name}: an index of shape {index.shape} for a source of shape {source.shape}; it "
            "must not be larger"
        )
    source = cut_op(source, tuple([(0, 1, n) for n in index.shape]))
    return _reduced(name, x, axis, index, source, reduce, include_self)


@composite
def index_reduce(
    x: Tensor, axis: int, index: Any, source: Tensor, reduce: str, *, include_self: bool = True
) -> Tensor:
    """x with the slices of `source` along an axis combined with those of x that `index` names.

    reduce: "prod", "mean", "amax" or "amin". See `scatter_reduce`.

    >>> ct.index_reduce(ct.ones(2), 0, ct.tensor([0, 0]), ct.tensor([2.0, 3.0]), "prod")
    tensor([6., 1.])
    """
    name = "index_reduce"
    _known(name, reduce, REDUCES[1:])
    axis = axis_of(name, axis, x.ndim)
    require_tensor(name, "source", source)
    same_dtype(name, x, source)
    index = vector_of(index_tensor(name, index, x.device))
    if not x.ndim:
        found = index_reduce(
            vector_of(x), 0, index, vector_of(source), reduce, include_self=include_self
        )
        return reshape(found, ())
    source = vector_of(source)
    require_slices(name, x, axis, index, source, "combine with")
    if not source.size:
        return x.clone()
    index = reshape(index, (-1,) + (1,) * (x.ndim - 1 - axis))
    return _reduced(name, x, axis, expand(index, source.shape), source, reduce, include_self)


def multiplied(operation: str, x: Tensor, axis: int, index: Tensor, source: Tensor) -> Tensor:
    """x with each source multiplied into where its index says."""
    return _combine(x, source, index, axis, "prod", operation)
