"""The transformer and its parts."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from cltensor import dtypes
from cltensor.errors import ShapeError
from cltensor.nn import functional as F
from cltensor.nn import init
from cltensor.nn.layers.activation import GELU, ReLU
from cltensor.nn.layers.attention import MultiheadAttention
from cltensor.nn.layers.container import ModuleList
from cltensor.nn.layers.dropout import Dropout
from cltensor.nn.layers.linear import Linear
from cltensor.nn.layers.norm import LayerNorm
from cltensor.nn.module import Module
from cltensor.ops.create import full
from cltensor.ops.shape.join import triu

Activation = str | Callable[[Any], Any]
_ACTIVATIONS: dict[str, Any] = {"relu": F.relu, "gelu": F.gelu}


def _activation(given: Activation) -> Callable[[Any], Any]:
    if not isinstance(given, str):
        return given
    if given not in _ACTIVATIONS:
        raise RuntimeError(
            f"transformer: activation is {given!r}; it is 'relu', 'gelu' or a function"
        )
    return _ACTIVATIONS[given]


def _clones(module: Module, count: int) -> ModuleList:
    return ModuleList([copy.deepcopy(module) for _ in range(count)])


def _causal_mask(sz: int, device: Any = None, dtype: Any = None) -> Any:
    dtype = dtypes.default_float if dtype is None else dtype
    return triu(full((sz, sz), float("-inf"), dtype, device), 1)


class _Layer(Module):
    """What layers of encoders and decoders share: a feed-forward network, and the order of norms.

    Args:    d_model: E; nhead: heads; dim_feedforward: units between; dropout: probability of a
             zero while training; activation: "relu", "gelu" or a function; layer_norm_eps: the
             norms' eps; batch_first: tensors are (N, L, E); norm_first: norms come before each
             part and not after it; bias: whether maps and norms have one.
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = F.relu,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        kind: dict[str, Any] = {"bias": bias, "device": device, "dtype": dtype}
        parts = self._attentions
        for name in parts:
            made = MultiheadAttention(d_model, nhead, dropout, batch_first=batch_first, **kind)
            setattr(self, name, made)
        self.linear1 = Linear(d_model, dim_feedforward, **kind)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, **kind)
        self.norm_first = norm_first
        for k in range(len(parts) + 1):
            setattr(self, f"norm{k + 1}", LayerNorm(d_model, layer_norm_eps, **kind))
        for k in range(len(parts) + 1):
            setattr(self, f"dropout{k + 1}", Dropout(dropout))
        self.activation = _activation(activation)

    _attentions: tuple[str, ...] = ()

    def _feed(self, x: Any) -> Any:
        return self.linear2(self.dropout(self.activation(self.linear1(x))))

    def _through(self, x: Any, *parts: Callable[[Any], Any]) -> Any:
        """x through the parts, each around a residual connection, with its dropout and norm."""
        for k, part in enumerate(parts, 1):
            norm, dropout = getattr(self, f"norm{k}"), getattr(self, f"dropout{k}")
            x = x + dropout(part(norm(x))) if self.norm_first else norm(x + dropout(part(x)))
        return x

    def _attend(
        self, name: str, memory: Any, mask: Any, padding: Any, causal: bool
    ) -> Callable[[Any], Any]:
        """Attention to `memory`, or for None of a sequence to itself."""

        def attend(x: Any) -> Any:
            other = x if memory is None else memory
            return getattr(self, name)(
                x, other, other, key_padding_mask=padding, need_weights=False, attn_mask=mask,
                is_causal=causal,
            )[0]  # fmt: skip

        return attend


class TransformerEncoderLayer(_Layer):
    """Self-attention and a feed-forward network, each around a residual connection.

    Args:    see _Layer.
    State:   self_attn, linear1, linear2, norm1, norm2.
    Source:  Vaswani et al. 2017; norm_first: Xiong et al. 2020.

    >>> nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)(ct.rand(1, 5, 8)).shape
    Size([1, 5, 8])
    """

    _attentions = ("self_attn",)

    @property
    def activation_relu_or_gelu(self) -> int:
        """1 for relu, 2 for gelu, 0 for others."""
        given = self.activation
        if given is F.relu or isinstance(given, ReLU):
            return 1
        return 2 if given is F.gelu or isinstance(given, GELU) else 0

    def forward(
        self,
        src: Any,
        src_mask: Any = None,
        src_key_padding_mask: Any = None,
        is_causal: bool = False,
    ) -> Any:
        """(L, N, E), with masks as MultiheadAttention takes them -> the same."""
        attend = self._attend("self_attn", None, src_mask, src_key_padding_mask, is_causal)
        return self._through(src, attend, self._feed)


class TransformerDecoderLayer(_Layer):
    """Self-attention, attention to an encoder's memory and a feed-forward network, each around a
    residual connection.

    Args:    see _Layer.
    State:   self_attn, multihead_attn, linear1, linear2, norm1, norm2, norm3.
    Source:  Vaswani et al. 2017; norm_first: Xiong et al. 2020.

    >>> layer = nn.TransformerDecoderLayer(8, 2, 16, batch_first=True)
    >>> layer(ct.rand(1, 3, 8), ct.rand(1, 5, 8)).shape
    Size([1, 3, 8])
    """

    _attentions = ("self_attn", "multihead_attn")

    def forward(
        self,
        tgt: Any,
        memory: Any,
        tgt_mask: Any = None,
        memory_mask: Any = None,
        tgt_key_padding_mask: Any = None,
        memory_key_padding_mask: Any = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Any:
        """tgt (L, N, E) and memory (S, N, E), with masks as MultiheadAttention takes them -> as
        tgt."""
        own = self._attend("self_attn", None, tgt_mask, tgt_key_padding_mask, tgt_is_causal)
        other = self._attend(
            "multihead_attn", memory, memory_mask, memory_key_padding_mask, memory_is_causal
        )
        return self._through(tgt, own, other, self._feed)


class TransformerEncoder(Module):
    """Copies of a layer, one after the other, and a norm.

    Args:    encoder_layer: what is copied; num_layers: how often; norm: a module for the end;
             enable_nested_tensor, mask_check: PyTorch's ways of computing, of no effect.
    State:   layers, norm.

    >>> layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    >>> nn.TransformerEncoder(layer, 2)(ct.rand(1, 5, 8)).shape
    Size([1, 5, 8])
    """

    def __init__(
        self,
        encoder_layer: Any,
        num_layers: int,
        norm: Module | None = None,
        enable_nested_tensor: bool = True,
        mask_check: bool = True,
    ) -> None:
        super().__init__()
        self.layers = _clones(encoder_layer, num_layers)
        self.num_layers = num_layers
        self.norm = norm
        self.enable_nested_tensor = enable_nested_tensor
        self.use_nested_tensor = False  # PyTorch's answer to whether it computes that way
        self.mask_check = mask_check

    def forward(
        self,
        src: Any,
        mask: Any = None,
        src_key_padding_mask: Any = None,
        is_causal: bool | None = None,
    ) -> Any:
        """(L, N, E), with masks as MultiheadAttention takes them -> the same.

        is_causal: the mask is that of `Transformer.generate_square_subsequent_mask`, which saves
        half the work where the caller says so; the result is that of the mask either way.
        """
        causal = is_causal is True
        for layer in self.layers:
            src = layer(
                src, src_mask=mask, src_key_padding_mask=src_key_padding_mask, is_causal=causal
            )
        return src if self.norm is None else self.norm(src)


class TransformerDecoder(Module):
    """Copies of a layer, one after the other, and a norm.

    Args:    decoder_layer: what is copied; num_layers: how often; norm: a module for the end.
    State:   layers, norm.

    >>> layer = nn.TransformerDecoderLayer(8, 2, 16, batch_first=True)
    >>> nn.TransformerDecoder(layer, 2)(ct.rand(1, 3, 8), ct.rand(1, 5, 8)).shape
    Size([1, 3, 8])
    """

    def __init__(self, decoder_layer: Any, num_layers: int, norm: Module | None = None) -> None:
        super().__init__()
        self.layers = _clones(decoder_layer, num_layers)
        self.num_layers = num_layers
        self.norm = norm

    def forward(
        self,
        tgt: Any,
        memory: Any,
        tgt_mask: Any = None,
        memory_mask: Any = None,
        tgt_key_padding_mask: Any = None,
        memory_key_padding_mask: Any = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Any:
        """tgt (L, N, E) and memory (S, N, E), with masks as MultiheadAttention takes them -> as
        tgt. tgt_is_causal: see TransformerEncoder."""
        causal = tgt_is_causal is True
        for layer in self.layers:
            tgt = layer(
                tgt, memory, tgt_mask=tgt_mask, memory_mask=memory_mask,
                tgt_key_padding_mask=tgt_key_padding_mask,
                memory_key_padding_mask=memory_key_padding_mask, tgt_is_causal=causal,
                memory_is_causal=memory_is_causal,
            )  # fmt: skip
        return tgt if self.norm is None else self.norm(tgt)


class Transformer(Module):
    """An encoder of source sequences and a decoder of target sequences that attends to it.

    Args:    num_encoder_layers, num_decoder_layers: layers of each; custom_encoder,
             custom_decoder: modules in place of them; others see _Layer.
    State:   encoder, decoder. Matrices start as init.xavier_uniform_ draws them.
    Source:  Vaswani et al. 2017.

    >>> model = nn.Transformer(8, 2, 1, 1, 16, batch_first=True)
    >>> model(ct.rand(1, 5, 8), ct.rand(1, 3, 8)).shape
    Size([1, 3, 8])
    """

    def __init__(
        self,
        d_model: int = 512,
        nhead: int = 8,
        num_encoder_layers: int = 6,
        num_decoder_layers: int = 6,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = F.relu,
        custom_encoder: Any = None,
        custom_decoder: Any = None,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        layer = (
            d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first,
            norm_first, bias, device, dtype,
        )  # fmt: skip

        def norm() -> LayerNorm:
            return LayerNorm(d_model, layer_norm_eps, bias=bias, device=device, dtype=dtype)

        self.encoder = custom_encoder
        if custom_encoder is None:
            made = TransformerEncoderLayer(*layer)
            self.encoder = TransformerEncoder(made, num_encoder_layers, norm())
        self.decoder = custom_decoder
        if custom_decoder is None:
            other = TransformerDecoderLayer(*layer)
            self.decoder = TransformerDecoder(other, num_decoder_layers, norm())
        self._reset_parameters()
        self.d_model = d_model
        self.nhead = nhead
        self.batch_first = batch_first

    def _reset_parameters(self) -> None:
        for param in self.parameters():
            if param.ndim > 1:
                init.xavier_uniform_(param)

    def forward(
        self,
        src: Any,
        tgt: Any,
        src_mask: Any = None,
        tgt_mask: Any = None,
        memory_mask: Any = None,
        src_key_padding_mask: Any = None,
        tgt_key_padding_mask: Any = None,
        memory_key_padding_mask: Any = None,
        src_is_causal: bool | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Any:
        """src (S, N, E) and tgt (L, N, E), with masks as MultiheadAttention takes them -> as
        tgt."""
        batch = 0 if self.batch_first else 1
        alike = src.ndim != 3 or src.shape[batch] == tgt.shape[batch]
        if not alike or src.shape[-1] != self.d_model or tgt.shape[-1] != self.d_model:
            raise ShapeError(
                f"Transformer: src has shape {tuple(src.shape)} and tgt {tuple(tgt.shape)}; give "
                f"as many sequences of both, of {self.d_model} features"
            )
        memory = self.encoder(
            src, mask=src_mask, src_key_padding_mask=src_key_padding_mask, is_causal=src_is_causal
        )
        return self.decoder(
            tgt, memory, tgt_mask=tgt_mask, memory_mask=memory_mask,
            tgt_key_padding_mask=tgt_key_padding_mask,
            memory_key_padding_mask=memory_key_padding_mask, tgt_is_causal=tgt_is_causal,
            memory_is_causal=memory_is_causal,
        )  # fmt: skip

    @staticmethod
    def generate_square_subsequent_mask(sz: int, device: Any = None, dtype: Any = None) -> Any:
        """(sz, sz): -inf above the diagonal and 0 elsewhere, to be added to scores."""
        return _causal_mask(sz, device, dtype)
