"""The namespace cltensor.linalg. Written by `python -m cltensor.command.stubs`."""

import builtins
from typing import TypeAlias, overload

from cltensor.core.tensor import Tensor

_int: TypeAlias = builtins.int

__all__: list[str]

@overload
def diagonal(
    x: Tensor, offset: _int = 0, axis1: _int = 0, axis2: _int = 1, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def diagonal(
    input: Tensor, offset: _int = 0, axis1: _int = 0, axis2: _int = 1, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def matmul(a: Tensor, b: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def matmul(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor: ...
