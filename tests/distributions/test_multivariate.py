"""The normal distribution of vectors."""

import numpy as np
import pytest
from distribution_checks import beside_torch, close, expands, param, sampled

import cltensor as ct
import cltensor.distributions as D
from cltensor.errors import ShapeError

LOC = [[0.0, 1.0, -1.0], [2.0, 0.0, 0.5]]
COVARIANCE = [[2.0, 0.5, 0.3], [0.5, 1.0, -0.2], [0.3, -0.2, 0.7]]
FACTOR = np.linalg.cholesky(np.array(COVARIANCE)).astype("float32").tolist()
PRECISION = np.linalg.inv(np.array(COVARIANCE)).astype("float32").tolist()
VALUES = [[0.5, 0.5, 0.5], [1.0, -1.0, 0.0]]


@pytest.mark.parametrize(
    "given",
    [{"covariance_matrix": COVARIANCE}, {"scale_tril": FACTOR}, {"precision_matrix": PRECISION}],
)
def test_as_pytorch(device, given):
    beside_torch("MultivariateNormal", {"loc": LOC, **given}, VALUES)


def test_samples_and_expand(device):
    d = D.MultivariateNormal(ct.tensor(LOC), ct.tensor(COVARIANCE))
    x = sampled(d).numpy()
    np.testing.assert_allclose(np.cov(x[:, 0].T), COVARIANCE, atol=0.06)
    expands(d, ct.tensor(VALUES))
    close(d.covariance_matrix[0], COVARIANCE)
    close(d.precision_matrix[1], PRECISION, rtol=1e-4)


def test_known_values(device):
    d = D.MultivariateNormal(ct.zeros(2), ct.eye(2) * 4)
    close(d.log_prob(ct.tensor([[2.0, 0.0], [0.0, 0.0]])), [-3.7241714, -3.2241714])
    close(d.entropy(), 2 * 2.1120857)
    loc = param(1.0, 2.0)
    D.MultivariateNormal(loc, scale_tril=ct.eye(2)).rsample((5,)).sum().backward()
    close(loc.grad, [5, 5])


def test_bad_parameters(device):
    with pytest.raises(ValueError, match="give one of covariance_matrix"):
        D.MultivariateNormal(ct.zeros(2))
    with pytest.raises(ShapeError, match="MultivariateNormal: loc of shape"):
        D.MultivariateNormal(ct.zeros(2), ct.eye(3))
    with pytest.raises(ValueError, match="scale_tril does not satisfy lower_cholesky"):
        D.MultivariateNormal(ct.zeros(2), scale_tril=-ct.eye(2))
    with pytest.raises(ValueError, match="covariance_matrix does not satisfy positive_definite"):
        D.MultivariateNormal(ct.zeros(2), ct.tensor([[1.0, 0.5], [0.0, 1.0]]))
