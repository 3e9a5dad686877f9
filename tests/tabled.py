"""Cases as tables of calls, with the results and gradients that are right."""

import math

import numpy as np

import cltensor as ct


def numbers(*shape):
    """Quarters from -2 to 2 in no order."""
    values = [((7 * i * i + 3 * i + 1) % 17 - 8) / 4 for i in range(math.prod(shape))]
    return np.float32(values).reshape(shape)


def check_case(function, shapes, values, gradients):
    """Compare function(x, ...) of operands of `shapes` with `values`, a list for each result, and
    the gradients of the results weighted by `numbers` with `gradients`, a list for each operand.
    """
    operands = [ct.tensor(numbers(*s), requires_grad=True) for s in shapes]
    results = function(*operands)
    results = results if isinstance(results, tuple) else (results,)
    for got, want in zip(results, values, strict=True):
        near(got, want)
    total = sum(
        (r * ct.tensor(numbers(*r.shape))).sum() if r.ndim else r
        for r in results
        if r.requires_grad
    )
    found = ct.autograd.grad(total, operands, allow_unused=True)
    for operand, got, want in zip(operands, found, gradients, strict=True):
        near(operand * 0 if got is None else got, want or [0] * operand.size)


def near(got, want):
    """Assert that the elements of a tensor are those, to four digits."""
    np.testing.assert_allclose(got.detach().numpy().ravel(), np.float32(want), rtol=2e-4, atol=2e-5)
