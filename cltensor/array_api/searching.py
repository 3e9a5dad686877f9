"""The searching, sorting and indexing functions of the standard."""

from __future__ import annotations

from typing import Any

from cltensor.array_api.array import Array, common, main, require_dimensions, standard

Axes = int | tuple[int, ...] | None


@standard
def argmax(x: Any, /, *, axis: int | None = None, keepdims: bool = False) -> Any:
    """Where the largest element is, the first of equals; of the flattened x for None.

    >>> xp.argmax(xp.asarray([[1, 5], [7, 2]]), axis=1)
    tensor([1, 0])
    """
    return main.argmax(x, axis, keepdims)


@standard
def argmin(x: Any, /, *, axis: int | None = None, keepdims: bool = False) -> Any:
    """Where the smallest element is, the first of equals; of the flattened x for None.

    >>> xp.argmin(xp.asarray([3, 1, 1]))
    tensor(1)
    """
    return main.argmin(x, axis, keepdims)


@standard
def count_nonzero(x: Any, /, *, axis: Axes = None, keepdims: bool = False) -> Any:
    """How many elements are not zero.

    >>> xp.count_nonzero(xp.asarray([[0, 1], [2, 3]]), axis=0)
    tensor([1, 2])
    """
    return main.count_nonzero(x, axis, keepdims)


@standard
def nonzero(x: Any, /) -> tuple[Array, ...]:
    """For each axis the indices of the elements that are not zero, in row-major order.

    >>> xp.nonzero(xp.asarray([[0, 1], [2, 0]]))
    (tensor([0, 1]), tensor([1, 0]))
    """
    require_dimensions("nonzero", x, 1)
    return main.nonzero(x, as_tuple=True)


@standard
def searchsorted(x1: Any, x2: Any, /, *, side: str = "left", sorter: Any = None) -> Any:
    """Where the elements of x2 would be put into the sorted x1.

    >>> xp.searchsorted(xp.asarray([1, 3, 5]), xp.asarray([3, 4]), side="right")
    tensor([2, 2])
    """
    return main.searchsorted(*common(x1, x2), side=side, sorter=sorter)


@standard
def where(condition: Any, x1: Any, x2: Any, /) -> Any:
    """x1 where `condition` holds, x2 elsewhere.

    >>> xp.where(xp.asarray([True, False]), xp.asarray([1, 2]), xp.asarray([10, 20]))
    tensor([ 1, 20])
    """
    return main.where(condition, *common(x1, x2))


@standard
def argsort(x: Any, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
    """The indices that sort x along an axis.

    >>> xp.argsort(xp.asarray([3, 1, 2]), descending=True)
    tensor([0, 2, 1])
    """
    return main.argsort(x, axis, descending, stable)


@standard
def sort(x: Any, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
    """x sorted along an axis.

    >>> xp.sort(xp.asarray([3, 1, 2]), descending=True)
    tensor([3, 2, 1])
    """
    return main.sort(x, axis=axis, descending=descending, stable=stable)


@standard
def take(x: Any, indices: Any, /, *, axis: int | None = None) -> Any:
    """The elements of x at `indices` along an axis; of the flattened x for None.

    >>> xp.take(xp.asarray([[1, 2], [3, 4]]), xp.asarray([1, 1]), axis=0)
    tensor([[3, 4],
            [3, 4]])
    """
    return main.take(x, indices, axis)


@standard
def take_along_axis(x: Any, indices: Any, /, *, axis: int = -1) -> Any:
    """For each place in `indices`, the element of x there along an axis.

    >>> xp.take_along_axis(xp.asarray([[10, 20], [30, 40]]), xp.asarray([[1], [0]]), axis=1)
    tensor([[20],
            [30]])
    """
    return main.take_along_axis(x, indices, axis)
