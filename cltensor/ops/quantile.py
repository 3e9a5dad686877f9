"""Quantiles: what a share of the elements is at most."""

from __future__ import annotations

from typing import Any

import numpy as np

from cltensor import dtypes
from cltensor.core.checks import axis_of
from cltensor.core.composite import composite
from cltensor.core.tensor import Tensor
from cltensor.errors import DTypeError, ShapeError
from cltensor.halves import cast_array
from cltensor.ops.elementwise.blend import lerp
from cltensor.ops.elementwise.cast import astype
from cltensor.ops.elementwise.compare import isnan
from cltensor.ops.elementwise.rounding import ceil, floor, round_
from cltensor.ops.elementwise.select import clip, where
from cltensor.ops.index.gather import take_along_axis
from cltensor.ops.reduce.fold import floating, sum
from cltensor.ops.shape.view import movedim, reshape
from cltensor.ops.sort import sort

_BETWEEN = ("linear", "lower", "higher", "nearest", "midpoint")


def _shares(operation: str, q: Any, x: Tensor) -> Tensor:
    """q as a tensor of the dtype of x. Raises ValueError for what is no share."""
    if isinstance(q, Tensor):
        shape, dtype, given = tuple(q.shape), q.dtype, q.detach()._read()
    else:
        given = np.asarray(q)
        shape, dtype = given.shape, x.dtype
    if len(shape) > 1 or dtype != x.dtype:
        raise (ShapeError if len(shape) > 1 else DTypeError)(
            f"{operation}: q is of shape {shape} and {dtype.name}; give a number or a vector of "
            f"{x.dtype.name}"
        )
    if not ((given >= 0) & (given <= 1)).all():
        raise ValueError(f"{operation}: q is {given.tolist()}; shares are between 0 and 1")
    return q if isinstance(q, Tensor) else Tensor.from_numpy(cast_array(given, x.dtype), x.device)


def _quantile(
    operation: str, x: Tensor, q: Any, dim: int | None, keepdim: bool, interpolation: str,
    skips: bool,
) -> Tensor:  # fmt: skip
    if interpolation not in _BETWEEN:
        raise ValueError(
            f"{operation}: interpolation is {interpolation!r}; use {', '.join(_BETWEEN)}"
        )
    x = floating(x)
    q = _shares(operation, q, x)
    axis = 0 if dim is None else axis_of(operation, dim, x.ndim)
    rows = reshape(x, (-1,)) if dim is None or not x.ndim else movedim(x, axis, -1)
    n = rows.shape[-1]
    if not n:
        raise ShapeError(
            f"{operation}: axis {dim} of shape {x.shape} is empty, and there is no {operation} of "
            "nothing; give a tensor with elements"
        )
    missing = sum(isnan(rows.detach()), -1, True)
    shares = reshape(q, (1,) * (rows.ndim - 1) + (-1,))
    last = astype(clip(n - 1 - missing, 0) if skips else missing * 0 + (n - 1), x.dtype)
    ranks = shares * last
    if not skips:
        ranks = where(missing > 0, last, ranks)
    in_order = sort(rows, axis=-1)
    found = _between(in_order, ranks, interpolation)
    found = movedim(found, -1, 0)
    if keepdim:
        kept = [1 if dim is None or d == axis else m for d, m in enumerate(x.shape)]
        found = reshape(found, (found.shape[0], *kept))
    return found if q.ndim else reshape(found, tuple(found.shape[1:]))


def _between(in_order: Tensor, ranks: Tensor, interpolation: str) -> Tensor:
    """The elements at places that may lie between two of them."""

    def at(places: Tensor) -> Tensor:
        return take_along_axis(in_order, astype(places.detach(), dtypes.int64), -1)

    if interpolation == "nearest":
        return at(round_(ranks))
    if interpolation == "higher":
        return at(ceil(ranks))
    low = floor(ranks)
    if interpolation == "lower":
        return at(low)
    below, above = at(low), at(ceil(ranks))
    if interpolation == "midpoint":
        return lerp(below, above, 0.5)
    return lerp(below, above, ranks - low.detach())


@composite
def quantile(
    x: Tensor, q: Any, dim: int | None = None, keepdim: bool = False, *,
    interpolation: str = "linear",
) -> Tensor:  # fmt: skip
    """What the share q of the elements along `dim` (of all for None) is at most.

        element number q (n - 1) of the sorted ones, counted from 0

    Args:    q: a number, or a vector, whose axis comes first in the result, from 0 to 1.
             interpolation: between two elements "linear", "midpoint", "lower", "higher" or
             "nearest".
    Returns: NaN where there is one.
    Raises:  ValueError for no share; ShapeError for no elements. A tensor q is read.

    >>> ct.quantile(ct.tensor([1.0, 2.0, 3.0]), 0.25)
    tensor(1.5000)
    """
    return _quantile("quantile", x, q, dim, keepdim, interpolation, False)


@composite
def nanquantile(
    x: Tensor, q: Any, dim: int | None = None, keepdim: bool = False, *,
    interpolation: str = "linear",
) -> Tensor:  # fmt: skip
    """`quantile` of the elements that are not NaN; NaN if there are none.

    >>> ct.nanquantile(ct.tensor([math.nan, 1.0, 3.0]), 0.5)
    tensor(2.)
    """
    return _quantile("nanquantile", x, q, dim, keepdim, interpolation, True)
