"""The net of tensor_net.py, with derivatives that are recorded and not written:
python examples/ladder/autograd_net.py [steps]"""

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
    w1.requires_grad_()
    w2.requires_grad_()
    for step in range(steps):
        found = (x @ w1).clamp(min=0) @ w2
        loss = (found - y).square().mean()
        if step % 100 == 0 or step == steps - 1:
            print(f"step {step}: loss {loss.item():.5f}")

        loss.backward()
        with ct.no_grad():  # the step itself is not to be differentiated
            w1 -= rate * w1.grad
            w2 -= rate * w2.grad
            w1.grad = w2.grad = None


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("steps", type=int, nargs="?", default=500)
    main(parser.parse_args().steps)
