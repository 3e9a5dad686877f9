"""Layers that make images larger, smaller, or put them together differently."""

from __future__ import annotations

from typing import Any

from cltensor.nn import functional as F
from cltensor.nn.layers.options import WithOptions
from cltensor.nn.module import Module

#: A size or a factor, or one for each axis.
Sizes = int | tuple[int, ...] | None
Factors = float | tuple[float, ...] | None


class Upsample(Module):
    """Images of another size; see `functional.interpolate`.

    Args:    size or scale_factor: a number, or one for each axis; mode: "nearest", "linear",
             "bilinear", "bicubic" or "trilinear"; align_corners: the corner pixels of both lie on
             each other; recompute_scale_factor: the factors are those of the sizes that come out.

    >>> nn.Upsample(scale_factor=2)(ct.arange(2.0).reshape(1, 1, 2))
    tensor([[[0., 0., 1., 1.]]])
    """

    def __init__(
        self,
        size: Sizes = None,
        scale_factor: Factors = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
        recompute_scale_factor: bool | None = None,
    ) -> None:
        super().__init__()
        self.name = type(self).__name__
        self.size = size
        if isinstance(scale_factor, tuple):
            self.scale_factor: Factors = tuple([float(factor) for factor in scale_factor])
        else:
            self.scale_factor = float(scale_factor) if scale_factor else None
        self.mode = mode
        self.align_corners = align_corners
        self.recompute_scale_factor = recompute_scale_factor

    def forward(self, x: Any) -> Any:
        """(N, C, *sizes) -> (N, C, *other sizes)."""
        return F.interpolate(
            x, self.size, self.scale_factor, self.mode, self.align_corners,
            self.recompute_scale_factor,
        )  # fmt: skip

    def extra_repr(self) -> str:
        """See Module."""
        given = "size" if self.scale_factor is None else "scale_factor"
        return f"{given}={getattr(self, given)}, mode={self.mode!r}"


class UpsamplingNearest2d(Upsample):
    """Upsample by the nearest pixel.

    >>> nn.UpsamplingNearest2d(scale_factor=2)(ct.ones(1, 1, 2, 2)).shape
    Size([1, 1, 4, 4])
    """

    def __init__(self, size: Sizes = None, scale_factor: Factors = None) -> None:
        super().__init__(size, scale_factor, "nearest")


class UpsamplingBilinear2d(Upsample):
    """Upsample between four pixels, with aligned corners.

    >>> nn.UpsamplingBilinear2d(scale_factor=2)(ct.ones(1, 1, 2, 2)).shape
    Size([1, 1, 4, 4])
    """

    def __init__(self, size: Sizes = None, scale_factor: Factors = None) -> None:
        super().__init__(size, scale_factor, "bilinear", True)


class PixelShuffle(WithOptions):
    """Channels as pixels; see `functional.pixel_shuffle`.

    >>> nn.PixelShuffle(2)(ct.ones(1, 4, 3, 3)).shape
    Size([1, 1, 6, 6])
    """

    _shown = ("upscale_factor",)

    def __init__(self, upscale_factor: int) -> None:
        super().__init__()
        self.upscale_factor = upscale_factor

    def forward(self, x: Any) -> Any:
        """(..., C * r * r, H, W) -> (..., C, H * r, W * r), where r is upscale_factor."""
        return F.pixel_shuffle(x, self.upscale_factor)


class PixelUnshuffle(WithOptions):
    """Pixels as channels: what PixelShuffle undoes.

    >>> nn.PixelUnshuffle(2)(ct.ones(1, 1, 6, 6)).shape
    Size([1, 4, 3, 3])
    """

    _shown = ("downscale_factor",)

    def __init__(self, downscale_factor: int) -> None:
        super().__init__()
        self.downscale_factor = downscale_factor

    def forward(self, x: Any) -> Any:
        """(..., C, H * r, W * r) -> (..., C * r * r, H, W), where r is downscale_factor."""
        return F.pixel_unshuffle(x, self.downscale_factor)


class ChannelShuffle(WithOptions):
    """Channels in another order; see `functional.channel_shuffle`.

    >>> nn.ChannelShuffle(2)(ct.arange(4).reshape(1, 4, 1, 1)).flatten()
    tensor([0, 2, 1, 3])
    """

    _shown = ("groups",)

    def __init__(self, groups: int) -> None:
        super().__init__()
        self.groups = groups

    def forward(self, x: Any) -> Any:
        """(N, C, ...) -> the same."""
        return F.channel_shuffle(x, self.groups)
