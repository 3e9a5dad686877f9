"""The gamma distribution and those made of it."""

from math import inf, nan

import numpy as np
import pytest
from distribution_checks import (
    beside_torch,
    close,
    expands,
    integrated,
    param,
    sampled,
    slope_of_mean,
)

import cltensor as ct
import cltensor.distributions as D

A, B = [0.5, 2.0, 7.5], [1.0, 0.5, 3.0]
CASES = {
    "Gamma": ({"concentration": A, "rate": B}, [0.3, 1.0, 4.0]),
    "InverseGamma": ({"concentration": [1.5, 3.0, 7.5], "rate": B}, [0.3, 1.0, 4.0]),
    "FisherSnedecor": ({"df1": [1.0, 3.0, 9.0], "df2": [3.0, 5.0, 12.0]}, [0.3, 1.0, 4.0]),
    "Chi2": ({"df": [1.0, 4.0, 9.5]}, [0.3, 1.0, 4.0]),
    "StudentT": ({"df": [0.5, 1.5, 9.5], "loc": [0.0, 1.0, 2.0], "scale": B}, [0.3, 1.0, 4.0]),
    "Beta": ({"concentration1": A, "concentration0": B}, [0.3, 0.7, 0.05]),
    "Dirichlet": ({"concentration": [A, B]}, [[0.2, 0.3, 0.5], [0.7, 0.1, 0.2]]),
}


@pytest.mark.parametrize("kind", CASES)
def test_as_pytorch(device, kind):
    # PyTorch's mode of Beta is that of a Dirichlet, whose poles differ.
    beside_torch(kind, *CASES[kind], skip=("mode",) if kind == "Beta" else ())


@pytest.mark.parametrize("kind", CASES)
def test_samples_and_expand(device, kind):
    parameters, values = CASES[kind]
    d = getattr(D, kind)(**{n: ct.tensor(p) for n, p in parameters.items()})
    sampled(d, moments=kind not in ("StudentT", "InverseGamma", "FisherSnedecor"))
    expands(d, ct.tensor(values))


def test_known_values(device):
    x = ct.tensor(0.5)
    close(D.Gamma(2.0, 3.0).log_prob(x), 0.0040774)
    close(D.Gamma(2.0, 3.0).entropy(), 0.4786033)
    close(D.Gamma(2.0, 3.0).cdf(x), 0.4421746)
    close(D.InverseGamma(3.0, 2.0).log_prob(x), 0.1588831, rtol=1e-5)
    close(D.InverseGamma(3.0, 2.0).entropy(), 0.6951570)
    close(D.InverseGamma(3.0, 2.0).cdf(x), 0.2381033)
    close(D.InverseGamma(ct.tensor([0.5, 1.5, 3.0]), 2.0).variance, [inf, inf, 1])
    close(D.InverseGamma(ct.tensor([0.5, 1.5, 3.0]), 2.0).mean, [inf, 4, 1])
    close(D.FisherSnedecor(3.0, 5.0).log_prob(x), -0.5344102)
    close(D.FisherSnedecor(3.0, ct.tensor([2.0, 4.0, 5.0])).mean, [nan, 2, 5 / 3])
    close(D.FisherSnedecor(3.0, ct.tensor([2.0, 4.0, 5.0])).variance, [nan, nan, 100 / 9])
    close(D.FisherSnedecor(ct.tensor([2.0, 3.0]), 5.0).mode, [nan, 5 / 21])
    close(D.Chi2(3.0).log_prob(x), -1.5155121)
    close(D.StudentT(3.0).log_prob(x), -1.1609743)
    close(D.Beta(2.0, 3.0).log_prob(x), 0.4054651)
    close(D.Beta(2.0, 3.0).mode, 1 / 3)
    close(D.Dirichlet(ct.tensor([1.0, 2.0, 3.0])).log_prob(ct.tensor([0.2, 0.3, 0.5])), 1.5040774)
    close(D.StudentT(ct.tensor([0.5, 1.5, 4.0])).variance, [nan, inf, 2])
    close(D.StudentT(ct.tensor([0.5, 1.5])).mean, [nan, 0])
    d = D.Beta(ct.tensor([0.5, 2.0, 1.0, 0.3]), ct.tensor([2.0, 0.5, 1.0, 0.3]))
    close(d.mode, [0, 1, 0.5, 0.5])


def test_densities_and_moments(device):
    integrated(D.InverseGamma(ct.tensor([8.0, 12.0]), ct.tensor([6.0, 15.0])), 0.05, 12.0)
    integrated(D.FisherSnedecor(6.0, ct.tensor([20.0, 30.0])), 1e-4, 15.0, skip=("cdf", "entropy"))
    x = sampled(D.InverseGamma(8.0, ct.tensor([6.0, 12.0])))
    assert D.InverseGamma(8.0, 6.0).has_rsample
    assert (x > 0).all().item()
    sampled(D.FisherSnedecor(6.0, ct.tensor([25.0, 30.0])))


def test_samples_are_differentiable(device):
    a, b = param(2.0), param(4.0)
    assert slope_of_mean(D.Gamma(a, b), a, b) == pytest.approx([0.25, -0.125], abs=0.01)
    a, b = param(2.0), param(3.0)
    assert slope_of_mean(D.Beta(a, b), a, b) == pytest.approx([0.12, -0.08], abs=0.01)
    a, b = param(6.0), param(4.0)
    slopes = slope_of_mean(D.InverseGamma(a, b), a, b)
    assert slopes == pytest.approx([-0.16, 0.2], abs=0.01)
    df1, df2 = param(8.0), param(12.0)
    slopes = slope_of_mean(D.FisherSnedecor(df1, df2), df1, df2)
    assert slopes == pytest.approx([0, -0.02], abs=0.01)
    df = param(6.0)
    assert np.abs(slope_of_mean(D.StudentT(df), df)[0]) < 0.02
    c = param(1.0, 2.0, 5.0)
    ct.manual_seed(2)
    D.Dirichlet(c).rsample((20_000,)).mean(0)[0].backward()
    close(c.grad, [7 / 64, -1 / 64, -1 / 64], atol=0.003)


def test_tiny_concentrations(device):
    x = D.Gamma(ct.full((1000,), 1e-3), 1.0).sample()
    assert (x > 0).all().item()
    y = D.Dirichlet(ct.full((1000, 3), 0.1)).sample()
    assert np.isfinite(y.numpy()).all()


def test_bad_parameters(device):
    with pytest.raises(ValueError, match="Gamma: rate does not satisfy greater_than"):
        D.Gamma(1.0, 0.0)
    with pytest.raises(ValueError, match="FisherSnedecor: df2 does not satisfy greater_than"):
        D.FisherSnedecor(1.0, -1.0)
    with pytest.raises(ValueError, match="Gamma: concentration does not satisfy greater_than"):
        D.InverseGamma(-1.0, 1.0)
    with pytest.raises(ValueError, match="Dirichlet: concentration has no axis"):
        D.Dirichlet(1.0)
    with pytest.raises(ValueError, match="Dirichlet: a value does not lie in the support, simplex"):
        D.Dirichlet(ct.ones(2)).log_prob(ct.ones(2))
