"""Press digits into 16 numbers and make them again: python examples/autoencoder.py

It writes autoencoder.png: digits, and under each what comes back.
"""

from __future__ import annotations

import argparse
from typing import Any

import digits

import cltensor as ct
from cltensor import nn, optim
from cltensor.vision.utils import save_image


class Autoencoder(nn.Module):
    """784 pixels -> `code` numbers -> 784 pixels."""

    def __init__(self, code: int = 16) -> None:
        super().__init__()
        self.encode = nn.Sequential(
            nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, code)
        )
        self.decode = nn.Sequential(
            nn.Linear(code, 128), nn.ReLU(), nn.Linear(128, 784), nn.Unflatten(1, (1, 28, 28))
        )

    def forward(self, x: Any) -> Any:
        """(N, 1, 28, 28) in [0, 1] -> as many scores, whose sigmoid is the picture."""
        return self.decode(self.encode(x))


def train(args: argparse.Namespace) -> None:
    """Train, and write the picture."""
    model = Autoencoder()
    optimizer = optim.Adam(model.parameters(), lr=args.lr)

    @ct.jit
    def train_step(images: Any) -> Any:
        optimizer.zero_grad()
        loss = nn.functional.binary_cross_entropy_with_logits(model(images), images)
        loss.backward()
        optimizer.step()
        return loss

    for step, (images, _) in enumerate(digits.batches(args)):
        loss = train_step(images)
        if digits.shows(step, args):
            print(f"step {step}: loss {loss.item():.4f}")
    with ct.no_grad():
        pairs = ct.cat([images[:8], model(images[:8]).sigmoid()])
    save_image(pairs, "autoencoder.png", nrow=min(8, args.batch_size))
    print("wrote autoencoder.png")


if __name__ == "__main__":
    digits.run("autoencoder", train, steps=2000, batch_size=64, lr=2e-3)
