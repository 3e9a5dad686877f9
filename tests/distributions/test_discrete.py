"""Distributions of counts and of single attempts."""

from math import inf

import numpy as np
import pytest
from distribution_checks import beside_torch, close, expands, param, sampled

import cltensor as ct
import cltensor.distributions as D

P, LOGITS = [0.2, 0.5, 0.95], [-1.0, 0.5, 4.0]
CASES = [
    ("Bernoulli", {"probs": P}, [1.0, 0.0, 1.0]),
    ("Bernoulli", {"logits": LOGITS}, [1.0, 0.0, 1.0]),
    ("Geometric", {"probs": P}, [3.0, 0.0, 1.0]),
    ("Geometric", {"logits": LOGITS}, [3.0, 0.0, 1.0]),
    ("Poisson", {"rate": [0.5, 3.0, 40.0]}, [1.0, 0.0, 38.0]),
    ("NegativeBinomial", {"total_count": [1.0, 2.5, 7.0], "probs": P}, [0.0, 3.0, 40.0]),
    ("NegativeBinomial", {"total_count": [3.0, 2.5, 7.0], "logits": [0.2, -1.0, 2.0]},
     [0.0, 3.0, 40.0]),
    ("Binomial", {"total_count": 5, "probs": P}, [1.0, 0.0, 5.0]),
    ("Binomial", {"total_count": 30, "logits": LOGITS}, [3.0, 10.0, 30.0]),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "parameters", "values"), CASES)
def test_as_pytorch(device, kind, parameters, values):
    beside_torch(kind, parameters, values)


@pytest.mark.parametrize(("kind", "parameters", "values"), CASES)
def test_samples_and_expand(device, kind, parameters, values):
    made = {n: ct.tensor(p) if isinstance(p, list) else p for n, p in parameters.items()}
    d = getattr(D, kind)(**made)
    sampled(d)
    expands(d, ct.tensor(values))


def test_known_values(device):
    one, three = ct.tensor(1.0), ct.tensor(3.0)
    close(D.Bernoulli(0.3).log_prob(one), -1.2039728)
    close(D.Bernoulli(0.3).entropy(), 0.6108643)
    close(D.Bernoulli(logits=100.0).log_prob(one - 1), -100)
    close(D.Geometric(0.3).log_prob(three), -2.2739977)
    close(D.Geometric(0.3).entropy(), 2.0362144)
    close(D.Poisson(2.0).log_prob(three), -1.7123179)
    close(D.Poisson(0.0).log_prob(one - 1), 0)
    close(D.Poisson(0.0).log_prob(one), -inf)
    close(D.Binomial(5, 0.3).log_prob(three), -2.0227215)
    close(D.Binomial(5, 0.3).entropy(), 1.4136150)
    close(D.Binomial(5, 0.5).mode, 3)


def test_bad_parameters(device):
    with pytest.raises(ValueError, match="Bernoulli: give one of probs and logits"):
        D.Bernoulli()
    with pytest.raises(ValueError, match="Bernoulli: give one of probs and logits"):
        D.Bernoulli(0.5, 0.5)
    with pytest.raises(ValueError, match=r"Bernoulli: probs does not satisfy interval\(0.0, 1.0\)"):
        D.Bernoulli(1.5)
    with pytest.raises(ValueError, match="Geometric: probs are not all above 0"):
        D.Geometric(0.0)
    with pytest.raises(ValueError, match="Poisson: a value does not lie in the support"):
        D.Poisson(1.0).log_prob(ct.tensor(0.5))
    with pytest.raises(NotImplementedError, match="total_count differs"):
        D.Binomial(ct.tensor([1.0, 2.0]), 0.5).entropy()


def test_attempts_before_some_fail(device):
    d = D.NegativeBinomial(2.5, 0.3)
    close(d.log_prob(ct.tensor(4.0)), -3.5077532)
    values = ct.arange(200.0)
    chances = d.log_prob(values).exp().numpy().astype("float64")
    close(chances.sum(), 1, rtol=1e-5)
    close(d.mean, (chances * np.arange(200)).sum(), rtol=1e-5)
    close(d.variance, (chances * np.arange(200) ** 2).sum() - d.mean.item() ** 2, rtol=1e-4)
    assert D.NegativeBinomial(ct.tensor([0.5, 9.0]), 0.75).mode.tolist() == [0, 24]
    # None need fail: 0 attempts, with a finite gradient.
    logits = param(0.2)
    none = D.NegativeBinomial(0.0, logits=logits)
    close(none.log_prob(ct.tensor([0.0])), 0)
    none.log_prob(ct.tensor([0.0])).sum().backward()
    assert np.isfinite(logits.grad.numpy()).all()
    assert (none.sample((100,)) == 0).all().item()
    with pytest.raises(ValueError, match="NegativeBinomial: probs does not satisfy half_open"):
        D.NegativeBinomial(1.0, 1.0)
    with pytest.raises(ValueError, match="NegativeBinomial: total_count does not satisfy"):
        D.NegativeBinomial(-1.0, 0.5)
