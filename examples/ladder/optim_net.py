"""The net of nn_net.py with an optimizer and as a class of one's own, in steps that are recorded
once and replayed: python examples/ladder/optim_net.py [steps]"""

import argparse
from typing import Any

import numpy as np

import cltensor as ct
from cltensor import nn, optim


class TwoLayers(nn.Module):
    """Two layers of weights with max(x, 0) between them."""

    def __init__(self, inputs: int, hidden: int, outputs: int) -> None:
        super().__init__()
        self.first = nn.Linear(inputs, hidden, bias=False)
        self.second = nn.Linear(hidden, outputs, bias=False)

    def forward(self, x: Any) -> Any:
        """(N, inputs) -> (N, outputs)."""
        return self.second(self.first(x).relu())


def main(steps: int = 500, rate: float = 0.3) -> None:
    """64 random points of 100 numbers, each with 10 numbers to learn."""
    random = np.random.default_rng(0)
    x, y, w1, w2 = (
        ct.tensor(random.standard_normal(shape) / scale, dtype=ct.float32)
        for shape, scale in (((64, 100), 1), ((64, 10), 1), ((100, 50), 10), ((50, 10), 7))
    )
    model = TwoLayers(100, 50, 10)
    model.load_state_dict({"first.weight": w1.T, "second.weight": w2.T})
    optimizer = optim.SGD(model.parameters(), lr=rate)

    @ct.jit
    def train(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    for step in range(steps):
        loss = train(x, y)
        if step % 100 == 0 or step == steps - 1:
            print(f"step {step}: loss {loss.item():.5f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("steps", type=int, nargs="?", default=500)
    main(parser.parse_args().steps)
