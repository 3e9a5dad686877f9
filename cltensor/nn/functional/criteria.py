"""Losses of numbers, of probabilities and of labels: those that most programs use."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from cltensor.core.checks import number
from cltensor.core.composite import composite
from cltensor.core.declare import pointwise
from cltensor.core.op import same_dtype
from cltensor.core.tensor import Tensor
from cltensor.dtypes import int64
from cltensor.errors import DTypeError, ShapeError
from cltensor.ops.elementwise.activation import log1p_exp
from cltensor.ops.elementwise.arithmetic import square
from cltensor.ops.elementwise.bounds import require_probabilities
from cltensor.ops.elementwise.functions import log
from cltensor.ops.elementwise.select import clip, maximum, where
from cltensor.ops.index.pick import take_of
from cltensor.ops.network.labels import label_loss, label_mean, label_pick
from cltensor.ops.reduce.fold import log_softmax, log_total

_REDUCTIONS = ("mean", "sum", "none")


def reduced(operation: str, loss: Any, reduction: str) -> Any:
    if reduction == "mean":
        return loss.mean()
    if reduction == "sum":
        return loss.sum()
    check_reduction(operation, reduction)
    return loss


def check_reduction(operation: str, reduction: str) -> None:
    if reduction not in _REDUCTIONS:
        raise ValueError(f"{operation}: reduction is {reduction!r}; use 'mean', 'sum' or 'none'")


def _warn_broadcast(operation: str, input: Any, target: Any) -> None:
    # A column against a row broadcasts to a matrix: legal, and hardly ever what was meant.
    if input.shape != target.shape:
        warnings.warn(
            f"{operation}: the target has shape {tuple(target.shape)}, the input "
            f"{tuple(input.shape)}; they are broadcast, which is likely a mistake",
            stacklevel=3,
        )


def _weighted_mean(operation: str, loss: Any, weight: Any, reduction: str) -> Any:
    """As `reduced`, each element counting `weight` times."""
    if weight is None:
        return reduced(operation, loss, reduction)
    _same_shape(operation, loss, weight, "weight")
    loss = loss * weight
    if reduction == "mean":
        return loss.sum() / weight.sum()
    return reduced(operation, loss, reduction)


@composite(method=False, older=(2, 3))
def mse_loss(input: Any, target: Any, reduction: str = "mean", weight: Any = None) -> Tensor:
    """The squared error, (input - target)^2; weight: how much each element counts.

    >>> F.mse_loss(ct.tensor([1.0, 2.0]), ct.tensor([2.0, 4.0]))
    tensor(2.5000)
    """
    _warn_broadcast("mse_loss", input, target)
    return _weighted_mean("mse_loss", square(input - target), weight, reduction)


@composite(method=False, older=(2, 3))
def l1_loss(input: Any, target: Any, reduction: str = "mean", weight: Any = None) -> Tensor:
    """The absolute error, |input - target|; weight: how much each element counts.

    >>> F.l1_loss(ct.tensor([1.0, 2.0]), ct.tensor([2.0, 4.0]))
    tensor(1.5000)
    """
    _warn_broadcast("l1_loss", input, target)
    return _weighted_mean("l1_loss", abs(input - target), weight, reduction)


@composite(method=False, older=(2, 3))
def smooth_l1_loss(input: Any, target: Any, reduction: str = "mean", beta: float = 1.0) -> Tensor:
    """Half the squared error over beta where that error is below beta, else |error| - beta/2.

    >>> F.smooth_l1_loss(ct.tensor([0.0, 0.0]), ct.tensor([0.5, 3.0]))
    tensor(1.3125)
    """
    if number("smooth_l1_loss", "beta", beta) < 0:
        raise ValueError(f"smooth_l1_loss: beta is {beta}; it must not be negative")
    if beta == 0:
        return l1_loss(input, target, reduction=reduction)
    _warn_broadcast("smooth_l1_loss", input, target)
    loss = _huber(input, target, beta) * (1 / beta)
    return reduced("smooth_l1_loss", loss, reduction)


def _huber(input: Any, target: Any, delta: float) -> Any:
    # The clipped error instead of a choice of two terms: its gradient knows no infinity times 0.
    size = abs(input - target)
    small = clip(size, max=delta)
    return small * (size - 0.5 * small)


@composite(method=False)
def huber_loss(
    input: Any, target: Any, reduction: str = "mean", delta: float = 1.0, weight: Any = None
) -> Tensor:
    """Half the squared error where |error| <= delta, else delta * (|error| - delta/2).

    weight: a factor for each element, which the mean does not divide by (PyTorch's choice).

    >>> F.huber_loss(ct.tensor([0.0, 0.0]), ct.tensor([0.5, 3.0]))
    tensor(1.3125)
    """
    if number("huber_loss", "delta", delta) <= 0:
        raise ValueError(f"huber_loss: delta is {delta}; it must be positive")
    _warn_broadcast("huber_loss", input, target)
    loss = _huber(input, target, delta)
    if weight is not None:
        _same_shape("huber_loss", loss, weight, "weight")
        loss = loss * weight
    return reduced("huber_loss", loss, reduction)


# An operation of its own: its parts would make 0 * infinity of the gradient at 0 and 1.
_bce = pointwise(
    "binary_cross_entropy(x, y)",
    "(y - (T)1) * (ct_log1m(x) < (T)-100 ? (T)-100 : ct_log1m(x))"
    " - y * (log(x) < (T)-100 ? (T)-100 : log(x))",
    "float",
    dx=lambda g, x, y: g * (x - y) / maximum((1 - x) * x, 1e-12),
    dy=lambda g, x: g * (log(1 - x) - log(x)),
)


@composite(method=False, older=(3, 4))
def binary_cross_entropy(
    input: Any, target: Any, weight: Any = None, reduction: str = "mean"
) -> Tensor:
    """-(y log(x) + (1 - y) log(1 - x)) for probabilities x; both logarithms stop at -100.

    Args:    input, target: (any shape), the same for both; weight: broadcast to it.
    Raises:  ShapeError if the shapes differ; ValueError at the next read after an element of input
             or target that is not between 0 and 1.

    >>> F.binary_cross_entropy(ct.tensor([0.5]), ct.tensor([1.0]))
    tensor(0.6931)
    """
    _same_shape("binary_cross_entropy", input, target)
    same_dtype("binary_cross_entropy", input, target)
    require_probabilities("binary_cross_entropy", input, target)
    loss = _bce(input, target)
    return reduced("binary_cross_entropy", loss if weight is None else loss * weight, reduction)


@composite(method=False, older=(3, 4))
def binary_cross_entropy_with_logits(
    input: Any,
    target: Any,
    weight: Any = None,
    reduction: str = "mean",
    pos_weight: Any = None,
) -> Tensor:
    """The binary cross entropy of sigmoid(input), without overflow.

        (1 - y) * x + (1 + (pos_weight - 1) * y) * log(1 + exp(-x))

    Args:    input, target: (any shape), the same for both; weight, pos_weight: broadcast to it.
    Raises:  ShapeError if the shapes differ.

    >>> F.binary_cross_entropy_with_logits(ct.tensor([0.0]), ct.tensor([1.0]))
    tensor(0.6931)
    """
    _same_shape("binary_cross_entropy_with_logits", input, target)
    tail = log1p_exp(-input)
    if pos_weight is not None:
        tail = (1 + (pos_weight - 1) * target) * tail
    loss = (1 - target) * input + tail
    return reduced(
        "binary_cross_entropy_with_logits", loss if weight is None else loss * weight, reduction
    )


def _same_shape(operation: str, input: Any, other: Any, name: str = "target") -> None:
    if input.shape != other.shape:
        raise ShapeError(
            f"{operation}: the {name} has shape {tuple(other.shape)}, the input "
            f"{tuple(input.shape)}; reshape one to the other's"
        )


@composite(method=False, older=(3, 5))
def nll_loss(
    input: Any,
    target: Any,
    weight: Any = None,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Tensor:
    """The negative of the entry that each label picks.

    Args:    input (N, C, ...) or (C,): log-probabilities; target (N, ...) or (): labels, integers
             from 0 to C-1; weight (C,): of each class; ignore_index: a label that does not count.
    Returns: the mean weighted by class weights, the sum, or each (N, ...).
    Raises:  ShapeError, DTypeError; IndexingError at the next read after a label out of range.

    >>> F.nll_loss(ct.tensor([[-1.0, -2.0]]), ct.tensor([1]))
    tensor(2.)
    """
    operation = "nll_loss"
    axis = _class_axis(input)
    target = _labels(operation, input, target, ignore_index, axis)
    loss, used = _picked(operation, input, target, weight, ignore_index, axis)
    return _weighted(operation, loss, used, reduction, axis)


@composite(method=False, older=(3, 5))
def cross_entropy(
    input: Any,
    target: Any,
    weight: Any = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """The negative log-probability of each label, from unnormalised scores.

        loss = -log(softmax(input))[label]

    Args:    input (N, C, ...) or (C,): scores; target (N, ...) or (): labels from 0 to C-1, or
             the shape of input: probabilities; weight (C,): of each class; ignore_index: a label
             that does not count; label_smoothing: the share that all classes divide evenly.
    Returns: the mean weighted by class weights, the sum, or each (N, ...).
    Raises:  ShapeError, DTypeError; IndexingError at the next read after a label out of range.

    >>> F.cross_entropy(ct.tensor([[0.0, 0.0]]), ct.tensor([1]))
    tensor(0.6931)
    """
    operation = "cross_entropy"
    if not 0 <= number(operation, "label_smoothing", label_smoothing) <= 1:
        raise ValueError(f"{operation}: label_smoothing is {label_smoothing}; use 0 to 1")
    axis = _class_axis(input)
    if input.shape == target.shape and target.dtype.kind == "f":
        return _soft_cross_entropy(input, target, weight, reduction, label_smoothing, axis)
    target = _labels(operation, input, target, ignore_index, axis)
    if not label_smoothing:
        if reduction == "mean" and weight is None:
            mean = label_mean(input, target, axis, ignore_index, operation)
            if mean is not None:
                return mean
        loss, used = _of_scores(operation, input, target, weight, ignore_index, axis)
        return _weighted(operation, loss, used, reduction, axis)
    scores = log_softmax(input, axis)
    loss, used = _picked(operation, scores, target, weight, ignore_index, axis)
    spread = scores if weight is None else scores * _per_class(weight, input)
    everywhere = where(target == ignore_index, 0.0, -spread.sum(axis=axis, keepdims=True))
    loss = (1 - label_smoothing) * loss + label_smoothing / input.shape[axis] * everywhere
    return _weighted(operation, loss, used, reduction, axis)


def _of_scores(
    operation: str, scores: Any, target: Any, weight: Any, ignore_index: int, axis: int
) -> tuple[Any, Any]:
    """`_picked` of the logarithms of the softmax of scores."""
    _check_weight(operation, scores, weight, axis)
    loss = label_loss(scores, target, axis, ignore_index, operation)
    if loss is None:
        # One kernel for all rows; left to the kernel of the mean, it would be two reductions.
        whole = log_total(scores, axis).realize()
        return _picked(operation, scores, target, weight, ignore_index, axis, whole)
    return _counted(operation, loss, target, weight, ignore_index)


def _soft_cross_entropy(
    input: Any, target: Any, weight: Any, reduction: str, label_smoothing: float, axis: int
) -> Any:
    if label_smoothing:
        target = (1 - label_smoothing) * target + label_smoothing / input.shape[axis]
    product = log_softmax(input, axis) * target
    if weight is not None:
        same_dtype("cross_entropy", input, weight)
        product = product * _per_class(weight, input)
    loss = -product.sum(axis=axis)
    return reduced("cross_entropy", loss, reduction)


def _class_axis(input: Any) -> int:
    return 0 if input.ndim == 1 else 1


def _per_class(weight: Any, input: Any) -> Any:
    """`weight` (C,) in a shape that broadcasts against input (N, C, ...)."""
    return weight if input.ndim == 1 else weight.reshape((-1,) + (1,) * (input.ndim - 2))


def _labels(operation: str, input: Any, target: Any, ignore_index: int, axis: int) -> Any:
    """Labels of a type that has room for ignore_index, with size 1 along the classes' `axis`: what
    is computed of them then broadcasts against the scores."""
    if input.ndim == 0:
        raise ShapeError(f"{operation}: the input is a scalar; it needs a dimension of classes")
    expected = input.shape[:0] if input.ndim == 1 else (input.shape[0], *input.shape[2:])
    if tuple(target.shape) != tuple(expected):
        raise ShapeError(
            f"{operation}: labels have shape {tuple(target.shape)}, but scores of shape "
            f"{tuple(input.shape)} go with labels of shape {tuple(expected)}"
        )
    if target.dtype.kind not in "iu":
        raise DTypeError(
            f"{operation}: labels are {target.dtype.name}; use integers, as .long() makes them"
        )
    limits = np.iinfo(target.dtype)
    if not limits.min <= ignore_index <= limits.max:
        target = target.astype(int64)
    return target.unsqueeze(axis)


def _picked(
    operation: str,
    scores: Any,
    target: Any,
    weight: Any,
    ignore_index: int,
    axis: int,
    whole: Any = None,
) -> tuple[Any, Any]:
    """(the weighted loss of each label, the weight that it counts with).

    whole: what to subtract the picked scores from, if not 0.
    """
    _check_weight(operation, scores, weight, axis)
    entry = label_pick(scores, target, axis, ignore_index, operation)
    entry = -entry if whole is None else where(target == ignore_index, 0.0, whole - entry)
    return _counted(operation, entry, target, weight, ignore_index)


def _check_weight(operation: str, scores: Any, weight: Any, axis: int) -> None:
    classes = scores.shape[axis]
    if weight is not None and tuple(weight.shape) != (classes,):
        raise ShapeError(
            f"{operation}: weight has shape {tuple(weight.shape)}; "
            f"with {classes} classes it is ({classes},)"
        )
    if weight is not None:
        same_dtype(operation, scores, weight)


def _counted(
    operation: str, entry: Any, target: Any, weight: Any, ignore_index: int
) -> tuple[Any, Any]:
    """Losses of labels with the weights that they count with, and these."""
    ignored = target == ignore_index
    used = where(ignored, 0.0, 1.0)
    if weight is None:
        return entry, used
    used = used * take_of(operation, weight, where(ignored, 0, target), None)
    return entry * used, used


def _weighted(operation: str, loss: Any, used: Any, reduction: str, axis: int) -> Any:
    if reduction == "mean":
        return loss.sum() / used.sum()
    if reduction == "none":
        return loss.squeeze(axis)
    return reduced(operation, loss, reduction)
