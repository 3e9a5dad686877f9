"""Parameter: a Tensor that a Module counts among its own weights."""

from __future__ import annotations

from typing import Any

from cltensor.core.tensor import Tensor


class Parameter(Tensor):
    """A leaf that registers itself when it is set as a Module's attribute.

    Args:    data: a Tensor, whose elements are shared and whose history is left behind;
             requires_grad: False for a weight that shall stay as it is.
    """

    __slots__ = ()

    _grad_is_copied = False

    def __init__(self, data: Any, requires_grad: bool = True) -> None:
        shared = data.realize()._value if isinstance(data, Tensor) else data
        super().__init__(shared)
        if requires_grad:
            self.requires_grad_()

    def __repr__(self) -> str:
        return "Parameter containing:\n" + super().__repr__()
