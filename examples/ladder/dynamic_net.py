"""A net whose depth is drawn anew at each call, with one layer used several times: Python's own
loops make the graph. python examples/ladder/dynamic_net.py [steps]"""

import argparse
import random
from typing import Any

import cltensor as ct
from cltensor import nn, optim


class Dynamic(nn.Module):
    """One layer in, one used none to three times, one out."""

    def __init__(self, inputs: int, hidden: int, outputs: int) -> None:
        super().__init__()
        self.first = nn.Linear(inputs, hidden)
        self.middle = nn.Linear(hidden, hidden)
        self.last = nn.Linear(hidden, outputs)

    def forward(self, x: Any) -> Any:
        """(N, inputs) -> (N, outputs)."""
        x = self.first(x).relu()
        for _ in range(random.randrange(4)):
            x = self.middle(x).relu()
        return self.last(x)


def main(steps: int = 500) -> None:
    """64 random points of 100 numbers, each with 10 numbers to learn."""
    random.seed(0)
    ct.manual_seed(0)
    x, y = ct.randn(64, 100), ct.randn(64, 10)
    model = Dynamic(100, 50, 10)
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for step in range(steps):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(x), y)
        loss.backward()
        optimizer.step()
        if step % 100 == 0 or step == steps - 1:
            print(f"step {step}: loss {loss.item():.5f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("steps", type=int, nargs="?", default=500)
    main(parser.parse_args().steps)
