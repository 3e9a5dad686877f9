"""Distributions by a covariance: the normal one of vectors, and Wishart's of matrices."""

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


SPREAD, MATRIX = [[1.0, 0.5], [0.5, 2.0]], [[3.0, 1.0], [1.0, 4.0]]


@pytest.mark.parametrize("given", ["covariance_matrix", "precision_matrix"])
def test_wishart_as_pytorch(device, given):
    beside_torch("Wishart", {"df": [4.5, 7.0], given: SPREAD}, MATRIX)


def test_wishart(device):
    d = D.Wishart(4.0, ct.tensor(SPREAD))
    close(d.log_prob(ct.tensor(MATRIX)), -5.7158839)
    close(d.entropy(), 7.1408108)
    close(d.mean, np.array(SPREAD) * 4)
    close(d.variance, [[8, 9], [9, 32]])
    close(d.mode, np.array(SPREAD))
    assert np.isnan(D.Wishart(2.5, ct.tensor(SPREAD)).mode.numpy()).all()
    # Of one row and column, it is chi-squared.
    one = D.Wishart(ct.tensor([3.0, 5.0]), ct.eye(1))
    close(one.log_prob(ct.tensor([[[2.0]]])), D.Chi2(one.df).log_prob(ct.tensor(2.0)).numpy())
    several = D.Wishart(ct.tensor([4.5, 7.0]), scale_tril=ct.tensor([[1.0, 0.0], [0.5, 1.5]]))
    x = sampled(several)
    expands(several, x[0])
    factor = ct.tensor([[1.0, 0.0], [0.5, 1.5]], requires_grad=True)
    ct.manual_seed(1)
    D.Wishart(5.0, scale_tril=factor).rsample((20_000,)).mean(0).sum().backward()
    # Of 5 times the sum of L L'.
    close(factor.grad, [[15, 15], [15, 15]], rtol=0.05)
    narrow = D.Wishart(1.001, ct.eye(2)).rsample((50,), max_try_correction=20)
    assert narrow.shape == (50, 2, 2)


def test_bad_parameters_of_wishart(device):
    with pytest.raises(ValueError, match="Wishart: df does not satisfy greater_than"):
        D.Wishart(1.0, ct.eye(2))
    with pytest.raises(ValueError, match="Wishart: give one of covariance_matrix"):
        D.Wishart(3.0)
    with pytest.raises(ShapeError, match=r"Wishart: scale_tril of shape \(2,\)"):
        D.Wishart(3.0, scale_tril=ct.ones(2))
    with pytest.raises(ValueError, match="Wishart: a value does not lie in the support"):
        D.Wishart(3.0, ct.eye(2)).log_prob(-ct.eye(2))
