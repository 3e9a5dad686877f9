"""The net of numpy_net.py with Tensors, which compute on a GPU, too:
python examples/ladder/tensor_net.py [steps]"""

import argparse

import numpy as np

import cltensor as ct


def main(steps: int = 500, rate: float = 0.3) -> None:
    """64 random points of 100 numbers, each with 10 numbers to learn."""
    random = np.random.default_rng(0)
    x, y, w1, w2 = (
        ct.tensor(random.standard_normal(shape) / scale, dtype=ct.float32)
        for shape, scale in (((64, 100), 1), ((64, 10), 1), ((100, 50), 10), ((50, 10), 7))
    )
    for step in range(steps):
        hidden = x @ w1
        active = hidden.clamp(min=0)
        found = active @ w2
        loss = (found - y).square().mean()
        if step % 100 == 0 or step == steps - 1:
            print(f"step {step}: loss {loss.item():.5f}")

        grad_found = 2 * (found - y) / y.numel()
        grad_w2 = active.T @ grad_found
        grad_hidden = (grad_found @ w2.T) * (hidden > 0)
        grad_w1 = x.T @ grad_hidden
        w1 -= rate * grad_w1
        w2 -= rate * grad_w2


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("steps", type=int, nargs="?", default=500)
    main(parser.parse_args().steps)
