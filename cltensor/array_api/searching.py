"""The searching, sorting and indexing functions of the standard."""

from __future__ import annotations

from typing import Any

from cltensor.array_api.array import Array, common, main, require_dimensions, standard

Axes = int | tuple[int, ...] | None


@standard
def argmax(x: Any, /, *, axis: int | None = None, keepdims: bool = False) -> Any:
    """Where the largest element is, the first of equals; of the flattened x for None."""
    return main.argmax(x, axis, keepdims)


@standard
def argmin(x: Any, /, *, axis: int | None = None, keepdims: bool = False) -> Any:
    """Where the smallest element is, the first of equals; of the flattened x for None."""
    return main.argmin(x, axis, keepdims)


@standard
def count_nonzero(x: Any, /, *, axis: Axes = None, keepdims: bool = False) -> Any:
    """How many elements are not zero."""
    return main.count_nonzero(x, axis, keepdims)


@standard
def nonzero(x: Any, /) -> tuple[Array, ...]:
    """For each axis the indices of the elements that are not zero, in row-major order."""
    require_dimensions("nonzero", x, 1)
    return main.nonzero(x, as_tuple=True)


@standard
def searchsorted(x1: Any, x2: Any, /, *, side: str = "left", sorter: Any = None) -> Any:
    """Where the elements of x2 would be put into the sorted x1."""
    return main.searchsorted(*common(x1, x2), side=side, sorter=sorter)


@standard
def where(condition: Any, x1: Any, x2: Any, /) -> Any:
    """x1 where `condition` holds, x2 elsewhere."""
    return main.where(condition, *common(x1, x2))


@standard
def argsort(x: Any, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
    """The indices that sort x along an axis."""
    return main.argsort(x, axis, descending, stable)


@standard
def sort(x: Any, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
    """x sorted along an axis."""
    return main.sort(x, axis=axis, descending=descending, stable=stable)


@standard
def take(x: Any, indices: Any, /, *, axis: int | None = None) -> Any:
    """The elements of x at `indices` along an axis; of the flattened x for None."""
    return main.take(x, indices, axis)


@standard
def take_along_axis(x: Any, indices: Any, /, *, axis: int = -1) -> Any:
    """For each place in `indices`, the element of x there along an axis."""
    return main.take_along_axis(x, indices, axis)
