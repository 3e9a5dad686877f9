"""Losses of distributions and of margins, beside those of `criteria`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from cltensor.core.composite import composite
from cltensor.core.tensor import Tensor
from cltensor.errors import ShapeError
from cltensor.nn.functional.activation import logsigmoid
from cltensor.nn.functional.criteria import cross_entropy, reduced
from cltensor.nn.functional.distance import pairwise_distance
from cltensor.nn.functional.maps import linear
from cltensor.ops.create import arange
from cltensor.ops.elementwise.activation import log1p_exp
from cltensor.ops.elementwise.arithmetic import square
from cltensor.ops.elementwise.functions import exp, log, rsqrt
from cltensor.ops.elementwise.power import pow
from cltensor.ops.elementwise.select import clip, minimum, where
from cltensor.ops.index.gather import take_along_axis
from cltensor.ops.index.pick import take
from cltensor.ops.network.ctc import ctc
from cltensor.ops.reduce.scan import cumsum


def _entropy(target: Any) -> Any:
    """target * log(target), and 0 where that is 0."""
    return where(target == 0, 0, target * log(where(target == 0, 1, target)))


@composite(method=False, older=(2, 3))
def kl_div(input: Any, target: Any, reduction: str = "mean", log_target: bool = False) -> Tensor:
    """The divergence of probabilities `target` from those whose logarithms are `input`.

        target * (log(target) - input)

    Args:    log_target: target holds logarithms too; reduction: also "batchmean", the sum over the
             size of the first axis.

    >>> F.kl_div(ct.tensor([[0.5, 0.5]]).log(), ct.tensor([[0.5, 0.5]]), reduction="batchmean")
    tensor(0.)
    """
    if log_target:
        loss = exp(target) * (target - input)
    else:
        loss = _entropy(target) - target * input
    if reduction == "batchmean":
        return loss.sum() / (input.shape[0] if input.ndim else 1)
    return reduced("kl_div", loss, reduction)


@composite(method=False, older=(4, 6))
def poisson_nll_loss(
    input: Any,
    target: Any,
    log_input: bool = True,
    full: bool = False,
    eps: float = 1e-8,
    reduction: str = "mean",
) -> Tensor:
    """The negative log-likelihood of counts `target` for the rate exp(input), or `input` unless
    log_input. full: with Stirling's approximation of log(target!) where target > 1.

    >>> F.poisson_nll_loss(ct.zeros(2), ct.ones(2))
    tensor(1.)
    """
    if log_input:
        loss = exp(input) - target * input
    else:
        loss = input - target * log(input + eps)
    if full:
        many = target > 1
        count = where(many, target, 1)
        loss = loss + where(many, count * log(count) - count + 0.5 * log(2 * math.pi * count), 0)
    return reduced("poisson_nll_loss", loss, reduction)


@composite(method=False)
def gaussian_nll_loss(
    input: Any,
    target: Any,
    var: Any,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Tensor:
    """The negative log-likelihood of `target` for a normal distribution with mean `input` and
    variance `var`, at least eps.

        0.5 * (log(var) + (input - target)^2 / var), full: + 0.5 * log(2 pi)

    Args:    var: a number, or the shape of input, perhaps without the last axis, or with 1 for
             one of them.
    Raises:  ShapeError for another shape, ValueError for a negative number.

    >>> F.gaussian_nll_loss(ct.zeros(2), ct.zeros(2), ct.ones(2))
    tensor(0.)
    """
    if isinstance(var, (int, float)):
        if var < 0:
            raise ValueError(f"gaussian_nll_loss: var is {var}; a variance is not negative")
        var = input.new_full((), var)
    elif var.shape != input.shape:
        if var.shape == input.shape[:-1]:
            var = var.unsqueeze(-1)
        elif var.ndim != input.ndim or [
            n for n, m in zip(var.shape, input.shape, strict=True) if n != m
        ] != [1]:
            raise ShapeError(
                f"gaussian_nll_loss: var has shape {tuple(var.shape)}, the input "
                f"{tuple(input.shape)}; give that, perhaps with 1 "
                "for one of the axes, or one value for each row"
            )
    # The bound is no part of the function that is differentiated, as in PyTorch.
    bounded = var + (clip(var, eps) - var).detach()
    loss = 0.5 * (log(bounded) + square(input - target) / bounded)
    if full:
        loss = loss + 0.5 * math.log(2 * math.pi)
    return reduced("gaussian_nll_loss", loss, reduction)


@composite(method=False, older=(3, 4))
def hinge_embedding_loss(
    input: Any, target: Any, margin: float = 1.0, reduction: str = "mean"
) -> Tensor:
    """input where target is 1, max(0, margin - input) where it is -1.

    >>> F.hinge_embedding_loss(ct.tensor([0.5, 2.0]), ct.tensor([1.0, -1.0]))
    tensor(0.2500)
    """
    loss = where(target != 1, clip(margin - input, 0), 0) + where(target != -1, input, 0)
    return reduced("hinge_embedding_loss", loss, reduction)


@composite(method=False, older=(4, 5))
def margin_ranking_loss(
    input1: Any, input2: Any, target: Any, margin: float = 0.0, reduction: str = "mean"
) -> Tensor:
    """max(0, margin - target * (input1 - input2)): input1 should be larger where target is 1.

    >>> F.margin_ranking_loss(ct.tensor([1.0]), ct.tensor([3.0]), ct.tensor([1.0]))
    tensor(2.)
    """
    return reduced("margin_ranking_loss", clip(margin - target * (input1 - input2), 0), reduction)


@composite(method=False, older=(2, 3))
def soft_margin_loss(input: Any, target: Any, reduction: str = "mean") -> Tensor:
    """log(1 + exp(-target * input)), target being 1 or -1.

    >>> F.soft_margin_loss(ct.zeros(2), ct.ones(2))
    tensor(0.6931)
    """
    return reduced("soft_margin_loss", log1p_exp(-target * input), reduction)


@composite(method=False, older=(3, 4))
def multilabel_soft_margin_loss(
    input: Any, target: Any, weight: Any = None, reduction: str = "mean"
) -> Tensor:
    """The mean over the classes, the last axis, of the binary cross entropies of sigmoid(input).

    >>> F.multilabel_soft_margin_loss(ct.zeros(1, 2), ct.tensor([[1.0, 0.0]]))
    tensor(0.6931)
    """
    loss = -(target * logsigmoid(input) + (1 - target) * logsigmoid(-input))
    if weight is not None:
        loss = loss * weight
    return reduced("multilabel_soft_margin_loss", loss.sum(-1) / input.shape[-1], reduction)


@composite(method=False, older=(5, 6))
def multi_margin_loss(
    input: Any,
    target: Any,
    p: int = 1,
    margin: float = 1.0,
    weight: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """The mean over the classes c other than the label y of max(0, margin - input[y] + input[c])^p.

    Args:    input (N, C) or (C,); target (N,) or (): labels; p: 1 or 2; weight (C,): a factor for
             each label.

    >>> F.multi_margin_loss(ct.tensor([[0.1, 0.2, 0.4]]), ct.tensor([2]))
    tensor(0.5000)
    """
    if p not in (1, 2):
        raise ValueError(f"multi_margin_loss: p is {p}; use 1 or 2")
    if input.ndim < 2:
        single = multi_margin_loss(
            input.reshape(1, -1), target.reshape(1), p, margin, weight, reduction="none"
        )
        return single.reshape(()) if reduction == "none" else reduced("", single, reduction)
    classes = input.shape[1]
    label = target.reshape(-1, 1)
    short = clip(margin - take_along_axis(input, label, 1) + input, 0)
    loss = short if p == 1 else pow(short, p)
    if weight is not None:
        loss = loss * take(weight, label.reshape(-1), 0).reshape(-1, 1)
    others = arange(classes, device=input.device) != label
    return reduced("multi_margin_loss", where(others, loss, 0).sum(1) / classes, reduction)


@composite(method=False, older=(2, 3))
def multilabel_margin_loss(input: Any, target: Any, reduction: str = "mean") -> Tensor:
    """The sum over labels y and classes c that are none, of max(0, 1 - input[y] + input[c]),
    divided by the number of classes.

    Args:    input (N, C) or (C,); target of the same shape: labels, those before the first -1.

    >>> F.multilabel_margin_loss(ct.tensor([[0.1, 0.2, 0.4]]), ct.tensor([[2, -1, 0]]))
    tensor(0.5000)
    """
    if input.shape != target.shape or input.ndim > 2:
        raise ShapeError(
            f"multilabel_margin_loss: the target has shape {tuple(target.shape)}, the input "
            f"{tuple(input.shape)}; give (N, C) or (C,) for both"
        )
    x, labels = input.reshape(-1, input.shape[-1] if input.ndim else 1), target
    labels = labels.reshape(x.shape)
    classes = x.shape[1]
    used = cumsum((labels < 0).long(), 1) == 0
    label = where(used, labels, 0)
    every = arange(classes, device=x.device)
    is_label = ((label.unsqueeze(2) == every) & used.unsqueeze(2)).any(1)
    short = clip(1 - take_along_axis(x, label, 1).unsqueeze(2) + x.unsqueeze(1), 0)
    counts = used.unsqueeze(2) & ~is_label.unsqueeze(1)
    loss = where(counts, short, 0).sum((1, 2)) / classes
    loss = loss if input.ndim == 2 else loss.reshape(())
    return reduced("multilabel_margin_loss", loss, reduction)


def _triplet(
    operation: str, near: Any, far: Any, between: Any, margin: float, reduction: str
) -> Any:
    if margin <= 0:
        raise ValueError(f"{operation}: margin is {margin}; it must be positive")
    if between is not None:
        far = minimum(far, between)
    return reduced(operation, clip(margin + near - far, 0), reduction)


@composite(method=False, older=(7, 8))
def triplet_margin_loss(
    anchor: Any,
    positive: Any,
    negative: Any,
    margin: float = 1.0,
    p: float = 2.0,
    eps: float = 1e-6,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """max(0, margin + |anchor - positive| - |anchor - negative|) with `pairwise_distance`. swap:
    the negative counts as near as it is to the anchor or to the positive.

    Source: Balntas et al. 2016.

    >>> F.triplet_margin_loss(ct.zeros(1, 2), ct.zeros(1, 2), ct.ones(1, 2)).item() < 1
    True
    """
    near = pairwise_distance(anchor, positive, p, eps)
    far = pairwise_distance(anchor, negative, p, eps)
    between = pairwise_distance(positive, negative, p, eps) if swap else None
    return _triplet("triplet_margin_loss", near, far, between, margin, reduction)


@composite(method=False)
def triplet_margin_with_distance_loss(
    anchor: Any,
    positive: Any,
    negative: Any,
    *,
    distance_function: Callable[..., Any] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """`triplet_margin_loss` with any distance, `pairwise_distance` if None.

    >>> F.triplet_margin_with_distance_loss(
    ...     ct.zeros(1, 2), ct.zeros(1, 2), ct.ones(1, 2)
    ... ).item() < 1
    True
    """
    distance = pairwise_distance if distance_function is None else distance_function
    near, far = distance(anchor, positive), distance(anchor, negative)
    between = distance(positive, negative) if swap else None
    return _triplet("triplet_margin_with_distance_loss", near, far, between, margin, reduction)


@composite(method=False, older=(4, 5))
def cosine_embedding_loss(
    input1: Any, input2: Any, target: Any, margin: float = 0.0, reduction: str = "mean"
) -> Tensor:
    """1 - cos where target is 1, max(0, cos - margin) where it is -1; cos is that of the angle
    between input1 and input2, (N, D) or (D,).

    >>> x = ct.tensor([[1.0, 0.0]])
    >>> F.cosine_embedding_loss(x, x, ct.tensor([1.0]))
    tensor(0.)
    """
    squares = [(x * x).sum(-1) + 1e-12 for x in (input1, input2)]
    cos = (input1 * input2).sum(-1) * rsqrt(squares[0] * squares[1])
    loss = where(target == 1, 1 - cos, 0) + where(target == -1, clip(cos - margin, 0), 0)
    return reduced("cosine_embedding_loss", loss, reduction)


@composite(method=False)
def linear_cross_entropy(
    input: Any,
    linear_weight: Any,
    target: Any,
    *,
    linear_bias: Any = None,
    weight: Any = None,
    reduction: str = "mean",
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    options: Any = None,
) -> Tensor:
    """`cross_entropy` of `linear` of input.

    Args:    input (N, I) or (I,); linear_weight (C, I), or (C, d1, ..., I) for labels
             (N, d1, ...); linear_bias (C,) or (C, d1, ...); options: PyTorch's advice on memory,
             which changes nothing. The others are as for `cross_entropy`.

    >>> F.linear_cross_entropy(ct.ones(2, 4), ct.zeros(3, 4), ct.tensor([0, 2]))
    tensor(1.0986)
    """
    classes, *more = linear_weight.shape[:-1]
    rows = linear_weight.reshape(-1, linear_weight.shape[-1])
    bias = None if linear_bias is None else linear_bias.reshape(-1)
    scores = linear(input, rows, bias).reshape(*input.shape[:-1], classes, *more)
    ignored = -100 if ignore_index is None else ignore_index
    return cross_entropy(
        scores, target, weight, ignore_index=ignored, reduction=reduction,
        label_smoothing=label_smoothing,
    )  # fmt: skip


@composite(method=False)
def ctc_loss(
    log_probs: Any,
    targets: Any,
    input_lengths: Any,
    target_lengths: Any,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Tensor:
    """The negative log-likelihood of labels whose places in time are not known.

    Args:    log_probs (T, N, C) or (T, C): as log_softmax gives them; targets (N, S) or (S,), or
             all labels one after the other; input_lengths, target_lengths (N,): how many of them
             count, tensors or integers; blank: the class of no label; zero_infinity: 0 in place of
             infinite losses and their gradients.
    Returns: the mean over the samples of the loss divided by the number of labels, the sum, or
             each (N,).
    Raises:  ShapeError for lengths that do not fit. Waits for the device where lengths are there.
    Source:  Graves et al. 2006.

    >>> scores = ct.zeros(4, 1, 3).log_softmax(-1)
    >>> F.ctc_loss(scores, ct.tensor([[1, 2]]), ct.tensor([4]), ct.tensor([2])).item() > 0
    True
    """
    name = "ctc_loss"
    if log_probs.ndim == 2:
        single = ctc_loss(
            log_probs.unsqueeze(1), targets.reshape(1, -1), input_lengths, target_lengths, blank,
            reduction, zero_infinity,
        )  # fmt: skip
        return single.reshape(())
    times, counts = (
        [int(n) for n in np.ravel(v.numpy() if isinstance(v, Tensor) else v)]
        for v in (input_lengths, target_lengths)
    )
    length, samples, classes = log_probs.shape
    fits = len(times) == len(counts) == samples and 0 <= blank < classes
    if targets.ndim == 2:
        start = np.arange(samples) * targets.shape[1]
        fits = fits and targets.shape[0] == samples and max(counts, default=0) <= targets.shape[1]
    else:
        start = np.cumsum([0, *counts])[:-1]
        fits = fits and sum(counts) <= targets.size
    if not fits or max(times, default=0) > length or min(times + counts, default=0) < 0:
        raise ShapeError(
            f"{name}: log_probs of shape {tuple(log_probs.shape)}, targets of "
            f"{tuple(targets.shape)}, lengths {times} and {counts}, blank {blank}; they must fit"
        )
    device = log_probs.device
    begin, until, many = [
        Tensor.from_numpy(np.array(v, np.int64), device) for v in (start, times, counts)
    ]
    flat, most = targets.reshape(-1).to(device), max(counts, default=0)
    loss = ctc(log_probs, flat, begin, until, many, most, int(blank))
    if zero_infinity:
        loss = where(loss == math.inf, 0, loss)
    if reduction == "mean":
        return (loss / many.clip(1).to(loss.dtype)).mean()
    return reduced(name, loss, reduction)
