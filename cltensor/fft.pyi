"""The namespace cltensor.fft. Written by `python -m cltensor.command.stubs`."""

import builtins
from collections.abc import Sequence
from typing import Any, TypeAlias, overload

from cltensor.core.tensor import Tensor

_DType: TypeAlias = Any
_bool: TypeAlias = builtins.bool
_float: TypeAlias = builtins.float
_int: TypeAlias = builtins.int

__all__: list[str]

@overload
def fft(
    x: Tensor,
    n: _int | None = None,
    dim: _int = -1,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def fft(
    input: Tensor,
    n: _int | None = None,
    dim: _int = -1,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def fft(
    x: Tensor,
    n: _int | None = None,
    axis: _int = -1,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def fft2(
    x: Tensor,
    s: _int | Sequence[_int] | None = None,
    dim: _int | Sequence[_int] | None = ...,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def fft2(
    input: Tensor,
    s: _int | Sequence[_int] | None = None,
    dim: _int | Sequence[_int] | None = ...,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def fft2(
    x: Tensor,
    s: _int | Sequence[_int] | None = None,
    axis: _int | Sequence[_int] | None = ...,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
def fftfreq(
    n: _int,
    d: _float = 1.0,
    dtype: _DType = None,
    device: Any = None,
    *,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def fftn(
    x: Tensor,
    s: _int | Sequence[_int] | None = None,
    dim: _int | Sequence[_int] | None = None,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def fftn(
    input: Tensor,
    s: _int | Sequence[_int] | None = None,
    dim: _int | Sequence[_int] | None = None,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def fftn(
    x: Tensor,
    s: _int | Sequence[_int] | None = None,
    axis: _int | Sequence[_int] | None = None,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def fftshift(
    x: Tensor, dim: _int | Sequence[_int] | None = None, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def fftshift(
    input: Tensor, dim: _int | Sequence[_int] | None = None, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def fftshift(
    x: Tensor, axis: _int | Sequence[_int] | None = None, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def hfft(
    x: Tensor,
    n: _int | None = None,
    dim: _int = -1,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def hfft(
    input: Tensor,
    n: _int | None = None,
    dim: _int = -1,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def hfft(
    x: Tensor,
    n: _int | None = None,
    axis: _int = -1,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def hfft2(
    x: Tensor,
    s: _int | Sequence[_int] | None = None,
    dim: _int | Sequence[_int] | None = ...,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def hfft2(
    input: Tensor,
    s: _int | Sequence[_int] | None = None,
    dim: _int | Sequence[_int] | None = ...,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def hfft2(
    x: Tensor,
    s: _int | Sequence[_int] | None = None,
    axis: _int | Sequence[_int] | None = ...,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def hfftn(
    x: Tensor,
    s: _int | Sequence[_int] | None = None,
    dim: _int | Sequence[_int] | None = None,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def hfftn(
    input: Tensor,
    s: _int | Sequence[_int] | None = None,
    dim: _int | Sequence[_int] | None = None,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def hfftn(
    x: Tensor,
    s: _int | Sequence[_int] | None = None,
    axis: _int | Sequence[_int] | None = None,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def ifft(
    x: Tensor,
    n: _int | None = None,
    dim: _int = -1,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def ifft(
    input: Tensor,
    n: _int | None = None,
    dim: _int = -1,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def ifft(
    x: Tensor,
    n: _int | None = None,
    axis: _int = -1,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def ifft2(
    x: Tensor,
    s: _int | Sequence[_int] | None = None,
    dim: _int | Sequence[_int] | None = ...,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def ifft2(
    input: Tensor,
    s: _int | Sequence[_int] | None = None,
    dim: _int | Sequence[_int] | None = ...,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def ifft2(
    x: Tensor,
    s: _int | Sequence[_int] | None = None,
    axis: _int | Sequence[_int] | None = ...,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def ifftn(
    x: Tensor,
    s: _int | Sequence[_int] | None = None,
    dim: _int | Sequence[_int] | None = None,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def ifftn(
    input: Tensor,
    s: _int | Sequence[_int] | None = None,
    dim: _int | Sequence[_int] | None = None,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def ifftn(
    x: Tensor,
    s: _int | Sequence[_int] | None = None,
    axis: _int | Sequence[_int] | None = None,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def ifftshift(
    x: Tensor, dim: _int | Sequence[_int] | None = None, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def ifftshift(
    input: Tensor, dim: _int | Sequence[_int] | None = None, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def ifftshift(
    x: Tensor, axis: _int | Sequence[_int] | None = None, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def ihfft(
    x: Tensor,
    n: _int | None = None,
    dim: _int = -1,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def ihfft(
    input: Tensor,
    n: _int | None = None,
    dim: _int = -1,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def ihfft(
    x: Tensor,
    n: _int | None = None,
    axis: _int = -1,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def ihfft2(
    x: Tensor,
    s: _int | Sequence[_int] | None = None,
    dim: _int | Sequence[_int] | None = ...,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def ihfft2(
    input: Tensor,
    s: _int | Sequence[_int] | None = None,
    dim: _int | Sequence[_int] | None = ...,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def ihfft2(
    x: Tensor,
    s: _int | Sequence[_int] | None = None,
    axis: _int | Sequence[_int] | None = ...,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def ihfftn(
    x: Tensor,
    s: _int | Sequence[_int] | None = None,
    dim: _int | Sequence[_int] | None = None,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def ihfftn(
    input: Tensor,
    s: _int | Sequence[_int] | None = None,
    dim: _int | Sequence[_int] | None = None,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def ihfftn(
    x: Tensor,
    s: _int | Sequence[_int] | None = None,
    axis: _int | Sequence[_int] | None = None,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def irfft(
    x: Tensor,
    n: _int | None = None,
    dim: _int = -1,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def irfft(
    input: Tensor,
    n: _int | None = None,
    dim: _int = -1,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def irfft(
    x: Tensor,
    n: _int | None = None,
    axis: _int = -1,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def irfft2(
    x: Tensor,
    s: _int | Sequence[_int] | None = None,
    dim: _int | Sequence[_int] | None = ...,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def irfft2(
    input: Tensor,
    s: _int | Sequence[_int] | None = None,
    dim: _int | Sequence[_int] | None = ...,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def irfft2(
    x: Tensor,
    s: _int | Sequence[_int] | None = None,
    axis: _int | Sequence[_int] | None = ...,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def irfftn(
    x: Tensor,
    s: _int | Sequence[_int] | None = None,
    dim: _int | Sequence[_int] | None = None,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def irfftn(
    input: Tensor,
    s: _int | Sequence[_int] | None = None,
    dim: _int | Sequence[_int] | None = None,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def irfftn(
    x: Tensor,
    s: _int | Sequence[_int] | None = None,
    axis: _int | Sequence[_int] | None = None,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def rfft(
    x: Tensor,
    n: _int | None = None,
    dim: _int = -1,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def rfft(
    input: Tensor,
    n: _int | None = None,
    dim: _int = -1,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def rfft(
    x: Tensor,
    n: _int | None = None,
    axis: _int = -1,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def rfft2(
    x: Tensor,
    s: _int | Sequence[_int] | None = None,
    dim: _int | Sequence[_int] | None = ...,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def rfft2(
    input: Tensor,
    s: _int | Sequence[_int] | None = None,
    dim: _int | Sequence[_int] | None = ...,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def rfft2(
    x: Tensor,
    s: _int | Sequence[_int] | None = None,
    axis: _int | Sequence[_int] | None = ...,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
def rfftfreq(
    n: _int,
    d: _float = 1.0,
    dtype: _DType = None,
    device: Any = None,
    *,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def rfftn(
    x: Tensor,
    s: _int | Sequence[_int] | None = None,
    dim: _int | Sequence[_int] | None = None,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def rfftn(
    input: Tensor,
    s: _int | Sequence[_int] | None = None,
    dim: _int | Sequence[_int] | None = None,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def rfftn(
    x: Tensor,
    s: _int | Sequence[_int] | None = None,
    axis: _int | Sequence[_int] | None = None,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
