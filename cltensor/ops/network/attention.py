"""Attention in tiles: the weights of queries and keys are never in memory as a whole.

Forward goes along the keys and keeps the logarithm of each query's sum of exponentials, with which
backward makes the weights again, a tile at a time. Each element of a result is written by one
work-item, so that results repeat bit for bit. Random zeros are a function of one drawn word and of
the place, and so are there again in backward.

Source: Dao, Fu, Ermon, Rudra and Re, "FlashAttention: fast and memory-efficient exact attention"
(2022). Here, a work-item of a CPU computes all that a head of keys gets, and no sum is shared.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cltensor.core.batching import Batch, broadcasting
from cltensor.core.hooks import Hooks
from cltensor.core.mode import is_grad_enabled
from cltensor.core.op import Op, primitive, same_device
from cltensor.core.tensor import Tensor
from cltensor.core.trees import mapped
from cltensor.dtypes import SHORT, arithmetic, float32
from cltensor.lazy.codegen import Shape
from cltensor.ops.elementwise.cast import full
from cltensor.ops.elementwise.select import where
from cltensor.ops.linalg.matmul import matmul
from cltensor.ops.network import attention_launch
from cltensor.ops.reduce.fold import max_over, softmax
from cltensor.ops.shape.cut import split
from cltensor.ops.shape.join import concat, tril

fits = attention_launch.fits
draw_key = attention_launch.draw_key


def weights(query: Any, key: Any, mask: Any, first: int | None, factor: float) -> Any:
    """softmax(query @ key.mT * factor + mask) as a whole, 0 where nothing takes part; of some rows
    of query, the one at `first` and following ones, if it is causal."""
    scores = matmul(query * factor, key.swapaxes(-2, -1))
    if first is not None:
        mask = tril(scores.new_ones(scores.shape[-2:]).bool(), first)
    if mask is not None and not scores.shape[-1]:  # no weights, as many as the mask has rows of
        return scores * mask.to(scores.dtype)
    if mask is None:
        return softmax(scores, -1)
    if mask.dtype.kind == "b":
        found = softmax(where(mask, scores, float("-inf")), -1)
        # A causal row sees itself at least.
        return found if first is not None else where(max_over(mask, -1, True), found, 0)
    scores = scores + mask
    nothing = max_over(scores.detach(), -1, True) == float("-inf")
    return where(nothing, 0, softmax(where(nothing, 0, scores), -1))


def _run_row_blocks(x: Tensor, size: int) -> tuple[Tensor, ...]:
    return split(x, size, -2)


def _rows_rule(g: list[Any], x_shape: Shape, x_dtype: Any, x_device: Any, size: int) -> Any:
    parts = []
    for first, each in zip(range(0, x_shape[-2], size), g, strict=True):
        shape = (*x_shape[:-2], min(size, x_shape[-2] - first), x_shape[-1])
        parts.append(full(shape, 0, x_dtype, x_device) if each is None else each)
    return concat(parts, -2)


#: The rows of x, `size` at a time. Their gradients become one tensor at once, where each of several
#: slices would have one as large as x.
row_blocks: Op = primitive("row_blocks(x, size)", _run_row_blocks, takes_halves=True, dx=_rows_rule)


def _forward(
    q: Tensor, k: Tensor, v: Tensor, mask: Any, word: Any, causal: bool, group: int, factor: float,
    dropped: float,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    same_device("scaled_dot_product_attention", *[x for x in (q, k, v, mask) if x is not None])
    return attention_launch.forward(q, k, v, mask, word, causal, group, factor, dropped)


def _backward(
    g: Tensor, o: Tensor, lse: Tensor, q: Tensor, k: Tensor, v: Tensor, mask: Any, word: Any,
    causal: bool, group: int, factor: float, dropped: float,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    wide = arithmetic(o.dtype)
    delta = (g.to(wide) * o.to(wide)).sum(-1, True)
    operands = g, lse, delta, q, k, v, mask, word
    return attention_launch.backward(*operands, causal, group, factor, dropped)


_attention_backward: Op = primitive(
    "attention_backward(g, o, lse, q, k, v, mask, word, causal, group, factor, dropped)",
    _backward,
    takes_halves=True,
)
_keep: Op = primitive("attention_keep(word, like, rows, dropped)", attention_launch.kept)


def _recorded(
    g: Any, q: Any, k: Any, v: Any, mask: Any, keep: Any, causal: bool, group: int, factor: float
) -> list[Any]:
    """The gradients made of recorded operations, with the weights as a whole: for derivatives of
    higher order."""
    if group > 1:
        k, v = [x.repeat_interleave(group, -3) for x in (k, v)]
    found = weights(q, k, mask, 0 if causal else None, factor)
    slope = matmul(g, v.swapaxes(-2, -1))
    kept = found
    if keep is not None:
        slope, kept = slope * keep, found * keep
    slope = found * (slope - (slope * found).sum(-1, True)) * factor
    dk, dv = matmul(slope.swapaxes(-2, -1), q), matmul(kept.swapaxes(-2, -1), g)
    if group > 1:
        several = dk.shape[-3] // group, group
        dk, dv = [x.reshape((*x.shape[:-3], *several, *x.shape[-2:])).sum(-3) for x in (dk, dv)]
    return [matmul(slope, k), dk, dv]


def _rule(
    g: Any, out: Any, q: Any, k: Any, v: Any, mask: Any, word: Any, causal: bool, group: int,
    factor: float, dropped: float,
) -> Sequence[Any]:  # fmt: skip
    if not is_grad_enabled():
        operands = g[0], out[0], out[1], q, k, v, mask, word
        return _attention_backward(*operands, causal, group, factor, dropped)
    keep = None if word is None else _keep(word, out[1].detach().squeeze(-1), k.shape[-2], dropped)
    first, q, k, v, mask = (
        x.to(float32) if x is not None and x.dtype in SHORT else x for x in (g[0], q, k, v, mask)
    )
    return _recorded(first, q, k, v, mask, keep, causal, group, factor)


_attention: Op = primitive(
    "attention(q, k, v, mask, word, causal, group, factor, dropped)",
    _forward,
    takes_halves=True,
    dq_k_v=_rule,
)
_attention.rules_take_halves = True
_attention.batched(broadcasting)
_keep.batched(None)


@_attention_backward.batched
def _backward_batched(op: Op, batch: Batch, *args: Any) -> Any:
    """As operands broadcast; with random zeros, which are a function of the place in what forward
    saw, one example after another."""
    if args[op.params.index("word")] is None:
        return broadcasting(op, batch, *args)
    return mapped(batch.full, Hooks.looped(op.name, op, args, {}))


def attention(
    q: Any, k: Any, v: Any, mask: Any, causal: bool, group: int, factor: float, dropped: float
) -> Any:
    """softmax(q @ k.mT * factor + mask) @ v in tiles, for what `fits`.

    Args:    q (..., L, E), k (..., S, E), v (..., S, V); mask: bools (1: what takes part), or
             numbers of the dtype of q to be added, broadcasting to (..., L, S), or None; causal:
             each place sees those up to its own; group: how many heads of q each head of k and v
             serves; dropped: the probability that a weight is zeroed, which the others make up for.
    Returns: (..., L, V), in memory in the order of q; 0 where nothing takes part.
    """
    word = draw_key(q.device) if dropped else None
    return _attention(q, k, v, mask, word, causal, group, factor, dropped)[0]
