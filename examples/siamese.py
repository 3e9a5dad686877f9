"""Learn whether two pictures show the same digit, by one net for both: python examples/siamese.py

Source: R. Hadsell, S. Chopra, Y. LeCun, "Dimensionality Reduction by Learning an Invariant
Mapping" (2006): pairs of one kind are drawn together, others pushed apart up to a margin.
"""

from __future__ import annotations

import argparse
from typing import Any

import digits
import numpy as np

import cltensor as ct
from cltensor import nn, optim

MARGIN = 1.0


def embedding() -> nn.Module:
    """(N, 1, 28, 28) -> (N, 16), where what is alike lies together."""
    return nn.Sequential(
        nn.Conv2d(1, 8, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 16, 5), nn.ReLU(),
        nn.MaxPool2d(2), nn.Flatten(), nn.Linear(256, 64), nn.ReLU(), nn.Linear(64, 16),
    )  # fmt: skip


def pairs(images: Any, labels: Any, count: int, random: Any) -> tuple[Any, Any, Any]:
    """`count` pairs of pictures, and whether they show the same digit: about every second."""
    first = random.integers(0, len(labels), count)
    second = random.integers(0, len(labels), count)
    for k in range(0, count, 2):
        second[k] = random.choice(np.flatnonzero(labels == labels[first[k]]))
    same = (labels[first] == labels[second]).astype(np.float32)
    return *(ct.tensor(images[each]).float() / 255 for each in (first, second)), ct.tensor(same)


def train(args: argparse.Namespace) -> None:
    """Train, and say for how many pairs of test pictures the distance decides rightly."""
    random = np.random.default_rng(args.seed)
    net = embedding()
    optimizer = optim.Adam(net.parameters(), lr=args.lr)

    def distances(a: Any, b: Any) -> Any:
        return nn.functional.pairwise_distance(*net(ct.cat([a, b])).chunk(2))

    @ct.jit
    def train_step(a: Any, b: Any, same: Any) -> Any:
        optimizer.zero_grad()
        far = distances(a, b)
        loss = (same * far.square() + (1 - same) * (MARGIN - far).relu().square()).mean()
        loss.backward()
        optimizer.step()
        return loss

    images, labels = digits.load(args)
    for step in range(args.steps):
        loss = train_step(*pairs(images, labels, args.batch_size, random))
        if digits.shows(step, args):
            print(f"step {step}: loss {loss.item():.4f}")
    images, labels = digits.load(args, train=False)
    with ct.no_grad():
        a, b, same = pairs(images, labels, 1000, random)
        right = ((distances(a, b) < MARGIN / 2) == same.bool()).float().mean().item()
    print(f"right for {right:.1%} of 1,000 pairs of test pictures")


if __name__ == "__main__":
    digits.run("siamese", train, steps=1000, batch_size=64, lr=2e-3)
