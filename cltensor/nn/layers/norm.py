"""Normalisation layers."""

from __future__ import annotations

from typing import Any

from cltensor.core.checks import number, whole, wholes
from cltensor.dtypes import int64
from cltensor.errors import ShapeError
from cltensor.nn import functional as F
from cltensor.nn import init
from cltensor.nn.module import Module
from cltensor.nn.parameter import Parameter


class _BatchNorm(Module):
    """Normalise every channel over the batch, then scale and shift it.

        out = (x - mean) / sqrt(var + eps) * weight + bias

    While training, mean and variance are the batch's, and the running ones follow them; in
    evaluation the running ones are used.

    Args:    momentum: the share of a new batch, None for the plain average of all batches;
             affine: whether to scale and shift; bias: False for scaling alone;
             track_running_stats: False for batch statistics in evaluation too.
    State:   weight, bias, running_mean, running_var (num_features,), num_batches_tracked ().
    Source:  Ioffe and Szegedy 2015.
    """

    # PyTorch's files from before its version 0.4.1 have no such entry.
    _optional_state = ("num_batches_tracked",)
    _ranks: tuple[int, ...] = ()

    weight: Parameter | None
    bias: Parameter | None
    running_mean: Any
    running_var: Any
    num_batches_tracked: Any

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
        super().__init__()
        kind = type(self).__name__
        self.num_features = num_features = whole(kind, "num_features", num_features)
        self.eps = number(kind, "eps", eps)
        self.momentum = momentum if momentum is None else number(kind, "momentum", momentum)
        self.affine = affine
        self.track_running_stats = track_running_stats
        shape = (num_features,)
        for name, wanted in (("weight", affine), ("bias", affine and bias)):
            values = Parameter(init.empty(shape, dtype, device)) if wanted else None
            self.register_parameter(name, values)
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
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def forward(self, x: Any) -> Any:
        """(N, num_features, ...) -> the same."""
        if x.ndim not in self._ranks:
            raise ShapeError(
                f"{type(self).__name__}: expected {' or '.join(map(str, self._ranks))} "
                f"dimensions, got shape {tuple(x.shape)}"
            )
        momentum, mean, var = self.momentum, self.running_mean, self.running_var
        if self.training and not self.track_running_stats:
            mean = var = None  # there are some, if the flag was set after the layer was made
        elif self.training and self.num_batches_tracked is not None:
            # Counted on the device, so that the forward pass never waits for it.
            self.num_batches_tracked.add_(1)
            if momentum is None:
                momentum = 1.0 / self.num_batches_tracked.astype(mean.dtype)
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

    def extra_repr(self) -> str:
        """See Module."""
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, "
            f"affine={self.affine}, bias={self.bias is not None}, "
            f"track_running_stats={self.track_running_stats}"
        )


class BatchNorm1d(_BatchNorm):
    __doc__ = _BatchNorm.__doc__
    _ranks = (2, 3)


class BatchNorm2d(_BatchNorm):
    __doc__ = _BatchNorm.__doc__
    _ranks = (4,)


class LayerNorm(Module):
    """Normalise over the last dimensions, then scale and shift.

        out = (x - mean) / sqrt(var + eps) * weight + bias

    Args:    normalized_shape: the sizes of those dimensions, or one size.
    State:   weight, bias (normalized_shape).
    Source:  Ba, Kiros and Hinton 2016.
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
        for name, wanted in (("weight", True), ("bias", bias)):
            made = elementwise_affine and wanted
            values = init.empty(self.normalized_shape, dtype, device) if made else None
            self.register_parameter(name, None if values is None else Parameter(values))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set the initial state: scale 1, shift 0."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def forward(self, x: Any) -> Any:
        """(..., *normalized_shape) -> the same."""
        return F.layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """See Module."""
        return (
            f"{self.normalized_shape}, eps={self.eps}, "
            f"elementwise_affine={self.elementwise_affine}, bias={self.bias is not None}"
        )
