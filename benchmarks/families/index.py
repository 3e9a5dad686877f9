"""Reading and writing at index arrays, counted in elements that are picked or put."""

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.case import Case, Library

FAMILY = "index"
_ROWS, _WIDTH, _PICKED = 100_000, 64, 200_000


def _case(
    name: str, make: Callable[[Library], Callable[[], Any]], work: float, torch_only: bool = False
) -> Case:
    rivals = ("torch",) if torch_only else ("numpy", "torch")
    return Case(FAMILY, name, make, work, "million/s", rivals=rivals)


def _table(function: Callable[[Any, Any], Any]) -> Callable[[Library], Callable[[], Any]]:
    """`function` of a table of rows and of places among them."""

    def make(lib: Library) -> Callable[[], Any]:
        table, places = lib.normal(_ROWS, _WIDTH), lib.integers(_ROWS, _PICKED)
        return lambda: function(table, places)

    return make


def _added(lib: Library) -> Callable[[], Any]:
    places, rows = lib.integers(_ROWS, _PICKED), lib.normal(_PICKED, _WIDTH)
    zeros = lib.array(np.zeros((_ROWS, _WIDTH), np.float32))
    return lambda: zeros.index_add(0, places, rows)


def _gathered(lib: Library) -> Callable[[], Any]:
    x, places = lib.normal(1000, 1000), lib.integers(1000, 1000, 1000)
    if lib.name == "numpy":
        return lambda: np.take_along_axis(x, places, 1)
    return lambda: lib.m.gather(x, 1, places)


def _masked(lib: Library) -> Callable[[], Any]:
    x = lib.normal(10**6)
    mask = x > 0
    return lambda: x[mask]


def _filled(lib: Library) -> Callable[[], Any]:
    x = lib.normal(10**6)
    mask = x > 0
    if lib.name == "numpy":
        return lambda: np.where(mask, np.float32(0), x)
    return lambda: x.masked_fill(mask, 0)


def _nonzero(lib: Library) -> Callable[[], Any]:
    x = lib.normal(10**6) > 1
    if lib.name == "numpy":
        return lambda: np.argwhere(x)
    return lambda: lib.m.nonzero(x)


def _counted(lib: Library) -> Callable[[], Any]:
    x = lib.integers(1000, 10**6)
    return lambda: lib.m.bincount(x)


def _searched(lib: Library) -> Callable[[], Any]:
    edges = lib.array(np.sort(np.random.default_rng(0).standard_normal(1000)).astype(np.float32))
    x = lib.normal(10**6)
    return lambda: lib.m.searchsorted(edges, x)


def cases() -> list[Case]:
    """The cases of this family."""
    elements = float(_PICKED * _WIDTH)
    return [
        _case("rows x[i], 200,000 of 64", _table(lambda table, places: table[places]), elements),
        _case("index_add, 200,000 rows of 64", _added, elements, torch_only=True),
        _case("gather 1000 x 1000", _gathered, 1e6),
        _case("x[mask] of 1e6", _masked, 1e6),
        _case("masked_fill of 1e6", _filled, 1e6),
        _case("nonzero of 1e6", _nonzero, 1e6),
        _case("bincount of 1e6", _counted, 1e6),
        _case("searchsorted, 1e6 in 1000", _searched, 1e6),
    ]
