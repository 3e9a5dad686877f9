"""PyTorch's functions that copy what others only show: `x_copy` has elements of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cltensor.core.composite import composite
from cltensor.core.tensor import Tensor
from cltensor.ops.elementwise.cast import clone
from cltensor.ops.shape import cut, view, views


@composite(method=False)
def alias_copy(x: Tensor) -> Any:
    """A copy of x."""
    return clone(x)


@composite(method=False)
def detach_copy(x: Tensor) -> Any:
    """A copy of x outside the graph."""
    return clone(x.detach())


@composite(method=False)
def diagonal_copy(x: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    """A copy of `diagonal`."""
    return clone(cut.diagonal(x, offset, dim1, dim2))


@composite(method=False)
def expand_copy(x: Tensor, size: Sequence[int], *, implicit: bool = False) -> Any:
    """A copy of `expand`. implicit: PyTorch's keyword, which changes nothing."""
    return clone(view.expand(x, size))


@composite
def narrow_copy(x: Tensor, dim: int, start: int, length: int) -> Any:
    """A copy of `narrow`."""
    return clone(cut.narrow(x, dim, start, length))


@composite(method=False)
def permute_copy(x: Tensor, dims: Sequence[int]) -> Any:
    """A copy of `permute`."""
    return clone(view.permute(x, dims))


@composite(method=False)
def select_copy(x: Tensor, dim: int, index: int) -> Any:
    """A copy of `select`."""
    return clone(views.select(x, dim, index))


@composite(method=False)
def split_copy(x: Tensor, split_size: int, dim: int = 0) -> tuple[Any, ...]:
    """Copies of the parts that `split` gives."""
    return tuple([clone(part) for part in cut.split(x, split_size, dim)])


@composite(method=False)
def split_with_sizes_copy(x: Tensor, split_sizes: Sequence[int], dim: int = 0) -> tuple[Any, ...]:
    """Copies of the parts that `split_with_sizes` gives."""
    return tuple([clone(part) for part in cut.split_with_sizes(x, split_sizes, dim)])


@composite(method=False)
def squeeze_copy(x: Tensor, dim: int | tuple[int, ...] | None = None) -> Any:
    """A copy of `squeeze`."""
    return clone(view.squeeze(x, dim))


@composite(method=False)
def t_copy(x: Tensor) -> Any:
    """A copy of `t`."""
    return clone(view.t(x))


@composite(method=False)
def transpose_copy(x: Tensor, dim0: int, dim1: int) -> Any:
    """A copy of `transpose`."""
    return clone(view.swapaxes(x, dim0, dim1))


@composite(method=False)
def unbind_copy(x: Tensor, dim: int = 0) -> tuple[Any, ...]:
    """Copies of the parts that `unbind` gives."""
    return tuple([clone(part) for part in cut.unbind(x, dim)])


@composite(method=False)
def unfold_copy(x: Tensor, dimension: int, size: int, step: int) -> Any:
    """A copy of `unfold`."""
    return clone(views.unfold(x, dimension, size, step))


@composite(method=False)
def unsqueeze_copy(x: Tensor, dim: int) -> Any:
    """A copy of `unsqueeze`."""
    return clone(view.unsqueeze(x, dim))


@composite(method=False)
def view_copy(x: Tensor, size: Any = None, dtype: Any = None) -> Any:
    """A copy of `view`, in another shape or as another dtype."""
    return clone(view.view(x, size if dtype is None else dtype))
