"""The continuous Bernoulli distribution."""

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

PROBS = [0.1, 0.7, 0.95]


@pytest.mark.parametrize("given", [{"probs": PROBS}, {"logits": [-2.0, 4.0, 9.0]}])
def test_as_pytorch(device, given):
    beside_torch("ContinuousBernoulli", given, [0.1, 0.5, 0.9])


def test_samples_and_expand(device):
    d = D.ContinuousBernoulli(ct.tensor([*PROBS, 0.5, 0.5001]))
    sampled(d)
    expands(d, ct.tensor(0.25))
    integrated(d, 0.0, 1.0)
    x = ct.tensor([0.0, 0.01, 0.5, 0.99, 1.0]).unsqueeze(-1)
    close(d.icdf(d.cdf(x)), np.broadcast_to(x.numpy(), (5, 5)), rtol=1e-4, atol=1e-6)


def test_known_values(device):
    d = D.ContinuousBernoulli(0.9)
    x = ct.tensor(0.25)
    close(d.log_prob(x), -0.7429404)
    close(d.cdf(x), 0.0915064, rtol=1e-5)
    close(d.mean, 0.6698804)
    close(d.variance, 0.0665089, rtol=1e-5)
    close(d.entropy(), -0.1796311)
    even = D.ContinuousBernoulli(0.5)
    close(even.log_prob(x), 0, atol=1e-6)
    close(even.mean, 0.5)
    close(even.variance, 1 / 12)
    far = D.ContinuousBernoulli(logits=ct.tensor([-200.0, 200.0]))
    close(far.mean, [1 / 200, 1 - 1 / 200], rtol=1e-5)
    close(far.variance, [1 / 200**2] * 2, rtol=1e-4)
    close(far.cdf(ct.tensor([0.01, 0.99])), [1 - np.exp(-2), np.exp(-2)], rtol=1e-4)


@pytest.mark.parametrize("logit", [-1e-3, 0.0, 1e-4, 0.4, 0.6, -3.0])
def test_slopes_where_forms_meet(device, logit):
    # The mean is the slope of the norm; for small logits, 1 / 12 of them away from 1 / 2.
    logits = param(logit)
    d = D.ContinuousBernoulli(logits=logits)
    (-d.log_prob(ct.tensor(0.0))).sum().backward()
    close(logits.grad, d.mean.detach().numpy(), rtol=1e-5)
    logits = param(logit)
    D.ContinuousBernoulli(logits=logits).mean.sum().backward()
    close(logits.grad, D.ContinuousBernoulli(logits=logits).variance.detach().numpy(), rtol=1e-4)
    logits = param(logit)
    D.ContinuousBernoulli(logits=logits).cdf(ct.tensor(0.25)).sum().backward()
    want = (_cdf(logit + 1.3e-4) - _cdf(logit - 1.3e-4)) / 2.6e-4
    close(logits.grad, [want], rtol=1e-3)
    logits = param(logit)
    slope = slope_of_mean(D.ContinuousBernoulli(logits=logits), logits)
    want = D.ContinuousBernoulli(logits=logits).variance.item()
    assert slope[0] == pytest.approx(want, abs=0.002)


def _cdf(logit):
    return np.expm1(0.25 * logit) / np.expm1(logit)


def test_bad_parameters(device):
    with pytest.raises(ValueError, match="ContinuousBernoulli: probs does not satisfy interval"):
        D.ContinuousBernoulli(1.5)
    with pytest.raises(ValueError, match="give one of probs and logits"):
        D.ContinuousBernoulli(0.5, 0.5)
    with pytest.raises(ValueError, match="ContinuousBernoulli: a value does not lie"):
        D.ContinuousBernoulli(0.5).log_prob(ct.tensor(-0.5))
