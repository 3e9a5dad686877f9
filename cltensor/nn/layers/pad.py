"""Layers that make the last axes longer, at both ends."""

from __future__ import annotations

from typing import Any

from cltensor.core.checks import MOST
from cltensor.errors import ShapeError
from cltensor.nn import functional as F
from cltensor.nn.module import Module
from cltensor.ops.conv.depth import each


class _Padding(Module):
    """Base: `padding` is an integer, or (before, after) of the last axis, then of the one before,
    and so on."""

    _axes: int
    _mode: str

    def __init__(self, padding: int | tuple[int, ...]) -> None:
        super().__init__()
        self.padding = each(type(self).__name__, "padding", padding, 2 * self._axes, -MOST)

    def forward(self, x: Any) -> Any:
        """(N, C, *sizes) -> (N, C, *longer sizes); N may be left out."""
        if x.ndim not in (self._axes + 1, self._axes + 2):
            raise ShapeError(
                f"{type(self).__name__}: an input of shape {tuple(x.shape)}; give "
                f"{self._axes + 1} or {self._axes + 2} dimensions"
            )
        return F.pad(x, self.padding, self._mode)

    def extra_repr(self) -> str:
        """See Module."""
        return f"{self.padding}"


class ReflectionPad1d(_Padding):
    """What is inside, mirrored at the ends, which do not come twice.

    >>> nn.ReflectionPad1d(1)(ct.arange(3.0).reshape(1, 1, 3))
    tensor([[[1., 0., 1., 2., 1.]]])
    """

    _axes, _mode = 1, "reflect"


class ReflectionPad2d(ReflectionPad1d):
    """ReflectionPad1d for images.

    >>> nn.ReflectionPad2d(1)(ct.ones(1, 1, 2, 2)).shape
    Size([1, 1, 4, 4])
    """

    _axes = 2


class ReflectionPad3d(ReflectionPad1d):
    """ReflectionPad1d for volumes.

    >>> nn.ReflectionPad3d(1)(ct.ones(1, 1, 2, 2, 2)).shape
    Size([1, 1, 4, 4, 4])
    """

    _axes = 3


class ReplicationPad1d(_Padding):
    """The values at the ends, again and again.

    >>> nn.ReplicationPad1d(1)(ct.arange(3.0).reshape(1, 1, 3))
    tensor([[[0., 0., 1., 2., 2.]]])
    """

    _axes, _mode = 1, "replicate"


class ReplicationPad2d(ReplicationPad1d):
    """ReplicationPad1d for images.

    >>> nn.ReplicationPad2d(1)(ct.ones(1, 1, 2, 2)).shape
    Size([1, 1, 4, 4])
    """

    _axes = 2


class ReplicationPad3d(ReplicationPad1d):
    """ReplicationPad1d for volumes.

    >>> nn.ReplicationPad3d(1)(ct.ones(1, 1, 2, 2, 2)).shape
    Size([1, 1, 4, 4, 4])
    """

    _axes = 3


class CircularPad1d(_Padding):
    """What is inside, again from the other end.

    >>> nn.CircularPad1d(1)(ct.arange(3).reshape(1, 1, 3))
    tensor([[[2, 0, 1, 2, 0]]])
    """

    _axes, _mode = 1, "circular"


class CircularPad2d(CircularPad1d):
    """CircularPad1d for images.

    >>> nn.CircularPad2d(1)(ct.ones(1, 1, 2, 2)).shape
    Size([1, 1, 4, 4])
    """

    _axes = 2


class CircularPad3d(CircularPad1d):
    """CircularPad1d for volumes.

    >>> nn.CircularPad3d(1)(ct.ones(1, 1, 2, 2, 2)).shape
    Size([1, 1, 4, 4, 4])
    """

    _axes = 3


class ConstantPad1d(_Padding):
    """The number `value`. It takes inputs of any number of dimensions, as PyTorch's does.

    >>> nn.ConstantPad1d(1, 9.0)(ct.zeros(1, 1, 2))
    tensor([[[9., 0., 0., 9.]]])
    """

    _axes, _mode = 1, "constant"

    def __init__(self, padding: int | tuple[int, ...], value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, x: Any) -> Any:
        """(..., *sizes) -> (..., *longer sizes)."""
        return F.pad(x, self.padding, self._mode, self.value)

    def extra_repr(self) -> str:
        """See Module."""
        return f"padding={self.padding}, value={self.value}"


class ConstantPad2d(ConstantPad1d):
    """ConstantPad1d for images.

    >>> nn.ConstantPad2d(1, 0.0)(ct.ones(1, 1, 2, 2)).shape
    Size([1, 1, 4, 4])
    """

    _axes = 2


class ConstantPad3d(ConstantPad1d):
    """ConstantPad1d for volumes.

    >>> nn.ConstantPad3d(1, 0.0)(ct.ones(1, 1, 2, 2, 2)).shape
    Size([1, 1, 4, 4, 4])
    """

    _axes = 3


class ZeroPad1d(ConstantPad1d):
    """Zeros.

    >>> nn.ZeroPad1d(1)(ct.ones(1, 1, 2))
    tensor([[[0., 1., 1., 0.]]])
    """

    def __init__(self, padding: int | tuple[int, ...]) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        """See Module."""
        return f"{self.padding}"


class ZeroPad2d(ZeroPad1d):
    """ZeroPad1d for images.

    >>> nn.ZeroPad2d(1)(ct.ones(1, 1, 2, 2)).shape
    Size([1, 1, 4, 4])
    """

    _axes = 2


class ZeroPad3d(ZeroPad1d):
    """ZeroPad1d for volumes.

    >>> nn.ZeroPad3d(1)(ct.ones(1, 1, 2, 2, 2)).shape
    Size([1, 1, 4, 4, 4])
    """

    _axes = 3
