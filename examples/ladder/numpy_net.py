"""A net of two layers in NumPy, its gradients by hand: python examples/ladder/numpy_net.py [steps]

The rungs of this ladder compute the same numbers: numpy_net, tensor_net, autograd_net,
function_net, nn_net and optim_net; dynamic_net shows what graphs that are made anew allow.
"""

import argparse

import numpy as np


def main(steps: int = 500, rate: float = 0.3) -> None:
    """64 random points of 100 numbers, each with 10 numbers to learn."""
    random = np.random.default_rng(0)
    x, y = random.standard_normal((64, 100)), random.standard_normal((64, 10))
    w1, w2 = random.standard_normal((100, 50)) / 10, random.standard_normal((50, 10)) / 7
    for step in range(steps):
        hidden = x @ w1
        active = np.maximum(hidden, 0)
        found = active @ w2
        loss = np.square(found - y).mean()
        if step % 100 == 0 or step == steps - 1:
            print(f"step {step}: loss {loss:.5f}")

        grad_found = 2 * (found - y) / y.size
        grad_w2 = active.T @ grad_found
        grad_hidden = (grad_found @ w2.T) * (hidden > 0)
        grad_w1 = x.T @ grad_hidden
        w1 -= rate * grad_w1
        w2 -= rate * grad_w2


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("steps", type=int, nargs="?", default=500)
    main(parser.parse_args().steps)
