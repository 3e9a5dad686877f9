"""Windows of images as columns, and back."""

from __future__ import annotations

from typing import Any

from cltensor.nn import functional as F
from cltensor.nn.functional.conv import Pair
from cltensor.nn.layers.options import WithOptions


class Unfold(WithOptions):
    """The windows of images as columns; see `functional.unfold`.

    Args:    all: an integer or (height, width).

    >>> nn.Unfold(2, stride=2)(ct.ones(1, 1, 4, 4)).shape
    Size([1, 4, 4])
    """

    _shown: tuple[str, ...] = ("kernel_size", "dilation", "padding", "stride")

    def __init__(
        self, kernel_size: Pair, dilation: Pair = 1, padding: Pair = 0, stride: Pair = 1
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.dilation = dilation
        self.padding = padding
        self.stride = stride

    def forward(self, x: Any) -> Any:
        """(N, C, H, W) -> (N, C * window, windows); N may be left out."""
        return F.unfold(x, self.kernel_size, self.dilation, self.padding, self.stride)


class Fold(Unfold):
    """Images of `output_size` that are the sums of windows given as columns.

    Args:    all: an integer or (height, width).

    >>> nn.Fold((4, 4), 2, stride=2)(ct.ones(1, 4, 4)).shape
    Size([1, 1, 4, 4])
    """

    _shown = ("output_size", *Unfold._shown)

    def __init__(
        self,
        output_size: Pair,
        kernel_size: Pair,
        dilation: Pair = 1,
        padding: Pair = 0,
        stride: Pair = 1,
    ) -> None:
        super().__init__(kernel_size, dilation, padding, stride)
        self.output_size = output_size

    def forward(self, x: Any) -> Any:
        """(N, C * window, windows) -> (N, C, *output_size); N may be left out."""
        return F.fold(
            x, self.output_size, self.kernel_size, self.dilation, self.padding, self.stride
        )
