"""What graphs of the tests begin with: leaves, and an operation that a user defined."""

import cltensor as ct


def leaf(data, dtype=None):
    """A Variable that collects a gradient."""
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
