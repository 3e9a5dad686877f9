"""Train with less memory: half the bytes for what is kept, a part of it computed anew in backward,
and the gradients of several small batches for each step. python examples/accumulate.py

Source: T. Chen et al., "Training Deep Nets with Sublinear Memory Cost" (2016); P. Micikevicius et
al., "Mixed Precision Training" (2018).
"""

from __future__ import annotations

import argparse
from typing import Any

import digits

import cltensor as ct
from cltensor import nn, optim
from cltensor.utils.checkpoint import checkpoint

#: Batches whose gradients are added up for one step.
PARTS = 4


class Net(nn.Module):
    """Blocks of convolutions, of each of which only the input is kept for backward."""

    def __init__(self, width: int = 16, blocks: int = 3) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, width, 3, stride=2, padding=1)
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(width, width, 3, padding=1), nn.GroupNorm(4, width), nn.ReLU(),
                nn.Conv2d(width, width, 3, padding=1), nn.GroupNorm(4, width), nn.ReLU(),
            )
            for _ in range(blocks)
        )  # fmt: skip
        self.last = nn.Linear(width, 10)

    def forward(self, x: Any) -> Any:
        """(N, 1, 28, 28) -> (N, 10) scores."""
        x = self.first(x)
        for block in self.blocks:
            x = x + checkpoint(block, x, use_reentrant=False)
        return self.last(x.mean(dim=(2, 3)))


def train(args: argparse.Namespace) -> None:
    """Train, and say how much memory that took at most."""
    model = Net()
    optimizer = optim.AdamW(model.parameters(), lr=args.lr)
    scaler = ct.amp.GradScaler()
    kind = next(model.parameters()).device.type
    ct.reset_peak_memory()
    for step, (images, labels) in enumerate(digits.batches(args)):
        with ct.autocast(kind, dtype=ct.float16):
            scores = model(images)
            loss = nn.functional.cross_entropy(scores, labels)
        scaler.scale(loss / PARTS).backward()
        if (step + 1) % PARTS == 0:
            scaler.unscale_(optimizer)
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            scaler.step(optimizer)
            scaler.update()
            optimizer.zero_grad()
        if digits.shows(step, args):
            right = (scores.argmax(1) == labels).float().mean().item()
            print(f"step {step}: loss {loss.item():.4f}, right {right:.1%}")
    print(f"at most {ct.memory_summary()['peak'] / 2**20:.1f} MiB")


if __name__ == "__main__":
    digits.run("accumulate", train, steps=800, batch_size=32, lr=4e-3)
