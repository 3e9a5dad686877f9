"""Normalisation layers."""

from __future__ import annotations

import warnings
from typing import Any

from cltensor.core.checks import number, whole, wholes
from cltensor.dtypes import int64
from cltensor.errors import ShapeError
from cltensor.nn import functional as F
from cltensor.nn import init
from cltensor.nn.module import Module
from cltensor.nn.parameter import Parameter


class _Scaled(Module):
    """What normalisations share that scale and shift what they give."""

    weight: Parameter | None
    bias: Parameter | None

    def _register(self, shape: tuple[int, ...], device: Any, dtype: Any, **wanted: bool) -> None:
        """Add the parameters of these names, or keep the place of those that are not wanted."""
        for name, made in wanted.items():
            values = Parameter(init.empty(shape, dtype, device)) if made else None
            self.register_parameter(name, values)

    def reset_parameters(self) -> None:
        """Set the initial state: scale 1, shift 0."""
        for name, start in (("weight", init.ones_), ("bias", init.zeros_)):
            values = self._parameters.get(name)
            if values is not None:
                start(values)


class _WithStatistics(_Scaled):
    """What normalisations share that can keep the statistics of what they have seen.

    State:   weight, bias, running_mean, running_var (num_features,), num_batches_tracked ().
    """

    # PyTorch's files from before its version 0.4.1 have no such entry.
    _optional_state = ("num_batches_tracked",)
    _version = 2
    _ranks: tuple[int, ...] = ()

    running_mean: Any
    running_var: Any
    num_batches_tracked: Any

    def __init__(
        self,
        num_features: int,
        eps: float,
        momentum: float | None,
        affine: bool,
        track_running_stats: bool,
        device: Any,
        dtype: Any,
        bias: bool,
    ) -> None:
        super().__init__()
        kind = type(self).__name__
        self.num_features = num_features = whole(kind, "num_features", num_features)
        self.eps = number(kind, "eps", eps)
        self.momentum = momentum if momentum is None else number(kind, "momentum", momentum)
        self.affine = affine
        self.track_running_stats = track_running_stats
        shape = (num_features,)
        self._register(shape, device, dtype, weight=affine, bias=affine and bias)
        for name in ("running_mean", "running_var"):
            statistic = init.empty(shape, dtype, device) if track_running_stats else None
            self.register_buffer(name, statistic)
        count = init.empty((), int64, device) if track_running_stats else None
        self.register_buffer("num_batches_tracked", count)
        self.reset_parameters()

    def reset_running_stats(self) -> None:
        """Forget the batches: mean 0, variance 1."""
        if self.track_running_stats:
            self.running_mean.zero_()
            self.running_var.fill_(1)
            self.num_batches_tracked.zero_()

    def reset_parameters(self) -> None:
        """Set the initial state: scale 1, shift 0, no batches seen."""
        self.reset_running_stats()
        super().reset_parameters()

    def _check(self, x: Any) -> None:
        if x.ndim not in self._ranks:
            raise ShapeError(
                f"{type(self).__name__}: expected {' or '.join(map(str, self._ranks))} "
                f"dimensions, got shape {tuple(x.shape)}"
            )

    def extra_repr(self) -> str:
        """See Module."""
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, "
            f"affine={self.affine}, bias={self.bias is not None}, "
            f"track_running_stats={self.track_running_stats}"
        )


class _BatchNorm(_WithStatistics):
    """Normalise every channel over the batch, then scale and shift it.

        out = (x - mean) / sqrt(var + eps) * weight + bias

    While training, mean and variance are the batch's, and the running ones follow them; in
    evaluation the running ones are used.

    Args:    momentum: the share of a new batch, None for the plain average of all batches;
             affine: whether to scale and shift; bias: False for scaling alone;
             track_running_stats: False for batch statistics in evaluation too.
    State:   weight, bias, running_mean, running_var (num_features,), num_batches_tracked ().
    Source:  Ioffe and Szegedy 2015.

    >>> nn.BatchNorm1d(2)(ct.tensor([[0.0, 2.0], [2.0, 4.0]]))
    tensor([[-1.0000, -1.0000],
            [ 1.0000,  1.0000]], grad_fn=<normalize_channels>)
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(
            num_features, eps, momentum, affine, track_running_stats, device, dtype, bias
        )

    def _count_batch(self) -> Any:
        """Note one more batch; the share that it has in the running statistics."""
        share: Any = self.momentum
        if self.num_batches_tracked is not None:
            # Counted on the device, so that the forward pass never waits for it.
            self.num_batches_tracked.add_(1)
            if share is None and self.running_mean is not None:
                share = 1.0 / self.num_batches_tracked.astype(self.running_mean.dtype)
        return 0.0 if share is None else share

    def forward(self, x: Any) -> Any:
        """(N, num_features, ...) -> the same."""
        self._check(x)
        momentum, mean, var = self.momentum, self.running_mean, self.running_var
        if self.training and not self.track_running_stats:
            mean = var = None  # there are some, if the flag was set after the layer was made
        elif self.training:
            momentum = self._count_batch()
        return F.batch_norm(
            x,
            mean,
            var,
            self.weight,
            self.bias,
            self.training or (mean is None and var is None),
            0.0 if momentum is None else momentum,
            self.eps,
        )


class BatchNorm1d(_BatchNorm):
    __doc__ = _BatchNorm.__doc__
    _ranks = (2, 3)


class BatchNorm2d(_BatchNorm):
    __doc__ = _BatchNorm.__doc__
    _ranks = (4,)


class BatchNorm3d(_BatchNorm):
    __doc__ = _BatchNorm.__doc__
    _ranks = (5,)


class _InstanceNorm(_WithStatistics):
    """Normalise every channel of each sample, then scale and shift it.

    Args:    momentum: the share of a new batch; affine: whether to scale and shift; bias: False
             for scaling alone; track_running_stats: keep the mean statistics of the samples while
             training, and use them in evaluation.
    State:   weight, bias, running_mean, running_var (num_features,), num_batches_tracked ().
    Source:  Ulyanov, Vedaldi and Lempitsky 2016.

    >>> nn.InstanceNorm1d(2)(ct.tensor([[[0.0, 2.0], [5.0, 9.0]]]))
    tensor([[[-1.0000,  1.0000],
             [-1.0000,  1.0000]]])
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(
            num_features, eps, momentum, affine, track_running_stats, device, dtype, bias
        )

    def forward(self, x: Any) -> Any:
        """(N, num_features, ...) -> the same; N may be left out."""
        self._check(x)
        if x.ndim == min(self._ranks):
            return self.forward(x.unsqueeze(0)).squeeze(0)
        if x.shape[1] != self.num_features:
            kind = type(self).__name__
            found = f"{kind}: an input of shape {tuple(x.shape)} has {x.shape[1]} channels, not"
            if self.affine or self.track_running_stats:
                raise ShapeError(f"{found} {self.num_features}; give those")
            warnings.warn(
                f"{found} {self.num_features} (num_features), which says nothing without affine",
                stacklevel=3,
            )
        return F.instance_norm(
            x,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            0.0 if self.momentum is None else self.momentum,
            self.eps,
        )


class InstanceNorm1d(_InstanceNorm):
    __doc__ = _InstanceNorm.__doc__
    _ranks = (2, 3)


class InstanceNorm2d(_InstanceNorm):
    __doc__ = _InstanceNorm.__doc__
    _ranks = (3, 4)


class InstanceNorm3d(_InstanceNorm):
    __doc__ = _InstanceNorm.__doc__
    _ranks = (4, 5)


class LayerNorm(_Scaled):
    """Normalise over the last dimensions, then scale and shift.

        out = (x - mean) / sqrt(var + eps) * weight + bias

    Args:    normalized_shape: the sizes of those dimensions, or one size.
    State:   weight, bias (normalized_shape).
    Source:  Ba, Kiros and Hinton 2016.

    >>> nn.LayerNorm(2)(ct.tensor([[0.0, 2.0], [5.0, 9.0]]))
    tensor([[-1.0000,  1.0000],
            [-1.0000,  1.0000]], grad_fn=<normalize_rows>)
    """

    def __init__(
        self,
        normalized_shape: int | tuple[int, ...],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = wholes("LayerNorm", "normalized_shape", normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        self._register(
            self.normalized_shape,
            device,
            dtype,
            weight=elementwise_affine,
            bias=elementwise_affine and bias,
        )
        self.reset_parameters()

    def forward(self, x: Any) -> Any:
        """(..., *normalized_shape) -> the same."""
        return F.layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """See Module."""
        return (
            f"{self.normalized_shape}, eps={self.eps}, "
            f"elementwise_affine={self.elementwise_affine}, bias={self.bias is not None}"
        )


class RMSNorm(_Scaled):
    """Divide by the root of the mean square over the last dimensions, then scale.

        out = x / sqrt(mean(x^2) + eps) * weight

    Args:    normalized_shape: the sizes of those dimensions, or one size; eps: that of the dtype if
             None.
    State:   weight (normalized_shape).
    Source:  Zhang and Sennrich 2019.

    >>> nn.RMSNorm(2)(ct.tensor([[3.0, 3.0]])).detach()
    tensor([[1., 1.]])
    """

    def __init__(
        self,
        normalized_shape: int | tuple[int, ...],
        eps: float | None = None,
        elementwise_affine: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = wholes("RMSNorm", "normalized_shape", normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        self._register(self.normalized_shape, device, dtype, weight=elementwise_affine)
        self.reset_parameters()

    def forward(self, x: Any) -> Any:
        """(..., *normalized_shape) -> the same."""
        return F.rms_norm(x, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        """See Module."""
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"
        )


class GroupNorm(_Scaled):
    """Normalise each of num_groups equal groups of channels of each sample, then scale and shift
    every channel.

    Args:    affine: whether to scale and shift; bias: False for scaling alone.
    State:   weight, bias (num_channels,).
    Raises:  ShapeError if the groups do not divide the channels.
    Source:  Wu and He 2018.

    >>> nn.GroupNorm(2, 4)(ct.rand(3, 4, 5)).shape
    Size([3, 4, 5])
    """

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.num_groups = whole("GroupNorm", "num_groups", num_groups, 1)
        self.num_channels = whole("GroupNorm", "num_channels", num_channels)
        if num_channels % num_groups:
            raise ShapeError(
                f"GroupNorm: num_groups={num_groups} does not divide num_channels={num_channels}"
            )
        self.eps = eps
        self.affine = affine
        self._register((num_channels,), device, dtype, weight=affine, bias=affine and bias)
        self.reset_parameters()

    def forward(self, x: Any) -> Any:
        """(N, num_channels, ...) -> the same."""
        return F.group_norm(x, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """See Module."""
        return (
            f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, "
            f"bias={self.bias is not None}"
        )
