"""Convolution layers, of rows, images and volumes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from cltensor.core.checks import whole
from cltensor.errors import ShapeError
from cltensor.nn import functional as F
from cltensor.nn.layers.linear import Affine
from cltensor.ops.conv.depth import each

#: A number of pixels, or one for each axis.
Pixels = int | tuple[int, ...]


class _Convolution(Affine):
    """What a convolution and its transpose share: everything but the order of the weight's axes."""

    #: Names of paddings, and modes of padding, that the layer knows.
    _NAMED: tuple[str, ...] = ()
    _MODES: tuple[str, ...] = ("zeros",)
    _axes: int
    _compute: Callable[..., Any]
    transposed = False

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Pixels,
        stride: Pixels = 1,
        padding: Pixels | str = 0,
        dilation: Pixels = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        kind, axes = type(self).__name__, self._axes
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
        steps = each(kind, "stride", stride, axes, 1)
        if padding == "same" and max(steps) > 1:
            raise ShapeError(f"{kind}: padding is 'same' with stride {stride}; it is for stride 1")
        taps = each(kind, "kernel_size", kernel_size, axes, 1)
        shape = (*self._channels(in_channels, out_channels, groups), *taps)
        super().__init__(shape, bias * out_channels, device, dtype)
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = taps
        self.stride = steps
        around = padding if isinstance(padding, str) else each(kind, "padding", padding, axes, 0)
        self.padding: tuple[int, ...] | str = around
        self.output_padding = (0,) * axes
        self.dilation = each(kind, "dilation", dilation, axes, 1)
        self.groups = groups
        self.padding_mode = padding_mode

    @staticmethod
    def _channels(inputs: int, outputs: int, groups: int) -> tuple[int, int]:
        """The first two sizes of the weight."""
        return outputs, inputs // groups

    def extra_repr(self) -> str:
        """See Module."""
        zeros = (0,) * self._axes
        parts = [
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, "
            f"stride={self.stride}"
        ]
        if self.padding != zeros:
            parts.append(f"padding={self.padding}")
        if self.dilation != (1,) * self._axes:
            parts.append(f"dilation={self.dilation}")
        if self.output_padding != zeros:
            parts.append(f"output_padding={self.output_padding}")
        if self.groups != 1:
            parts.append(f"groups={self.groups}")
        if self.bias is None:
            parts.append("bias=False")
        if self.padding_mode != "zeros":
            parts.append(f"padding_mode={self.padding_mode}")
        return ", ".join(parts)


class _Conv(_Convolution):
    """Cross-correlate with learned filters and add a bias per output channel.

    Args:    kernel_size, stride, padding, dilation: an integer, or one for each axis; padding may
             also be "same" or "valid"; groups: channels are split into so many independent parts;
             padding_mode: "zeros", or "reflect", "replicate" or "circular" as F.pad.
    State:   weight (out_channels, in_channels/groups, *kernel_size), bias (out_channels,); both
             start uniform in +-1/sqrt(fan_in).
    Raises:  ShapeError if groups does not divide both channel counts.

    >>> nn.Conv1d(2, 4, 3, padding=1)(ct.ones(1, 2, 8)).shape
    Size([1, 4, 8])
    """

    _NAMED = ("same", "valid")
    _MODES = ("zeros", "reflect", "replicate", "circular")

    def forward(self, x: Any) -> Any:
        """(N, in_channels, *sizes) -> (N, out_channels, *sizes'); N may be left out."""
        padding: Any = self.padding
        if self.padding_mode != "zeros":
            x, padding = F.pad(x, self._around(), self.padding_mode), 0
        return self._compute(
            x, self.weight, self.bias, self.stride, padding, self.dilation, self.groups
        )

    def _around(self) -> tuple[int, ...]:
        """The padding as F.pad takes it, the last axis first."""
        if isinstance(self.padding, tuple):
            return tuple([width for width in reversed(self.padding) for _ in range(2)])
        spans = [
            (k - 1) * d if self.padding == "same" else 0
            for k, d in zip(reversed(self.kernel_size), reversed(self.dilation), strict=True)
        ]
        return tuple([width for s in spans for width in (s // 2, s - s // 2)])


class Conv1d(_Conv):
    __doc__ = _Conv.__doc__
    _axes, _compute = 1, staticmethod(F.conv1d)


class Conv2d(_Conv):
    __doc__ = _Conv.__doc__
    _axes, _compute = 2, staticmethod(F.conv2d)


class Conv3d(_Conv):
    __doc__ = _Conv.__doc__
    _axes, _compute = 3, staticmethod(F.conv3d)


class _ConvTranspose(_Convolution):
    """Spread every pixel by learned filters and add a bias per output channel: the gradient of a
    convolution to its input, as a layer that enlarges it.

    Args:    as for the convolution, but padding in numbers only; output_padding: pixels added at
             the end, less than stride or dilation.
    State:   weight (in_channels, out_channels/groups, *kernel_size), bias (out_channels,); both
             start uniform in +-1/sqrt(out_channels/groups * product of kernel_size).
    Raises:  ShapeError if groups does not divide both channel counts.

    >>> nn.ConvTranspose1d(2, 4, 2, stride=2)(ct.ones(1, 2, 8)).shape
    Size([1, 4, 16])
    """

    transposed = True

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Pixels,
        stride: Pixels = 1,
        padding: Pixels = 0,
        output_padding: Pixels = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Pixels = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias,
            padding_mode, device, dtype,
        )  # fmt: skip
        kind = type(self).__name__
        self.output_padding = each(kind, "output_padding", output_padding, self._axes, 0)

    @staticmethod
    def _channels(inputs: int, outputs: int, groups: int) -> tuple[int, int]:
        return inputs, outputs // groups

    def forward(self, x: Any, output_size: Sequence[int] | None = None) -> Any:
        """(N, in_channels, *sizes) -> (N, out_channels, *sizes'); N may be left out.

        output_size: the sizes of the output, in place of output_padding.
        """
        more = self.output_padding if output_size is None else self._more(x, output_size)
        return self._compute(
            x, self.weight, self.bias, self.stride, self.padding, more, self.groups, self.dilation
        )

    def _more(self, x: Any, output_size: Sequence[int]) -> tuple[int, ...]:
        """The output_padding that gives `output_size`."""
        kind, axes = type(self).__name__, self._axes
        around: Any = self.padding
        least = [
            (n - 1) * s - 2 * p + d * (k - 1) + 1
            for n, s, p, d, k in zip(
                x.shape[-axes:], self.stride, around, self.dilation, self.kernel_size, strict=True
            )
        ]
        wanted = tuple(output_size)
        wanted = wanted[-axes:] if len(wanted) == x.ndim else wanted
        most = [n + s - 1 for n, s in zip(least, self.stride, strict=True)]
        fits = len(wanted) == axes
        if not fits or any(not a <= n <= b for a, n, b in zip(least, wanted, most, strict=True)):
            raise ShapeError(
                f"{kind}: output_size is {tuple(output_size)} for an input of shape "
                f"{tuple(x.shape)}; give from {tuple(least)} to {tuple(most)}"
            )
        return tuple([n - a for n, a in zip(wanted, least, strict=True)])


class ConvTranspose1d(_ConvTranspose):
    __doc__ = _ConvTranspose.__doc__
    _axes, _compute = 1, staticmethod(F.conv_transpose1d)


class ConvTranspose2d(_ConvTranspose):
    __doc__ = _ConvTranspose.__doc__
    _axes, _compute = 2, staticmethod(F.conv_transpose2d)


class ConvTranspose3d(_ConvTranspose):
    __doc__ = _ConvTranspose.__doc__
    _axes, _compute = 3, staticmethod(F.conv_transpose3d)
