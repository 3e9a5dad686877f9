"""Scans, counted in bytes read and written."""

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.case import Case, Library

FAMILY = "scan"


def _case(
    name: str, function: Callable[[Library, Any], Any], *shape: int, torch_only: bool = False
) -> Case:
    """`function` of normal numbers of that shape."""

    def build(lib: Library):
        x = lib.normal(*shape)
        return lambda: function(lib, x)

    rivals = ("torch",) if torch_only else ("numpy", "torch")
    return Case(FAMILY, name, build, 8.0 * float(np.prod(shape)), "GB/s", rivals=rivals)


def cases() -> list[Case]:
    """The cases of this family."""
    return [
        *[_case(f"cumsum 1e{k}", lambda lib, x: lib.m.cumsum(x, 0), 10**k) for k in (3, 5, 6, 7)],
        _case("cumsum of rows 1000 x 1000", lambda lib, x: lib.m.cumsum(x, 1), 1000, 1000),
        _case("cumsum of columns 1000 x 1000", lambda lib, x: lib.m.cumsum(x, 0), 1000, 1000),
        _case("cumprod 1e6", lambda lib, x: lib.m.cumprod(x, 0), 10**6),
        _case("cummax 1e6", lambda lib, x: lib.m.cummax(x, 0)[0], 10**6, torch_only=True),
        _case("logcumsumexp 1e6", lambda lib, x: lib.m.logcumsumexp(x, 0), 10**6, torch_only=True),
        _case("diff 1e7", lambda lib, x: lib.m.diff(x), 10**7),
    ]
