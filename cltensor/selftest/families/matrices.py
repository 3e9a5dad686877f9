"""Linear algebra: factors that give the matrix back, and solutions that solve."""

from __future__ import annotations

from typing import Any

import numpy as np

import cltensor as ct
from cltensor.selftest.checks import Family, near, numbers, same

MATRICES = Family("linear algebra")
#: What errors grow to, of the largest element.
_LOOSE = {"float32": 5e-4, "float64": 1e-10, "complex64": 5e-4}
_CASES = [(dtype, n) for dtype in ("float32", "float64") for n in (1, 5, 33, 65)]


def _near(got: Any, want: Any, dtype: str) -> None:
    near(got, want, _LOOSE[dtype], dtype)


def _host(x: Any) -> np.ndarray:
    return x.numpy().astype("complex128" if x.dtype.kind == "c" else "float64")


def _regular(n: int, dtype: str) -> np.ndarray:
    """Two matrices, far from singular."""
    return numbers(2, n, n, dtype=dtype) + (n**0.5 + 2) * np.eye(n, dtype=dtype)


def _definite(n: int, dtype: str) -> np.ndarray:
    a = numbers(2, n, n, dtype=dtype)
    return (a @ a.conj().swapaxes(-1, -2) + n * np.eye(n)).astype(dtype)


@MATRICES.each(*_CASES, ("complex64", 7))
def cholesky(dtype: str, n: int) -> None:
    a = _definite(n, dtype)
    lower = ct.linalg.cholesky(ct.tensor(a))
    _near(lower, np.linalg.cholesky(a.astype(np.result_type(a, "float64"))), dtype)


@MATRICES.each(*_CASES)
def solving_and_inverting(dtype: str, n: int) -> None:
    a, b = _regular(n, dtype), numbers(2, n, 3, dtype=dtype, seed=1)
    wide = a.astype("float64")
    _near(ct.linalg.solve(ct.tensor(a), ct.tensor(b)), np.linalg.solve(wide, b), dtype)
    _near(ct.linalg.inv(ct.tensor(a)), np.linalg.inv(wide), dtype)


@MATRICES.each(*_CASES[1:3], *_CASES[5:7])
def factors_with_pivots(dtype: str, n: int) -> None:
    a = numbers(2, n, n + 2, dtype=dtype)
    p, lower, upper = ct.linalg.lu(ct.tensor(a))
    _near(p @ lower @ upper, a, dtype)


@MATRICES.each(*_CASES[:3], *_CASES[4:7])
def determinants(dtype: str, n: int) -> None:
    a = (_regular(n, dtype) / (n**0.5 + 2)).astype(dtype)
    _near(ct.linalg.det(ct.tensor(a)), np.linalg.det(a.astype("float64")), dtype)


@MATRICES.each(*_CASES[1:3], *_CASES[5:7])
def orthogonal_factors(dtype: str, n: int) -> None:
    for rows, columns in ((n + 4, n), (n, n + 4)):
        a = numbers(2, rows, columns, dtype=dtype)
        q, r = ct.linalg.qr(ct.tensor(a))
        _near(q @ r, a, dtype)
        turned = _host(q).swapaxes(-1, -2) @ _host(q)
        _near(
            ct.tensor(turned.astype(dtype)), np.tile(np.eye(min(rows, columns)), (2, 1, 1)), dtype
        )


@MATRICES.each(*_CASES[:3], *_CASES[4:7])
def symmetric_eigenvalues(dtype: str, n: int) -> None:
    a = numbers(2, n, n, dtype=dtype)
    a = a + a.swapaxes(-1, -2)
    values, vectors = ct.linalg.eigh(ct.tensor(a))
    _near(values, np.linalg.eigvalsh(a.astype("float64")), dtype)
    _near(a_times(a, vectors), _host(vectors) * _host(values)[..., None, :], dtype)


def a_times(a: np.ndarray, vectors: Any) -> Any:
    """The product on the device."""
    return ct.tensor(a) @ vectors


@MATRICES.each(("float32", 4, 4), ("float32", 20, 9), ("float32", 9, 33), ("float64", 12, 20))
def singular_values(dtype: str, rows: int, columns: int) -> None:
    a = numbers(2, rows, columns, dtype=dtype)
    u, s, v = ct.linalg.svd(ct.tensor(a), full_matrices=False)
    _near(s, np.linalg.svd(a.astype("float64"), compute_uv=False), dtype)
    _near(u * s.unsqueeze(-2) @ v, a, dtype)


@MATRICES.each(("float32", 5), ("float32", 33), ("float64", 33))
def triangles(dtype: str, n: int) -> None:
    a, b = np.tril(_regular(n, dtype)), numbers(2, n, 3, dtype=dtype, seed=1)
    got = ct.linalg.solve_triangular(ct.tensor(a), ct.tensor(b), upper=False)
    _near(got, np.linalg.solve(a.astype("float64"), b), dtype)


@MATRICES.each("float32", "float64")
def least_squares(dtype: str) -> None:
    a, b = numbers(20, 7, dtype=dtype), numbers(20, 2, dtype=dtype, seed=1)
    want = np.linalg.lstsq(a.astype("float64"), b.astype("float64"), rcond=None)[0]
    _near(ct.linalg.lstsq(ct.tensor(a), ct.tensor(b)).solution, want, dtype)


@MATRICES.check()
def powers_traces_and_outer_products() -> None:
    a = numbers(5, 5) / 4
    t = ct.tensor(a)
    near(ct.linalg.matrix_power(t, 3), a.astype("float64") @ a @ a, 1e-5, "float32")
    near(ct.trace(t), np.trace(a), 1e-5, "float32")
    near(ct.outer(t[0], t[1]), np.outer(a[0], a[1]), 1e-6, "float32")
    series, term = np.eye(5), np.eye(5)
    for i in range(1, 20):
        term = term @ a / i
        series = series + term
    near(ct.linalg.matrix_exp(t), series, 1e-5, "float32")
    same(ct.diagonal(t, 1), np.diagonal(a, 1))
