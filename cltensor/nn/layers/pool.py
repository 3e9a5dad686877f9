"""Pooling layers, of rows, images and volumes; and what undoes the largest values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from cltensor.nn import functional as F
from cltensor.nn.layers.options import WithOptions
from cltensor.ops.conv.depth import each

#: A number of pixels, or one for each axis.
Pixels = int | tuple[int, ...]
#: Sizes of an output; None keeps that of the input.
Sizes = int | tuple[int | None, ...] | None


class _MaxPool(WithOptions):
    """The largest value of every window.

    Args:    kernel_size, stride, padding, dilation: an integer, or one for each axis; stride is
             kernel_size if not given; return_indices: give the places of the values too;
             ceil_mode: keep a last window that is only partly filled.

    >>> nn.MaxPool1d(2)(ct.arange(4.0).reshape(1, 1, 4))
    tensor([[[1., 3.]]])
    """

    _shown = ("kernel_size", "stride", "padding", "dilation", "ceil_mode")
    _pool: Callable[..., Any]

    def __init__(
        self,
        kernel_size: Pixels,
        stride: Pixels | None = None,
        padding: Pixels = 0,
        dilation: Pixels = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.dilation = dilation
        self.return_indices = return_indices
        self.ceil_mode = ceil_mode

    def forward(self, x: Any) -> Any:
        """(N, C, *sizes) -> (N, C, *windows); N may be left out."""
        return self._pool(
            x, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode,
            self.return_indices,
        )  # fmt: skip


class MaxPool1d(_MaxPool):
    __doc__ = _MaxPool.__doc__
    _pool = staticmethod(F.max_pool1d)


class MaxPool2d(_MaxPool):
    __doc__ = _MaxPool.__doc__
    _pool = staticmethod(F.max_pool2d)


class MaxPool3d(_MaxPool):
    __doc__ = _MaxPool.__doc__
    _pool = staticmethod(F.max_pool3d)


class AvgPool1d(WithOptions):
    """The mean of every window of a row.

    Args:    see AvgPool2d.

    >>> nn.AvgPool1d(2)(ct.arange(4.0).reshape(1, 1, 4))
    tensor([[[0.5000, 2.5000]]])
    """

    _shown = ("kernel_size", "stride", "padding")

    def __init__(
        self,
        kernel_size: Pixels,
        stride: Pixels | None = None,
        padding: Pixels = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__()
        self.kernel_size: Any = each("AvgPool1d", "kernel_size", kernel_size, 1, 1)
        given = kernel_size if stride is None else stride
        self.stride: Any = each("AvgPool1d", "stride", given, 1, 1)
        self.padding: Any = each("AvgPool1d", "padding", padding, 1, 0)
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad

    def forward(self, x: Any) -> Any:
        """(N, C, L) -> (N, C, windows); N may be left out."""
        return F.avg_pool1d(
            x, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad
        )


class _AvgPool(WithOptions):
    """The mean of every window.

    Args:    kernel_size, stride, padding: an integer, or one for each axis; stride is kernel_size
             if not given; ceil_mode: keep a last window that is only partly filled;
             count_include_pad: count padded zeros too; divisor_override: divide by this instead.

    >>> nn.AvgPool2d(2)(ct.arange(16.0).reshape(1, 1, 4, 4))
    tensor([[[[ 2.5000,  4.5000],
              [10.5000, 12.5000]]]])
    """

    _shown = ("kernel_size", "stride", "padding")
    _pool: Callable[..., Any]

    def __init__(
        self,
        kernel_size: Pixels,
        stride: Pixels | None = None,
        padding: Pixels = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad
        self.divisor_override = divisor_override

    def forward(self, x: Any) -> Any:
        """(N, C, *sizes) -> (N, C, *windows); N may be left out."""
        return self._pool(
            x, self.kernel_size, self.stride, self.padding, self.ceil_mode,
            self.count_include_pad, self.divisor_override,
        )  # fmt: skip


class AvgPool2d(_AvgPool):
    __doc__ = _AvgPool.__doc__
    _pool = staticmethod(F.avg_pool2d)


class AvgPool3d(_AvgPool):
    __doc__ = _AvgPool.__doc__
    _pool = staticmethod(F.avg_pool3d)


class _LPPool(WithOptions):
    """The p-norm of every window, where p is norm_type.

    Args:    kernel_size, stride: an integer, or one for each axis; stride is kernel_size if not
             given; ceil_mode: keep a last window that is only partly filled.

    >>> nn.LPPool1d(2, 2)(ct.tensor([[[3.0, 4.0]]]))
    tensor([[[5.]]])
    """

    _shown = ("norm_type", "kernel_size", "stride", "ceil_mode")
    _pool: Callable[..., Any]

    def __init__(
        self,
        norm_type: float,
        kernel_size: Pixels,
        stride: Pixels | None = None,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.norm_type = norm_type
        self.kernel_size = kernel_size
        self.stride = stride
        self.ceil_mode = ceil_mode

    def forward(self, x: Any) -> Any:
        """(N, C, *sizes) -> (N, C, *windows); N may be left out."""
        return self._pool(x, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode)


class LPPool1d(_LPPool):
    __doc__ = _LPPool.__doc__
    _pool = staticmethod(F.lp_pool1d)


class LPPool2d(_LPPool):
    __doc__ = _LPPool.__doc__
    _pool = staticmethod(F.lp_pool2d)


class LPPool3d(_LPPool):
    __doc__ = _LPPool.__doc__
    _pool = staticmethod(F.lp_pool3d)


class _AdaptiveAvgPool(WithOptions):
    """The mean over as many windows as the output shall have; None keeps a size.

    >>> nn.AdaptiveAvgPool1d(2)(ct.arange(4.0).reshape(1, 1, 4))
    tensor([[[0.5000, 2.5000]]])
    """

    _shown = ("output_size",)
    _pool: Callable[..., Any]

    def __init__(self, output_size: Sizes) -> None:
        super().__init__()
        self.output_size = output_size

    def forward(self, x: Any) -> Any:
        """(N, C, *sizes) -> (N, C, *output_size); N may be left out."""
        return self._pool(x, self.output_size)


class AdaptiveAvgPool1d(_AdaptiveAvgPool):
    __doc__ = _AdaptiveAvgPool.__doc__
    _pool = staticmethod(F.adaptive_avg_pool1d)


class AdaptiveAvgPool2d(_AdaptiveAvgPool):
    __doc__ = _AdaptiveAvgPool.__doc__
    _pool = staticmethod(F.adaptive_avg_pool2d)


class AdaptiveAvgPool3d(_AdaptiveAvgPool):
    __doc__ = _AdaptiveAvgPool.__doc__
    _pool = staticmethod(F.adaptive_avg_pool3d)


class _AdaptiveMaxPool(WithOptions):
    """The largest value of as many windows as the output shall have; None keeps a size.

    return_indices: give the places of the values too.

    >>> nn.AdaptiveMaxPool1d(2)(ct.arange(4.0).reshape(1, 1, 4))
    tensor([[[1., 3.]]])
    """

    _shown = ("output_size",)
    _pool: Callable[..., Any]

    def __init__(self, output_size: Sizes, return_indices: bool = False) -> None:
        super().__init__()
        self.output_size = output_size
        self.return_indices = return_indices

    def forward(self, x: Any) -> Any:
        """(N, C, *sizes) -> (N, C, *output_size); N may be left out."""
        return self._pool(x, self.output_size, self.return_indices)


class AdaptiveMaxPool1d(_AdaptiveMaxPool):
    __doc__ = _AdaptiveMaxPool.__doc__
    _pool = staticmethod(F.adaptive_max_pool1d)


class AdaptiveMaxPool2d(_AdaptiveMaxPool):
    __doc__ = _AdaptiveMaxPool.__doc__
    _pool = staticmethod(F.adaptive_max_pool2d)


class AdaptiveMaxPool3d(_AdaptiveMaxPool):
    __doc__ = _AdaptiveMaxPool.__doc__
    _pool = staticmethod(F.adaptive_max_pool3d)


class _MaxUnpool(WithOptions):
    """What MaxPool of the same arguments pooled, 0 but at the places of its results.

    Args:    kernel_size, stride, padding: an integer, or one for each axis; stride is kernel_size
             if not given.

    >>> values, places = nn.MaxPool1d(2, return_indices=True)(
    ...     ct.tensor([[[1.0, 5.0, 2.0, 3.0]]])
    ... )
    >>> nn.MaxUnpool1d(2)(values, places)
    tensor([[[0., 5., 0., 3.]]])
    """

    _shown = ("kernel_size", "stride", "padding")
    _axes: int
    _unpool: Callable[..., Any]

    def __init__(
        self, kernel_size: Pixels, stride: Pixels | None = None, padding: Pixels = 0
    ) -> None:
        super().__init__()
        kind = type(self).__name__
        self.kernel_size = each(kind, "kernel_size", kernel_size, self._axes, 1)
        given = kernel_size if stride is None else stride
        self.stride = each(kind, "stride", given, self._axes, 1)
        self.padding = each(kind, "padding", padding, self._axes, 0)

    def forward(self, x: Any, indices: Any, output_size: Sequence[int] | None = None) -> Any:
        """(N, C, *windows), the same -> (N, C, *sizes); N may be left out.

        output_size: the size of the output, if not the least that has such windows.
        """
        return self._unpool(x, indices, self.kernel_size, self.stride, self.padding, output_size)


class MaxUnpool1d(_MaxUnpool):
    __doc__ = _MaxUnpool.__doc__
    _axes, _unpool = 1, staticmethod(F.max_unpool1d)


class MaxUnpool2d(_MaxUnpool):
    __doc__ = _MaxUnpool.__doc__
    _axes, _unpool = 2, staticmethod(F.max_unpool2d)


class MaxUnpool3d(_MaxUnpool):
    __doc__ = _MaxUnpool.__doc__
    _axes, _unpool = 3, staticmethod(F.max_unpool3d)


class _FractionalMaxPool(WithOptions):
    """The largest value of windows at random places.

    Args:    kernel_size: an integer, or one for each axis; output_size or output_ratio: the size of
             the output, or its share of the input's, between 0 and 1; return_indices: give the
             places of the values too; _random_samples (N, C, axes): numbers from 0 to 1 that decide
             the windows.
    Source:  Graham 2014.

    >>> nn.FractionalMaxPool2d(2, output_size=3)(ct.ones(1, 1, 8, 8)).shape
    Size([1, 1, 3, 3])
    """

    _axes: int
    _pool: Callable[..., Any]

    def __init__(
        self,
        kernel_size: Pixels,
        output_size: Pixels | None = None,
        output_ratio: float | tuple[float, ...] | None = None,
        return_indices: bool = False,
        _random_samples: Any = None,
    ) -> None:
        super().__init__()
        kind, axes = type(self).__name__, self._axes
        if (output_size is None) == (output_ratio is None):
            raise ValueError(
                f"{kind}: output_size is {output_size}, output_ratio {output_ratio}; give one of "
                "them"
            )
        self.kernel_size = each(kind, "kernel_size", kernel_size, axes, 1)
        self.return_indices = return_indices
        self.register_buffer("_random_samples", _random_samples)
        size = output_size
        self.output_size = None if size is None else each(kind, "output_size", size, axes, 1)
        ratio: Any = output_ratio
        if ratio is not None and not isinstance(ratio, tuple):
            ratio = (ratio,) * axes
        if ratio is not None and not all(0 < r < 1 for r in ratio):
            raise ValueError(f"{kind}: output_ratio is {output_ratio}; give less than 1, above 0")
        self.output_ratio = ratio

    def forward(self, x: Any) -> Any:
        """(N, C, *sizes) -> (N, C, *output_size); N may be left out."""
        return self._pool(
            x, self.kernel_size, self.output_size, self.output_ratio, self.return_indices,
            self._random_samples,
        )  # fmt: skip


class FractionalMaxPool2d(_FractionalMaxPool):
    __doc__ = _FractionalMaxPool.__doc__
    _axes, _pool = 2, staticmethod(F.fractional_max_pool2d)


class FractionalMaxPool3d(_FractionalMaxPool):
    __doc__ = _FractionalMaxPool.__doc__
    _axes, _pool = 3, staticmethod(F.fractional_max_pool3d)
