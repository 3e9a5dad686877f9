"""The different elements of a tensor. Their number is read, so these wait for the device."""

from __future__ import annotations

from typing import Any

from cltensor import dtypes
from cltensor.core.composite import composite
from cltensor.core.tensor import Tensor
from cltensor.ops.create import full
from cltensor.ops.elementwise.compare import not_equal
from cltensor.ops.index.pick import coordinates, take
from cltensor.ops.index.place import scatter
from cltensor.ops.reduce.scan import cumsum
from cltensor.ops.shape.cut import part
from cltensor.ops.shape.join import concat
from cltensor.ops.shape.view import reshape
from cltensor.ops.sort import argsort


def _runs(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Of a vector: the first elements of runs of equals, the number of its run for each element,
    and the lengths of the runs."""
    n = x.shape[0]
    first = full((1,), True, dtypes.bool_, x.device)
    starts = concat([first, not_equal(part(x, 0, 1, n - 1), part(x, 0, 0, n - 1))])
    (places,) = coordinates(starts)
    ends = concat([part(places, 0, 1, places.shape[0] - 1), full((1,), n, dtypes.int64, x.device)])
    return take(x, places, 0), cumsum(starts, 0) - 1, ends - places


def _wanted(
    x: Tensor, values: Tensor, runs: Tensor, counts: Tensor, inverse: bool, counted: bool
) -> Any:
    found = [values]
    if inverse:
        found.append(reshape(runs, x.shape))
    if counted:
        found.append(counts)
    return found[0] if len(found) == 1 else tuple(found)


def _without_dim(operation: str, dim: Any) -> None:
    if dim is not None:
        raise ValueError(f"{operation}: dim is {dim}; only elements are compared, leave it out")


def _nothing(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    indices = Tensor.empty((0,), dtypes.int64, x.device)
    return reshape(x, (0,)), indices, indices


@composite
def unique(
    x: Tensor, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False,
    dim: int | None = None,
) -> Any:  # fmt: skip
    """The different elements, in order; each NaN is another one.

    return_inverse: also, for each element of x, the place of its value among them; return_counts:
    also how often each is there. Raises ValueError for a dim.
    """
    _without_dim("unique", dim)
    flat = reshape(x.detach(), (-1,))
    if not flat.size:
        return _wanted(x, *_nothing(flat), return_inverse, return_counts)
    order = argsort(flat)
    values, runs, counts = _runs(take(flat, order, 0))
    if return_inverse:
        runs = scatter(runs, 0, order, runs)
    return _wanted(x, values, runs, counts, return_inverse, return_counts)


@composite
def unique_consecutive(
    x: Tensor, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
) -> Any:
    """`unique` of neighbours only: the first of each run of equal elements."""
    _without_dim("unique_consecutive", dim)
    flat = reshape(x.detach(), (-1,))
    found = _runs(flat) if flat.size else _nothing(flat)
    return _wanted(x, *found, return_inverse, return_counts)
