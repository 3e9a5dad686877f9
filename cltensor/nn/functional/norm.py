"""Normalisation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from cltensor.core.composite import composite
from cltensor.core.mode import no_grad
from cltensor.core.tensor import Tensor
from cltensor.dtypes import arithmetic
from cltensor.errors import DTypeError, ShapeError
from cltensor.halves import limits_of
from cltensor.ops.elementwise.arithmetic import square
from cltensor.ops.elementwise.functions import rsqrt
from cltensor.ops.elementwise.power import pow
from cltensor.ops.elementwise.select import clip
from cltensor.ops.linalg.norms import norm
from cltensor.ops.network.normalize import (
    Running,
    move_statistics,
    normalize_channels,
    normalize_rows,
)
from cltensor.ops.reduce.fold import moments


@composite(method=False)
def batch_norm(
    input: Any,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: float | Tensor = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Normalise every channel of input over the batch, or by the running statistics.

        out = (input - mean) / sqrt(var + eps) * weight + bias

    In training the statistics are the batch's and the running ones move towards them in place,
    running = (1 - momentum) * running + momentum * batch, with the unbiased variance.

    Args:    input (N, C, ...); all others (C,) or None; momentum: a number, or a scalar Tensor.
    Returns: the shape of input.
    Raises:  ShapeError for another number of channels, or training on one value per channel;
             DTypeError for another dtype of the parameters than input's.
    Source:  Ioffe and Szegedy 2015.

    >>> x = ct.tensor([[1.0], [3.0]])
    >>> F.batch_norm(x, None, None, training=True)
    tensor([[-1.0000],
            [ 1.0000]])
    >>> F.batch_norm(x, ct.ones(1), ct.ones(1))
    tensor([[0.0000],
            [2.0000]])
    """
    if input.shape == (0,):  # neither samples nor channels, as PyTorch takes it
        input = input.reshape(0, 0)
        others = running_mean, running_var, weight, bias, training, momentum, eps
        return batch_norm(input, *others).reshape(0)
    if input.ndim < 2:
        raise ShapeError(f"batch_norm: shape {tuple(input.shape)} has no dimension of channels")
    for name, value in (("running_mean", running_mean), ("weight", weight)):
        if value is not None and tuple(value.shape) != (input.shape[1],):
            raise ShapeError(
                f"batch_norm: an input of shape {tuple(input.shape)} has {input.shape[1]} "
                f"channels, {name} has shape {tuple(value.shape)}"
            )
    _fitting("batch_norm", input, running_mean=running_mean, weight=weight)
    channels = (input.shape[1],) + (1,) * (input.ndim - 2)
    if training:
        running = None
        if running_mean is not None and running_var is not None:
            running = Running(running_mean, running_var, momentum)
        return _by_the_batch(input, running, weight, bias, channels, eps)
    if running_mean is None or running_var is None:
        raise ValueError("batch_norm: evaluation needs running_mean and running_var")
    scale = rsqrt(running_var.reshape(channels) + eps)
    if weight is not None:
        scale = scale * weight.reshape(channels)
    out = (input - running_mean.reshape(channels)) * scale
    return out if bias is None else out + bias.reshape(channels)


def _by_the_batch(
    input: Any,
    running: Running | None,
    weight: Any,
    bias: Any,
    channels: tuple[int, ...],
    eps: float,
) -> Tensor:
    """`batch_norm` in training."""
    count = input.size // input.shape[1] if input.shape[1] else 0
    if count == 1:
        raise ShapeError(
            f"batch_norm: training needs more than one value per channel, "
            f"shape {tuple(input.shape)} has {count}; call .eval() or use larger batches"
        )
    if not count:  # no statistics, and nothing to normalise
        return _scaled(input, weight, bias, channels)
    parameters = _shaped(weight, channels), _shaped(bias, channels)
    return normalize_channels(input, *parameters, (0, *range(2, input.ndim)), eps, running)


def _fitting(operation: str, input: Any, **others: Any) -> None:
    """Raise DTypeError unless the parameters that are there are computed with in the dtype of
    input: of floats of 16 bits, as float32 too."""
    for name, value in others.items():
        if value is not None and arithmetic(value.dtype) is not arithmetic(input.dtype):
            raise DTypeError(
                f"{operation}: the input is {input.dtype.name} and {name} {value.dtype.name}; cast "
                f"the input with .to('{value.dtype.name}')"
            )


def _scaled(input: Any, weight: Any, bias: Any, channels: tuple[int, ...]) -> Any:
    """An input without elements, as far as autograd is concerned times weight plus bias."""
    out = input if weight is None else input * weight.reshape(channels)
    return out if bias is None else out + bias.reshape(channels)


def _shaped(value: Any, shape: tuple[int, ...]) -> Any:
    return None if value is None else value.reshape(shape)


@composite(method=False)
def layer_norm(
    input: Any,
    normalized_shape: tuple[int, ...],
    weight: Any = None,
    bias: Any = None,
    eps: float = 1e-5,
) -> Tensor:
    """Normalise over the last dimensions, those of `normalized_shape`.

        out = (input - mean) / sqrt(var + eps) * weight + bias

    Raises:  ShapeError if input does not end in normalized_shape, DTypeError for another dtype of
             the weight than input's.
    Source:  Ba, Kiros and Hinton 2016.

    >>> F.layer_norm(ct.tensor([[0.0, 2.0]]), (2,))
    tensor([[-1.0000,  1.0000]])
    """
    shape = tuple(normalized_shape)
    if not shape or tuple(input.shape[-len(shape) :]) != shape:
        raise ShapeError(
            f"layer_norm: an input of shape {tuple(input.shape)} does not end in {shape}"
        )
    _fitting("layer_norm", input, weight=weight)
    axes = tuple(range(input.ndim - len(shape), input.ndim))
    return normalize_rows(input, weight, bias, axes, eps)


@composite(method=False)
def rms_norm(
    input: Any, normalized_shape: Sequence[int], weight: Any = None, eps: float | None = None
) -> Tensor:
    """Divide by the root of the mean square over the last dimensions, those of `normalized_shape`.

        out = input / sqrt(mean(input^2) + eps) * weight

    eps: that of the dtype if None.
    Raises:  ShapeError if input does not end in normalized_shape.
    Source:  Zhang and Sennrich 2019.

    >>> F.rms_norm(ct.tensor([[3.0, 3.0]]), (2,))
    tensor([[1., 1.]])
    """
    shape = tuple(normalized_shape)
    if not shape or tuple(input.shape[-len(shape) :]) != shape:
        raise ShapeError(
            f"rms_norm: an input of shape {tuple(input.shape)} does not end in {shape}"
        )
    axes = tuple(range(input.ndim - len(shape), input.ndim))
    small = float(limits_of(input.dtype).eps) if eps is None else eps
    out = input * rsqrt(square(input).mean(axes, True) + small)
    return out if weight is None else out * weight


def _per_channel(value: Any, ndim: int) -> Any:
    return _shaped(value, (-1,) + (1,) * (ndim - 2))


@composite(method=False)
def group_norm(
    input: Any, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Tensor:
    """Normalise each of num_groups equal groups of channels of each sample.

    Args:    input (N, C, ...); weight, bias (C,) or None.
    Raises:  ShapeError if the groups do not divide the channels.
    Source:  Wu and He 2018.

    >>> F.group_norm(ct.tensor([[0.0, 2.0, 5.0, 9.0]]), 2)
    tensor([[-1.0000,  1.0000, -1.0000,  1.0000]])
    """
    if input.ndim < 2 or num_groups < 1 or input.shape[1] % num_groups:
        raise ShapeError(
            f"group_norm: an input of shape {tuple(input.shape)} has no channels that {num_groups} "
            "groups divide"
        )
    _fitting("group_norm", input, weight=weight)
    samples = input.shape[0]
    if input.size:
        rows = input.reshape(samples, num_groups, input.size // (samples * num_groups))
        out = normalize_rows(rows, None, None, (2,), eps).reshape(input.shape)
    else:
        out = input * 1
    if weight is not None:
        out = out * _per_channel(weight, input.ndim)
    return out if bias is None else out + _per_channel(bias, input.ndim)


@composite(method=False)
def instance_norm(
    input: Any,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Any = None,
    bias: Any = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Normalise every channel of each sample; or by the running statistics, unless
    use_input_stats. Those move towards the mean over the samples, as in `batch_norm`.

    Args:    input (N, C, ...); all others (C,) or None.
    Raises:  ShapeError for one value per channel; ValueError without statistics.
    Source:  Ulyanov, Vedaldi and Lempitsky 2016.

    >>> F.instance_norm(ct.tensor([[[0.0, 2.0], [5.0, 9.0]]]))
    tensor([[[-1.0000,  1.0000],
             [-1.0000,  1.0000]]])
    """
    if not use_input_stats:
        return batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps)
    samples, channels, *sizes = input.shape
    count = int(np.prod(sizes))
    if count == 1:
        raise ShapeError(
            f"instance_norm: an input of shape {tuple(input.shape)} has one value per channel, "
            "which has no variance"
        )
    if running_mean is not None and running_var is not None and samples:
        with no_grad():
            mean, squares = moments(input.detach(), tuple(range(2, input.ndim)))
            stats = tuple([s.reshape(samples, channels).mean(0) for s in (mean, squares)])
            move_statistics(Running(running_mean, running_var, momentum), stats, count)
    return group_norm(input, channels, weight, bias, eps)


@composite(method=False)
def local_response_norm(
    input: Any, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Tensor:
    """Divide by the mean square of `size` neighbouring channels.

        out[c] = input[c] / (k + alpha * mean of input[c']^2)^beta

    Args:    input (N, C, ...), of three dimensions or more.
    Source:  Krizhevsky, Sutskever and Hinton 2012.

    >>> F.local_response_norm(ct.ones(1, 4, 2, 2), 2).shape
    Size([1, 4, 2, 2])
    """
    if input.ndim < 3:
        raise ShapeError(
            f"local_response_norm: an input of shape {tuple(input.shape)}; it takes (N, C, ...) of "
            "three dimensions or more"
        )
    if not input.size:
        return input
    before = size // 2
    around = [(0, 0), (before, size - 1 - before), *[(0, 0)] * (input.ndim - 2)]
    windows = square(input).pad(around).unfold(1, size, 1)
    return input / pow(windows.mean(-1) * alpha + k, beta)


@composite(method=False)
def normalize(input: Any, p: float = 2.0, dim: Any = 1, eps: float = 1e-12) -> Tensor:
    """input divided by its p-norm along `dim`, or by eps where that is smaller.

    >>> F.normalize(ct.tensor([[3.0, 4.0]]))
    tensor([[0.6000, 0.8000]])
    """
    return input / clip(norm(input, p, dim, True), eps)
