"""Convolution layers."""

from __future__ import annotations

from typing import Any

from cltensor.core.checks import pair, whole
from cltensor.errors import ShapeError
from cltensor.nn import functional as F
from cltensor.nn.functional.conv import Pair
from cltensor.nn.layers.linear import Affine


class _Conv(Affine):
    """What a convolution and its transpose share: everything but the order of the weight's axes."""

    #: Names of paddings, and modes of padding, that the layer knows.
    _NAMED: tuple[str, ...] = ()
    _MODES: tuple[str, ...] = ("zeros",)

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
        kind = type(self).__name__
        in_channels = whole(kind, "in_channels", in_channels)
        out_channels = whole(kind, "out_channels", out_channels)
        groups = whole(kind, "groups", groups, 1)
        if in_channels % groups or out_channels % groups:
            raise ShapeError(
                f"{kind}: groups={groups} does not divide in_channels={in_channels} and "
                f"out_channels={out_channels}"
            )
        if isinstance(padding, str) and padding not in self._NAMED:
            raise ShapeError(f"{kind}: padding is {padding!r}; use {self._NAMED or 'numbers'}")
        if padding_mode not in self._MODES:
            raise ValueError(f"{kind}: padding_mode is {padding_mode!r}; use {self._MODES}")
        channels = self._channels(in_channels, out_channels, groups)
        taps = pair(kind, "kernel_size", kernel_size, 1)
        shape = (*channels, *taps)
        super().__init__(shape, bias * out_channels, device, dtype)
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = taps
        self.stride = pair(kind, "stride", stride, 1)
        around = padding if isinstance(padding, str) else pair(kind, "padding", padding, 0)
        self.padding: Pair | str = around
        self.output_padding = (0, 0)
        self.dilation = pair(kind, "dilation", dilation, 1)
        self.groups = groups
        self.padding_mode = padding_mode

    @staticmethod
    def _channels(inputs: int, outputs: int, groups: int) -> tuple[int, int]:
        """The first two sizes of the weight."""
        return outputs, inputs // groups

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
        if self.output_padding != (0, 0):
            parts.append(f"output_padding={self.output_padding}")
        if self.groups != 1:
            parts.append(f"groups={self.groups}")
        if self.bias is None:
            parts.append("bias=False")
        if self.padding_mode != "zeros":
            parts.append(f"padding_mode={self.padding_mode}")
        return ", ".join(parts)


class Conv2d(_Conv):
    """Cross-correlate images with learned filters and add a bias per output channel.

    Args:    kernel_size, stride, padding, dilation: an integer or (height, width); padding may
             also be "same" or "valid"; groups: channels are split into so many independent parts;
             padding_mode: "zeros", or "reflect", "replicate" or "circular" as F.pad.
    State:   weight (out_channels, in_channels/groups, kernel height, kernel width), bias
             (out_channels,); both start uniform in +-1/sqrt(fan_in).
    Raises:  ShapeError if groups does not divide both channel counts.
    """

    _NAMED = ("same", "valid")
    _MODES = ("zeros", "reflect", "replicate", "circular")

    def forward(self, x: Any) -> Any:
        """(N, in_channels, H, W) -> (N, out_channels, H', W'); N may be left out."""
        padding = self.padding
        if self.padding_mode != "zeros":
            x, padding = F.pad(x, self._around(), self.padding_mode), 0
        return F.conv2d(x, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)

    def _around(self) -> tuple[int, ...]:
        """The padding as F.pad takes it, the last axis first."""
        if isinstance(self.padding, tuple):
            return tuple([self.padding[d] for d in (1, 1, 0, 0)])
        spans = [
            (self.kernel_size[d] - 1) * self.dilation[d] if self.padding == "same" else 0
            for d in (1, 0)
        ]
        return tuple([width for s in spans for width in (s // 2, s - s // 2)])


class ConvTranspose2d(_Conv):
    """Spread every pixel by learned filters and add a bias per output channel: the gradient of
    Conv2d to its images, as a layer that enlarges them.

    Args:    as Conv2d, but padding in numbers only; output_padding: rows and columns added at the
             end, less than stride or dilation.
    State:   weight (in_channels, out_channels/groups, kernel height, kernel width), bias
             (out_channels,); both start uniform in +-1/sqrt(out_channels/groups * kernel area).
    Raises:  ShapeError if groups does not divide both channel counts.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Pair,
        stride: Pair = 1,
        padding: Pair = 0,
        output_padding: Pair = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Pair = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias,
            padding_mode, device, dtype,
        )  # fmt: skip
        self.output_padding = pair("ConvTranspose2d", "output_padding", output_padding, 0)

    @staticmethod
    def _channels(inputs: int, outputs: int, groups: int) -> tuple[int, int]:
        return inputs, outputs // groups

    def forward(self, x: Any) -> Any:
        """(N, in_channels, H, W) -> (N, out_channels, H', W'); N may be left out."""
        return F.conv_transpose2d(
            x, self.weight, self.bias, self.stride, self.padding, self.output_padding,
            self.groups, self.dilation,
        )  # fmt: skip
