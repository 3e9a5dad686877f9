"""nanoGPT's smallest configuration for characters, trained by cltensor and by PyTorch from equal
weights on equal batches: python tests/suites/curve.py [--steps 2000]

One program, written against a library's names and run with both. Prints the losses side by side.
Source of the configuration: A. Karpathy, nanoGPT, README, "I only have a macbook": 4 layers, 4
heads, 128 wide, 64 characters, batches of 12, AdamW with a warm-up and a cosine.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

LENGTH, SIZE, LAYERS, HEADS, BATCH = 64, 128, 4, 4, 12
HIGHEST, LOWEST, WARM, DECAY, CLIP = 1e-3, 1e-4, 100, 0.1, 1.0
TEXT = Path(__file__).resolve().parent.parent.parent / "examples" / "harbour.txt"


def model_of(lib: Any, characters: int) -> Any:
    """The network, made of what `lib` has; without biases, reading and writing by one table."""
    nn = lib.nn
    F = nn.functional

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm1 = nn.LayerNorm(SIZE, bias=False)
            self.qkv = nn.Linear(SIZE, 3 * SIZE, bias=False)
            self.out = nn.Linear(SIZE, SIZE, bias=False)
            self.norm2 = nn.LayerNorm(SIZE, bias=False)
            self.wide = nn.Linear(SIZE, 4 * SIZE, bias=False)
            self.narrow = nn.Linear(4 * SIZE, SIZE, bias=False)

        def forward(self, x: Any) -> Any:
            count, length, size = x.size()
            q, k, v = (
                part.view(count, length, HEADS, size // HEADS).transpose(1, 2)
                for part in self.qkv(self.norm1(x)).split(SIZE, dim=2)
            )
            found = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.out(found.transpose(1, 2).contiguous().view(count, length, size))
            return x + self.narrow(F.gelu(self.wide(self.norm2(x))))

    class GPT(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.characters = nn.Embedding(characters, SIZE)
            self.places = nn.Embedding(LENGTH, SIZE)
            self.blocks = nn.ModuleList(Block() for _ in range(LAYERS))
            self.norm = nn.LayerNorm(SIZE, bias=False)
            self.scores = nn.Linear(SIZE, characters, bias=False)
            self.scores.weight = self.characters.weight

        def forward(self, x: Any, y: Any) -> Any:
            found = self.characters(x) + self.places(lib.arange(x.size(1)))
            for block in self.blocks:
                found = block(found)
            scores = self.scores(self.norm(found))
            return F.cross_entropy(scores.view(-1, characters), y.view(-1))

    return GPT()


def weights(model: Any, seed: int) -> dict[str, np.ndarray]:
    """Normal numbers for matrices, 1 for the scales of normalizations, as nanoGPT begins."""
    random = np.random.default_rng(seed)
    found = {}
    for name, parameter in model.named_parameters():
        deep = 1 / math.sqrt(2 * LAYERS) if name.endswith(("out.weight", "narrow.weight")) else 1
        drawn = random.normal(0, 0.02 * deep, tuple(parameter.shape)).astype(np.float32)
        found[name] = drawn if parameter.ndim > 1 else np.ones_like(drawn)
    return found


def rate(step: int, steps: int) -> float:
    """The learning rate of a step."""
    if step < WARM:
        return HIGHEST * (step + 1) / (WARM + 1)
    progress = min(1.0, (step - WARM) / max(1, steps - WARM))
    return LOWEST + 0.5 * (1 + math.cos(math.pi * progress)) * (HIGHEST - LOWEST)


def train(lib: Any, steps: int, seed: int, compiled: bool = False) -> list[float]:
    """The loss of each step. compiled: the step goes through `lib.jit`."""
    text = TEXT.read_text(encoding="utf-8")
    number = {c: n for n, c in enumerate(sorted(set(text)))}
    numbers = np.array([number[c] for c in text], np.int64)
    model = model_of(lib, len(number))
    with lib.no_grad():
        for name, value in weights(model, seed).items():
            dict(model.named_parameters())[name].copy_(lib.from_numpy(value))
    parameters = list(model.parameters())
    optimizer = lib.optim.AdamW(
        [
            {"params": [p for p in parameters if p.ndim > 1], "weight_decay": DECAY},
            {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0},
        ],
        lr=HIGHEST,
        betas=(0.9, 0.99),
    )

    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        loss = model(x, y)
        loss.backward()
        lib.nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        optimizer.step()
        return loss.detach()

    taken = lib.jit(step) if compiled else step
    random, losses = np.random.default_rng(seed), []
    for turn in range(steps):
        starts = random.integers(0, len(numbers) - LENGTH, BATCH)
        pieces = np.stack([numbers[i : i + LENGTH + 1] for i in starts])
        for group in optimizer.param_groups:
            group["lr"] = rate(turn, steps)
        x, y = (lib.from_numpy(np.ascontiguousarray(p)) for p in (pieces[:, :-1], pieces[:, 1:]))
        losses.append(float(taken(x, y)))
    return losses


def main() -> None:
    """Both curves, and how far they are apart."""
    import torch

    import cltensor as ct

    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="keep all losses here")
    args = parser.parse_args()
    curves = {}
    for name, lib in (("cltensor", ct), ("PyTorch", torch)):
        began = time.perf_counter()
        curves[name] = train(lib, args.steps, args.seed, compiled=lib is ct)
        print(f"{name}: {args.steps} steps in {time.perf_counter() - began:.1f} s", file=sys.stderr)
    if args.json:
        args.json.write_text(json.dumps(curves))
    ours, theirs = (np.array(curve) for curve in curves.values())
    print("| steps | cltensor | PyTorch | largest difference so far |\n|---|---|---|---|")
    shown = sorted({1, 10, 100, *range(0, args.steps + 1, max(1, args.steps // 8))} - {0})
    for n in (n for n in shown if n <= args.steps):
        first = max(0, n - 50)
        apart = np.abs(ours[:n] - theirs[:n]).max()
        print(f"| {n} | {ours[first:n].mean():.4f} | {theirs[first:n].mean():.4f} | {apart:.1e} |")


if __name__ == "__main__":
    main()
