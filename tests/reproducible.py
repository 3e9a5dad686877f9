"""Short trainings whose weights must be the same bits on every device.

    python tests/reproducible.py [--only lenet/SGD] [--small] [--how jit]

prints the sha256 of all weights after each, as JSON, on the default device. `HASHES` beside this
file has those of the version that it names; docs/reproducibility.md says what may change them.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

import cltensor as ct
from cltensor import nn
from cltensor.lazy.values import Eager
from cltensor.models import GPT2, LeNet, ResNet8

HASHES = Path(__file__).parent / "reproducible.json"
#: How a step may be taken.
WAYS = ("lazy", "eager", "jit")


class LSTM(nn.Module):
    """Classes of sequences, by the last state of two layers."""

    def __init__(self, size: int, classes: int) -> None:
        super().__init__()
        self.cells = nn.LSTM(6, size, 2, batch_first=True)
        self.out = nn.Linear(size, classes)

    def forward(self, x: Any) -> Any:
        """(N, L, 6) -> (N, classes)."""
        return self.out(self.cells(x)[0][:, -1])


class GPT(nn.Module):
    """The scores for the next of 17 letters at each place."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.body = GPT2(8, 17, 2, 2, size, dropout=0.1)

    def forward(self, x: Any) -> Any:
        """(N, L) -> (N * L, 17)."""
        return self.body(x).reshape(-1, 17)


def _images(rng: Any, count: int, *shape: int) -> tuple[Any, Any]:
    return rng.standard_normal((count, *shape), np.float32), rng.integers(0, 10, count)


def _letters(rng: Any, count: int) -> tuple[Any, Any]:
    text = rng.integers(0, 17, (count, 9))
    return text[:, :-1], text[:, 1:].reshape(-1)


#: A network, by whether it is to be small, and a batch of so many examples.
NETWORKS = {
    "lenet": (lambda small: LeNet(), lambda rng, n: _images(rng, n, 1, 28, 28)),
    "resnet8": (lambda small: ResNet8(), lambda rng, n: _images(rng, n, 3, 32, 32)),
    "lstm": (lambda small: LSTM(5 if small else 24, 10), lambda rng, n: _images(rng, n, 7, 6)),
    "gpt": (lambda small: GPT(8 if small else 32), _letters),
}
OPTIMIZERS = {
    "SGD": lambda p: ct.optim.SGD(p, lr=0.05, momentum=0.9, weight_decay=1e-4),
    "Adam": lambda p: ct.optim.Adam(p, lr=2e-3),
}


def trained(network: str, optimizer: str, small: bool = False, how: str = "lazy") -> str:
    """The sha256 of all weights after a few steps."""
    make, draw = NETWORKS[network]
    ct.manual_seed(3)
    model = make(small)
    steps, count = (2, 2) if small else (4, 16)
    moves = OPTIMIZERS[optimizer](model.parameters())

    def step(x: Any, y: Any) -> Any:
        moves.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        moves.step()
        return loss

    run = ct.jit(step) if how == "jit" else step
    before = Eager.on
    Eager.on = how == "eager" or before
    try:
        rng = np.random.default_rng(4)
        for _ in range(steps):
            x, y = draw(rng, count)
            run(ct.tensor(x), ct.tensor(y))
    finally:
        Eager.on = before
    whole = hashlib.sha256()
    for name, value in sorted(model.state_dict().items()):
        whole.update(name.encode())
        whole.update(np.ascontiguousarray(value.numpy()).tobytes())
    return whole.hexdigest()


def main() -> None:
    """See above."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--only", nargs="*", default=[f"{n}/{o}" for n in NETWORKS for o in OPTIMIZERS]
    )
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--how", choices=WAYS, default="lazy")
    parser.add_argument(
        "--warn", action="store_true", help="go on where the device rounds in another way"
    )
    given = parser.parse_args()
    ct.use_deterministic_algorithms(True, warn_only=given.warn)
    print(
        json.dumps({each: trained(*each.split("/"), given.small, given.how) for each in given.only})
    )


if __name__ == "__main__":
    main()
