"""Layers that give shares along a dimension: softmax, its logarithm and its reverse."""

from __future__ import annotations

from typing import Any

from cltensor.errors import ShapeError
from cltensor.nn import functional as F
from cltensor.nn.layers.options import WithOptions
from cltensor.nn.module import Module


class _AlongDim(WithOptions):
    """What layers along a dimension share; without one, see `functional.softmax`."""

    _shown = ("dim",)

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim


class Softmax(_AlongDim):
    """exp(x) / sum(exp(x)) along `dim`; without one, see `functional.softmax`.

    >>> nn.Softmax(dim=-1)(ct.tensor([0.0, 0.0]))
    tensor([0.5000, 0.5000])
    """

    def forward(self, x: Any) -> Any:
        """(any shape) -> the same."""
        return F.softmax(x, self.dim, _stacklevel=5)


class LogSoftmax(_AlongDim):
    """The logarithm of Softmax.

    >>> nn.LogSoftmax(-1)(ct.tensor([0.0, 0.0]))
    tensor([-0.6931, -0.6931])
    """

    def forward(self, x: Any) -> Any:
        """(any shape) -> the same."""
        return F.log_softmax(x, self.dim, _stacklevel=5)


class Softmin(_AlongDim):
    """Softmax of -x.

    >>> nn.Softmin(dim=-1)(ct.tensor([0.0, 0.0]))
    tensor([0.5000, 0.5000])
    """

    def forward(self, x: Any) -> Any:
        """(any shape) -> the same."""
        return F.softmin(x, self.dim, _stacklevel=5)


class Softmax2d(Module):
    """Softmax over the channels of each pixel.

    Raises:  ShapeError for inputs of other than 3 or 4 dimensions.

    >>> nn.Softmax2d()(ct.zeros(1, 2, 1, 1)).flatten()
    tensor([0.5000, 0.5000])
    """

    def forward(self, x: Any) -> Any:
        """(N, C, H, W) or (C, H, W) -> the same."""
        if x.ndim not in (3, 4):
            raise ShapeError(
                f"Softmax2d: an input of shape {tuple(x.shape)}; give (N, C, H, W) or (C, H, W)"
            )
        return F.softmax(x, -3)
