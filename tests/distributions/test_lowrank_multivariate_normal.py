"""The normal distribution of vectors whose covariance is a diagonal and few directions."""

import numpy as np
import pytest
from distribution_checks import beside_torch, close, expands, param, sampled

import cltensor as ct
import cltensor.distributions as D
from cltensor.errors import ShapeError

LOC, DIAGONAL = [[0.0, 1.5, -3.0], [1.0, 0.0, 2.0]], [1.0, 0.5, 2.5]
FACTOR = [[1.0, 0.5], [0.3, -1.0], [2.0, 0.1]]
COVARIANCE = np.array(FACTOR) @ np.array(FACTOR).T + np.diag(DIAGONAL)
VALUES = [[0.3, 1.0, -1.0], [0.0, 0.0, 2.0]]


def made():
    return D.LowRankMultivariateNormal(ct.tensor(LOC), ct.tensor(FACTOR), ct.tensor(DIAGONAL))


def test_as_pytorch(device):
    parameters = {"loc": LOC, "cov_factor": FACTOR, "cov_diag": DIAGONAL}
    beside_torch("LowRankMultivariateNormal", parameters, VALUES)


def test_as_the_whole_covariance(device):
    d, value = made(), ct.tensor(VALUES)
    whole = D.MultivariateNormal(ct.tensor(LOC), ct.tensor(COVARIANCE.astype("float32")))
    close(d.log_prob(value), whole.log_prob(value).numpy(), rtol=1e-5)
    close(d.entropy(), whole.entropy().numpy(), rtol=1e-5)
    close(d.variance[0], np.diag(COVARIANCE))
    for name in ("covariance_matrix", "scale_tril", "precision_matrix"):
        close(getattr(d, name), getattr(whole, name).numpy(), rtol=1e-4, atol=1e-5)
    x = sampled(d).numpy()
    np.testing.assert_allclose(np.cov(x[:, 0].T), COVARIANCE, atol=0.15)
    expands(d, value)
    # Values of other batches, and many of them at once.
    many = ct.randn(5, 4, 2, 3)
    close(d.log_prob(many), whole.log_prob(many).numpy(), rtol=1e-4, atol=1e-4)


def test_slopes_of_samples(device):
    loc, factor, diagonal = (param(*v) for v in ([1.0, 2.0], [[1.0], [2.0]], [0.5, 4.0]))
    ct.manual_seed(2)
    x = D.LowRankMultivariateNormal(loc, factor, diagonal).rsample((20_000,))
    ((x - loc.detach()) ** 2).mean(0).sum().backward()
    # Of the variances: the squares of the factor, and the diagonal.
    close(factor.grad, [[2], [4]], rtol=0.05)
    close(diagonal.grad, [1, 1], rtol=0.05)


def test_in_a_recorded_call(device):
    d = made()

    @ct.jit
    def step(loc, x):
        return D.LowRankMultivariateNormal(loc, d.cov_factor, d.cov_diag).log_prob(x)

    for shift in (0.0, 1.0, 2.0):
        x = ct.tensor(VALUES) + shift
        close(step(d.loc + shift, x), d.log_prob(ct.tensor(VALUES)).numpy(), rtol=1e-5)


def test_bad_parameters(device):
    with pytest.raises(ShapeError, match="LowRankMultivariateNormal: loc of shape"):
        D.LowRankMultivariateNormal(ct.zeros(2), ct.ones(3, 1), ct.ones(2))
    with pytest.raises(ValueError, match="LowRankMultivariateNormal: cov_diag does not satisfy"):
        D.LowRankMultivariateNormal(ct.zeros(2), ct.ones(2, 1), -ct.ones(2))
