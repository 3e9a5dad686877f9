"""Places in sorted elements, and how many elements there are of each kind."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from cltensor import dtypes, return_types
from cltensor.core.batched import Batched, of_whole, whole_of, wrapped
from cltensor.core.checks import scalar, whole
from cltensor.core.composite import composite
from cltensor.core.declare import no_complex
from cltensor.core.op import require_tensor, same_device
from cltensor.core.tensor import Tensor, show
from cltensor.dtypes import C_NAMES
from cltensor.errors import DTypeError, ShapeError
from cltensor.halves import cast_array
from cltensor.ops.create import linspace
from cltensor.ops.elementwise.cast import astype, full
from cltensor.ops.elementwise.compare import (
    eq,
    greater_equal,
    less_equal,
    logical_and,
    logical_not,
)
from cltensor.ops.elementwise.select import clip, where
from cltensor.ops.index.pick import getitem
from cltensor.ops.index.scatter import scatter_add
from cltensor.ops.reduce.fold import any as _any
from cltensor.ops.reduce.fold import max_over, min_over, sum
from cltensor.ops.shape.copy import spread
from cltensor.ops.shape.cut import part, unbind
from cltensor.ops.shape.view import reshape
from cltensor.ops.sort import sort
from cltensor.runtime.faults import Site
from cltensor.runtime.kernel import kernel

# ------------------------------------------------------------------------------ places in an order


def _alike(operation: str, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Two tensors outside the graph, in one dtype."""
    same_device(operation, a, b)
    common = dtypes.promote(a.dtype, b.dtype)
    return astype(a.detach(), common), astype(b.detach(), common)


def _is_right(operation: str, right: bool, side: str | None) -> bool:
    if side not in (None, "left", "right") or (right and side == "left"):
        raise ValueError(
            f"{operation}: side is {side!r} and right {right}; use 'left' or 'right', and no two "
            "that differ"
        )
    return bool(right) or side == "right"


def _searched(
    rows: Tensor, x: Tensor, right: bool, out_int32: bool, sorter: Tensor | None
) -> Tensor:
    if rows.dtype.kind == "c":
        raise no_complex("searchsorted", rows.dtype)
    if x.dtype in dtypes.SHORT:
        rows, x = astype(rows, dtypes.float32), astype(x, dtypes.float32)
    device, n = x.device, rows.shape[-1]
    result = Tensor.empty(x.shape, dtypes.int32 if out_int32 else dtypes.int64, device)
    if not x.size:
        return result
    rows, x = rows.contiguous(), x.contiguous()
    size, local, each = spread(device, x.size, 1024)
    shared = rows.ndim == 1
    run = kernel(
        device, "search", T=C_NAMES[x.dtype], O=C_NAMES[result.dtype], kind=x.dtype.kind,
        right=right, shared=shared, sorter=sorter is not None,
    )  # fmt: skip
    more: dict[str, Any] = {}
    if sorter is not None:
        sorter = astype(sorter, dtypes.int64).contiguous()
        more = {
            "sorter_g": sorter.buffer, "sorter_start": sorter.offset,
            "fault_g": device.faults.buffer,
            "site": device.faults.region(Site("searchsorted", sorter.ndim - 1)),
        }  # fmt: skip
    run(
        (size,), (local,), y_g=result.buffer, row_g=rows.buffer, x_g=x.buffer,
        row_start=rows.offset, x_start=x.offset, count=x.size, n=n,
        m=x.shape[-1] if x.ndim else 1, each=each, **more,
    )  # fmt: skip
    return result


@composite(method=False)
def searchsorted(
    sorted_sequence: Tensor, x: Tensor | float, side: str | None = None,
    sorter: Tensor | None = None, *, out_int32: bool = False, right: bool = False,
) -> Tensor:  # fmt: skip
    """Where each element of x belongs in sorted elements: in front of the first that is not less
    (side "left"), or of the first that is greater ("right", also right=True).

    Args:    sorted_sequence: a vector, or rows for those of x, with its other axes; x: a tensor or
             a number; sorter: what sorts sorted_sequence, where it is not sorted.
    Returns: int64, or int32 with out_int32; NaN counts as the largest.

    >>> ct.searchsorted(ct.tensor([1.0, 2.0, 3.0]), ct.tensor([2.5]))
    tensor([2])
    """
    name = "searchsorted"
    require_tensor(name, "sorted_sequence", sorted_sequence)
    if not isinstance(x, Tensor):
        x = scalar(name, "x", x, sorted_sequence.dtype)
        x = Tensor.from_numpy(
            cast_array(np.asarray(x), sorted_sequence.dtype), sorted_sequence.device
        )
    right = _is_right(name, right, side)
    rows, x = _alike(name, sorted_sequence, x)
    if not rows.ndim or (rows.ndim > 1 and tuple(rows.shape[:-1]) != tuple(x.shape[:-1])):
        raise ShapeError(
            f"{name}: sorted elements of shape {rows.shape} for values of shape {x.shape}; give a "
            "vector, or rows with the same axes before the last"
        )
    if sorter is not None and (sorter.shape != rows.shape or sorter.dtype.kind not in "iu"):
        raise (DTypeError if sorter.shape == rows.shape else ShapeError)(
            f"{name}: a sorter of shape {sorter.shape} and {sorter.dtype.name} for shape "
            f"{rows.shape}; give what argsort gives"
        )
    if not isinstance(rows, Batched) and not isinstance(sorter, Batched):
        numbers = x.numbers if isinstance(x, Batched) else ()
        return wrapped(_searched(rows, whole_of(x), right, out_int32, sorter), numbers)
    if rows.ndim == 1:  # inside vmap, a vector for each example
        found = of_whole(_searched, rows, reshape(x, (-1,)), right, out_int32, sorter)
        return reshape(found, x.shape)
    return of_whole(_searched, rows, x, right, out_int32, sorter)


@composite(method=False)
def bucketize(
    a: Tensor | float, boundaries: Tensor, *, out_int32: bool = False, right: bool = False
) -> Tensor:
    """The number of the bucket of each element between sorted boundaries, as `searchsorted`.

    >>> ct.bucketize(ct.tensor([0.5, 2.5]), ct.tensor([1.0, 2.0, 3.0]))
    tensor([0, 2])
    """
    require_tensor("bucketize", "boundaries", boundaries)
    if boundaries.ndim != 1:
        raise ShapeError(f"bucketize: boundaries have shape {boundaries.shape}; give a vector")
    return searchsorted(boundaries, a, out_int32=out_int32, right=right)


@composite
def isin(
    elements: Any, test_elements: Any, *, assume_unique: bool = False, invert: bool = False
) -> Tensor:
    """Whether each element is one of `test_elements` (or, with `invert`, none); NaN never is.

    One of both may be a number. assume_unique: NumPy's keyword, which changes nothing.

    >>> ct.isin(ct.tensor([1, 2, 3]), ct.tensor([2, 3]))
    tensor([False,  True,  True])
    """
    given = [y for y in (elements, test_elements) if isinstance(y, Tensor)]
    if not given:
        raise DTypeError(
            f"isin: elements is {show(elements)}, test_elements {show(test_elements)}; one must be "
            "a tensor"
        )
    found = _among(elements, test_elements, given[0].device)
    return logical_not(found) if invert else found


def _among(elements: Any, tests: Any, device: Any) -> Tensor:
    """Whether each element is one of `tests`; a number takes the dtype of the other operand."""
    if not isinstance(tests, Tensor) and np.ndim(tests) == 0:
        return eq(elements, tests)
    if not isinstance(elements, Tensor) and np.ndim(elements) == 0:
        return _any(eq(tests, elements))
    x, tests = [
        y if isinstance(y, Tensor) else Tensor.from_numpy(np.asarray(y), device)
        for y in (elements, tests)
    ]
    x, tests = _alike("isin", x, tests)
    if not tests.size:
        return full(x.shape, False, dtypes.bool_, x.device)
    in_order = sort(reshape(tests, (-1,)), axis=0)
    places = clip(_searched(in_order, x, False, False, None), 0, tests.size - 1)
    return eq(getitem(in_order, places), x)


# ------------------------------------------------------------------------------------- histograms

_WAYS = 4  # tables of each work-item of a CPU
_LARGEST = 1 << 16  # counters of all tables, if there are not more elements to count


def _tally(x: Tensor, bins: int) -> Tensor:
    """How often each number from 0 to bins - 1 is in a vector of integers; others do not count."""
    device, count = x.device, x.size
    items, local, each = spread(device, count, 1024)
    tables = items * _WAYS if device.is_cpu else 1
    if not count or count >= 1 << 31 or tables * bins > max(count, _LARGEST):
        found = full((bins,), 0, dtypes.int64, device)
        if not count or not bins:
            return found
        hit = logical_and(greater_equal(x, 0), less_equal(x, bins - 1))
        return scatter_add(
            found, 0, clip(astype(x, dtypes.int64), 0, bins - 1), astype(hit, dtypes.int64)
        )
    x = x.contiguous()
    if device.is_cpu:
        table = Tensor.empty((tables, bins), dtypes.int32, device)
    else:
        table = full((tables, bins), 0, dtypes.int32, device).realize()
    run = kernel(device, "tally", T=C_NAMES[x.dtype], cpu=device.is_cpu, ways=_WAYS)
    run(
        (items,), (local,), table_g=table.buffer, x_g=x.buffer, x_start=x.offset, count=count,
        bins=bins, each=each,
    )  # fmt: skip
    return sum(table, 0)


@composite
def bincount(x: Tensor, weights: Tensor | None = None, minlength: int = 0) -> Tensor:
    """How often each number from 0 on is in a vector of integers, or the sum of its weights.

    Waits for the device, for the largest. Raises ValueError for one below 0.

    >>> ct.bincount(ct.tensor([0, 1, 1, 3]))
    tensor([1, 2, 0, 1])
    """
    minlength = whole("bincount", "minlength", minlength)
    if x.ndim != 1 or x.dtype.kind not in "iu":
        raise (ShapeError if x.ndim != 1 else DTypeError)(
            f"bincount: x is of shape {x.shape} and {x.dtype.name}; give a vector of integers"
        )
    if weights is not None and weights.shape != x.shape:
        raise ShapeError(f"bincount: weights of shape {weights.shape} for shape {x.shape}")
    most = 0
    if x.size:
        low, high = int(min_over(x).item()), int(max_over(x).item())
        if low < 0:
            raise ValueError(f"bincount: {low} is below 0; only numbers from 0 on are counted")
        most = high + 1
    if weights is None:
        return _tally(x, max(most, minlength))
    if weights.dtype.kind != "f" or weights.dtype in dtypes.SHORT:
        weights = astype(weights, dtypes.float64 if x.device.fp64 else dtypes.float32)
    counts = full((max(most, minlength),), 0, weights.dtype, x.device)
    if not x.size:
        return counts
    return scatter_add(counts, 0, astype(x, dtypes.int64), weights.detach())


def _limits(operation: str, x: Tensor, low: Any, high: Any, half: float) -> tuple[float, float]:
    """The range of a histogram: as given, or else that of the elements, which it
    reads then; `half` to each side of a single number."""
    kind = np.dtype(float)
    low, high = scalar(operation, "min", low, kind), scalar(operation, "max", high, kind)
    if low > high:
        raise ValueError(f"{operation}: the range is from {low} to {high}; turn it around")
    if low == high and x.size:
        low, high = float(min_over(x).item()), float(max_over(x).item())
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ValueError(f"{operation}: the range from {low} to {high} is not finite; give another")
    return (low - half, high + half) if low == high else (low, high)


@composite
def histc(x: Tensor, bins: int = 100, min: float = 0, max: float = 0) -> Tensor:
    """How many elements are in each of `bins` equal parts of min to max (of their own range if both
    are equal); those outside are not counted. In the dtype of x.

    >>> ct.histc(ct.tensor([1.0, 2.0, 2.0]), bins=2, min=0, max=4)
    tensor([1., 2.])
    """
    bins = whole("histc", "bins", bins, 1)
    x = reshape(x.detach(), (-1,))
    low, high = _limits("histc", x, min, max, 1)
    inside = logical_and(greater_equal(x, low), less_equal(x, high))
    wide = x if x.dtype.kind == "f" else astype(x, dtypes.float32)
    places = astype(where(inside, (wide - low) * bins / (high - low), 0), dtypes.int32)
    return astype(_tally(where(inside, clip(places, 0, bins - 1), -1), bins), x.dtype)


def _edges(operation: str, x: Tensor, bins: Any, limits: tuple[float, float] | None) -> Tensor:
    """The edges of bins along one axis, of which x has the coordinates."""
    if isinstance(bins, Tensor):
        if bins.ndim != 1 or bins.size < 2 or bins.dtype != x.dtype:
            raise ShapeError(
                f"{operation}: edges of shape {bins.shape} and {bins.dtype.name}; give a vector of "
                f"two or more of {x.dtype.name}"
            )
        return bins.detach()
    count = whole(operation, "bins", bins, 1)
    if limits is None:
        low, high = _limits(operation, x, 0, 0, 0.5) if x.size else (0.0, 1.0)
    else:
        low, high = _limits(operation, x[:0], *limits, 0.5)
    return linspace(low, high, count + 1, dtype=x.dtype, device=x.device)


def _counted(
    operation: str, rows: Tensor, edges: list[Tensor], weight: Tensor | None, density: bool
) -> Tensor:
    """How many of the points, the rows, are in each cell; of the last bins the last edge too."""
    count = rows.shape[0]
    cells: Any = full((count,), 0, dtypes.int64, rows.device)
    inside: Any = full((count,), True, dtypes.bool_, rows.device)
    for column, edge in zip(unbind(rows, 1), edges, strict=True):
        n = edge.shape[0] - 1
        first, last = part(edge, 0, 0, 1), part(edge, 0, n, 1)
        hit = logical_and(greater_equal(column, first), less_equal(column, last))
        place = clip(_searched(edge, column, True, False, None) - 1, 0, n - 1)
        inside, cells = logical_and(inside, hit), cells * n + place
    shape = tuple([e.shape[0] - 1 for e in edges])
    total = math.prod(shape)
    if weight is None:
        found = astype(_tally(where(inside, cells, -1), total), rows.dtype)
    elif weight.size != count:
        raise ShapeError(f"{operation}: {weight.size} weights for {count} points")
    else:
        amounts = where(inside, reshape(astype(weight.detach(), rows.dtype), (-1,)), 0)
        found = full((total,), 0, rows.dtype, rows.device)
        if count:
            found = scatter_add(found, 0, where(inside, cells, 0), amounts)
    found = reshape(found, shape)
    if density:
        found = found / sum(found)
        for d, edge in enumerate(edges):
            n = edge.shape[0] - 1
            widths = part(edge, 0, 1, n) - part(edge, 0, 0, n)
            found = found / reshape(widths, (-1,) + (1,) * (len(edges) - 1 - d))
    return found


@composite
def histogram(
    x: Tensor, bins: Any, *, range: Sequence[float] | None = None, weight: Tensor | None = None,
    density: bool = False,
) -> return_types.histogram:  # fmt: skip
    """How many elements are between neighbouring edges (of the last bin the last edge too), and the
    edges: a pair (hist, bin_edges).

    Args:    bins: their number, or a vector of edges; range: the first and the last edge, the
             smallest and the largest element if left out; weight: what each element counts for;
             density: whether counts are divided so that their integral is 1.

    >>> ct.histogram(ct.tensor([1.0, 2.0, 2.0]), bins=2, range=(0.0, 4.0)).hist
    tensor([1., 2.])
    """
    if x.dtype.kind != "f":
        raise DTypeError(f"histogram: x is {x.dtype.name}; cast it to a floating-point dtype")
    flat = reshape(x.detach(), (-1,))
    limits = None if range is None else (float(range[0]), float(range[1]))
    edges = _edges("histogram", flat, bins, limits)
    counts = _counted("histogram", reshape(flat, (-1, 1)), [edges], weight, density)
    return return_types.histogram(counts, edges)


@composite(method=False)
def histogramdd(
    x: Tensor, bins: Any, range: Sequence[float] | None = None, weight: Tensor | None = None,
    density: bool = False,
) -> return_types.histogramdd:  # fmt: skip
    """How many points are in each cell of a grid, and its edges along each axis.

    x: points with their coordinates along the last axis; bins: the number of bins, one for each
    coordinate, or vectors of edges; range: first and last edge of each, one after the other.

    >>> ct.histogramdd(ct.tensor([[0.0, 0.0], [1.0, 1.0]]), bins=[2, 2]).hist
    tensor([[1., 0.],
            [0., 1.]])
    """
    if not x.ndim or x.dtype.kind != "f":
        raise (DTypeError if x.ndim else ShapeError)(
            f"histogramdd: x is of shape {x.shape} and {x.dtype.name}; give points of a "
            "floating-point dtype"
        )
    rows = reshape(x.detach(), (-1, x.shape[-1]))
    axes = rows.shape[1]
    several = isinstance(bins, (tuple, list))
    each = list(bins) if several else [bins] * axes
    if len(each) != axes or (range is not None and len(range) != 2 * axes):
        raise ShapeError(
            f"histogramdd: bins {len(each)} and range {range} for {axes} coordinates; give one and "
            "two of each"
        )
    edges = [
        _edges(
            "histogramdd", column, wanted,
            None if range is None else (float(range[2 * d]), float(range[2 * d + 1])),
        )
        for d, (column, wanted) in enumerate(zip(unbind(rows, 1), each, strict=True))
    ]  # fmt: skip
    counts = _counted("histogramdd", rows, edges, weight, density)
    return return_types.histogramdd(counts, tuple(edges))
