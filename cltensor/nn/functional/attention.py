"""Attention."""

from __future__ import annotations

import math
from typing import Any

from cltensor.core.composite import composite
from cltensor.errors import ShapeError
from cltensor.nn.functional.drop import dropout
from cltensor.ops.elementwise.select import where
from cltensor.ops.linalg.matmul import matmul
from cltensor.ops.reduce.fold import max_over, softmax
from cltensor.ops.shape.join import tril


@composite(method=False)
def scaled_dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Any:
    """softmax(query @ key.mT * scale + mask) @ value.

    Args:    query (..., L, E), key (..., S, E), value (..., S, V); attn_mask: broadcasts to
             (..., L, S), bools that say what takes part, or numbers to be added; is_causal: each
             place sees those up to its own; scale: 1/sqrt(E) if None; enable_gqa: key and value
             have fewer heads (the axis before the last two), each of which serves several of query.
    Returns: (..., L, V); 0 where nothing takes part.
    Raises:  ShapeError if the shapes do not fit, ValueError for a mask with is_causal.
    Source:  Vaswani et al. 2017.
    """
    name = "scaled_dot_product_attention"
    if is_causal and attn_mask is not None:
        raise ValueError(f"{name}: attn_mask with is_causal; give one of them")
    if min(query.ndim, key.ndim, value.ndim) < 2 or query.shape[-1] != key.shape[-1]:
        raise ShapeError(
            f"{name}: query has shape {tuple(query.shape)}, key {tuple(key.shape)}, value "
            f"{tuple(value.shape)}; give (..., L, E), (..., S, E) and (..., S, V)"
        )
    if enable_gqa:
        key, value = [x.repeat_interleave(query.shape[-3] // x.shape[-3], -3) for x in (key, value)]
    factor = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    scores = matmul(query * factor, key.swapaxes(-2, -1))
    if is_causal:
        attn_mask = tril(scores.new_ones(scores.shape[-2:]).bool())
    if attn_mask is None:
        weights = softmax(scores, -1)
    elif attn_mask.dtype.kind == "b":
        weights = softmax(where(attn_mask, scores, float("-inf")), -1)
        weights = where(max_over(attn_mask, -1, True), weights, 0)
    else:
        scores = scores + attn_mask
        nothing = max_over(scores.detach(), -1, True) == float("-inf")
        weights = where(nothing, 0, softmax(where(nothing, 0, scores), -1))
    return matmul(dropout(weights, dropout_p, dropout_p > 0), value)
