"""A long run whose memory, handles and threads must not grow: changing shapes, recordings that are
made and dropped, worker processes, and a device that is out of memory now and then.

    python tests/soak.py --minutes 60

Prints a line a minute; exit status 1 where the last third of the run grew beyond its
middle (see `grown`).
"""

from __future__ import annotations

import argparse
import gc
import os
import random
import resource
import sys
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

import cltensor as ct
from cltensor import nn
from cltensor.utils.data import DataLoader, Dataset

#: How much more of each a run may have at its end than in its middle: bytes, and numbers.
SLACK = {"resident": 24 << 20, "device": 0, "handles": 2, "threads": 1}


class Level(NamedTuple):
    """What there is at a moment: bytes of the process and of tensors, open files, threads."""

    resident: int
    device: int
    handles: int
    threads: int


class Squares(Dataset):
    """Numbers with their squares, made in worker processes."""

    def __len__(self) -> int:
        return 64

    def __getitem__(self, i: int) -> tuple[np.ndarray, int]:
        return np.full((3, 8, 8), i / 64, np.float32), i % 5


def level() -> Level:
    """What there is now, after what can be dropped is dropped."""
    gc.collect()
    ct.empty_cache()
    if os.path.exists("/proc/self/statm"):
        with open("/proc/self/statm", encoding="ascii") as file:
            resident = int(file.read().split()[1]) * resource.getpagesize()
        handles = len(os.listdir("/proc/self/fd"))
    else:  # the most there was, which cannot fall
        resident, handles = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10, 0
    return Level(resident, ct.memory_summary()["in_use"], handles, threading.active_count())


def shapes(rng: random.Random) -> None:
    """Expressions, reductions and products of sizes that were not there before."""
    a, b, c = (rng.randrange(1, 200) for _ in range(3))
    x, w = ct.randn(a, b), ct.randn(b, c, requires_grad=True)
    y = ct.softmax(x @ w, -1)
    (y * ct.arange(c)).sum(0).mean().backward()
    assert w.grad is not None
    assert ct.isfinite(w.grad).all()
    order = ct.sort(x.flatten())[0].cumsum(0)
    assert np.isfinite(order.numpy()).all()


def recordings(rng: random.Random) -> None:
    """A network, its optimizer and a jitted step, used for some shapes and dropped."""
    model = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.LazyLinear(5)
    )
    side = rng.choice([4, 6, 8, 12])
    model(ct.zeros(1, 3, side, side))
    optimizer = rng.choice([ct.optim.SGD, ct.optim.Adam])(model.parameters(), lr=1e-2)

    @ct.jit
    def step(x: ct.Tensor, y: ct.Tensor) -> ct.Tensor:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    for batch in rng.sample(range(1, 33), 4):
        x, y = ct.randn(batch, 3, side, side), ct.arange(batch) % 5
        losses = [step(x, y).item() for _ in range(4)]
        assert np.isfinite(losses).all()


def workers(rng: random.Random) -> None:
    """A pass over a loader with processes, and one that is left early."""
    loader = DataLoader(Squares(), batch_size=rng.choice([5, 16]), shuffle=True, num_workers=2)
    seen = sum(len(labels) for _, labels in loader)
    assert seen == 64
    for _ in loader:
        break


def shortage(rng: random.Random) -> None:
    """More memory than there may be: refused, and what was there is as it was."""
    kept = ct.arange(1000)
    try:
        for _ in range(rng.randrange(1, 4)):
            ct.zeros(1 << 46, dtype=ct.uint8).realize()
    except ct.OutOfMemoryError:
        assert kept.sum().item() == 499500
    else:
        raise AssertionError("64 TiB were given")


#: What is done, and how often of a hundred times.
WORK: dict[Callable[[random.Random], None], int] = {
    shapes: 70, recordings: 22, shortage: 7, workers: 1,
}  # fmt: skip


def grown(levels: list[Level]) -> list[str]:
    """What the last third of the levels has more of than the middle one, beyond SLACK, in words.

    The least of each third counts, as what is dropped late shows in some levels only; in the first
    one kernels are compiled, and caches of plans fill.
    """
    third = max(1, len(levels) // 3)
    found = []
    for name, slack in SLACK.items():
        first = min(getattr(each, name) for each in levels[third : 2 * third])
        last = min(getattr(each, name) for each in levels[-third:])
        if last > first + slack:
            found.append(f"{name}: from {first} to {last}, {slack} more were allowed")
    return found


def main() -> int:
    """Run the command; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    ct.manual_seed(args.seed)
    for work in (*WORK, *[shapes] * 200):  # what is compiled once is there
        work(rng)
    began, levels, done = time.monotonic(), [level()], 0
    while time.monotonic() < began + 60 * args.minutes:
        until = time.monotonic() + min(60, 60 * args.minutes / 6)
        while time.monotonic() < until:
            (work,) = rng.choices(list(WORK), list(WORK.values()))
            work(rng)
            done += 1
        levels.append(level())
        now = levels[-1]
        print(
            f"{(time.monotonic() - began) / 60:6.1f} min  {done:7} calls  resident "
            f"{now.resident / 2**20:7.1f} MiB  tensors {now.device / 2**20:7.3f} MiB  "
            f"{now.handles} handles  {now.threads} threads",
            flush=True,
        )
    found = grown(levels)
    print("\n".join(found) or "nothing grew")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
