"""The set functions of the standard."""

from __future__ import annotations

from typing import Any, NamedTuple

from cltensor.array_api.array import Array, as_array, common, main, standard


class unique_all_result(NamedTuple):
    values: Array
    indices: Array
    inverse_indices: Array
    counts: Array


class unique_counts_result(NamedTuple):
    values: Array
    counts: Array


class unique_inverse_result(NamedTuple):
    values: Array
    inverse_indices: Array


@standard
def isin(x1: Any, x2: Any, /, *, invert: bool = False) -> Any:
    """Whether each element of x1 is (or is not, to `invert`) among those of x2.

    >>> xp.isin(xp.asarray([1, 2, 3]), xp.asarray([3, 1]))
    tensor([ True, False,  True])
    """
    return main.isin(*common(x1, x2), invert=invert)


def unique_all(x: Any, /) -> unique_all_result:
    """The different elements, where each is first, for each element which it is, and how often
    each is there.

    >>> found = xp.unique_all(xp.asarray([3, 1, 3]))
    >>> found.values, found.indices, found.inverse_indices, found.counts
    (tensor([1, 3]), tensor([1, 0]), tensor([1, 0, 1]), tensor([1, 2]))
    """
    values, inverse, counts = main.unique(x, return_inverse=True, return_counts=True)
    flat = main.reshape(inverse, (-1,))
    places = main.arange(flat.size, device=x.device)
    first = main.scatter_reduce(
        main.zeros_like(counts), 0, flat, places, "amin", include_self=False
    )
    return unique_all_result(*as_array((values, first, inverse, counts), (x,)))


def unique_counts(x: Any, /) -> unique_counts_result:
    """The different elements, and how often each is there.

    >>> xp.unique_counts(xp.asarray([3, 1, 3])).counts
    tensor([1, 2])
    """
    return unique_counts_result(*as_array(main.unique(x, return_counts=True), (x,)))


def unique_inverse(x: Any, /) -> unique_inverse_result:
    """The different elements, and for each element which of them it is.

    >>> values, inverse = xp.unique_inverse(xp.asarray([3, 1, 3]))
    >>> xp.take(values, inverse)
    tensor([3, 1, 3])
    """
    return unique_inverse_result(*as_array(main.unique(x, return_inverse=True), (x,)))


@standard
def unique_values(x: Any, /) -> Any:
    """The different elements.

    >>> xp.unique_values(xp.asarray([3, 1, 3]))
    tensor([1, 3])
    """
    return main.unique(x)
