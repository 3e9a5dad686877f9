"""Attention and what goes with it."""

from __future__ import annotations

import math
from typing import Any

from cltensor.onnx.functions import main as ct
from cltensor.onnx.table import Element, operator


def _by_head(x: Any, heads: int | None) -> Any:
    """Packed (batch, length, heads * size) as (batch, heads, length, size)."""
    if x.ndim == 4:
        return x
    if not heads:
        raise ValueError("tensors of three dimensions need q_num_heads and kv_num_heads")
    batch, length, width = x.shape
    return ct.permute(ct.reshape(x, (batch, length, heads, width // heads)), (0, 2, 1, 3))


def _packed(x: Any) -> Any:
    batch, heads, length, size = x.shape
    return ct.reshape(ct.permute(x, (0, 2, 1, 3)), (batch, length, heads * size))


def _shared(x: Any, heads: int) -> Any:
    """Each head of keys or values as often as queries share it."""
    return x if x.shape[1] == heads else ct.repeat_interleave(x, heads // x.shape[1], 1)


def _allowed(
    queries: int, keys: int, offset: Any, lengths: Any, causal: bool, left: int, right: int,
    device: Any,
) -> Any:  # fmt: skip
    """Which keys a query may see, by its place; None for all. Broadcasts to (batch, head, q, k)."""
    key = ct.arange(keys, device=device)
    place = ct.reshape(ct.arange(queries, device=device), (queries, 1)) + offset
    bounds = []
    if causal:
        bounds.append(key <= place)
    if left >= 0:
        bounds.append(key >= place - left)
    if right >= 0:
        bounds.append(key <= place + right)
    if lengths is not None:
        bounds.append(key < lengths)
    found = None
    for bound in bounds:
        found = bound if found is None else ct.logical_and(found, bound)
    return found


def _bias(mask: Any, allowed: Any, keys: int, dtype: Any) -> Any:
    """What is added to the scores: a mask of numbers, -inf where it or `allowed` forbid."""
    if mask is not None:
        short = keys - mask.shape[-1]
        flags = mask.dtype.kind == "b"
        if short > 0:
            from cltensor.nn.functional import pad

            mask = pad(mask, (0, short), "constant", False if flags else -math.inf)
        if flags:
            allowed = mask if allowed is None else ct.logical_and(mask, allowed)
            mask = None
    if allowed is None:
        return mask
    forbidden = ct.astype(ct.where(allowed, 0.0, -math.inf), dtype)
    return forbidden if mask is None else mask + forbidden


@operator("Attention", since=23)
def _attention(
    q, k, v, attn_mask=None, past_key=None, past_value=None, nonpad_kv_seqlen=None, *,
    is_causal: bool = False, kv_num_heads: int | None = None, q_num_heads: int | None = None,
    qk_matmul_output_mode: int = 0, scale: float | None = None, softcap: float = 0.0,
    softmax_precision: Element | None = None, left_window_size: int = -1,
    right_window_size: int = -1,
):  # fmt: skip
    packed = q.ndim == 3
    q = _by_head(q, q_num_heads)
    k, v = _by_head(k, kv_num_heads), _by_head(v, kv_num_heads)
    if past_key is not None:
        k, v = ct.cat([past_key, k], 2), ct.cat([past_value, v], 2)
    present = k, v
    queries, keys = q.shape[2], k.shape[2]
    lengths = None
    offset: Any = 0 if past_key is None else past_key.shape[2]
    if nonpad_kv_seqlen is not None:
        lengths = ct.reshape(nonpad_kv_seqlen, (-1, 1, 1, 1))
        offset = lengths - queries
    allowed = _allowed(
        queries, keys, offset, lengths, is_causal, left_window_size, right_window_size, q.device
    )
    bias = _bias(attn_mask, allowed, keys, q.dtype)
    root = math.sqrt(1 / math.sqrt(q.shape[3]) if scale is None else scale)
    k, v = _shared(k, q.shape[1]), _shared(v, q.shape[1])
    scores = ct.matmul(q * root, ct.swapaxes(k * root, -1, -2))
    seen = scores
    if softcap:
        scores = softcap * ct.tanh(scores / softcap)
        seen = seen if qk_matmul_output_mode == 0 else scores
    if bias is not None:
        scores = scores + bias
    seen = scores if qk_matmul_output_mode == 2 else seen
    wide = scores if softmax_precision is None else ct.astype(scores, softmax_precision)
    shares = ct.softmax(wide, -1)
    if bias is not None:  # a query that sees no key gives zeros
        blind = ct.amax(bias, -1, keepdims=True) == -math.inf
        shares = ct.where(blind, 0, shares)
    shares = ct.astype(shares, q.dtype)
    seen = shares if qk_matmul_output_mode == 3 else seen
    out = ct.matmul(shares, v)
    return _packed(out) if packed else out, *present, seen


@operator("LinearAttention", since=27)
def _linear_attention(
    query, key, value, past_state=None, decay=None, beta=None, *, chunk_size: int = 64,
    kv_num_heads: int, q_num_heads: int, scale: float = 0.0, update_rule: str = "gated_delta",
):  # fmt: skip
    if update_rule not in ("linear", "gated", "delta", "gated_delta"):
        raise ValueError(f"update_rule is {update_rule!r}")
    q = _by_head(query, q_num_heads)
    k, v = _by_head(key, kv_num_heads), _by_head(value, kv_num_heads)
    batch, heads, length, dk = k.shape
    dv, share = v.shape[3], q_num_heads // kv_num_heads
    scale = scale or 1 / math.sqrt(dk)
    state = past_state
    if state is None:
        state = ct.zeros((batch, heads, dk, dv), dtype=q.dtype, device=q.device)
    gates: Any = None if decay is None else ct.exp(_by_head(decay, kv_num_heads))
    rates: Any = None
    if beta is not None:
        rates = ct.reshape(ct.swapaxes(beta, 1, 2), (batch, -1, length, 1))
    out = []
    for t in range(length):
        kt, vt = ct.unsqueeze(k[:, :, t], -1), ct.unsqueeze(v[:, :, t], -2)
        if "gated" in update_rule:
            state = state * ct.unsqueeze(gates[:, :, t], -1)
        if "delta" in update_rule:
            known = ct.sum(state * kt, -2, keepdims=True)
            vt = (vt - known) * ct.unsqueeze(rates[:, :, t], -1)
        state = state + kt * vt
        qt = ct.reshape(q[:, :, t], (batch, heads, share, dk))
        out.append(ct.reshape(ct.matmul(qt, state), (batch, q_num_heads * dv)) * scale)
    return ct.stack(out, 1), state


@operator("RotaryEmbedding", since=23)
def _rotary(x, cos_cache, sin_cache, position_ids=None, *, interleaved: bool = False,
            num_heads: int | None = None, rotary_embedding_dim: int = 0):  # fmt: skip
    packed = x.ndim == 3
    x = _by_head(x, num_heads)
    turned = rotary_embedding_dim or x.shape[3]
    rest = x[..., turned:]
    if position_ids is not None:
        cos_cache, sin_cache = cos_cache[position_ids], sin_cache[position_ids]
    cos, sin = ct.unsqueeze(cos_cache, 1), ct.unsqueeze(sin_cache, 1)
    half = turned // 2
    a, b = x[..., :half], x[..., half:turned]
    if interleaved:
        a, b = x[..., 0:turned:2], x[..., 1:turned:2]
    real, imaginary = cos * a - sin * b, sin * a + cos * b
    if interleaved:
        found = ct.reshape(ct.stack([real, imaginary], -1), (*x.shape[:3], turned))
    else:
        found = ct.cat([real, imaginary], -1)
    found = ct.cat([found, rest], -1) if turned < x.shape[3] else found
    return _packed(found) if packed else found
