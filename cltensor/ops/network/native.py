"""Normalisation with the statistics that it computed, under PyTorch's names `native_...`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from cltensor.core.composite import composite
from cltensor.core.op import Op, primitive
from cltensor.core.tensor import Tensor
from cltensor.errors import ShapeError
from cltensor.ops.elementwise.cast import full
from cltensor.ops.elementwise.functions import rsqrt
from cltensor.ops.network.normalize import Running, move_statistics
from cltensor.ops.reduce.fold import moments


def _normalized(x: Any, axes: tuple[int, ...], eps: float) -> tuple[Any, Any, Any, Any]:
    """x normalised, its means and 1 / sqrt(var + eps), and the sums of squared differences."""
    count = math.prod([x.shape[a] for a in axes])
    mean, squares = moments(x, axes)
    scale = rsqrt(squares * (1 / max(count, 1)) + eps)
    return (x - mean) * scale, mean, scale, squares


#: Statistics that belong to the graph, as PyTorch's do, whose gradient is 0 there.
_beside: Op = primitive(
    "statistic(x, value)",
    lambda x, value: value,
    dx=lambda g, x_shape, x_dtype: full(x_shape, 0, x_dtype, g.device),
)


def _affine(x: Any, weight: Any, bias: Any) -> Any:
    x = x if weight is None else x * weight
    return x if bias is None else x + bias


def _statistics(x: Any, *values: Any) -> tuple[Any, Any]:
    mean, scale = [_beside(x, v.detach()) for v in values]
    return mean, scale


@composite
def native_layer_norm(
    x: Any, normalized_shape: Sequence[int], weight: Tensor | None, bias: Tensor | None, eps: float
) -> tuple[Any, Any, Any]:
    """`nn.functional.layer_norm`, the means and the inverse deviations, whose gradients count for
    nothing, as in PyTorch.

    >>> ct.native_layer_norm(ct.tensor([[0.0, 2.0]]), (2,), None, None, 1e-5)[1]
    tensor([[1.]])
    """
    shape = tuple(normalized_shape)
    if not shape or tuple(x.shape[-len(shape) :]) != shape:
        raise ShapeError(
            f"native_layer_norm: an input of shape {tuple(x.shape)} does not end in {shape}"
        )
    axes = tuple(range(x.ndim - len(shape), x.ndim))
    out, mean, scale, _ = _normalized(x, axes, eps)
    return _affine(out, weight, bias), *_statistics(x, mean, scale)


@composite
def native_group_norm(
    x: Any,
    weight: Tensor | None,
    bias: Tensor | None,
    N: int,
    C: int,
    HxW: int,
    group: int,
    eps: float,
) -> tuple[Any, Any, Any]:
    """`nn.functional.group_norm` of x (N, C, ...), the means (N, group) and the inverse
    deviations.

    >>> ct.native_group_norm(ct.ones(1, 2, 2), None, None, 1, 2, 2, 1, 1e-5)[1]
    tensor([[1.]])
    """
    if x.ndim < 2 or tuple(x.shape[:2]) != (N, C) or x.size != N * C * HxW or C % group:
        raise ShapeError(
            f"native_group_norm: x has shape {tuple(x.shape)} for N={N}, C={C}, HxW={HxW} and "
            f"{group} groups; these must fit"
        )
    out, mean, scale, _ = _normalized(x.reshape(N, group, C // group * HxW), (2,), eps)
    channels = (C, *[1] * (x.ndim - 2))
    parameters = [v if v is None else v.reshape(channels) for v in (weight, bias)]
    out = _affine(out.reshape(x.shape), *parameters)
    return out, mean.reshape(N, group), scale.reshape(N, group)


@composite
def native_batch_norm(
    x: Any, weight: Tensor | None, bias: Tensor | None, running_mean: Tensor | None,
    running_var: Tensor | None, training: bool, momentum: float, eps: float,
) -> tuple[Any, Any, Any]:  # fmt: skip
    """`nn.functional.batch_norm` and, in training, the means and the inverse deviations of the
    batch (nothing otherwise), whose gradients count for nothing, as in PyTorch.

    >>> out, mean, rstd = ct.native_batch_norm(
    ...     ct.tensor([[0.0], [2.0]]), None, None, None, None, True, 0.1, 1e-5
    ... )
    """
    channels = (x.shape[1], *[1] * (x.ndim - 2))
    parameters = [v if v is None else v.reshape(channels) for v in (weight, bias)]
    if not training:
        if running_mean is None or running_var is None:
            raise ValueError("native_batch_norm: evaluation needs running_mean and running_var")
        scale = rsqrt(running_var.reshape(channels) + eps)
        out = (x - running_mean.reshape(channels)) * scale
        nothing = full((0,), 0, x.dtype, x.device)
        return _affine(out, *parameters), nothing, nothing
    axes = (0, *range(2, x.ndim))
    out, mean, scale, squares = _normalized(x, axes, eps)
    count = x.size // max(x.shape[1], 1)
    if running_mean is not None and running_var is not None and count > 1:
        moved = Running(running_mean, running_var, momentum)
        move_statistics(moved, (mean, squares), count)
    return _affine(out, *parameters), *_statistics(x, mean.reshape(-1), scale.reshape(-1))
