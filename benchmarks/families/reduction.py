"""Reductions of a 4096 x 4096 matrix, counted in bytes read."""

from collections.abc import Callable
from typing import Any

from benchmarks.case import Case, Library

FAMILY = "reduction"
_N = 4096


def _case(name: str, function: Callable[[Library, Any], Any]) -> Case:
    def build(lib: Library):
        x = lib.normal(_N, _N)
        return lambda: function(lib, x)

    return Case(FAMILY, name, build, 4.0 * _N * _N, "GB/s")


def cases() -> list[Case]:
    """The cases of this family."""
    return [
        _case("sum of all", lambda lib, x: x.sum()),
        _case("sum axis 0", lambda lib, x: x.sum(axis=0)),
        _case("sum axis 1", lambda lib, x: x.sum(axis=1)),
        _case("sum of squares", lambda lib, x: (x * x).sum()),
        _case("argmax axis 1", lambda lib, x: x.argmax(axis=1)),
    ]
