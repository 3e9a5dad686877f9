"""Vision Transformer: an image as a sequence of patches.

Source: A. Dosovitskiy et al., "An Image is Worth 16x16 Words: Transformers for Image Recognition at
Scale", 2021.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import Any

from cltensor.errors import ShapeError
from cltensor.models.pretrained import factories
from cltensor.nn import (
    GELU,
    Conv2d,
    Dropout,
    LayerNorm,
    Linear,
    Module,
    MultiheadAttention,
    Parameter,
    Sequential,
    init,
)
from cltensor.ops.create import empty, zeros
from cltensor.ops.shape.join import concatenate


class MLPBlock(Sequential):
    """Two linear maps with GELU between them."""

    def __init__(self, size: int, inner: int, dropout: float) -> None:
        super().__init__(
            Linear(size, inner), GELU(), Dropout(dropout), Linear(inner, size), Dropout(dropout)
        )
        for layer in (self[0], self[3]):
            init.xavier_uniform_(layer.weight)
            init.normal_(layer.bias, std=1e-6)

    def _older_names(self, prefix: str) -> dict[str, str]:
        """The published files call the maps linear_1 and linear_2."""
        return {
            f"{prefix}linear_{n}.{kind}": f"{prefix}{place}.{kind}"
            for n, place in ((1, 0), (2, 3))
            for kind in ("weight", "bias")
        }


class EncoderBlock(Module):
    """x + attention(norm(x)), then x + mlp(norm(x))."""

    def __init__(
        self, heads: int, size: int, inner: int, dropout: float, attention_dropout: float
    ) -> None:
        super().__init__()
        self.ln_1 = LayerNorm(size, eps=1e-6)
        self.self_attention = MultiheadAttention(
            size, heads, dropout=attention_dropout, batch_first=True
        )
        self.dropout = Dropout(dropout)
        self.ln_2 = LayerNorm(size, eps=1e-6)
        self.mlp = MLPBlock(size, inner, dropout)

    def forward(self, x: Any) -> Any:
        """(N, L, size) -> the same."""
        found = self.ln_1(x)
        found, _ = self.self_attention(found, found, found, need_weights=False)
        x = x + self.dropout(found)
        return x + self.mlp(self.ln_2(x))


class Encoder(Module):
    """Places are added, then blocks follow, then a normalisation."""

    def __init__(self, length: int, layers: int, size: int, dropout: float, **block: Any) -> None:
        super().__init__()
        self.pos_embedding = Parameter(empty((1, length, size)))
        init.normal_(self.pos_embedding, std=0.02)
        self.dropout = Dropout(dropout)
        self.layers = Sequential(
            OrderedDict(
                (f"encoder_layer_{i}", EncoderBlock(size=size, dropout=dropout, **block))
                for i in range(layers)
            )
        )
        self.ln = LayerNorm(size, eps=1e-6)

    def forward(self, x: Any) -> Any:
        """(N, L, size) -> the same."""
        return self.ln(self.layers(self.dropout(x + self.pos_embedding)))


class VisionTransformer(Module):
    """A linear map of each patch, an encoder, and one linear map of its first place, which belongs
    to no patch.

    >>> net = ct.models.VisionTransformer(
    ...     32, 16, 1, 2, hidden_dim=8, mlp_dim=16, num_classes=10
    ... )
    >>> net.encoder.pos_embedding.shape
    Size([1, 5, 8])
    """

    def __init__(
        self, image_size: int = 224, patch_size: int = 16, num_layers: int = 12,
        num_heads: int = 12, hidden_dim: int = 768, mlp_dim: int = 3072, dropout: float = 0.0,
        attention_dropout: float = 0.0, num_classes: int = 1000,
    ) -> None:  # fmt: skip
        super().__init__()
        self.image_size, self.hidden_dim = image_size, hidden_dim
        self.conv_proj = Conv2d(3, hidden_dim, patch_size, patch_size)
        init.trunc_normal_(self.conv_proj.weight, std=math.sqrt(1 / (3 * patch_size**2)))
        init.zeros_(self.conv_proj.bias)
        self.class_token = Parameter(zeros((1, 1, hidden_dim)))
        self.encoder = Encoder(
            (image_size // patch_size) ** 2 + 1, num_layers, hidden_dim, dropout,
            heads=num_heads, inner=mlp_dim, attention_dropout=attention_dropout,
        )  # fmt: skip
        self.heads = Sequential(OrderedDict(head=Linear(hidden_dim, num_classes)))
        init.zeros_(self.heads.head.weight)
        init.zeros_(self.heads.head.bias)

    def forward(self, x: Any) -> Any:
        """(N, 3, image_size, image_size) -> (N, num_classes)."""
        side = self.image_size
        if tuple(x.shape[2:]) != (side, side):
            raise ShapeError(
                f"VisionTransformer: the images are {tuple(x.shape[2:])}, and its places are for "
                f"{(side, side)}; resize them, or make it with image_size="
            )
        count = x.shape[0]
        x = self.conv_proj(x).flatten(2).permute(0, 2, 1)
        x = concatenate([self.class_token.expand(count, -1, -1), x], 1)
        return self.heads(self.encoder(x)[:, 0])


globals().update(factories(VisionTransformer, {"vit_b_16": {}}))
