"""Tensors that a Module counts among its own when they are set: weights, and buffers."""

from __future__ import annotations

from typing import Any

from cltensor.core.tensor import Tensor
from cltensor.nn import init


def _shared(data: Any) -> Any:
    """What a Tensor has, none given: no elements."""
    if data is None:
        data = init.empty((0,), None, None)
    return data.realize()._value if isinstance(data, Tensor) else data


class Parameter(Tensor):
    """A leaf that registers itself when it is set as a Module's attribute.

    Args:    data: a Tensor, whose elements are shared and whose history is left behind; None for
             one without elements; requires_grad: False for a weight that shall stay as it is.

    >>> layer = nn.Module()
    >>> layer.scale = nn.Parameter(ct.ones(2))
    >>> [name for name, _ in layer.named_parameters()]
    ['scale']
    """

    __slots__ = ()

    _grad_is_copied = False

    def __init__(self, data: Any = None, requires_grad: bool = True) -> None:
        super().__init__(_shared(data))
        if requires_grad:
            self.requires_grad_()

    def __repr__(self) -> str:
        return "Parameter containing:\n" + super().__repr__()


class _Uninitialized(Tensor):
    """A tensor without elements, until `materialize` gives it a shape."""

    __slots__ = ()
    _becomes: type[Tensor]

    def materialize(self, shape: Any, device: Any = None, dtype: Any = None) -> None:
        """Be a tensor of that shape, whose elements are to be set; whoever holds this one, as an
        optimizer does, holds that."""
        self.data = init.empty(shape, dtype or self.dtype, device or self.device)
        self.__class__ = self._becomes  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class UninitializedParameter(_Uninitialized, Parameter):
    """A parameter without elements, until `materialize` gives it a shape.

    >>> isinstance(nn.LazyLinear(2).weight, nn.UninitializedParameter)
    True
    """

    __slots__ = ()
    _becomes = Parameter

    def __init__(self, requires_grad: bool = True, device: Any = None, dtype: Any = None) -> None:
        super().__init__(init.empty((0,), dtype, device), requires_grad)


class UninitializedBuffer(_Uninitialized):
    """A buffer without elements, until `materialize` gives it a shape.

    >>> isinstance(nn.LazyBatchNorm1d().running_mean, nn.UninitializedBuffer)
    True
    """

    __slots__ = ()
    _becomes = Tensor

    def __init__(self, requires_grad: bool = False, device: Any = None, dtype: Any = None) -> None:
        super().__init__(_shared(init.empty((0,), dtype, device)))
        if requires_grad:
            self.requires_grad_()


def is_lazy(value: Any) -> bool:
    """Whether it is a tensor without elements, which its layer's first input gives a shape."""
    return isinstance(value, _Uninitialized)


def empty_again(value: Tensor, kind: Any) -> None:
    """Take back the shape that `materialize` gave a tensor of that class."""
    value.data = init.empty((0,), value.dtype, value.device)
    value.__class__ = kind


class Buffer(Tensor):
    """A Tensor that becomes a buffer when it is set as a Module's attribute.

    Args:    data: a Tensor, whose elements are shared and whose history is left behind; None for
             one without elements; persistent: False to leave it out of the state_dict.

    >>> layer = nn.Module()
    >>> layer.count = nn.Buffer(ct.zeros(1))
    >>> list(layer.state_dict())
    ['count']
    """

    __slots__ = ()

    def __init__(self, data: Any = None, *, persistent: bool = True) -> None:
        super().__init__(_shared(data))
        self.persistent = persistent
        if isinstance(data, Tensor) and data.requires_grad:
            self.requires_grad_()
