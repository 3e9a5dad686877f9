"""Relaxations of attempts and classes."""

import numpy as np
import pytest
from distribution_checks import beside_torch, close, expands, integrated, param, sampled

import cltensor as ct
import cltensor.distributions as D
from cltensor.distributions.relaxed_bernoulli import LogitRelaxedBernoulli
from cltensor.distributions.relaxed_categorical import ExpRelaxedCategorical

PROBS = [[0.2, 0.3, 0.5], [0.1, 0.8, 0.1]]


@pytest.mark.parametrize("given", [{"probs": [0.2, 0.5, 0.9]}, {"logits": [-1.0, 0.0, 2.0]}])
def test_attempts_as_pytorch(device, given):
    beside_torch("RelaxedBernoulli", {"temperature": [0.7], **given}, [0.1, 0.4, 0.9])


@pytest.mark.parametrize("given", [{"probs": PROBS}, {"logits": [[-1.0, 0.5, 4.0]]}])
def test_classes_as_pytorch(device, given):
    beside_torch("RelaxedOneHotCategorical", {"temperature": [0.7], **given}, PROBS)


def test_known_values(device):
    d = D.RelaxedBernoulli(0.7, 0.3)
    close(d.log_prob(ct.tensor(0.25)), -0.0705240, rtol=1e-5)
    classes = D.RelaxedOneHotCategorical(0.7, ct.tensor([0.2, 0.3, 0.5]))
    close(classes.log_prob(ct.tensor([0.2, 0.3, 0.5])), 0.1714753, rtol=1e-5)
    assert (d.temperature, classes.temperature) == (0.7, 0.7)
    close(classes.probs, [0.2, 0.3, 0.5])
    close(d.logits, np.log(3 / 7))
    skip = ("mean", "variance", "entropy", "cdf")
    integrated(D.RelaxedBernoulli(1.5, ct.tensor([0.3, 0.6])), 0.0, 1.0, skip=skip)
    integrated(LogitRelaxedBernoulli(ct.tensor(0.8), ct.tensor([0.3, 0.6])), -25.0, 25.0, skip=skip)


def test_samples(device):
    for temperature in (0.1, 2.0):
        d = D.RelaxedBernoulli(temperature, ct.tensor([0.2, 0.5, 0.9]))
        x = sampled(d, moments=False).numpy()
        # They are above the half as often as the attempt succeeds.
        close((x > 0.5).mean(0), [0.2, 0.5, 0.9], atol=0.015)
        expands(d, ct.tensor(0.25))
        classes = D.RelaxedOneHotCategorical(ct.tensor(temperature), ct.tensor(PROBS))
        x = sampled(classes, moments=False).numpy()
        likeliest = [(x.argmax(-1) == k).mean(0) for k in range(3)]
        close(np.transpose(likeliest), PROBS, atol=0.015)
        expands(classes, ct.tensor(PROBS))
    logs = ExpRelaxedCategorical(0.5, ct.tensor(PROBS))
    close(logs.sample((7,)).exp().sum(-1), np.ones((7, 2)), rtol=1e-5)
    expands(logs, ct.tensor(PROBS).log())


def test_slopes_of_samples(device):
    logits, temperature = param(0.5), param(0.9)
    ct.manual_seed(1)
    y = LogitRelaxedBernoulli(temperature, logits=logits).rsample((100,))
    y.sum().backward()
    close(logits.grad, [100 / 0.9], rtol=1e-4)
    close(temperature.grad, [-y.detach().numpy().sum() / 0.9], rtol=1e-3)
    scores = param(0.5, -0.5, 0.0)
    d = D.RelaxedOneHotCategorical(0.5, logits=scores)
    assert d.has_rsample
    d.rsample((50,))[..., 0].sum().backward()
    assert (np.sign(scores.grad.numpy()) == [1, -1, -1]).all()


def test_bad_parameters(device):
    with pytest.raises(ValueError, match="LogitRelaxedBernoulli: probs does not satisfy interval"):
        D.RelaxedBernoulli(1.0, 1.5)
    with pytest.raises(ValueError, match="Categorical: give one of probs and logits"):
        D.RelaxedOneHotCategorical(1.0)
    with pytest.raises(ValueError, match="RelaxedOneHotCategorical: a value does not lie"):
        D.RelaxedOneHotCategorical(1.0, ct.ones(2)).log_prob(ct.ones(2))
