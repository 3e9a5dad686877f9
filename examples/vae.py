"""A variational autoencoder, which draws digits of its own: python examples/vae.py

Source: D. Kingma, M. Welling, "Auto-Encoding Variational Bayes" (2014). It writes vae.png.
"""

from __future__ import annotations

import argparse
from typing import Any

import digits

import cltensor as ct
from cltensor import nn, optim
from cltensor.vision.utils import save_image


class VAE(nn.Module):
    """Pixels -> mean and log variance of a code -> a code drawn from these -> pixels."""

    def __init__(self, code: int = 16) -> None:
        super().__init__()
        self.code = code
        self.encode = nn.Sequential(
            nn.Flatten(), nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 2 * code)
        )
        self.decode = nn.Sequential(
            nn.Linear(code, 256), nn.ReLU(), nn.Linear(256, 784), nn.Unflatten(1, (1, 28, 28))
        )

    def forward(self, x: Any) -> Any:
        """(N, 1, 28, 28) -> scores of pixels, means, log variances."""
        mean, log_variance = self.encode(x).chunk(2, dim=1)
        drawn = mean + (log_variance / 2).exp() * ct.randn_like(mean)
        return self.decode(drawn), mean, log_variance


def loss_of(model: VAE, images: Any) -> Any:
    """The bound: how far the pictures are off, and the codes from the normal distribution."""
    scores, mean, log_variance = model(images)
    off = nn.functional.binary_cross_entropy_with_logits(scores, images, reduction="sum")
    divergence = -0.5 * (1 + log_variance - mean.square() - log_variance.exp()).sum()
    return (off + divergence) / len(images)


def train(args: argparse.Namespace) -> None:
    """Train, and write a picture of drawn digits."""
    model = VAE()
    optimizer = optim.Adam(model.parameters(), lr=args.lr)

    @ct.jit
    def train_step(images: Any) -> Any:
        optimizer.zero_grad()
        loss = loss_of(model, images)
        loss.backward()
        optimizer.step()
        return loss

    for step, (images, _) in enumerate(digits.batches(args)):
        loss = train_step(images)
        if digits.shows(step, args):
            print(f"step {step}: loss {loss.item():.2f}")
    with ct.no_grad():
        save_image(model.decode(ct.randn(64, model.code)).sigmoid(), "vae.png")
    print("wrote vae.png")


if __name__ == "__main__":
    digits.run("vae", train, steps=3000, batch_size=64, lr=1e-3)
