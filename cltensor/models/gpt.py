"""GPT-2: the next part of a text from those before it.

Source: A. Radford et al., "Language Models are Unsupervised Multitask Learners", 2019; the names
are those of the public checkpoints, as nanoGPT has them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from cltensor.autograd import no_grad
from cltensor.errors import ShapeError
from cltensor.models.pretrained import factories
from cltensor.nn import (
    GELU,
    Dropout,
    Embedding,
    LayerNorm,
    Linear,
    Module,
    ModuleDict,
    ModuleList,
    init,
)
from cltensor.nn import functional as F
from cltensor.ops.create import arange
from cltensor.ops.random.choose import multinomial
from cltensor.ops.shape.join import concatenate


class CausalSelfAttention(Module):
    """Attention of each place to itself and those before it."""

    def __init__(self, n_embd: int, n_head: int, dropout: float, bias: bool) -> None:
        super().__init__()
        self.c_attn = Linear(n_embd, 3 * n_embd, bias=bias)
        self.c_proj = Linear(n_embd, n_embd, bias=bias)
        self.resid_dropout = Dropout(dropout)
        self.n_head, self.dropout = n_head, dropout

    def forward(self, x: Any) -> Any:
        """(N, L, n_embd) -> the same."""
        count, length, size = x.shape
        parts = self.c_attn(x).reshape(count, length, 3, self.n_head, size // self.n_head)
        q, k, v = parts.permute(2, 0, 3, 1, 4)
        dropout = self.dropout if self.training else 0.0
        found = F.scaled_dot_product_attention(q, k, v, dropout_p=dropout, is_causal=True)
        return self.resid_dropout(self.c_proj(found.transpose(1, 2).reshape(count, length, size)))


class MLP(Module):
    """Two linear maps with GELU, in its form with tanh, between them."""

    def __init__(self, n_embd: int, dropout: float, bias: bool) -> None:
        super().__init__()
        self.c_fc = Linear(n_embd, 4 * n_embd, bias=bias)
        self.gelu = GELU(approximate="tanh")
        self.c_proj = Linear(4 * n_embd, n_embd, bias=bias)
        self.dropout = Dropout(dropout)

    def forward(self, x: Any) -> Any:
        """(N, L, n_embd) -> the same."""
        return self.dropout(self.c_proj(self.gelu(self.c_fc(x))))


class Block(Module):
    """x + attention(norm(x)), then x + mlp(norm(x))."""

    def __init__(self, n_embd: int, n_head: int, dropout: float, bias: bool) -> None:
        super().__init__()
        self.ln_1 = LayerNorm(n_embd, bias=bias)
        self.attn = CausalSelfAttention(n_embd, n_head, dropout, bias)
        self.ln_2 = LayerNorm(n_embd, bias=bias)
        self.mlp = MLP(n_embd, dropout, bias)

    def forward(self, x: Any) -> Any:
        """(N, L, n_embd) -> the same."""
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


#: Maps whose weights the checkpoints of Hugging Face have with rows and columns exchanged.
_EXCHANGED = ("attn.c_attn.weight", "attn.c_proj.weight", "mlp.c_fc.weight", "mlp.c_proj.weight")
#: Masks that they keep, and that are made where they are needed here.
_MASKS = (".attn.bias", ".attn.masked_bias")


class GPT2(Module):
    """Tokens and places become vectors, blocks follow, and each vector scores every next token.

    The table of tokens is the last linear map too.

    >>> net = ct.models.GPT2(block_size=8, vocab_size=50, n_layer=1, n_head=2, n_embd=16)
    >>> net(ct.tensor([[3, 1, 4]])).shape
    Size([1, 3, 50])
    """

    def __init__(
        self, block_size: int = 1024, vocab_size: int = 50257, n_layer: int = 12,
        n_head: int = 12, n_embd: int = 768, dropout: float = 0.0, bias: bool = True,
    ) -> None:  # fmt: skip
        super().__init__()
        self.block_size = block_size
        blocks = [Block(n_embd, n_head, dropout, bias) for _ in range(n_layer)]
        self.transformer = ModuleDict(
            {
                "wte": Embedding(vocab_size, n_embd),
                "wpe": Embedding(block_size, n_embd),
                "drop": Dropout(dropout),
                "h": ModuleList(blocks),
                "ln_f": LayerNorm(n_embd, bias=bias),
            }
        )
        self.lm_head = Linear(n_embd, vocab_size, bias=False)
        self.lm_head.weight = self.transformer["wte"].weight
        for name, parameter in self.named_parameters():
            if parameter.ndim > 1:
                deep = name.endswith("c_proj.weight")
                init.normal_(parameter, std=0.02 / math.sqrt(2 * n_layer) if deep else 0.02)
            elif name.endswith("bias"):
                init.zeros_(parameter)

    def forward(self, idx: Any) -> Any:
        """(N, L) tokens -> (N, L, vocab_size) scores of the next ones."""
        length = idx.shape[1]
        if length > self.block_size:
            raise ShapeError(
                f"GPT2: {length} tokens, and it has {self.block_size} places; give the last ones"
            )
        parts: Any = self.transformer
        x = parts["wte"](idx) + parts["wpe"](arange(length, device=idx.device))
        x = parts["drop"](x)
        for block in parts["h"]:
            x = block(x)
        return self.lm_head(parts["ln_f"](x))

    def load_state_dict(self, state_dict: Mapping[str, Any], *args: Any, **options: Any) -> Any:
        """As Module's, and from checkpoints of Hugging Face too: with or without "transformer.",
        masks or lm_head, and with the maps' rows and columns exchanged."""
        given = {
            name if name.startswith(("transformer.", "lm_head.")) else f"transformer.{name}": value
            for name, value in state_dict.items()
            if not name.endswith(_MASKS)
        }
        given.setdefault("lm_head.weight", given.get("transformer.wte.weight"))
        first = given.get("transformer.h.0.attn.c_attn.weight")
        if first is not None and first.shape[1] == 3 * first.shape[0]:
            given = {
                name: value.T if name.endswith(_EXCHANGED) else value
                for name, value in given.items()
            }
        return super().load_state_dict(
            {name: value for name, value in given.items() if value is not None}, *args, **options
        )

    @no_grad()
    def generate(
        self, idx: Any, max_new_tokens: int, temperature: float = 1.0, top_k: int | None = None
    ) -> Any:
        """`idx` (N, L) with that many tokens more, each drawn from its scores.

        Args:    temperature: above 1 wilder, towards 0 surer; top_k: draw only from so many.
        """
        for _ in range(max_new_tokens):
            scores = self(idx[:, -self.block_size :])[:, -1] / temperature
            if top_k is None:
                drawn = multinomial(F.softmax(scores, -1), 1)
            else:
                best = scores.topk(min(top_k, scores.shape[-1]))
                place = multinomial(F.softmax(best.values, -1), 1)
                drawn = best.indices.gather(1, place)
            idx = concatenate([idx, drawn.to(idx.dtype)], 1)
        return idx


globals().update(
    factories(
        GPT2,
        {
            "gpt2": {},
            "gpt2_medium": {"n_layer": 24, "n_head": 16, "n_embd": 1024},
            "gpt2_large": {"n_layer": 36, "n_head": 20, "n_embd": 1280},
            "gpt2_xl": {"n_layer": 48, "n_head": 25, "n_embd": 1600},
        },
    )
)
