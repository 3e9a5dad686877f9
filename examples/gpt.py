"""Train a small GPT on the characters of a text, then have it write: python examples/gpt.py

Source: A. Radford et al., "Language Models are Unsupervised Multitask Learners" (2019): blocks of
attention to what came before and two linear layers, each normalised first and added to its input.
"""

from __future__ import annotations

import argparse
from typing import Any

from language import run

import cltensor as ct
from cltensor import nn
from cltensor.nn import functional as F


class Block(nn.Module):
    """x + attention(norm(x)), then x + mlp(norm(x))."""

    def __init__(self, size: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.norm1, self.norm2 = nn.LayerNorm(size), nn.LayerNorm(size)
        self.qkv, self.out = nn.Linear(size, 3 * size), nn.Linear(size, size)
        self.mlp = nn.Sequential(
            nn.Linear(size, 4 * size), nn.GELU(), nn.Linear(4 * size, size), nn.Dropout(dropout)
        )

    def forward(self, x: Any) -> Any:
        """(N, L, size) -> the same."""
        count, length, size = x.shape
        parts = self.qkv(self.norm1(x)).reshape(count, length, 3, self.heads, -1)
        q, k, v = parts.permute(2, 0, 3, 1, 4)
        dropout = self.dropout if self.training else 0.0
        found = F.scaled_dot_product_attention(q, k, v, dropout_p=dropout, is_causal=True)
        x = x + self.out(found.transpose(1, 2).reshape(count, length, size))
        return x + self.mlp(self.norm2(x))


class GPT(nn.Module):
    """The next character from at most `length` before it."""

    def __init__(self, characters: int, length: int, size: int, layers: int, heads: int) -> None:
        super().__init__()
        self.characters = nn.Embedding(characters, size)
        self.places = nn.Embedding(length, size)
        self.blocks = nn.Sequential(*(Block(size, heads, 0.1) for _ in range(layers)))
        self.norm = nn.LayerNorm(size)
        self.scores = nn.Linear(size, characters, bias=False)
        self.scores.weight = self.characters.weight  # one table for reading and writing
        nn.init.normal_(self.characters.weight, std=0.02)
        nn.init.normal_(self.places.weight, std=0.02)

    def forward(self, x: Any) -> Any:
        """(N, L) numbers -> (N, L, characters) scores."""
        found = self.characters(x) + self.places(ct.arange(x.shape[1], device=x.device))
        return self.scores(self.norm(self.blocks(found)))


def build(args: argparse.Namespace, characters: int) -> nn.Module:
    """The model that the options ask for."""
    return GPT(characters, args.length, args.size, args.layers, args.heads)


if __name__ == "__main__":
    run("gpt", build, steps=600, lr=2e-3, length=64, size=128, layers=4, heads=4)
