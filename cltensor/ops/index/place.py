"""Writing by index into a copy: scatter, and slices filled or copied along an axis.

Where an index comes twice, the last source stays.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cltensor.core.checks import axis_of, scalar
from cltensor.core.composite import composite
from cltensor.core.op import require_tensor
from cltensor.core.tensor import Tensor, show
from cltensor.errors import DTypeError, IndexingError, ShapeError
from cltensor.ops.elementwise.cast import full
from cltensor.ops.index.combine import multiplied
from cltensor.ops.index.gather import check_along, index_tensor, vector_of
from cltensor.ops.index.scatter import scatter_add_of, setitem, whole_grid
from cltensor.ops.shape.cut import cut_op
from cltensor.ops.shape.view import expand, reshape
from cltensor.runtime.faults import Site


def _source(x: Tensor, index: Tensor, source: Any, value: Any) -> Any:
    """What is written: a number, or a tensor of the shape of the index."""
    if (source is None) == (value is None):
        raise DTypeError(
            f"scatter: source is {show(source)} and value {show(value)}; give one of them, a "
            "tensor or a number"
        )
    given = value if source is None else source
    if not isinstance(given, Tensor):
        return scalar("scatter", "value" if source is None else "source", given, x.dtype)
    if not given.ndim and index.ndim:
        return expand(given, index.shape)
    given = vector_of(given)
    if given.ndim != index.ndim or any(
        i > n for i, n in zip(index.shape, given.shape, strict=True)
    ):
        raise ShapeError(
            f"scatter: an index of shape {index.shape} for a source of shape {given.shape}; it "
            "must not be larger"
        )
    if given.dtype != x.dtype:
        raise DTypeError(
            f"scatter: x is {x.dtype.name} and the source {given.dtype.name}; cast one of them"
        )
    return cut_op(given, tuple([(0, 1, n) for n in index.shape]))


@composite
def scatter(
    x: Tensor, axis: int, index: Any, source: Any = None, *, value: Any = None,
    reduce: str | None = None,
) -> Tensor:  # fmt: skip
    """x with x[i, index[i, j, k], k] = source[i, j, k] (for axis 1): a tensor or a number.

    reduce: "add" adds to what is there and "multiply" multiplies with it.
    Raises ShapeError; DTypeError for a source of another dtype; IndexingError at the next read for
    an index out of range.

    >>> ct.scatter(ct.zeros(3), 0, ct.tensor([2]), ct.tensor([5.0]))
    tensor([0., 0., 5.])
    """
    axis = axis_of("scatter", axis, x.ndim)
    index = index_tensor("scatter", index, x.device)
    if x.ndim == 0:
        return reshape(scatter(vector_of(x), axis, index, source, value=value, reduce=reduce), ())
    index = vector_of(index)
    check_along("scatter", x, index, axis)
    given = _source(x, index, source, value)
    if reduce is None:
        return setitem(x, whole_grid(index, axis), given, "scatter")
    if reduce not in ("add", "multiply"):
        raise ValueError(f"scatter: reduce is {reduce!r}; use 'add', 'multiply' or None")
    if not isinstance(given, Tensor):
        given = full(index.shape, given, x.dtype, x.device)
    if reduce == "add":
        return scatter_add_of("scatter", x, axis, index, given)
    return multiplied("scatter", x, axis, index, given)


def _check_range(site: Site, index: np.ndarray, size: int) -> None:
    """Raise IndexingError for an index of the host that is out of range."""
    if index.dtype.kind in "iu" and index.size:
        for number in (int(index.min()), int(index.max())):
            if not -size <= number < size:
                raise site.error(number, size)


def _slices(name: str, x: Tensor, axis: int, index: Any) -> tuple[int, Tensor, tuple[Any, ...]]:
    axis = axis_of(name, axis, x.ndim)
    if not isinstance(index, Tensor):
        _check_range(Site(name, axis), np.asarray(index), x.shape[axis])
    index = vector_of(index_tensor(name, index, x.device))
    if index.ndim != 1:
        raise ShapeError(f"{name}: an index of shape {index.shape}; give a vector")
    if x.shape[axis] == 0 and index.size:
        raise IndexingError(f"{name}: axis {axis} of size 0 has no elements to write")
    return axis, index, (*[slice(None)] * axis, index)


@composite
def index_fill(x: Tensor, axis: int, index: Any, value: Any) -> Tensor:
    """x with `value`, a number or a tensor of no dimensions, in the slices at `index`.

    >>> ct.index_fill(ct.zeros(3), 0, ct.tensor([1]), 5.0)
    tensor([0., 5., 0.])
    """
    if x.ndim == 0:
        return reshape(index_fill(vector_of(x), axis, index, value), ())
    if isinstance(value, Tensor) and value.ndim:
        raise ShapeError(
            f"index_fill: a value of shape {value.shape} is not one number; use index_copy"
        )
    return setitem(x, _slices("index_fill", x, axis, index)[2], value, "index_fill")


@composite
def index_copy(x: Tensor, axis: int, index: Any, source: Tensor) -> Tensor:
    """x with slice j of `source` at slice index[j] along an axis.

    >>> ct.index_copy(ct.zeros(3), 0, ct.tensor([2]), ct.ones(1))
    tensor([0., 0., 1.])
    """
    require_tensor("index_copy", "source", source)
    if x.ndim == 0:
        return reshape(index_copy(vector_of(x), axis, index, vector_of(source)), ())
    axis, index, key = _slices("index_copy", x, axis, index)
    source = vector_of(source)
    wanted = (*x.shape[:axis], index.size, *x.shape[axis + 1 :])
    if source.shape != wanted or source.dtype != x.dtype:
        raise (ShapeError if source.shape != wanted else DTypeError)(
            f"index_copy: a source of shape {source.shape} and {source.dtype.name} for an index of "
            f"{index.size} along axis {axis} of shape {x.shape} and {x.dtype.name}; make it "
            f"{wanted}"
        )
    return setitem(x, key, source, "index_copy")
