"""Elementwise work on a million and ten million floats, counted in bytes that must move."""

from collections.abc import Callable
from typing import Any

from benchmarks.case import Case, Library

FAMILY = "pointwise"
_SIZES = {"1e6": 10**6, "1e7": 10**7}


def _case(name: str, size: str, operands: int, function: Callable[..., Any]) -> Case:
    n = _SIZES[size]

    def build(lib: Library):
        arrays = [lib.normal(n) for _ in range(operands)]
        return lambda: function(lib, *arrays)

    return Case(FAMILY, f"{name} {size}", build, 4.0 * n * (operands + 1), "GB/s")


def cases() -> list[Case]:
    """The cases of this family."""
    kinds: list[tuple[str, int, Callable[..., Any]]] = [
        ("add", 2, lambda lib, x, y: x + y),
        ("relu(x*y+z)*0.5", 3, lambda lib, x, y, z: lib.relu(x * y + z) * 0.5),
        ("exp", 1, lambda lib, x: lib.m.exp(x)),
        ("tanh", 1, lambda lib, x: lib.m.tanh(x)),
    ]
    return [_case(name, size, k, f) for name, k, f in kinds for size in _SIZES]
