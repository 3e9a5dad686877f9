"""Attention of several heads, as a layer."""

from __future__ import annotations

from typing import Any

from cltensor.core.checks import number
from cltensor.nn import functional as F
from cltensor.nn import init
from cltensor.nn.layers.linear import Linear
from cltensor.nn.module import Module
from cltensor.nn.parameter import Parameter
from cltensor.ops.shape.view import swapaxes


class NonDynamicallyQuantizableLinear(Linear):
    """Linear, under the name that it has in PyTorch's attention."""


class MultiheadAttention(Module):
    """Attention of several heads between linear maps.

        out = concat(softmax(q_h @ k_h.T / sqrt(D)) @ v_h for each head h) @ out_proj.weight.T

    Args:    embed_dim: E, which num_heads divide into parts of D = E / num_heads; dropout:
             probability that a weight is zero while training; bias: whether the maps have one;
             add_bias_kv: one more key and value, trained; add_zero_attn: one more, of zeros; kdim,
             vdim: sizes of key and value, E if left out; batch_first: tensors are (N, L, E).
    State:   in_proj_weight (3 E, E), or q_proj_weight (E, E), k_proj_weight (E, kdim) and
             v_proj_weight (E, vdim) where sizes differ; in_proj_bias (3 E,); out_proj; bias_k and
             bias_v (1, 1, E). Weights start as init.xavier_uniform_ draws them, biases as 0.
    Source:  Vaswani et al. 2017.

    >>> layer = nn.MultiheadAttention(8, num_heads=2, batch_first=True)
    >>> x = ct.rand(3, 5, 8)
    >>> out, weights = layer(x, x, x)
    >>> out.shape, weights.shape
    (Size([3, 5, 8]), Size([3, 5, 5]))
    """

    bias_k: Any
    bias_v: Any

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if embed_dim <= 0 or num_heads <= 0 or embed_dim % num_heads:
            kind = AssertionError if embed_dim > 0 and num_heads > 0 else ValueError
            raise kind(
                f"MultiheadAttention: embed_dim is {embed_dim} and num_heads {num_heads}; give "
                "numbers greater than 0 of which the second divides the first"
            )
        super().__init__()
        self.embed_dim = embed_dim
        self.kdim = embed_dim if kdim is None else kdim
        self.vdim = embed_dim if vdim is None else vdim
        self._qkv_same_embed_dim = self.kdim == self.vdim == embed_dim
        self.num_heads = num_heads
        self.dropout = number("MultiheadAttention", "dropout", dropout)
        self.batch_first = batch_first
        self.head_dim = embed_dim // num_heads
        same = self._qkv_same_embed_dim
        shapes: dict[str, tuple[int, ...] | None] = {
            "q_proj_weight": None if same else (embed_dim, embed_dim),
            "k_proj_weight": None if same else (embed_dim, self.kdim),
            "v_proj_weight": None if same else (embed_dim, self.vdim),
            "in_proj_weight": (3 * embed_dim, embed_dim) if same else None,
            "in_proj_bias": (3 * embed_dim,) if bias else None,
        }
        for name, shape in shapes.items():
            made = None if shape is None else Parameter(init.empty(shape, dtype, device))
            self.register_parameter(name, made)
        self.out_proj = NonDynamicallyQuantizableLinear(embed_dim, embed_dim, bias, device, dtype)
        for name in ("bias_k", "bias_v"):
            row = Parameter(init.empty((1, 1, embed_dim), dtype, device)) if add_bias_kv else None
            self.register_parameter(name, row)
        self.add_zero_attn = add_zero_attn
        self._reset_parameters()

    def _reset_parameters(self) -> None:
        """Draw new initial weights, but for out_proj's, which a Linear has of itself."""
        for name in ("in_proj_weight", "q_proj_weight", "k_proj_weight", "v_proj_weight"):
            if (weight := getattr(self, name)) is not None:
                init.xavier_uniform_(weight)
        if self.in_proj_bias is not None:
            init.zeros_(self.in_proj_bias)
            init.zeros_(self.out_proj.bias)
        for row in (self.bias_k, self.bias_v):
            if row is not None:
                init.xavier_normal_(row)

    def forward(
        self,
        query: Any,
        key: Any,
        value: Any,
        key_padding_mask: Any = None,
        need_weights: bool = True,
        attn_mask: Any = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Any, Any]:
        """query (L, N, E), key (S, N, kdim) and value (S, N, vdim), without N for one sequence,
        with N first where batch_first -> (the output, as query; the weights, see
        `functional.multi_head_attention_forward`, which also says what masks mean)."""
        turned = self.batch_first and query.ndim == 3
        if turned:
            query, key, value = [swapaxes(x, 0, 1) for x in (query, key, value)]
        out, weights = F.multi_head_attention_forward(
            query, key, value, self.embed_dim, self.num_heads, self.in_proj_weight,
            self.in_proj_bias, self.bias_k, self.bias_v, self.add_zero_attn, self.dropout,
            self.out_proj.weight, self.out_proj.bias, self.training, key_padding_mask, need_weights,
            attn_mask, not self._qkv_same_embed_dim, self.q_proj_weight, self.k_proj_weight,
            self.v_proj_weight, None, None, average_attn_weights, is_causal,
        )  # fmt: skip
        return swapaxes(out, 0, 1) if turned else out, weights
