"""Two convolutional nets, one that forges digits and one that judges: python examples/dcgan.py

Source: A. Radford, L. Metz, S. Chintala, "Unsupervised Representation Learning with Deep
Convolutional Generative Adversarial Networks" (2016). It writes dcgan.png.
"""

from __future__ import annotations

import argparse
from typing import Any

import digits

import cltensor as ct
from cltensor import nn, optim
from cltensor.vision.utils import save_image

CODE, WIDTH = 64, 16


def forger() -> nn.Module:
    """(N, CODE, 1, 1) -> (N, 1, 28, 28) in [-1, 1]."""
    return nn.Sequential(
        nn.ConvTranspose2d(CODE, 4 * WIDTH, 7, bias=False), nn.BatchNorm2d(4 * WIDTH), nn.ReLU(),
        nn.ConvTranspose2d(4 * WIDTH, 2 * WIDTH, 4, 2, 1, bias=False),
        nn.BatchNorm2d(2 * WIDTH), nn.ReLU(),
        nn.ConvTranspose2d(2 * WIDTH, 1, 4, 2, 1), nn.Tanh(),
    )  # fmt: skip


def judge() -> nn.Module:
    """(N, 1, 28, 28) -> (N,) scores, above 0 for what it takes to be real."""
    return nn.Sequential(
        nn.Conv2d(1, 2 * WIDTH, 4, 2, 1), nn.LeakyReLU(0.2),
        nn.Conv2d(2 * WIDTH, 4 * WIDTH, 4, 2, 1, bias=False), nn.BatchNorm2d(4 * WIDTH),
        nn.LeakyReLU(0.2), nn.Conv2d(4 * WIDTH, 1, 7), nn.Flatten(0),
    )  # fmt: skip


def start(module: nn.Module) -> None:
    """Weights as the paper draws them."""
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
        nn.init.normal_(module.weight, 0, 0.02)


def train(args: argparse.Namespace) -> None:
    """Train both in turn, and write what the first forges."""
    forge, score = forger().apply(start), judge().apply(start)
    of_forge = optim.Adam(forge.parameters(), lr=args.lr, betas=(0.5, 0.999))
    of_score = optim.Adam(score.parameters(), lr=args.lr, betas=(0.5, 0.999))
    as_real = nn.functional.softplus  # of minus the score: how unlike a real one it seems

    @ct.jit
    def train_step(images: Any) -> Any:
        forged = forge(ct.randn(len(images), CODE, 1, 1))
        of_score.zero_grad()
        seen = as_real(-score(images * 2 - 1)).mean() + as_real(score(forged.detach())).mean()
        seen.backward()
        of_score.step()
        of_forge.zero_grad()
        caught = as_real(-score(forged)).mean()
        caught.backward()
        of_forge.step()
        return seen, caught

    for step, (images, _) in enumerate(digits.batches(args)):
        seen, caught = train_step(images)
        if digits.shows(step, args):
            print(f"step {step}: judge {seen.item():.3f}, forger {caught.item():.3f}")
    with ct.no_grad():
        forge.eval()
        save_image(forge(ct.randn(64, CODE, 1, 1)) / 2 + 0.5, "dcgan.png")
    print("wrote dcgan.png")


if __name__ == "__main__":
    digits.run("dcgan", train, steps=1500, batch_size=64, lr=2e-4)
