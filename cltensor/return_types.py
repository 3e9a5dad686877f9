"""Named tuples: what functions return that give several tensors."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeVar

from cltensor.core.tensor import Tensor

T = TypeVar("T")


class Pair(NamedTuple):
    """Values, and the indices (int64) at which they are."""

    values: Tensor
    indices: Tensor


def _show(self: Any) -> str:
    """One result a line, as PyTorch shows them."""
    parts = ",\n".join(f"{n}={v!r}" for n, v in zip(self._fields, self, strict=True))
    return f"cltensor.return_types.{type(self).__name__}(\n{parts})"


def _prints(kind: type[T]) -> type[T]:
    """Decorator: `kind` prints as PyTorch's does."""
    kind.__repr__ = _show  # type: ignore[method-assign]
    return kind


@_prints
class _Shown(Pair):
    __slots__ = ()


class max(_Shown):
    """Of `cltensor.max` along an axis."""

    __slots__ = ()


class min(_Shown):
    """Of `cltensor.min` along an axis."""

    __slots__ = ()


class sort(_Shown):
    """Of `cltensor.sort`."""

    __slots__ = ()


class topk(_Shown):
    """Of `cltensor.topk`."""

    __slots__ = ()


class kthvalue(_Shown):
    """Of `cltensor.kthvalue`."""

    __slots__ = ()


class median(_Shown):
    """Of `cltensor.median` along an axis."""

    __slots__ = ()


class nanmedian(_Shown):
    """Of `cltensor.nanmedian` along an axis."""

    __slots__ = ()


class mode(_Shown):
    """Of `cltensor.core.mode`."""

    __slots__ = ()


class cummax(_Shown):
    """Of `cltensor.cummax`."""

    __slots__ = ()


class cummin(_Shown):
    """Of `cltensor.cummin`."""

    __slots__ = ()


@_prints
class cholesky_ex(NamedTuple):
    """Of `cltensor.linalg.cholesky_ex`."""

    L: Tensor
    info: Tensor


@_prints
class lu(NamedTuple):
    """Of `cltensor.linalg.lu`."""

    P: Tensor
    L: Tensor
    U: Tensor


@_prints
class lu_factor(NamedTuple):
    """Of `cltensor.linalg.lu_factor`."""

    LU: Tensor
    pivots: Tensor


@_prints
class lu_factor_ex(NamedTuple):
    """Of `cltensor.linalg.lu_factor_ex`."""

    LU: Tensor
    pivots: Tensor
    info: Tensor


@_prints
class ldl_factor(NamedTuple):
    """Of `cltensor.linalg.ldl_factor`."""

    LD: Tensor
    pivots: Tensor


@_prints
class ldl_factor_ex(NamedTuple):
    """Of `cltensor.linalg.ldl_factor_ex`."""

    LD: Tensor
    pivots: Tensor
    info: Tensor


@_prints
class inv_ex(NamedTuple):
    """Of `cltensor.linalg.inv_ex`."""

    inverse: Tensor
    info: Tensor


@_prints
class solve_ex(NamedTuple):
    """Of `cltensor.linalg.solve_ex`."""

    result: Tensor
    info: Tensor


@_prints
class slogdet(NamedTuple):
    """Of `cltensor.linalg.slogdet`."""

    sign: Tensor
    logabsdet: Tensor


@_prints
class qr(NamedTuple):
    """Of `cltensor.linalg.qr and cltensor.qr`."""

    Q: Tensor
    R: Tensor


@_prints
class geqrf(NamedTuple):
    """Of `cltensor.geqrf`."""

    a: Tensor
    tau: Tensor


@_prints
class lstsq(NamedTuple):
    """Of `cltensor.linalg.lstsq`."""

    solution: Tensor
    residuals: Tensor
    rank: Tensor
    singular_values: Tensor


@_prints
class triangular_solve(NamedTuple):
    """Of `cltensor.triangular_solve`."""

    solution: Tensor
    cloned_coefficient: Tensor


@_prints
class eig(NamedTuple):
    """Of `cltensor.linalg.eig`."""

    eigenvalues: Tensor
    eigenvectors: Tensor


@_prints
class eigh(NamedTuple):
    """Of `cltensor.linalg.eigh`."""

    eigenvalues: Tensor
    eigenvectors: Tensor


@_prints
class linalg_svd(NamedTuple):
    """Of `cltensor.linalg.svd`."""

    U: Tensor
    S: Tensor
    Vh: Tensor


@_prints
class svd(NamedTuple):
    """Of `cltensor.svd`."""

    U: Tensor
    S: Tensor
    V: Tensor


@_prints
class lu_unpack(NamedTuple):
    """Of `cltensor.lu_unpack`."""

    P: Tensor
    L: Tensor
    U: Tensor


class histogram(NamedTuple):
    """Of `cltensor.histogram`: how many there are, and the edges of the bins."""

    hist: Tensor
    bin_edges: Tensor


class histogramdd(NamedTuple):
    """Of `cltensor.histogramdd`: how many there are, and the edges along each axis."""

    hist: Tensor
    bin_edges: tuple[Tensor, ...]


class Extremes(NamedTuple):
    """The smallest and the largest."""

    min: Tensor
    max: Tensor


class Parts(NamedTuple):
    """Mantissas, and exponents (int32)."""

    mantissa: Tensor
    exponent: Tensor


class aminmax(Extremes):
    """Of `cltensor.aminmax`."""

    __slots__ = ()


class frexp(Parts):
    """Of `cltensor.frexp`."""

    __slots__ = ()
