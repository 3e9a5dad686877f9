"""Named pairs: what functions return that find values and where they are."""

from __future__ import annotations

from typing import NamedTuple

from cltensor.core.tensor import Tensor


class Pair(NamedTuple):
    """Values, and the indices (int64) at which they are."""

    values: Tensor
    indices: Tensor


class _Shown(Pair):
    __slots__ = ()

    def __repr__(self) -> str:
        """One result a line, as PyTorch shows them."""
        parts = ",\n".join(f"{n}={v!r}" for n, v in zip(self._fields, self, strict=True))
        return f"cltensor.return_types.{type(self).__name__}(\n{parts})"


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
