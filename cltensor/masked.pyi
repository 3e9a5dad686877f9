"""The namespace cltensor.masked. Written by `python -m cltensor.command.stubs`."""

import builtins
from typing import Any, TypeAlias, overload

from cltensor import return_types
from cltensor.core.tensor import Tensor

_DType: TypeAlias = Any
_bool: TypeAlias = builtins.bool
_float: TypeAlias = builtins.float
_int: TypeAlias = builtins.int

__all__: list[str]

@overload
def amax(
    input: Tensor,
    dim: _int | tuple[_int, ...] | None = None,
    *,
    keepdim: _bool = False,
    dtype: _DType = None,
    mask: Tensor | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def amax(
    input: Tensor,
    axis: _int | tuple[_int, ...] | None = None,
    *,
    keepdims: _bool = False,
    dtype: _DType = None,
    mask: Tensor | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def amin(
    input: Tensor,
    dim: _int | tuple[_int, ...] | None = None,
    *,
    keepdim: _bool = False,
    dtype: _DType = None,
    mask: Tensor | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def amin(
    input: Tensor,
    axis: _int | tuple[_int, ...] | None = None,
    *,
    keepdims: _bool = False,
    dtype: _DType = None,
    mask: Tensor | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def argmax(
    input: Tensor,
    dim: _int | None = None,
    *,
    keepdim: _bool = False,
    dtype: _DType = None,
    mask: Tensor | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def argmax(
    input: Tensor,
    axis: _int | None = None,
    *,
    keepdims: _bool = False,
    dtype: _DType = None,
    mask: Tensor | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def argmin(
    input: Tensor,
    dim: _int | None = None,
    *,
    keepdim: _bool = False,
    dtype: _DType = None,
    mask: Tensor | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def argmin(
    input: Tensor,
    axis: _int | None = None,
    *,
    keepdims: _bool = False,
    dtype: _DType = None,
    mask: Tensor | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def cumprod(
    input: Tensor,
    dim: _int,
    *,
    dtype: _DType = None,
    mask: Tensor | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def cumprod(
    input: Tensor,
    axis: _int,
    *,
    dtype: _DType = None,
    mask: Tensor | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def cumsum(
    input: Tensor,
    dim: _int,
    *,
    dtype: _DType = None,
    mask: Tensor | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def cumsum(
    input: Tensor,
    axis: _int,
    *,
    dtype: _DType = None,
    mask: Tensor | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def log_softmax(
    input: Tensor,
    dim: _int,
    *,
    dtype: _DType = None,
    mask: Tensor | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def log_softmax(
    input: Tensor,
    axis: _int,
    *,
    dtype: _DType = None,
    mask: Tensor | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
def logaddexp(
    input: Tensor,
    other: Tensor,
    *,
    dtype: _DType = None,
    input_mask: Any = None,
    other_mask: Any = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def logsumexp(
    input: Tensor,
    dim: _int | tuple[_int, ...] | None = None,
    *,
    keepdim: _bool = False,
    dtype: _DType = None,
    mask: Tensor | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def logsumexp(
    input: Tensor,
    axis: _int | tuple[_int, ...] | None = None,
    *,
    keepdims: _bool = False,
    dtype: _DType = None,
    mask: Tensor | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def mean(
    input: Tensor,
    dim: _int | tuple[_int, ...] | None = None,
    *,
    keepdim: _bool = False,
    dtype: _DType = None,
    mask: Tensor | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def mean(
    input: Tensor,
    axis: _int | tuple[_int, ...] | None = None,
    *,
    keepdims: _bool = False,
    dtype: _DType = None,
    mask: Tensor | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def median(
    input: Tensor,
    dim: _int = -1,
    *,
    keepdim: _bool = False,
    dtype: _DType = None,
    mask: Tensor | None = None,
    out: Any = None,
) -> return_types.median: ...
@overload
def median(
    input: Tensor,
    axis: _int = -1,
    *,
    keepdims: _bool = False,
    dtype: _DType = None,
    mask: Tensor | None = None,
    out: Any = None,
) -> return_types.median: ...
@overload
def norm(
    input: Tensor,
    ord: _float | None = 2.0,
    dim: _int | tuple[_int, ...] | None = None,
    *,
    keepdim: _bool = False,
    dtype: _DType = None,
    mask: Tensor | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def norm(
    input: Tensor,
    ord: _float | None = 2.0,
    axis: _int | tuple[_int, ...] | None = None,
    *,
    keepdims: _bool = False,
    dtype: _DType = None,
    mask: Tensor | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def normalize(
    input: Tensor,
    ord: _float,
    dim: _int,
    *,
    eps: _float = 1e-12,
    dtype: _DType = None,
    mask: Tensor | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def normalize(
    input: Tensor,
    ord: _float,
    axis: _int,
    *,
    eps: _float = 1e-12,
    dtype: _DType = None,
    mask: Tensor | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def prod(
    input: Tensor,
    dim: _int | tuple[_int, ...] | None = None,
    *,
    keepdim: _bool = False,
    dtype: _DType = None,
    mask: Tensor | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def prod(
    input: Tensor,
    axis: _int | tuple[_int, ...] | None = None,
    *,
    keepdims: _bool = False,
    dtype: _DType = None,
    mask: Tensor | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def softmax(
    input: Tensor,
    dim: _int,
    *,
    dtype: _DType = None,
    mask: Tensor | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def softmax(
    input: Tensor,
    axis: _int,
    *,
    dtype: _DType = None,
    mask: Tensor | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def softmin(
    input: Tensor,
    dim: _int,
    *,
    dtype: _DType = None,
    mask: Tensor | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def softmin(
    input: Tensor,
    axis: _int,
    *,
    dtype: _DType = None,
    mask: Tensor | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def std(
    input: Tensor,
    dim: _int | tuple[_int, ...] | None = None,
    unbiased: _bool | None = None,
    *,
    correction: _float | None = None,
    keepdim: _bool = False,
    dtype: _DType = None,
    mask: Tensor | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def std(
    input: Tensor,
    axis: _int | tuple[_int, ...] | None = None,
    unbiased: _bool | None = None,
    *,
    correction: _float | None = None,
    keepdims: _bool = False,
    dtype: _DType = None,
    mask: Tensor | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def sum(
    input: Tensor,
    dim: _int | tuple[_int, ...] | None = None,
    *,
    keepdim: _bool = False,
    dtype: _DType = None,
    mask: Tensor | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def sum(
    input: Tensor,
    axis: _int | tuple[_int, ...] | None = None,
    *,
    keepdims: _bool = False,
    dtype: _DType = None,
    mask: Tensor | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def var(
    input: Tensor,
    dim: _int | tuple[_int, ...] | None = None,
    unbiased: _bool | None = None,
    *,
    correction: _float | None = None,
    keepdim: _bool = False,
    dtype: _DType = None,
    mask: Tensor | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def var(
    input: Tensor,
    axis: _int | tuple[_int, ...] | None = None,
    unbiased: _bool | None = None,
    *,
    correction: _float | None = None,
    keepdims: _bool = False,
    dtype: _DType = None,
    mask: Tensor | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
