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
    """A copy of x.

    >>> ct.alias_copy(ct.arange(2))
    tensor([0, 1])
    """
    return clone(x)


@composite(method=False)
def detach_copy(x: Tensor) -> Any:
    """A copy of x outside the graph.

    >>> ct.detach_copy(ct.ones(2, requires_grad=True)).requires_grad
    False
    """
    return clone(x.detach())


@composite(method=False)
def diagonal_copy(x: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    """A copy of `diagonal`.

    >>> ct.diagonal_copy(ct.arange(4).reshape(2, 2), 1)
    tensor([1])
    """
    return clone(cut.diagonal(x, offset, dim1, dim2))


@composite(method=False)
def expand_copy(x: Tensor, size: Sequence[int], *, implicit: bool = False) -> Any:
    """A copy of `expand`. implicit: PyTorch's keyword, which changes nothing.

    >>> ct.expand_copy(ct.arange(2), (2, 2))
    tensor([[0, 1],
            [0, 1]])
    """
    return clone(view.expand(x, size))


@composite
def narrow_copy(x: Tensor, dim: int, start: int, length: int) -> Any:
    """A copy of `narrow`.

    >>> ct.narrow_copy(ct.arange(5), 0, 1, 3)
    tensor([1, 2, 3])
    """
    return clone(cut.narrow(x, dim, start, length))


@composite(method=False)
def permute_copy(x: Tensor, dims: Sequence[int]) -> Any:
    """A copy of `permute`.

    >>> ct.permute_copy(ct.zeros(2, 3), (1, 0)).shape
    Size([3, 2])
    """
    return clone(view.permute(x, dims))


@composite(method=False)
def select_copy(x: Tensor, dim: int, index: int) -> Any:
    """A copy of `select`.

    >>> ct.select_copy(ct.arange(4).reshape(2, 2), 1, 0)
    tensor([0, 2])
    """
    return clone(views.select(x, dim, index))


@composite(method=False)
def split_copy(x: Tensor, split_size: int, dim: int = 0) -> tuple[Any, ...]:
    """Copies of the parts that `split` gives.

    >>> ct.split_copy(ct.arange(4), 2)
    (tensor([0, 1]), tensor([2, 3]))
    """
    return tuple([clone(part) for part in cut.split(x, split_size, dim)])


@composite(method=False)
def split_with_sizes_copy(x: Tensor, split_sizes: Sequence[int], dim: int = 0) -> tuple[Any, ...]:
    """Copies of the parts that `split_with_sizes` gives.

    >>> ct.split_with_sizes_copy(ct.arange(5), [2, 3])
    (tensor([0, 1]), tensor([2, 3, 4]))
    """
    return tuple([clone(part) for part in cut.split_with_sizes(x, split_sizes, dim)])


@composite(method=False)
def squeeze_copy(x: Tensor, dim: int | tuple[int, ...] | None = None) -> Any:
    """A copy of `squeeze`.

    >>> ct.squeeze_copy(ct.zeros(1, 3)).shape
    Size([3])
    """
    return clone(view.squeeze(x, dim))


@composite(method=False)
def t_copy(x: Tensor) -> Any:
    """A copy of `t`.

    >>> ct.t_copy(ct.zeros(2, 3)).shape
    Size([3, 2])
    """
    return clone(view.t(x))


@composite(method=False)
def transpose_copy(x: Tensor, dim0: int, dim1: int) -> Any:
    """A copy of `transpose`.

    >>> ct.transpose_copy(ct.zeros(2, 3), 0, 1).shape
    Size([3, 2])
    """
    return clone(view.swapaxes(x, dim0, dim1))


@composite(method=False)
def unbind_copy(x: Tensor, dim: int = 0) -> tuple[Any, ...]:
    """Copies of the parts that `unbind` gives.

    >>> ct.unbind_copy(ct.tensor([[1, 2], [3, 4]]))
    (tensor([1, 2]), tensor([3, 4]))
    """
    return tuple([clone(part) for part in cut.unbind(x, dim)])


@composite(method=False)
def unfold_copy(x: Tensor, dimension: int, size: int, step: int) -> Any:
    """A copy of `unfold`.

    >>> ct.unfold_copy(ct.arange(5), 0, 3, 2)
    tensor([[0, 1, 2],
            [2, 3, 4]])
    """
    return clone(views.unfold(x, dimension, size, step))


@composite(method=False)
def unsqueeze_copy(x: Tensor, dim: int) -> Any:
    """A copy of `unsqueeze`.

    >>> ct.unsqueeze_copy(ct.arange(2), 0).shape
    Size([1, 2])
    """
    return clone(view.unsqueeze(x, dim))


@composite(method=False)
def view_copy(x: Tensor, size: Any = None, dtype: Any = None) -> Any:
    """A copy of `view`, in another shape or as another dtype.

    >>> ct.view_copy(ct.arange(4), (2, 2))
    tensor([[0, 1],
            [2, 3]])
    """
    return clone(view.view(x, size if dtype is None else dtype))
