"""The namespace cltensor.signal.windows. Written by `python -m cltensor.command.stubs`."""

import builtins
from collections.abc import Iterable
from typing import Any, TypeAlias, overload

from cltensor.core.tensor import Tensor
from cltensor.runtime.device import DeviceSpec

_DType: TypeAlias = Any
_bool: TypeAlias = builtins.bool
_float: TypeAlias = builtins.float
_int: TypeAlias = builtins.int

__all__: list[str]

def bartlett(
    M: _int,
    *,
    sym: _bool = True,
    dtype: _DType = None,
    device: DeviceSpec = None,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
def blackman(
    M: _int,
    *,
    sym: _bool = True,
    dtype: _DType = None,
    device: DeviceSpec = None,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
def cosine(
    M: _int,
    *,
    sym: _bool = True,
    dtype: _DType = None,
    device: DeviceSpec = None,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
def exponential(
    M: _int,
    *,
    center: _float | None = None,
    tau: _float = 1.0,
    sym: _bool = True,
    dtype: _DType = None,
    device: DeviceSpec = None,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
def gaussian(
    M: _int,
    *,
    std: _float = 1.0,
    sym: _bool = True,
    dtype: _DType = None,
    device: DeviceSpec = None,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def general_cosine(
    M: _int,
    *,
    a: Iterable[_float],
    sym: _bool = True,
    dtype: _DType = None,
    device: DeviceSpec = None,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def general_cosine(
    M: _int,
    *,
    input: Iterable[_float],
    sym: _bool = True,
    dtype: _DType = None,
    device: DeviceSpec = None,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
def general_hamming(
    M: _int,
    *,
    alpha: _float = 0.54,
    sym: _bool = True,
    dtype: _DType = None,
    device: DeviceSpec = None,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
def hamming(
    M: _int,
    *,
    sym: _bool = True,
    dtype: _DType = None,
    device: DeviceSpec = None,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
def hann(
    M: _int,
    *,
    sym: _bool = True,
    dtype: _DType = None,
    device: DeviceSpec = None,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
def kaiser(
    M: _int,
    *,
    beta: _float = 12.0,
    sym: _bool = True,
    dtype: _DType = None,
    device: DeviceSpec = None,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
def nuttall(
    M: _int,
    *,
    sym: _bool = True,
    dtype: _DType = None,
    device: DeviceSpec = None,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
