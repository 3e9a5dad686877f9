"""Scaled dot-product attention in tiles, with all of its gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

import cltensor as ct
from cltensor import nn
from cltensor.nn import functional as F
from cltensor.selftest.checks import Family, leaf, near, numbers
from cltensor.selftest.references import attention

ATTENTION = Family("attention")


def _check(q: Any, k: Any, v: Any, mask: Any = None, causal: bool = False) -> None:
    a, b, c = (numbers(*shape, seed=i) for i, shape in enumerate((q, k, v)))
    tensors = leaf(a), leaf(b), leaf(c)
    given = None if mask is None else ct.tensor(mask)
    out = F.scaled_dot_product_attention(*tensors, given, 0.0, causal)
    g = numbers(*out.shape, seed=9)
    want, *gradients = attention(a, b, c, g, mask, causal)
    near(out.detach(), want, 1e-5, "float32")
    out.backward(ct.tensor(g))
    for t, exact in zip(tensors, gradients, strict=True):
        near(t.grad, exact, 2e-5, "float32")


@ATTENTION.each(
    (1, 1, 1, 1, 1), (2, 3, 70, 37, 7), (1, 2, 33, 33, 16), (1, 1, 5, 300, 64), (2, 1, 129, 9, 40)
)
def heads(batch: int, count: int, queries: int, keys: int, width: int) -> None:
    other = (batch, count, keys, width)
    _check((batch, count, queries, width), other, other)


@ATTENTION.each((1, 2, 70, 8), (2, 1, 33, 16))
def causal(batch: int, count: int, length: int, width: int) -> None:
    sizes = (batch, count, length, width)
    _check(sizes, sizes, sizes, None, True)


@ATTENTION.each("bool", "float32")
def masked(dtype: str) -> None:
    mask = numbers(37, 41, dtype=dtype)
    if dtype == "bool":
        mask[:, 0] = True
    _check((1, 2, 37, 8), (1, 2, 41, 8), (1, 2, 41, 5), mask)


@ATTENTION.check()
def several_heads_of_a_layer() -> None:
    layer: Any = nn.MultiheadAttention(12, 3, batch_first=True)
    x = numbers(2, 7, 12)
    out, _ = layer(ct.tensor(x), ct.tensor(x), ct.tensor(x))
    w, b = (p.detach().numpy() for p in (layer.in_proj_weight, layer.in_proj_bias))
    parts = np.split(x.astype("float64") @ w.T + b, 3, -1)
    q, k, v = (p.reshape(2, 7, 3, 4).transpose(0, 2, 1, 3) for p in parts)
    joined = attention(q, k, v, np.zeros(q.shape))[0].transpose(0, 2, 1, 3).reshape(2, 7, 12)
    w, b = (p.detach().numpy() for p in (layer.out_proj.weight, layer.out_proj.bias))
    near(out.detach(), joined @ w.T.astype("float64") + b, 1e-5, "float32")
