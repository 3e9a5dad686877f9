"""The different elements of a tensor. Their number is read, so these wait for the device."""

from __future__ import annotations

import math
from typing import Any

from cltensor import dtypes
from cltensor.core.checks import axis_of
from cltensor.core.composite import composite
from cltensor.core.op import Op
from cltensor.core.tensor import Tensor
from cltensor.errors import GradientError, ShapeError
from cltensor.ops.create import full
from cltensor.ops.elementwise.compare import not_equal
from cltensor.ops.index.nonzero import coordinates
from cltensor.ops.index.pick import take
from cltensor.ops.index.place import scatter
from cltensor.ops.reduce.fold import any
from cltensor.ops.reduce.scan import cumsum
from cltensor.ops.shape.cut import part
from cltensor.ops.shape.join import concat
from cltensor.ops.shape.parts import imag, real
from cltensor.ops.shape.view import movedim, reshape
from cltensor.ops.sort import argsort, lexsort


def _no_rule(g: Any, operation: str) -> Any:
    raise GradientError(
        f"backward: the derivative of {operation} is not implemented; detach its result"
    )


#: `values`, found among those of x by an operation that has no derivative: backward says so.
_found_in = Op(
    "found_in(x, values, operation)", lambda x, values, operation: values.detach(),
    {"dx": _no_rule},
)  # fmt: skip


def _runs(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Of a vector: the first elements of runs of equals, the number of its run for each element,
    and the lengths of the runs."""
    n = x.shape[0]
    first = full((1,), True, dtypes.bool_, x.device)
    places, runs, counts = _of_starts(
        concat([first, not_equal(part(x, 0, 1, n - 1), part(x, 0, 0, n - 1))])
    )
    return take(x, places, 0), runs, counts


def _of_starts(starts: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Where runs start, the number of its run for each element, and the lengths of the runs."""
    (places,) = coordinates(starts)
    end = full((1,), starts.shape[0], dtypes.int64, starts.device)
    ends = concat([part(places, 0, 1, places.shape[0] - 1), end])
    return places, cumsum(starts, 0) - 1, ends - places


def _found(
    operation: str, x: Tensor, values: Tensor, runs: Tensor, counts: Tensor, inverse: bool,
    counted: bool,
) -> Any:  # fmt: skip
    """The values, and beside them what is asked for."""
    found = [_found_in(x, values, operation)] + [runs] * inverse + [counts] * counted
    return found[0] if len(found) == 1 else tuple(found)


def _wanted(
    operation: str, x: Tensor, values: Tensor, runs: Tensor, counts: Tensor, inverse: bool,
    counted: bool,
) -> Any:  # fmt: skip
    places = reshape(runs, x.shape) if inverse else runs
    return _found(operation, x, values, places, counts, inverse, counted)


def _nothing(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    indices = Tensor.empty((0,), dtypes.int64, x.device)
    return reshape(x, (0,)), indices, indices


def _slices(operation: str, x: Tensor, dim: int) -> tuple[int, Tensor]:
    """The axis, and a row with all elements of each slice along it."""
    axis = axis_of(operation, dim, x.ndim)
    moved = movedim(x.detach(), axis, 0) if x.ndim else reshape(x.detach(), (1,))
    if 0 in moved.shape[1:]:
        raise ShapeError(
            f"{operation}: slices along axis {axis} of shape {x.shape} have no elements to compare"
        )
    return axis, reshape(moved, (moved.shape[0], math.prod(moved.shape[1:])))


def _row_runs(rows: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """`_runs` of rows: where each begins, in place of the elements."""
    n = rows.shape[0]
    first = full((1,), True, dtypes.bool_, rows.device)
    differ = any(not_equal(part(rows, 0, 1, n - 1), part(rows, 0, 0, n - 1)), 1)
    return _of_starts(concat([first, differ]))


def _along(
    operation: str, x: Tensor, dim: int, in_order: bool, inverse: bool, counted: bool
) -> Any:
    """The different slices along an axis: all, or of neighbours only."""
    axis, rows = _slices(operation, x, dim)
    n = rows.shape[0]
    if not n:
        _, runs, counts = _nothing(reshape(rows, (0,)))
        return _found(operation, x, x.detach(), runs, counts, inverse, counted)
    order = None
    if in_order:
        order = lexsort([part_of(rows, c) for c in reversed(range(rows.shape[1]))])
        rows = take(rows, order, 0)
    places, runs, counts = _row_runs(rows)
    if order is not None:
        places = take(order, places, 0)
        runs = scatter(runs, 0, order, runs)
    values = take(x.detach() if x.ndim else reshape(x.detach(), (1,)), places, axis)
    return _found(operation, x, values, runs, counts, inverse, counted)


def part_of(rows: Tensor, column: int) -> Tensor:
    """A column of a matrix."""
    return reshape(part(rows, 1, column, 1), (-1,))


@composite
def unique(
    x: Tensor, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False,
    dim: int | None = None,
) -> Any:  # fmt: skip
    """The different elements, in order (complex ones by their real, then their imaginary parts);
    each NaN is another one.

    return_inverse: also, for each element of x, the place of its value among them; return_counts:
    also how often each is there. dim: compares slices along it, in the order of their first
    elements, then their second. Always sorted.

    It has no derivative: backward raises GradientError.

    >>> ct.unique(ct.tensor([3, 1, 3]))
    tensor([1, 3])
    """
    if dim is not None:
        return _along("unique", x, dim, True, return_inverse, return_counts)
    flat = reshape(x.detach(), (-1,))
    if not flat.size:
        return _wanted("unique", x, *_nothing(flat), return_inverse, return_counts)
    order = lexsort([imag(flat), real(flat)]) if flat.dtype.kind == "c" else argsort(flat)
    values, runs, counts = _runs(take(flat, order, 0))
    if return_inverse:
        runs = scatter(runs, 0, order, runs)
    return _wanted("unique", x, values, runs, counts, return_inverse, return_counts)


@composite
def unique_consecutive(
    x: Tensor, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
) -> Any:
    """`unique` of neighbours only: the first of each run of equal elements.

    >>> ct.unique_consecutive(ct.tensor([1, 1, 2, 1]))
    tensor([1, 2, 1])
    """
    if dim is not None:
        return _along("unique_consecutive", x, dim, False, return_inverse, return_counts)
    flat = reshape(x.detach(), (-1,))
    found = _runs(flat) if flat.size else _nothing(flat)
    return _wanted("unique_consecutive", x, *found, return_inverse, return_counts)
