"""The von Mises distribution of angles."""

import numpy as np
import pytest
from distribution_checks import beside_torch, close, expands, integrated

import cltensor as ct
import cltensor.distributions as D

LOC, CONCENTRATION = [0.0, 1.5, -3.0], [0.5, 4.0, 30.0]


def test_as_pytorch(device):
    parameters = {"loc": LOC, "concentration": CONCENTRATION}
    beside_torch("VonMises", parameters, [0.3, 1.0, -3.1], skip=("variance", "stddev"))


def test_known_values(device):
    d = D.VonMises(0.5, 3.0)
    close(d.log_prob(ct.tensor(1.0)), -0.7904370)
    close(d.variance, 0.1900147)
    skip = ("mean", "variance", "cdf", "entropy")
    integrated(D.VonMises(ct.tensor(LOC), 2.0), -np.pi, np.pi, skip=skip)
    # cos alone has too few digits in float32: 1 - cos(1e-3) has 3.
    narrow = D.VonMises(0.0, 1e6)
    close(narrow.log_prob(ct.tensor([0.0, 1e-3])), [5.9888167, 5.4888167], rtol=1e-5)
    expands(D.VonMises(ct.tensor(LOC), ct.tensor(CONCENTRATION)), ct.tensor(0.5))


def test_samples(device):
    d = D.VonMises(ct.tensor(LOC), ct.tensor(CONCENTRATION))
    ct.manual_seed(1)
    x = d.sample((20_000,)).numpy().astype("float64")
    assert x.shape == (20_000, 3)
    assert (np.abs(x) <= np.pi + 1e-6).all()
    away = x - np.array(LOC)
    close(np.sin(away).mean(0), np.zeros(3), atol=0.02)
    close(1 - np.cos(away).mean(0), d.variance.numpy(), rtol=0.03)
    ct.manual_seed(1)
    assert (d.sample((20_000,)).numpy() == x.astype("float32")).all()
    assert not d.has_rsample


def test_bad_parameters(device):
    with pytest.raises(ValueError, match="VonMises: concentration does not satisfy greater_than"):
        D.VonMises(0.0, 0.0)
