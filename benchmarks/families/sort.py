"""Sorting, and the largest and smallest elements, counted in elements."""

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.case import Case, Library

FAMILY = "sort"


def _case(name: str, function: Callable[[Library, Any], Any], *shape: int, **kwargs: Any) -> Case:
    """`function` of normal numbers of that shape."""

    def build(lib: Library):
        x = lib.normal(*shape)
        return lambda: function(lib, x)

    return Case(FAMILY, name, build, float(np.prod(shape)), "million/s", **kwargs)


def _sort(lib: Library, x: Any) -> Any:
    """The elements in order, alone."""
    if lib.name == "numpy":
        return np.sort(x)
    return lib.m.sort(x, axis=-1) if lib.name == "cltensor" else lib.m.sort(x)[0]


def _pairs(lib: Library, x: Any) -> Any:
    """The elements in order, and where each was."""
    if lib.name == "numpy":
        places = np.argsort(x, kind="stable")
        return np.take_along_axis(x, places, -1), places
    return lib.m.sort(x, stable=True)


def _argsort(lib: Library, x: Any) -> Any:
    if lib.name == "numpy":
        return np.argsort(x, kind="stable")
    return lib.m.argsort(x, stable=True)


def _topk(count: int) -> Callable[[Library, Any], Any]:
    def largest(lib: Library, x: Any) -> Any:
        if lib.name == "numpy":
            return -np.sort(np.partition(-x, count - 1, axis=-1)[..., :count], axis=-1)
        return lib.m.topk(x, count)[0]

    return largest


def _kth(lib: Library, x: Any) -> Any:
    middle = x.shape[-1] // 2
    if lib.name == "numpy":
        return np.partition(x, middle - 1)[middle - 1]
    return lib.m.kthvalue(x, middle)[0]


def _unique(lib: Library, x: Any) -> Any:
    whole = (x * 100).astype(np.int32) if lib.name == "numpy" else (x * 100).to(lib.m.int32)
    return np.unique(whole) if lib.name == "numpy" else lib.m.unique(whole)


def cases() -> list[Case]:
    """The cases of this family."""
    return [
        *[_case(f"sort 1e{k}", _sort, 10**k) for k in (3, 5, 6, 7)],
        _case("sort rows 1000 x 1000", _sort, 1000, 1000),
        *[_case(f"sort 1e{k} with places", _pairs, 10**k) for k in (3, 5, 6, 7)],
        _case("sort rows 1000 x 1000 with places", _pairs, 1000, 1000),
        _case("stable argsort 1e6", _argsort, 10**6),
        _case("5 largest of rows 1000 x 1000", _topk(5), 1000, 1000),
        _case("100 largest of 1e6", _topk(100), 10**6),
        _case("kthvalue, the middle of 1e6", _kth, 10**6),
        _case("unique of 1e6 integers", _unique, 10**6),
    ]
