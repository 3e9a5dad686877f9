"""Train an LSTM on the characters of a text, then have it write: python examples/char_lstm.py"""

from __future__ import annotations

import argparse
from typing import Any

from language import run

from cltensor import nn


class CharLSTM(nn.Module):
    """The next character from those before: an embedding, LSTMs, a score for each character."""

    def __init__(self, characters: int, size: int, layers: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(characters, size)
        self.lstm = nn.LSTM(
            size, size, layers, batch_first=True, dropout=0.1 if layers > 1 else 0.0
        )
        self.scores = nn.Linear(size, characters)

    def forward(self, x: Any) -> Any:
        """(N, L) numbers -> (N, L, characters) scores."""
        return self.scores(self.lstm(self.embedding(x))[0])


def build(args: argparse.Namespace, characters: int) -> nn.Module:
    """The model that the options ask for."""
    return CharLSTM(characters, args.size, args.layers)


if __name__ == "__main__":
    run("char_lstm", build, steps=600, lr=4e-3, length=64, size=128, layers=2)
