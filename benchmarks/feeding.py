"""How fast a training step is fed by worker processes, beside images that are on the device:

    python -m benchmarks.feeding [--workers 2] [--steps 40]

ResNet-20 at batch 128 through jit. Workers mirror and shift each image by NumPy, as is usual for
CIFAR-10; the other runs, in turn with these, go over a few batches on the device.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Iterable
from statistics import median
from typing import Any

import numpy as np

import cltensor as ct
from cltensor import nn, optim
from cltensor.data import DataLoader, Dataset
from cltensor.models import ResNet20

BATCH = 128


class Photographs(Dataset):
    """Noise of the form of CIFAR-10's training images, changed anew each time."""

    def __init__(self, count: int) -> None:
        drawn = np.random.default_rng(0)
        images = drawn.integers(0, 256, (count, 3, 32, 32), np.uint8)
        self.images = np.pad(images, ((0, 0), (0, 0), (4, 4), (4, 4)))
        self.labels = drawn.integers(0, 10, count)

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[np.ndarray, int]:
        """An image, mirrored or not and shifted by up to four pixels, and its label."""
        top, left, turn = random.randrange(9), random.randrange(9), random.randrange(2)
        image = self.images[index, :, top : top + 32, left : left + 32]
        image = image[:, :, ::-1] if turn else image
        return (image.astype(np.float32) - 120) / 64, int(self.labels[index])


def seconds(step: Any, batches: Iterable[Any], count: int) -> float:
    """Of one of `count` steps, waited for together at their end."""
    began = time.perf_counter()
    loss = None
    for _, (images, labels) in zip(range(count), batches, strict=False):
        loss = step(images, labels)
    assert loss is not None
    loss.item()
    return (time.perf_counter() - began) / count


def main() -> None:
    """Measure and print both, and their ratio."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    model = ResNet20()
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    criterion = nn.CrossEntropyLoss()

    @ct.jit
    def step(images: Any, labels: Any) -> Any:
        optimizer.zero_grad()
        loss = criterion(model(images), labels)
        loss.backward()
        optimizer.step()
        return loss.detach()

    data = Photographs(BATCH * (args.steps + 8))
    loader = DataLoader(
        data, BATCH, shuffle=True, num_workers=args.workers, persistent_workers=args.workers > 0,
        drop_last=True,
    )  # fmt: skip
    resident = [batch for _, batch in zip(range(4), loader, strict=False)] * args.steps
    times: dict[str, list[float]] = {"resident": [], "loader": []}
    for number in range(args.rounds + 1):  # the first builds kernels and starts workers
        for name, batches in (("resident", resident), ("loader", loader)):
            taken = seconds(step, batches, args.steps)
            if number:
                times[name].append(taken)
    there, fed = median(times["resident"]), median(times["loader"])
    print(
        f"ResNet-20, batch {BATCH}: {there * 1e3:.1f} ms a step on resident images, "
        f"{fed * 1e3:.1f} ms fed by {args.workers} workers: {there / fed:.1%} of the speed"
    )


if __name__ == "__main__":
    main()
