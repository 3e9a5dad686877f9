"""Attention."""

from __future__ import annotations

import math
from functools import reduce
from typing import Any

import numpy as np

from cltensor.autograd.checkpoint import checkpoint
from cltensor.core.batched import levels
from cltensor.core.checks import probability
from cltensor.core.composite import composite
from cltensor.core.tensor import Tensor
from cltensor.dtypes import SHORT, float32, is_float, promote
from cltensor.errors import DTypeError, ShapeError
from cltensor.nn.functional.drop import dropout
from cltensor.nn.functional.maps import linear
from cltensor.ops.elementwise.select import where
from cltensor.ops.linalg.matmul import matmul
from cltensor.ops.network.attention import attention, fits, row_blocks, weights
from cltensor.ops.reduce.fold import softmax
from cltensor.ops.shape.join import concat
from cltensor.runtime.determinism import is_deterministic

#: Queries that are too few for tiles, which have that many at least side by side. From there on
#: tiles take a GPU 4 launches, forward and backward, where whole products take 10, and less memory.
_FEW = 16
#: Scores that are kept as a whole where there are no tiles; where there are more, those that are in
#: memory at a time, and the least rows of query that are worth a product.
_WHOLE, _SCORES, _LEAST = 1 << 22, 1 << 20, 64
#: Those of a head, where the batch must not decide what is added to what.
_OF_HEAD = 1 << 18


@composite(method=False)
def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """softmax(query @ key.mT * scale + mask) @ value, in tiles: what a sequence's places make of
    one another is never in memory as a whole, but computed again in backward.

    With fewer than 16 queries it is, which is faster then. With a mask that requires a gradient and
    with dropout inside vmap it is up to 16 MiB in float32; more is computed for some rows of query
    at a time.

    Args:    query (..., L, E), key (..., S, E), value (..., S, V); attn_mask: broadcasts to
             (..., L, S), bools that say what takes part, or numbers to be added; is_causal: each
             place sees those up to its own; scale: 1/sqrt(E) if None; enable_gqa: key and value
             have fewer heads (the axis before the last two), each of which serves several of query.
    Returns: (..., L, V); 0 where nothing takes part.
    Raises:  ShapeError if the shapes do not fit, DTypeError for a mask of integers, ValueError for
             one with is_causal.
    Source:  Vaswani et al. 2017.

    >>> q = k = v = ct.rand(1, 2, 5, 4)
    >>> F.scaled_dot_product_attention(q, k, v, is_causal=True).shape
    Size([1, 2, 5, 4])
    """
    name = "scaled_dot_product_attention"
    _require_mask(name, attn_mask)
    if is_causal and attn_mask is not None:
        raise ValueError(f"{name}: attn_mask with is_causal; give one of them")
    probability(name, dropout_p, "dropout_p")
    _require_shapes(name, query, key, value, attn_mask, enable_gqa)
    factor = 1 / math.sqrt(max(1, query.shape[-1])) if scale is None else scale
    group = query.shape[-3] // max(1, key.shape[-3]) if enable_gqa else 1
    how = is_causal, group, factor, dropout_p
    operands = query, key, value, attn_mask
    given = [x for x in operands if x is not None]
    if _is_tiled(*operands, group, dropout_p) or not any(x.dtype in SHORT for x in given):
        return _tiled_or_whole(*operands, *how)
    # Where tiles do not take floats of 16 bits, casts around them do, and round once.
    dtype = reduce(promote, [x.dtype for x in given if is_float(x.dtype)])
    q, k, v, mask = (x.to(float32) if x is not None and x.dtype in SHORT else x for x in operands)
    return _tiled_or_whole(q, k, v, mask, *how).to(dtype)


def _is_tiled(q: Tensor, k: Tensor, v: Tensor, mask: Any, group: int, dropped: float) -> bool:
    """Whether attention goes over tiles."""
    return not is_deterministic() and q.shape[-2] >= _FEW and fits(q, k, v, mask, group, dropped)


def _tiled_or_whole(
    query: Tensor, key: Tensor, value: Tensor, attn_mask: Any, is_causal: bool, group: int,
    factor: float, dropout_p: float,
) -> Tensor:  # fmt: skip
    """What scaled_dot_product_attention gives, in the dtype of the operands."""
    if _is_tiled(query, key, value, attn_mask, group, dropout_p):
        return attention(query, key, value, attn_mask, is_causal, group, factor, dropout_p)
    if group > 1:
        key, value = [x.repeat_interleave(query.shape[-3] // x.shape[-3], -3) for x in (key, value)]
    length, count = query.shape[-2], key.shape[-2]
    rows = _block(query, key)
    if rows >= length:
        return _attend(query, key, value, attn_mask, 0 if is_causal else None, dropout_p, factor)
    found = []
    starts = range(0, length, rows)
    cut = attn_mask is not None and attn_mask.ndim > 1 and attn_mask.shape[-2] > 1
    masks = row_blocks(attn_mask, rows) if cut else [attn_mask] * len(starts)
    for first, of_rows, mask in zip(starts, row_blocks(query, rows), masks, strict=True):
        seen = min(count, first + rows) if is_causal else count
        part = of_rows, key[..., :seen, :], value[..., :seen, :], mask
        out = checkpoint(_attend, *part, first if is_causal else None, dropout_p, factor)
        # Now, before the next block's scores are there; inside vmap only a whole batch can be.
        found.append(out if levels.open else out.realize())
    return concat(found, -2)


def _require_shapes(name: str, q: Tensor, k: Tensor, v: Tensor, mask: Any, grouped: bool) -> None:
    """Raise ShapeError unless query, key, value and mask fit."""
    shapes = [tuple(x.shape) for x in (q, k, v)]
    least = 3 if grouped else 2
    heads = [s[-3] if len(s) > 2 else 1 for s in shapes]
    scores, wrong = None, min(map(len, shapes)) < least
    wrong = wrong or shapes[0][-1] != shapes[1][-1] or shapes[1][-2] != shapes[2][-2]
    wrong = wrong or (grouped and any(heads[0] != n and (not n or heads[0] % n) for n in heads[1:]))
    if not wrong:
        end = slice(None, -3 if grouped else -2)
        rows = heads[:1] if grouped else []
        try:
            batch = [*np.broadcast_shapes(*[s[end] for s in shapes]), *rows]
            scores = (*batch, shapes[0][-2], shapes[1][-2])
        except ValueError:
            wrong = True
    if wrong:
        raise ShapeError(
            f"{name}: query has shape {shapes[0]}, key {shapes[1]}, value {shapes[2]}, with "
            f"{heads[0]}, {heads[1]} and {heads[2]} heads, and enable_gqa is {grouped}; give "
            "(..., L, E), (..., S, E) and (..., S, V) whose batches and heads broadcast; with "
            "enable_gqa, the heads of key and value divide those of query"
        )
    assert scores is not None
    if mask is None:
        return
    try:
        np.broadcast_shapes(scores, tuple(mask.shape))
    except ValueError:
        raise ShapeError(
            f"{name}: attn_mask has shape {tuple(mask.shape)}, the scores {scores}; give one that "
            "broadcasts to that"
        ) from None


def _block(query: Tensor, key: Tensor) -> int:
    """How many rows of query are computed at a time."""
    if is_deterministic():
        row, whole, scores = max(1, key.shape[-2]), _OF_HEAD, _OF_HEAD
    else:
        batch = math.prod(np.broadcast_shapes(query.shape[:-2], key.shape[:-2]))
        row, whole, scores = max(1, batch * key.shape[-2]), _WHOLE, _SCORES
    if row * query.shape[-2] <= whole:
        return query.shape[-2]
    return max(_LEAST, scores // row // 16 * 16)


def _attend(
    query: Any, key: Any, value: Any, mask: Any, first: int | None, dropped: float, factor: float
) -> Any:
    """Attention of some rows of query, the one at `first` and following ones if it is causal."""
    found = weights(query, key, mask, first, factor)
    return matmul(dropout(found, dropped, dropped > 0), value)


def _projected(name: str, x: tuple[Any, Any, Any], weights: Any, bias: Any, size: int) -> list[Any]:
    """query, key and value, each times its part of the weights."""
    if isinstance(weights, tuple):
        rows = list(weights)
    else:
        if tuple(weights.shape) != (3 * size, size):
            raise ShapeError(
                f"{name}: in_proj_weight has shape {tuple(weights.shape)}; give {(3 * size, size)}"
            )
        rows = list(weights.split(size))
    parts = [None] * 3 if bias is None else list(bias.split(size))
    return [_apply(*each) for each in zip(x, rows, parts, strict=True)]


def _apply(x: Any, weight: Any, bias: Any) -> Any:
    """linear(x, weight, bias) of x (L, N, E)."""
    if not is_deterministic():
        return linear(x, weight, bias)
    # The gradient of the weights is then a sum over places within one over samples.
    return linear(x.swapaxes(0, 1), weight, bias).swapaxes(0, 1)


def _require_mask(operation: str, *masks: Any) -> None:
    """Raise DTypeError for masks of integers, which may mean what takes part, or what does not."""
    for mask in masks:
        if mask is not None and mask.dtype.kind not in "bf":
            raise DTypeError(
                f"{operation}: a mask of {mask.dtype.name} does not say what it means; give one of "
                "bools, or of floats that are added to the scores"
            )


def _added(mask: Any, dtype: Any) -> Any:
    """A mask, bools being what takes no part, as numbers to be added."""
    if mask is None or mask.dtype.kind != "b":
        return mask
    return where(mask, float("-inf"), 0.0).to(dtype)


@composite(method=False)
def multi_head_attention_forward(
    query: Any, key: Tensor, value: Any, embed_dim_to_check: int, num_heads: int,
    in_proj_weight: Any, in_proj_bias: Any, bias_k: Any, bias_v: Any, add_zero_attn: bool,
    dropout_p: float, out_proj_weight: Any, out_proj_bias: Any, training: bool = True,
    key_padding_mask: Any = None, need_weights: bool = True, attn_mask: Any = None,
    use_separate_proj_weight: bool = False, q_proj_weight: Any = None, k_proj_weight: Any = None,
    v_proj_weight: Any = None, static_k: Any = None, static_v: Any = None,
    average_attn_weights: bool = True, is_causal: bool = False,
) -> tuple[Any, Any]:  # fmt: skip
    """What nn.MultiheadAttention computes: attention of several heads between linear maps.

    Args:    query (L, N, E) or (L, E), key and value (S, N, E) or (S, E); the weights and biases of
             the maps; bias_k, bias_v: a row more of keys and values; add_zero_attn: a row of zeros
             more; key_padding_mask (N, S) or (S,) and attn_mask (L, S) or (N * num_heads, L, S):
             bools, True for what takes no part, or numbers to be added; static_k, static_v
             (N * num_heads, S, E / num_heads): in place of the mapped keys and values.
    Returns: (the output, as query; the weights (N, L, S), of each head (N, num_heads, L, S) unless
             average_attn_weights, None unless need_weights).
    Raises:  ShapeError if shapes do not fit; ValueError for is_causal without attn_mask.
    Source:  Vaswani et al. 2017.

    >>> x, identity = ct.ones(3, 1, 2), ct.eye(2)
    >>> output, weights = F.multi_head_attention_forward(
    ...     x, x, x, 2, 1, ct.cat([identity] * 3), None, None, None, False, 0.0, identity, None
    ... )
    >>> output.shape, weights[0, 0]
    (Size([3, 1, 2]), tensor([0.3333, 0.3333, 0.3333]))
    """
    name = "multi_head_attention_forward"
    batched = query.ndim == 3
    if is_causal and attn_mask is None:
        raise ValueError(f"{name}: is_causal without attn_mask; give the mask too")
    if not batched:
        query, key, value = [x.unsqueeze(1) for x in (query, key, value)]
        key_padding_mask = None if key_padding_mask is None else key_padding_mask.unsqueeze(0)
    length, samples, size = query.shape
    if size != embed_dim_to_check or size % num_heads or key.shape[:2] != value.shape[:2]:
        raise ShapeError(
            f"{name}: query has shape {tuple(query.shape)}, key {tuple(key.shape)}, value "
            f"{tuple(value.shape)}; give {embed_dim_to_check} features, which {num_heads} heads "
            "divide"
        )
    separate = (q_proj_weight, k_proj_weight, v_proj_weight)
    weights = separate if use_separate_proj_weight else in_proj_weight
    projected = _projected(name, (query, key, value), weights, in_proj_bias, size)
    biases, static = (bias_k, bias_v), (static_k, static_v)
    q, k, v, more = _by_heads(projected, num_heads, biases, static, add_zero_attn)
    causal = is_causal and key_padding_mask is None and not need_weights and not more
    counts = samples, num_heads  # a causal mask says no more than that it is one
    mask = None if causal else _mask(name, q, attn_mask, key_padding_mask, more, counts)
    dropout_p *= training
    out, found = _attended(q, k, v, mask, causal, dropout_p, need_weights)
    out = _apply(out.swapaxes(0, 1).reshape(length, samples, size), out_proj_weight, out_proj_bias)
    out = out if batched else out.squeeze(1)
    if found is None:
        return out, None
    found = found.reshape(samples, num_heads, length, k.shape[1])
    found = found.mean(1) if average_attn_weights else found
    return out, found if batched else found.squeeze(0)


def _by_heads(
    projected: list[Any], num_heads: int, biases: tuple[Any, Any],
    static: tuple[Any, Any], add_zero_attn: bool,
) -> tuple[Any, Any, Any, int]:  # fmt: skip
    """Queries, keys and values (N * num_heads, ..., E / num_heads), and how many rows more."""
    q, k, v = projected
    _, samples, size = q.shape
    more = 0
    if biases[0] is not None:
        rows = [b.expand(1, samples, size) for b in biases]
        k, v = (concat(both) for both in zip((k, v), rows, strict=True))
        more += 1
    heads = samples * num_heads
    q, k, v = (x.reshape(x.shape[0], heads, size // num_heads).swapaxes(0, 1) for x in (q, k, v))
    k, v = (x if y is None else y for x, y in zip((k, v), static, strict=True))
    if add_zero_attn:
        k, v = (x.pad(((0, 0), (0, 1), (0, 0))) for x in (k, v))
        more += 1
    return q, k, v, more


def _attended(
    q: Any, k: Any, v: Any, mask: Any, causal: bool, dropped: float, need_weights: bool
) -> tuple[Any, Any]:
    """Attention of each head, and the weights after dropout, if they are needed."""
    if not need_weights:
        return scaled_dot_product_attention(q, k, v, mask, dropped, causal), None
    scores = matmul(q * (1 / math.sqrt(q.shape[-1])), k.swapaxes(-2, -1))
    found = softmax(scores if mask is None else scores + mask, -1)
    found = dropout(found, dropped, dropped > 0)
    return matmul(found, v), found


def _mask(
    name: str, q: Any, attn_mask: Any, padding: Any, more: int, heads: tuple[int, int]
) -> Any:
    """Both masks as one to be added to scores (N * num_heads, L, S), `more` columns longer."""
    _require_mask(name, attn_mask, padding)
    mask, padding = _added(attn_mask, q.dtype), _added(padding, q.dtype)
    if mask is not None and mask.ndim not in (2, 3):
        raise ShapeError(
            f"{name}: attn_mask has shape {tuple(mask.shape)}; give (L, S) or (N * num_heads, L, S)"
        )
    if padding is not None:
        samples, count = heads
        keys = padding.shape[-1]
        padding = padding.reshape(samples, 1, 1, keys).expand(samples, count, 1, keys)
        padding = padding.reshape(samples * count, 1, keys)
        mask = padding if mask is None else mask + padding
    if mask is None or not more:
        return mask
    return mask.pad([(0, 0)] * (mask.ndim - 1) + [(0, more)])
