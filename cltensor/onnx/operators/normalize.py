"""Normalization, dropout and losses."""

from __future__ import annotations

import math
from typing import Any

from cltensor.autograd import no_grad
from cltensor.dtypes import float32, int64
from cltensor.nn import functional as F
from cltensor.onnx.functions import main as ct
from cltensor.onnx.table import Asked, Ints, Numbers, Statistic, operator


def _by_channel(x: Any, like: Any) -> Any:
    return ct.reshape(x, (-1, *[1] * (like.ndim - 2)))


def _batch_norm(x, scale, bias, mean: Statistic, var: Statistic, *, epsilon: float = 1e-5,
                momentum: float = 0.9, spatial: bool = True, training: Asked):  # fmt: skip
    if not spatial:
        raise ValueError("spatial is 0: a statistic for each element, which cltensor has not")
    # Outputs beyond the first are of training, and given as they are.
    if training:
        return F.batch_norm(x, mean, var, scale, bias, True, 1 - momentum, epsilon), mean, var
    return _normalized(x, mean, var, scale, bias, epsilon), mean, var


def _normalized(x: Any, mean: Any, var: Any, scale: Any, bias: Any, epsilon: float) -> Any:
    if all(t.dtype == x.dtype for t in (mean, var, scale, bias)):
        return F.batch_norm(x, mean, var, scale, bias, False, 0.0, epsilon)
    wide = ct.astype(x, float32)
    factor = ct.astype(scale, float32) * ct.rsqrt(ct.astype(var, float32) + epsilon)
    moved = (wide - _by_channel(ct.astype(mean, float32), x)) * _by_channel(factor, x)
    return ct.astype(moved + _by_channel(ct.astype(bias, float32), x), x.dtype)


operator("BatchNormalization", since=7)(_batch_norm)


@operator("BatchNormalization", since=14)
def _batch_norm_14(x, scale, bias, mean: Statistic, var: Statistic, *, epsilon: float = 1e-5,
                   momentum: float = 0.9, training_mode: bool = False,
                   training: Asked):  # fmt: skip
    if not training_mode:
        return _batch_norm(
            x, scale, bias, mean, var, epsilon=epsilon, momentum=momentum, training=training
        )
    axes = (0, *range(2, x.ndim))
    own_mean, own_var = ct.mean(x, axes), ct.var(x, axes, correction=0)
    found = _normalized(x, own_mean, own_var, scale, bias, epsilon)
    with no_grad():
        mean = mean * momentum + own_mean * (1 - momentum)
        var = var * momentum + own_var * (1 - momentum)
    return found, mean, var


@operator("InstanceNormalization")
def _instance_norm(x, scale, bias, *, epsilon: float = 1e-5):
    return F.group_norm(x, x.shape[1], scale, bias, epsilon)  # one value has a variance here: 0


@operator("LayerNormalization", since=17)
def _layer_norm(x, scale, bias=None, *, axis: int = -1, epsilon: float = 1e-5,
                stash_type: int = 1, outputs: Asked):  # fmt: skip
    axes = tuple(range(axis % x.ndim, x.ndim))
    sizes = tuple(x.shape[a] for a in axes)
    fits = tuple(scale.shape) == sizes and (bias is None or tuple(bias.shape) == sizes)
    if outputs == 1 and fits:
        return F.layer_norm(x, sizes, scale, bias, epsilon)
    wide = ct.astype(x, float32) if x.dtype.itemsize < 4 else x
    mean = ct.mean(wide, axes, keepdim=True)
    inverse = ct.rsqrt(ct.var(wide, axes, correction=0, keepdim=True) + epsilon)
    found = ct.astype((wide - mean) * inverse, x.dtype) * scale
    return found if bias is None else found + bias, mean, inverse


@operator("RMSNormalization", since=23)
def _rms_norm(x, scale, *, axis: int = -1, epsilon: float = 1e-5, stash_type: int = 1):
    axes = tuple(range(axis % x.ndim, x.ndim))
    wide = ct.astype(x, float32) if x.dtype.itemsize < 4 else x
    found = wide * ct.rsqrt(ct.mean(wide * wide, axes, keepdim=True) + epsilon)
    return ct.astype(found, x.dtype) * scale


@operator("GroupNormalization", since=18)
def _group_norm_18(x, scale, bias, *, num_groups: int, epsilon: float = 1e-5):
    # A scale for each group, not for each channel.
    each = x.shape[1] // num_groups
    scale, bias = ct.repeat_interleave(scale, each), ct.repeat_interleave(bias, each)
    return F.group_norm(x, num_groups, scale, bias, epsilon)


@operator("GroupNormalization", since=21)
def _group_norm(x, scale, bias, *, num_groups: int, epsilon: float = 1e-5, stash_type: int = 1):
    return F.group_norm(x, num_groups, scale, bias, epsilon)


@operator("LRN")
def _lrn(x, *, alpha: float = 1e-4, beta: float = 0.75, bias: float = 1.0, size: int):
    low = (size - 1) // 2
    squares = F.pad(x * x, (0, 0) * (x.ndim - 2) + (low, size - 1 - low))
    total = sum(ct.narrow(squares, 1, i, x.shape[1]) for i in range(size))
    return x / ct.pow(bias + alpha / size * total, beta)


@operator("MeanVarianceNormalization", since=9)
def _mvn(x, *, axes: list[int] | None = None):
    over = tuple(axes or (0, 2, 3))
    moved = x - ct.mean(x, over, keepdim=True)
    return moved / (ct.sqrt(ct.mean(moved * moved, over, keepdim=True)) + 1e-9)


@operator("Dropout", since=7)
def _dropout_by(x, *, ratio: float = 0.5, training: Asked, outputs: Asked):
    return _dropped(x, ratio if training else 0.0, outputs)


@operator("Dropout", since=12)
def _dropout(x, ratio: Numbers | None = None, training_mode: Ints | None = None, *,
             seed: int | None = None, training: Asked, outputs: Asked):  # fmt: skip
    active = training or bool(training_mode and training_mode[0])
    return _dropped(x, (ratio[0] if ratio else 0.5) if active else 0.0, outputs)


def _dropped(x: Any, ratio: float, outputs: int) -> Any:
    if outputs == 1:
        return F.dropout(x, ratio, True) if ratio else x
    kept = ct.ones(tuple(x.shape), dtype="bool", device=x.device)
    if not ratio:
        return x, kept
    kept = ct.rand(tuple(x.shape), device=x.device) >= ratio
    scale = 1 / (1 - ratio) if ratio < 1 else 0.0
    return ct.where(kept, x * scale, 0), kept


def _nll(x: Any, target: Any, weight: Any, ignore: int | None, reduction: str) -> Any:
    """The loss of logarithms of shares by class, the second axis."""
    if reduction not in ("none", "sum", "mean"):
        raise ValueError(f"reduction is {reduction!r}")
    target = ct.astype(target, int64)
    left_out = None if ignore is None else target == ignore
    chosen = target if left_out is None else ct.where(left_out, 0, target)
    loss = -ct.squeeze(ct.gather(x, 1, ct.unsqueeze(chosen, 1)), 1)
    each = None if weight is None else weight[chosen]
    if left_out is not None:
        each = ct.ones_like(loss) if each is None else each
        each = ct.where(left_out, 0, each)
    loss = loss if each is None else loss * each
    if reduction == "none":
        return loss
    total = ct.sum(loss)
    if reduction == "sum":
        return total
    return total / (math.prod(loss.shape) if each is None else ct.sum(each))


@operator("NegativeLogLikelihoodLoss", since=12)
def _nll_loss(x, target, weight=None, *, ignore_index: int | None = None, reduction: str = "mean"):
    return _nll(x, target, weight, ignore_index, reduction)


@operator("SoftmaxCrossEntropyLoss", since=12)
def _cross_entropy(scores, labels, weights=None, *, ignore_index: int | None = None,
                   reduction: str = "mean"):  # fmt: skip
    logs = ct.log_softmax(scores, 1)
    return _nll(logs, labels, weights, ignore_index, reduction), logs
