"""What the same bits everywhere cost: training steps in both modes, in turn.

python -m benchmarks.determinism [lenet resnet8 lstm gpt] [--rounds 5]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np

import cltensor as ct
from cltensor import nn, optim
from cltensor.models import GPT2, LeNet, ResNet8


class Sequences(nn.Module):
    """Classes of sequences, by the last state of two layers of an LSTM."""

    def __init__(self) -> None:
        super().__init__()
        self.cells = nn.LSTM(6, 128, 2, batch_first=True)
        self.out = nn.Linear(128, 10)

    def forward(self, x: Any) -> Any:
        """(N, L, 6) -> (N, 10)."""
        return self.out(self.cells(x)[0][:, -1])


class Letters(nn.Module):
    """Scores of the next of 65 letters at each place."""

    def __init__(self) -> None:
        super().__init__()
        self.body = GPT2(64, 65, 4, 4, 128)

    def forward(self, x: Any) -> Any:
        """(N, L) -> (N * L, 65)."""
        return self.body(x).reshape(-1, 65)


def _examples(drawn: Any, count: int, *shape: int) -> tuple[Any, Any]:
    return drawn.standard_normal((count, *shape), np.float32), drawn.integers(0, 10, count)


def _text(drawn: Any) -> tuple[Any, Any]:
    letters = drawn.integers(0, 65, (16, 65))
    return letters[:, :-1], letters[:, 1:].reshape(-1)


#: A network, and a batch for it.
NETWORKS: dict[str, tuple[Callable[[], Any], Callable[[Any], tuple[Any, Any]]]] = {
    "lenet": (LeNet, lambda drawn: _examples(drawn, 64, 1, 28, 28)),
    "resnet8": (ResNet8, lambda drawn: _examples(drawn, 64, 3, 32, 32)),
    "lstm": (Sequences, lambda drawn: _examples(drawn, 64, 32, 6)),
    "gpt": (Letters, _text),
}


def step_of(network: str) -> Callable[[], None]:
    """A training step of Adam through jit, which waits for the device; warm."""
    make, draw = NETWORKS[network]
    ct.manual_seed(0)
    model = make()
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    x, y = map(ct.tensor, draw(np.random.default_rng(0)))

    @ct.jit
    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    def run() -> None:
        step(x, y).item()

    for _ in range(3):
        run()
    return run


def costs(network: str, rounds: int) -> tuple[float, float]:
    """Median seconds of a step, in the usual mode and in that of the same bits, in turn."""
    times: dict[bool, list[float]] = {False: [], True: []}
    try:
        steps = {}
        for mode in times:
            ct.use_deterministic_algorithms(mode)
            steps[mode] = step_of(network)
        for _ in range(rounds):
            for mode, step in steps.items():
                ct.use_deterministic_algorithms(mode)
                step()  # plans and kernels are this mode's again
                for _ in range(5):
                    began = time.perf_counter()
                    step()
                    times[mode].append(time.perf_counter() - began)
    finally:
        ct.use_deterministic_algorithms(False)
    return median(times[False]), median(times[True])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("networks", nargs="*", default=list(NETWORKS))
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    print("network    usual  same bits  ratio")
    for network in args.networks:
        usual, same = costs(network, args.rounds)
        print(f"{network:8} {usual * 1e3:5.2f} ms {same * 1e3:6.2f} ms  {same / usual:5.2f}")


if __name__ == "__main__":
    main()
