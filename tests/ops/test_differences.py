"""Slopes of sampled functions against NumPy's."""

import numpy as np
import pytest

import cltensor as ct
from cltensor.errors import ShapeError


@pytest.mark.parametrize("order", [1, 2])
def test_against_numpy(device, order):
    x = np.random.default_rng(0).normal(size=(4, 5)).astype("float32")
    t, places = ct.tensor(x), np.float32([0, 1, 3, 3.5, 7])
    for spacing, numpys in ((None, ()), (0.5, (0.5,)), ([2, 0.5], (2, 0.5))):
        got = ct.gradient(t, spacing=spacing, edge_order=order)
        want = np.gradient(x, *numpys, edge_order=order)
        for a, b in zip(got, want, strict=True):
            np.testing.assert_allclose(a.numpy(), b, rtol=1e-4, atol=1e-5)
    (got,) = ct.gradient(t, spacing=[ct.tensor(places)], dim=1, edge_order=order)
    want = np.gradient(x, places, axis=1, edge_order=order)
    np.testing.assert_allclose(got.numpy(), want, rtol=1e-4, atol=1e-5)


def test_few_elements_and_their_gradient(device):
    x = ct.tensor([1.0, 4], requires_grad=True)
    (slope,) = ct.gradient(x)
    assert slope.tolist() == [3, 3]
    slope.sum().backward()
    assert x.grad.tolist() == [-2, 2]
    with pytest.raises(ShapeError, match="has not 3 elements"):
        ct.gradient(x, edge_order=2)
    with pytest.raises(ShapeError, match="2 spacings for 1 axes"):
        ct.gradient(x, spacing=[1, 2])
