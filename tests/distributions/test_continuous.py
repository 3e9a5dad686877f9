"""Distributions of numbers by location and scale, and with bounds."""

from math import inf, nan

import pytest
from distribution_checks import (
    beside_torch,
    close,
    expands,
    param,
    sampled,
    slope_of_mean,
)

import cltensor as ct
import cltensor.distributions as D

LOC, SCALE = [0.0, 1.5, -3.0], [1.0, 0.5, 2.5]
CASES = {
    "Normal": ({"loc": LOC, "scale": SCALE}, [0.3, 1.0, -8.0]),
    "Laplace": ({"loc": LOC, "scale": SCALE}, [0.3, 1.0, -8.0]),
    "Cauchy": ({"loc": LOC, "scale": SCALE}, [0.3, 1.0, -8.0]),
    "Gumbel": ({"loc": LOC, "scale": SCALE}, [0.3, 1.0, -4.0]),
    "HalfNormal": ({"scale": SCALE}, [0.3, 1.0, 4.0]),
    "HalfCauchy": ({"scale": SCALE}, [0.3, 1.0, 4.0]),
    "GeneralizedPareto": (
        {"loc": LOC, "scale": SCALE, "concentration": [0.3, -0.5, 0.0]}, [0.3, 2.0, 4.0]
    ),
    "Exponential": ({"rate": SCALE}, [0.3, 1.0, 4.0]),
    "Uniform": ({"low": LOC, "high": [1.0, 2.0, 5.0]}, [0.3, 1.75, 4.0]),
}  # fmt: skip


def made(kind):
    parameters, values = CASES[kind]
    return getattr(D, kind)(**{n: ct.tensor(p) for n, p in parameters.items()}), ct.tensor(values)


@pytest.mark.parametrize("kind", CASES)
def test_as_pytorch(device, kind):
    beside_torch(kind, *CASES[kind])


@pytest.mark.parametrize("kind", CASES)
def test_samples_and_expand(device, kind):
    d, value = made(kind)
    sampled(d, moments="Cauchy" not in kind)
    expands(d, value)
    if kind not in ("Uniform", "HalfNormal"):
        close(d.icdf(d.cdf(value)), value.numpy(), rtol=1e-3)


def test_known_values(device):
    x = ct.tensor(0.5)
    close(D.Normal(0.0, 1.0).log_prob(x), -1.0439385)
    close(D.Normal(1.0, 2.0).entropy(), 2.1120857)
    close(D.Laplace(0.0, 1.0).log_prob(x), -1.1931472)
    close(D.Cauchy(0.0, 1.0).log_prob(x), -1.3678734)
    close(D.Gumbel(0.0, 1.0).log_prob(x), -1.1065307)
    close(D.HalfNormal(1.0).log_prob(x), -0.3507914)
    close(D.HalfNormal(1.0, validate_args=False).log_prob(-x), -inf)
    close(D.HalfCauchy(2.0).log_prob(x), -1.2053545)
    close(D.HalfCauchy(2.0).cdf(x), 0.1559583)
    close(D.HalfCauchy(2.0).entropy(), 2.5310242)
    close(D.HalfCauchy(1.0, validate_args=False).log_prob(-x), -inf)
    close(D.Exponential(2.0).log_prob(x), -0.3068528)
    close(D.Uniform(0.0, 4.0).log_prob(x), -1.3862944)
    close(D.Uniform(0.0, 4.0, validate_args=False).log_prob(x * 9), -inf)
    close(D.Cauchy(0.0, 1.0).mean, nan)
    assert D.Normal(0.0, 1.0).cdf(ct.tensor(-9.0)).item() == pytest.approx(1.1285884e-19)


def test_samples_are_differentiable(device):
    loc, scale = param(0.5), param(2.0)
    assert slope_of_mean(D.Normal(loc, scale), loc, scale)[0] == pytest.approx(1, rel=1e-4)
    rate = param(2.0)
    assert slope_of_mean(D.Exponential(rate), rate)[0] == pytest.approx(-0.25, abs=0.02)
    scale, c = param(2.0), param(0.25)
    slopes = slope_of_mean(D.GeneralizedPareto(0.0, scale, c), scale, c)
    assert slopes == pytest.approx([1 / 0.75, 2 / 0.75**2], rel=0.1)
    scale = param(2.0)
    ct.manual_seed(1)
    x = D.HalfCauchy(scale).rsample((5,))
    x.sum().backward()
    close(scale.grad, [x.detach().numpy().sum() / 2], rtol=1e-5)
    low, high = param(0.0), param(3.0)
    assert slope_of_mean(D.Uniform(low, high), low, high) == pytest.approx([0.5, 0.5], abs=0.02)


def test_bad_parameters(device):
    with pytest.raises(ValueError, match="Normal: scale does not satisfy greater_than"):
        D.Normal(0.0, -1.0)
    with pytest.raises(ValueError, match="Normal: loc does not satisfy real"):
        D.Normal(nan, 1.0)
    with pytest.raises(ValueError, match="Uniform: low is not below high"):
        D.Uniform(1.0, 1.0)
    with pytest.raises(ValueError, match="HalfCauchy: scale does not satisfy greater_than"):
        D.HalfCauchy(-1.0)
    with pytest.raises(ValueError, match="GeneralizedPareto: a value does not lie in the support"):
        D.GeneralizedPareto(1.0, 1.0, 0.5).log_prob(ct.tensor(0.5))
    with pytest.raises(ValueError, match="Exponential: a value does not lie in the support"):
        D.Exponential(1.0).log_prob(ct.tensor(-1.0))
    assert D.Normal(0.0, -1.0, validate_args=False).loc.item() == 0
