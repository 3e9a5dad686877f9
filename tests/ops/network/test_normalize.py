"""Normalisation by the statistics of the operand."""

import numpy as np
import pytest

import cltensor as ct
import cltensor.nn.functional as F


def normal(*shape, offset=0.0):
    x = np.random.default_rng(3).standard_normal(shape) + offset
    return x.astype(np.float32)


def test_batch_norm_far_from_zero():
    x = normal(8, 3, 9, 7, offset=1e4)
    out = F.batch_norm(ct.tensor(x), None, None, training=True).numpy()
    wide = x.astype(np.float64)
    mean, var = wide.mean((0, 2, 3), keepdims=True), wide.var((0, 2, 3), keepdims=True)
    # The mean itself is a float32: half a unit in its last place is 5e-4.
    np.testing.assert_allclose(out, (wide - mean) / np.sqrt(var + 1e-5), atol=6e-4)


@pytest.mark.parametrize("kind", ["batch", "layer"])
def test_normalisation_has_second_derivatives(kind):
    shape = (3, 2, 4)
    weight = ct.tensor([0.5, 1.5] if kind == "batch" else [0.5, 1.5, -1.0, 2.0], requires_grad=True)

    def f(x):
        if kind == "batch":
            return F.batch_norm(x, None, None, weight, None, True)
        return F.layer_norm(x, (4,), weight)

    def slope(values):
        x = ct.tensor(values.astype(np.float32), requires_grad=True)
        (grad,) = ct.grad((f(x) * seed).sum(), [x], create_graph=True)
        return x, grad

    seed = ct.tensor(normal(*shape))
    direction = normal(*shape, offset=0.5)
    base = np.random.default_rng(5).standard_normal(shape)
    x, grad = slope(base)
    (second,) = ct.grad((grad * ct.tensor(direction)).sum(), [x])
    step = 1e-2
    ahead, behind = slope(base + step * direction)[1], slope(base - step * direction)[1]
    want = (ahead.detach().numpy() - behind.detach().numpy()) / (2 * step)
    np.testing.assert_allclose(second.detach().numpy(), want, rtol=2e-2, atol=2e-2)
