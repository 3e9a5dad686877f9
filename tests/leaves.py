"""What graphs of the tests begin with: leaves, an operation that a user defined, and slopes."""

import numpy as np

import cltensor as ct


def leaf(data, dtype=None):
    """A Tensor that collects a gradient."""
    return ct.tensor(data, dtype=dtype, requires_grad=True)


class Cube(ct.Function):
    """scale * x ** 3, as a user would write it."""

    @staticmethod
    def forward(ctx, x, scale):
        ctx.save_for_backward(x)
        ctx.scale = scale
        return x * x * x * scale

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * 3 * x * x * ctx.scale, None


def slopes(function, *points):
    """The value at `points` (a list for each operand) and the gradient of each operand."""
    operands = [leaf(np.float32(p)) for p in points]
    out = function(*operands)
    out.sum().backward()
    return out.tolist(), [x.grad.tolist() for x in operands]


def same(got, want):
    np.testing.assert_allclose(np.float32(got), np.float32(want), rtol=1e-5, atol=1e-7)
