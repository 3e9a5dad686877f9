"""Normalisation by the statistics of the operand."""

import numpy as np
import pytest

import cltensor as ct
import cltensor.nn.functional as F
from cltensor.lazy.fusion import Eager
from cltensor.ops.network.normalize import normalize_channels, normalize_rows
from cltensor.runtime.memory import Pool


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


@pytest.mark.skipif(Eager.on, reason="CLTENSOR_EAGER=1 stores every result")
@pytest.mark.parametrize("axes", [(0, 2, 3), (3,)])
def test_a_gradient_keeps_no_copy_of_what_it_sums(device, axes, monkeypatch):
    shape = [1 if d in axes else n for d, n in enumerate((4, 8, 16, 16))]
    if axes == (3,):
        shape = [16]
    weight = ct.ones(*shape, requires_grad=True)
    x = ct.randn(4, 8, 16, 16, requires_grad=True)
    normalize = normalize_channels if axes == (0, 2, 3) else normalize_rows
    out = normalize(x, weight, None, axes, 1e-5)
    out = (out[0] if isinstance(out, tuple) else out).realize()
    g = ct.ones_like(out).realize()
    sizes = []
    allocate = Pool.allocate
    monkeypatch.setattr(Pool, "allocate", lambda p, n: sizes.append(n) or allocate(p, n))
    out.backward(g)
    assert sizes.count(x.nbytes) == 1  # the gradient of x
