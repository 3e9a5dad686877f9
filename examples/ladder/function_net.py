"""The net of autograd_net.py with an operation of one's own: python examples/ladder/function_net.py
[steps]"""

import argparse
from typing import Any

import numpy as np

import cltensor as ct


class Rectify(ct.autograd.Function):
    """max(x, 0), and how its gradient goes back."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        """Compute, and keep what backward needs."""
        ctx.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx: Any, grad_output: Any) -> Any:
        """The gradient of x from that of the result."""
        (x,) = ctx.saved_tensors
        return grad_output * (x > 0)


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
        found = Rectify.apply(x @ w1) @ w2
        loss = (found - y).square().mean()
        if step % 100 == 0 or step == steps - 1:
            print(f"step {step}: loss {loss.item():.5f}")

        loss.backward()
        with ct.no_grad():
            w1 -= rate * w1.grad
            w2 -= rate * w2.grad
            w1.grad = w2.grad = None


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("steps", type=int, nargs="?", default=500)
    main(parser.parse_args().steps)
