"""Lewandowski's, Kurowicka's and Joe's distribution of correlation matrices."""

import numpy as np
import pytest
from distribution_checks import beside_torch, close, expands, sampled

import cltensor as ct
import cltensor.distributions as D
from cltensor.errors import ShapeError

FACTOR = [[1.0, 0.0, 0.0], [0.6, 0.8, 0.0], [0.48, 0.36, 0.8]]


def test_as_pytorch(device):
    beside_torch("LKJCholesky", {"dim": 3, "concentration": [0.5, 1.0, 3.0]}, FACTOR)


def test_known_values(device):
    d = D.LKJCholesky(3, 2.0)
    assert (tuple(d.batch_shape), tuple(d.event_shape)) == ((), (3, 3))
    close(d.log_prob(ct.tensor(FACTOR)), -1.7312011)
    expands(D.LKJCholesky(3, ct.tensor([0.5, 2.0])), ct.tensor(FACTOR))
    # Of two numbers, the correlation's density is (1 - r^2)^(c - 1): in the factor, that of r.
    r = np.linspace(-0.99995, 0.99995, 20_000)
    factors = np.zeros((20_000, 2, 2), np.float32)
    factors[:, 0, 0], factors[:, 1, 0], factors[:, 1, 1] = 1, r, np.sqrt(1 - r**2)
    density = D.LKJCholesky(2, 1.5).log_prob(ct.tensor(factors)).exp().numpy()
    close(density.astype("float64").sum() * 1e-4, 1, rtol=1e-3)


@pytest.mark.parametrize("concentration", [0.5, 1.0, 4.0])
def test_samples(device, concentration):
    d = D.LKJCholesky(4, ct.tensor([concentration]))
    x = sampled(d, moments=False).numpy().astype("float64")[:, 0]
    correlations = x @ x.swapaxes(-2, -1)
    rows, columns = np.tril_indices(4, -1)
    off = correlations[:, rows, columns]
    # Each is 2 b - 1 with a beta number b of twice the parameter concentration + (n - 2) / 2.
    close(off.mean(0), np.zeros(6), atol=0.02)
    close(off.var(0), [1 / (2 * concentration + 3)] * 6, rtol=0.06)
    assert not d.has_rsample


def test_bad_parameters(device):
    with pytest.raises(ValueError, match="LKJCholesky: dim is 1"):
        D.LKJCholesky(1)
    with pytest.raises(ValueError, match="LKJCholesky: concentration does not satisfy"):
        D.LKJCholesky(3, -1.0)
    with pytest.raises(ValueError, match="does not lie in the support, corr_cholesky"):
        D.LKJCholesky(2).log_prob(ct.tensor([[1.0, 0.0], [0.5, 0.5]]))
    with pytest.raises(ShapeError, match="LKJCholesky: a value of shape"):
        D.LKJCholesky(2).log_prob(ct.eye(3))
