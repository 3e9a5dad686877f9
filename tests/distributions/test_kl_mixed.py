"""Divergences of one kind of distribution from another."""

from math import inf

import numpy as np
import pytest
from distribution_checks import close

import cltensor as ct
import cltensor.distributions as D

#: Two distributions of each kind; of some, such that others' values are among theirs.
KINDS = {
    "Bernoulli": {"probs": [0.2, 0.9]},
    "Beta": {"concentration1": [1.7, 5.0], "concentration0": [1.5, 2.0]},
    "Binomial": {"total_count": 4, "probs": [0.2, 0.9]},
    "ContinuousBernoulli": {"probs": [0.2, 0.9]},
    "Exponential": {"rate": [0.4, 3.0]},
    "Gamma": {"concentration": [1.6, 4.0], "rate": [2.0, 0.7]},
    "Gumbel": {"loc": [0.4, 4.0], "scale": [3.0, 0.8]},
    "Laplace": {"loc": [0.4, 4.0], "scale": [3.0, 0.8]},
    "Normal": {"loc": [0.4, 1.0], "scale": [1.0, 0.8]},
    "Pareto": {"scale": [0.2, 2.0], "alpha": [6.5, 5.0]},
    "Poisson": {"rate": [0.4, 3.0]},
    "Uniform": {"low": [0.3, -1.0], "high": [0.9, 2.0]},
}
#: For each kind q, those p that it has all values of, or some; and those that it never has.
INSIDE = {
    "Normal": "Beta ContinuousBernoulli Exponential Gamma Gumbel Laplace Pareto Uniform",
    "Exponential": "Beta ContinuousBernoulli Gamma Pareto Uniform",
    "Gamma": "Beta Exponential Pareto Uniform",
    "Gumbel": "Exponential Gamma Normal Uniform",
    "Laplace": "Normal",
    "ContinuousBernoulli": "Beta Uniform",
    "Beta": "Uniform",
    "Pareto": "Uniform",
    "Poisson": "Bernoulli",
    "Uniform": "Beta ContinuousBernoulli",
}
BEYOND = {
    "Beta": "Exponential Gamma Gumbel Laplace Normal Pareto",
    "ContinuousBernoulli": "Exponential Gamma Gumbel Laplace Normal Pareto",
    "Uniform": "Exponential Gamma Gumbel Laplace Normal Pareto",
    "Exponential": "Gumbel Laplace Normal",
    "Gamma": "Gumbel Laplace Normal",
    "Pareto": "Beta ContinuousBernoulli Exponential Gamma Gumbel Laplace Normal",
    "Bernoulli": "Poisson",
    "Binomial": "Poisson",
}
PAIRS = [(p, q) for q, kinds in INSIDE.items() for p in kinds.split()]
INFINITE = [(p, q) for q, kinds in BEYOND.items() for p in kinds.split()]


def made(kind, module=D, tensor=ct.tensor):
    given = {n: tensor(p) if isinstance(p, list) else p for n, p in KINDS[kind].items()}
    return getattr(module, kind)(**given)


@pytest.mark.parametrize(("p", "q"), PAIRS + INFINITE)
def test_as_pytorch(device, p, q):
    torch = pytest.importorskip("torch")
    theirs = [made(kind, torch.distributions, torch.tensor) for kind in (p, q)]
    want = torch.distributions.kl_divergence(*theirs).numpy()
    close(D.kl_divergence(made(p), made(q)), want, rtol=1e-4)


@pytest.mark.parametrize(("p", "q"), PAIRS)
def test_as_the_mean_of_samples(device, p, q):
    p, q = made(p), made(q)
    want = D.kl_divergence(p, q).numpy()
    ct.manual_seed(7)
    x = p.sample((20_000,))
    q._validate_args = False
    terms = (p.log_prob(x) - q.log_prob(x)).numpy().astype("float64")
    sure = np.isfinite(want)
    assert sure.any()
    with np.errstate(invalid="ignore"):
        off = np.abs(terms.mean(0) - want) / (terms.std(0) / 20_000**0.5 + 1e-4)
    assert (off < 5)[sure].all()


@pytest.mark.parametrize(("p", "q"), INFINITE)
def test_values_that_the_other_has_not(device, p, q):
    assert D.kl_divergence(made(p), made(q)).tolist() == [inf, inf]


def test_even_distributions_that_go_beyond(device):
    wide = D.Uniform(ct.tensor([-1.0, 0.0, 0.25]), ct.tensor([0.5, 2.0, 0.75]))
    assert np.isinf(D.kl_divergence(wide, D.Beta(2.0, 3.0)).numpy()).tolist() == [True, True, False]
    found = D.kl_divergence(wide, D.ContinuousBernoulli(0.5)).numpy()
    close(found, [inf, inf, np.log(2)], rtol=1e-5)
    close(
        D.kl_divergence(wide, D.Exponential(1.0))[1:], [1 - np.log(2), 0.5 + np.log(2)], rtol=1e-5
    )
    assert np.isinf(D.kl_divergence(wide, D.Pareto(0.1, 1.0)).numpy()).tolist() == [
        True,
        True,
        False,
    ]
    found = D.kl_divergence(D.Beta(1.0, 1.0), wide.expand((2, 3)))
    assert found.shape == (2, 3)
    assert np.isinf(found.numpy()).all(0).tolist() == [True, False, True]


def test_slopes(device):
    low = ct.tensor([-1.0, 0.25], requires_grad=True)
    a = ct.tensor(2.0, requires_grad=True)
    D.kl_divergence(D.Uniform(low, 0.75), D.Gamma(a, 1.0))[1].backward()
    assert np.isfinite(low.grad.numpy()).all()
    # The slope by a: digamma(2) less the mean of log x from 1/4 to 3/4.
    mean = (0.75 * np.log(0.75) - 0.25 * np.log(0.25)) / 0.5 - 1
    close(a.grad, 0.4227843 - mean, rtol=1e-5)
