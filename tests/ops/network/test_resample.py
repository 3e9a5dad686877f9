"""Weighted sums along an axis by a table, and their derivative by the table the other way round."""

import numpy as np
import pytest

import cltensor as ct
from cltensor.ops.network.interpolate import cubic, linear, smooth
from cltensor.ops.network.resample import resized
from cltensor.testing import gradgradcheck


def matrix(table, out):
    found = np.zeros((out, table.n))
    for q, (places, weights) in enumerate(zip(table.places, table.weights, strict=True)):
        np.add.at(found[q], places, weights)
    return found


@pytest.mark.parametrize("shape", [(5,), (2, 5), (2, 5, 3), (1, 5, 20)])
@pytest.mark.parametrize("make", [linear, cubic])
def test_as_a_product_with_a_matrix(device, shape, make):
    axis = 0 if len(shape) == 1 else 1
    x = np.random.default_rng(0).normal(size=shape).astype("float32")
    leaf = ct.tensor(x, requires_grad=True)
    got = resized(leaf, axis, make, 7, False, None)
    m = matrix(make(5, 7, False, None), 7)
    want = np.moveaxis(np.tensordot(m, x, (1, axis)), 0, axis)
    np.testing.assert_allclose(got.detach().numpy(), want, rtol=1e-5, atol=1e-6)
    got.sum().backward()
    slope = np.expand_dims(m.sum(0), tuple(range(1, len(shape) - axis)))
    np.testing.assert_allclose(leaf.grad.numpy(), np.broadcast_to(slope, shape), rtol=1e-5)


def test_many_taps(device):
    x = np.random.default_rng(1).normal(size=(3, 40)).astype("float32")
    got = resized(ct.tensor(x), 1, smooth, 3, False, None, True).numpy()
    np.testing.assert_allclose(got, x @ matrix(smooth(40, 3, False, None, True), 3).T, rtol=1e-4)


def test_nothing_and_weights_of_nothing(device):
    assert resized(ct.ones(0, 4), 1, linear, 2, False, None).shape == (0, 2)
    x = ct.tensor([1.0, float("nan")])
    assert resized(x, 0, linear, 3, True, None).tolist()[0] == 1


def test_derivatives_of_every_order(device, fp64):
    x = ct.tensor(np.arange(4.0), dtype=ct.float64, requires_grad=True)
    gradgradcheck(lambda x: resized(x, 0, cubic, 6, False, None) ** 2, (x,))


@pytest.mark.parametrize("shape", [(3, 7, 9), (2, 11)])
def test_bits_of_sums_over_taps(skeleton, deterministic, shape):
    """One tap after the other, whether rows lie densely or not."""
    x = np.random.default_rng(4).standard_normal(shape).astype(np.float32)
    table = cubic(shape[1], 13, False, None)
    weights = table.weights.astype(np.float32)
    wanted = np.zeros((shape[0], 13, *shape[2:]), np.float32)
    for q, t in np.ndindex(weights.shape):
        wanted[:, q] += weights[q, t] * x[:, table.places[q, t]]
    found = resized(ct.tensor(x), 1, cubic, 13, False, None).numpy()
    assert (found.view(np.int32) == wanted.view(np.int32)).all()
