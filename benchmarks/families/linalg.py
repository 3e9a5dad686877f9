"""Linear algebra of one matrix and of many, counted in floating-point operations."""

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.case import Case, Library

FAMILY = "linalg"


def _case(
    name: str, function: Callable[[Library, Any], Any], work: float, *shape: int, kind: str = ""
) -> Case:
    """`function` of normal matrices of that shape; kind: "symmetric" or "definite"."""

    def build(lib: Library):
        drawn = np.random.default_rng(1).standard_normal(shape).astype(np.float32)
        turned = drawn.swapaxes(-1, -2)
        if kind == "symmetric":
            drawn = drawn + turned
        elif kind == "definite":
            drawn = drawn @ turned / shape[-1] + np.eye(shape[-1], dtype=np.float32)
        x = lib.array(drawn)
        return lambda: function(lib, x)

    return Case(FAMILY, name, build, work, "GFLOP/s")


def _solve(lib: Library, x: Any) -> Any:
    return lib.m.linalg.solve(x, x[..., :8])


def _cholesky(lib: Library, x: Any) -> Any:
    return lib.m.linalg.cholesky(x)


def _inverse(lib: Library, x: Any) -> Any:
    return lib.m.linalg.inv(x)


def _logarithm(lib: Library, x: Any) -> Any:
    return lib.m.linalg.slogdet(x)[1]


def _r(lib: Library, x: Any) -> Any:
    """The magnitudes of R: signs are free."""
    return abs(lib.m.linalg.qr(x)[1])


def _values(lib: Library, x: Any) -> Any:
    return lib.m.linalg.eigh(x)[0]


def _singular(lib: Library, x: Any) -> Any:
    return lib.m.linalg.svd(x)[1]


def cases() -> list[Case]:
    """The cases of this family."""
    n = 1024
    return [
        _case("solve 1024", _solve, 2 / 3 * n**3, n, n, kind="definite"),
        _case("inverse 1024", _inverse, 2 * n**3, n, n, kind="definite"),
        _case("slogdet 1024", _logarithm, 2 / 3 * n**3, n, n),
        _case("Cholesky 1024", _cholesky, n**3 / 3, n, n, kind="definite"),
        _case("QR 1024", _r, 8 / 3 * n**3, n, n),
        _case("eigh 512", _values, 9 * 512**3, 512, 512, kind="symmetric"),
        _case("SVD 512", _singular, 21 * 512**3, 512, 512),
        _case("solve 1000 of 16 x 16", _solve, 2.7e6, 1000, 16, 16, kind="definite"),
        _case(
            "Cholesky 1000 of 16 x 16", _cholesky, 1000 * 16**3 / 3, 1000, 16, 16, kind="definite"
        ),
    ]
