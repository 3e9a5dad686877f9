"""Dropout: random zeros in training."""

from __future__ import annotations

import math
from typing import Any

from cltensor.core.checks import probability
from cltensor.core.composite import composite
from cltensor.core.tensor import Tensor
from cltensor.errors import ShapeError
from cltensor.nn.functional.activation import placed
from cltensor.ops.random.draw import dropout_mask


@composite(method=False)
def dropout(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Zero with probability p, else input / (1 - p); input itself when not training.

    >>> F.dropout(ct.ones(1000), 0.5).mean().item() > 0.8
    True
    """
    probability("dropout", p)
    if not training or p == 0:
        return input
    mask = dropout_mask(input.shape, p, input.dtype, input.device)
    return placed(input, input * mask, inplace)


def _of_channels(
    operation: str, input: Any, axes: int, p: float, training: bool, inplace: bool
) -> Any:
    """Dropout of whole channels, of input (N, C, and `axes` more); for two, of any number."""
    probability(operation, p)
    if not training or p == 0:
        return input
    channels = axes != 2 and input.ndim == axes + 1
    if axes != 2 and input.ndim not in (axes + 1, axes + 2):
        raise ShapeError(
            f"{operation}: input has shape {tuple(input.shape)}; give {axes + 1} or {axes + 2} "
            "dimensions"
        )
    kept = 1 if channels else 2
    shape = (*input.shape[:kept], *(1 for _ in input.shape[kept:]))
    mask = dropout_mask(shape, p, input.dtype, input.device)
    return placed(input, input * mask, inplace)


@composite(method=False)
def dropout1d(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Dropout of whole channels of input (N, C, L) or (C, L).

    >>> F.dropout1d(ct.ones(2, 3, 4), training=False).shape
    Size([2, 3, 4])
    """
    return _of_channels("dropout1d", input, 1, p, training, inplace)


@composite(method=False)
def dropout2d(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Dropout of whole channels of input (N, C, ...).

    >>> F.dropout2d(ct.ones(2, 3, 4, 4)).shape
    Size([2, 3, 4, 4])
    """
    return _of_channels("dropout2d", input, 2, p, training, inplace)


@composite(method=False)
def dropout3d(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Dropout of whole channels of input (N, C, D, H, W) or (C, D, H, W).

    >>> F.dropout3d(ct.ones(2, 3, 4, 4, 4)).shape
    Size([2, 3, 4, 4, 4])
    """
    return _of_channels("dropout3d", input, 3, p, training, inplace)


#: What `selu` gives for minus infinity.
_ALPHA = -1.7580993408473766


def _alpha(operation: str, input: Any, shape: Any, p: float, training: bool, inplace: bool) -> Any:
    probability(operation, p)
    if not training or p == 0:
        return input
    if p == 1:
        return placed(input, input * 0, inplace)
    kept = dropout_mask(shape, p, input.dtype, input.device) * (1 - p)
    scale = 1 / math.sqrt((_ALPHA * _ALPHA * p + 1) * (1 - p))
    shift = (1 - kept) * (_ALPHA * scale) - _ALPHA * scale * p
    return placed(input, input * (kept * scale) + shift, inplace)


@composite(method=False)
def alpha_dropout(
    input: Any, p: float = 0.5, training: bool = False, inplace: bool = False
) -> Tensor:
    """Dropout to the value that `selu` gives for minus infinity; mean and variance stay.

    >>> F.alpha_dropout(ct.ones(3), training=False)
    tensor([1., 1., 1.])
    """
    return _alpha("alpha_dropout", input, input.shape, p, training, inplace)


@composite(method=False)
def feature_alpha_dropout(
    input: Any, p: float = 0.5, training: bool = False, inplace: bool = False
) -> Tensor:
    """`alpha_dropout` of whole channels of input (N, C, ...).

    >>> F.feature_alpha_dropout(ct.ones(1, 2, 1), training=False)
    tensor([[[1.],
             [1.]]])
    """
    shape = (*input.shape[:2], *(1 for _ in input.shape[2:]))
    return _alpha("feature_alpha_dropout", input, shape, p, training, inplace)
