"""Batch normalisation over the batches of all processes."""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

from cltensor.autograd import Function, no_grad
from cltensor.autograd.function import once_differentiable
from cltensor.core.tensor import Tensor
from cltensor.distributed.collectives import all_gather_into_tensor, all_reduce
from cltensor.distributed.groups import GroupMember, ProcessGroup, in_group
from cltensor.dtypes import SHORT, float32
from cltensor.errors import ShapeError
from cltensor.nn.layers.norm import _BatchNorm
from cltensor.nn.module import Module
from cltensor.ops.create import empty, tensor, zeros
from cltensor.ops.elementwise.cast import astype
from cltensor.ops.network.normalize import (
    Running,
    gradient_of_normalized,
    move_statistics,
    normalized,
    weighed,
)
from cltensor.ops.reduce.fold import sums_of
from cltensor.ops.shape.join import concatenate
from cltensor.ops.shape.view import reshape
from cltensor.runtime.determinism import is_deterministic


class _Gathered(Function):
    """The vectors of all ranks, one a row; its gradient is summed over the ranks, as each computes
    with them all."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, group: ProcessGroup) -> Tensor:
        ctx.group = group
        rows = empty((group.size(), *x.shape), dtype=x.dtype, device=x.device)
        all_gather_into_tensor(rows, x, group)
        return rows

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        g = g.clone()
        all_reduce(g, group=ctx.group)
        return g[ctx.group.rank()], None


class _Normalized(Function):
    """What BatchNorm computes of the batches of all ranks, in its order: bit for bit the same where
    they are equal parts of one."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Any, bias: Any, stats: _Moments, group: ProcessGroup,
        eps: float,
    ) -> Tensor:  # fmt: skip
        ctx.save_for_backward(x, weight)
        ctx.stats, ctx.group, ctx.eps = stats, group, eps
        return normalized(x, weight, bias, stats[:2], stats.number, eps)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g: Tensor) -> Any:
        (x, weight), stats = ctx.saved_tensors, ctx.stats
        known = stats[:2], stats.number, ctx.eps
        own = sums_of(lambda: g, lambda: weighed(g, x, *known), axis=_axes(x))
        both = concatenate([each.reshape(-1) for each in own])
        all_reduce(both, group=ctx.group)
        whole = both.reshape(2, *own[0].shape)
        dx = gradient_of_normalized(g, x, weight, *known, (whole[0], whole[1]))
        return dx, own[1], own[0], None, None, None


class _Moments(NamedTuple):
    """Means, sums of squared differences from them, and the number of elements of each."""

    mean: Tensor
    squares: Tensor
    number: int


def _axes(x: Tensor) -> tuple[int, ...]:
    """Those that are no channels."""
    return (0, *range(2, x.ndim))


def _moments(x: Tensor, group: ProcessGroup) -> _Moments:
    """Of each channel over all ranks."""
    counted = tensor(prod(x.shape) // x.shape[1], device=x.device)
    mean, axes = x.sum(_axes(x), keepdim=True), _axes(x)
    for each in (counted, mean):
        all_reduce(each, group=group)
    count = int(counted.item())
    if count < 2:
        raise ShapeError(
            f"SyncBatchNorm: training needs more than one value per channel, all ranks together "
            f"have {count}; call .eval() or use larger batches"
        )
    mean = mean * (1 / count)
    away = x - mean
    squares = (away * away).sum(axes, keepdim=True)
    all_reduce(squares, group=group)
    return _Moments(mean, squares, count)


class SyncBatchNorm(_BatchNorm):
    """Batch normalisation over the batches of all processes; in one process that is BatchNorm, of
    inputs of any number of dimensions. While training, forward and backward are calls that all
    ranks make.

    Args:    process_group: None for all ranks; the others as for BatchNorm.
    State:   weight, bias, running_mean, running_var (num_features,), num_batches_tracked ().

    >>> nn.SyncBatchNorm(3)(ct.rand(4, 3, 2, 2)).shape
    Size([4, 3, 2, 2])
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        process_group: Any = None,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(
            num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias
        )
        self.process_group = process_group

    def _check(self, x: Any) -> None:
        if x.ndim < 2:
            raise ShapeError(
                f"SyncBatchNorm: expected 2 or more dimensions, got shape {tuple(x.shape)}"
            )

    def forward(self, x: Any) -> Any:
        """(N, num_features, ...) -> the same."""
        if GroupMember.WORLD is None and self.process_group is None:
            return super().forward(x)
        group = in_group("SyncBatchNorm", self.process_group)
        if group.size() == 1 or not (self.training or self.running_mean is None):
            return super().forward(x)
        self._check(x)
        shape = (1, -1, *[1] * (x.ndim - 2))
        if is_deterministic():
            return self._in_order(x, group, shape)
        mean, var, count = self._statistics(x, group)
        if self._follows:
            with no_grad():
                self._follow(mean, var, count)
        out = (x - reshape(mean, shape)) * reshape((var + self.eps).rsqrt(), shape)
        if self.weight is not None:
            out = out * reshape(self.weight, shape)
        if self.bias is not None:
            out = out + reshape(self.bias, shape)
        return astype(out, x.dtype)

    @property
    def _follows(self) -> bool:
        """Whether the running statistics follow the batch."""
        return self.training and self.running_mean is not None and self.track_running_stats

    def _in_order(self, x: Any, group: ProcessGroup, shape: tuple[int, ...]) -> Any:
        """What BatchNorm gives in the one order of deterministic results."""
        wide = astype(x, float32) if x.dtype in SHORT else x
        with no_grad():
            stats = _moments(wide, group)
            if self._follows:
                running = Running(self.running_mean, self.running_var, self._count_batch())
                move_statistics(running, stats[:2], stats.number)
        parameters = [p if p is None else reshape(p, shape) for p in (self.weight, self.bias)]
        return astype(_Normalized.apply(wide, *parameters, stats, group, self.eps), x.dtype)

    def _statistics(self, x: Any, group: ProcessGroup) -> tuple[Any, Any, Any]:
        """Mean and variance of each channel over all ranks, and the number of its elements."""
        axes = _axes(x)
        wide = astype(x, float32) if x.dtype in SHORT else x
        count = prod(x.shape) // x.shape[1]
        if count:
            mean, var = wide.mean(axes), wide.var(axes, unbiased=False)
        else:
            mean = var = zeros(x.shape[1], dtype=wide.dtype, device=x.device)
        own = tensor([float(count)], dtype=wide.dtype, device=x.device)
        rows = _Gathered.apply(concatenate([own, mean, var]), group)
        features = self.num_features
        counts, means = rows[:, :1].detach(), rows[:, 1 : 1 + features]
        total = counts.sum()
        whole = (counts * means).sum(0) / total
        spread = rows[:, 1 + features :] + (means - whole) ** 2
        return whole, (counts * spread).sum(0) / total, total

    def _follow(self, mean: Any, var: Any, count: Any) -> None:
        """Have the running statistics follow the batch."""
        share = self._count_batch()
        unbiased = var * (count / (count - 1))
        for running, new in ((self.running_mean, mean), (self.running_var, unbiased)):
            running.copy_(running * (1 - share) + astype(new, running.dtype) * share)

    @classmethod
    def convert_sync_batchnorm(cls, module: Module, process_group: Any = None) -> Module:
        """The module with a SyncBatchNorm, of the same parameters and statistics, in place of each
        BatchNorm of any kind in it, and of itself."""
        made: Any = module
        if isinstance(module, _BatchNorm):
            made = cls(
                module.num_features, module.eps, module.momentum, module.affine,
                module.track_running_stats, process_group, bias=module.bias is not None,
            )  # fmt: skip
            for table in ("_parameters", "_buffers"):
                made.__dict__[table].update(module.__dict__[table])
            made.training = module.training
        for name, child in module.named_children():
            made.add_module(name, cls.convert_sync_batchnorm(child, process_group))
        return made
