"""The net of autograd_net.py from layers: python examples/ladder/nn_net.py [steps]"""

import argparse

import numpy as np

import cltensor as ct
from cltensor import nn


def main(steps: int = 500, rate: float = 0.3) -> None:
    """64 random points of 100 numbers, each with 10 numbers to learn."""
    random = np.random.default_rng(0)
    x, y, w1, w2 = (
        ct.tensor(random.standard_normal(shape) / scale, dtype=ct.float32)
        for shape, scale in (((64, 100), 1), ((64, 10), 1), ((100, 50), 10), ((50, 10), 7))
    )
    model = nn.Sequential(nn.Linear(100, 50, bias=False), nn.ReLU(), nn.Linear(50, 10, bias=False))
    # Layers draw their weights; here they are those of the other rungs.
    model.load_state_dict({"0.weight": w1.T, "2.weight": w2.T})
    loss_fn = nn.MSELoss()
    for step in range(steps):
        loss = loss_fn(model(x), y)
        if step % 100 == 0 or step == steps - 1:
            print(f"step {step}: loss {loss.item():.5f}")

        model.zero_grad()
        loss.backward()
        with ct.no_grad():
            for parameter in model.parameters():
                parameter -= rate * parameter.grad


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("steps", type=int, nargs="?", default=500)
    main(parser.parse_args().steps)
