"""Convolution layers."""

from __future__ import annotations

from typing import Any

from cltensor.errors import ShapeError
from cltensor.nn import functional as F
from cltensor.nn.functional import Pair, pair
from cltensor.nn.linear import Affine


class Conv2d(Affine):
    """Cross-correlate images with learned filters and add a bias per output channel.

    Args:    kernel_size, stride, padding, dilation: an integer or (height, width); padding may
             also be "same" or "valid"; groups: channels are split into so many independent parts.
    State:   weight (out_channels, in_channels/groups, kernel height, kernel width), bias
             (out_channels,); both start uniform in +-1/sqrt(fan_in).
    Raises:  ShapeError if groups does not divide both channel counts.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Pair,
        stride: Pair = 1,
        padding: Pair | str = 0,
        dilation: Pair = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if groups < 1 or in_channels % groups or out_channels % groups:
            raise ShapeError(
                f"Conv2d: groups={groups} does not divide in_channels={in_channels} and "
                f"out_channels={out_channels}"
            )
        if padding_mode != "zeros":
            raise ValueError(
                f"Conv2d: padding_mode is {padding_mode!r}; only 'zeros' is there, pad the input"
            )
        shape = (out_channels, in_channels // groups, *pair(kernel_size))
        super().__init__(shape, bias, device, dtype)
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = pair(kernel_size)
        self.stride = pair(stride)
        self.padding = padding if isinstance(padding, str) else pair(padding)
        self.dilation = pair(dilation)
        self.groups = groups
        self.padding_mode = padding_mode

    def forward(self, x: Any) -> Any:
        """(N, in_channels, H, W) -> (N, out_channels, H', W')."""
        return F.conv2d(
            x, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups
        )

    def extra_repr(self) -> str:
        """See Module."""
        parts = [
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, "
            f"stride={self.stride}"
        ]
        if self.padding != (0, 0):
            parts.append(f"padding={self.padding}")
        if self.dilation != (1, 1):
            parts.append(f"dilation={self.dilation}")
        if self.groups != 1:
            parts.append(f"groups={self.groups}")
        if self.bias is None:
            parts.append("bias=False")
        return ", ".join(parts)
