"""Mixtures of distributions of one kind."""

import numpy as np
import pytest
from distribution_checks import close, expands, integrated, sampled

import cltensor as ct
import cltensor.distributions as D
from cltensor.errors import ShapeError

PROBS, LOC, SCALE = [0.2, 0.3, 0.5], [[-1.0, 0.0, 3.0], [0.0, 5.0, 6.0]], [0.5, 1.0, 0.25]


def made(module, tensor):
    mixture = module.Categorical(tensor(PROBS))
    return module.MixtureSameFamily(mixture, module.Normal(tensor(LOC), tensor(SCALE)))


def test_as_pytorch(device):
    torch = pytest.importorskip("torch")
    d, t = made(D, ct.tensor), made(torch.distributions, torch.tensor)
    x = [[0.5, 1.0], [-2.0, 5.5]]
    for name in ("log_prob", "cdf"):
        close(getattr(d, name)(ct.tensor(x)), getattr(t, name)(torch.tensor(x)).numpy(), atol=1e-5)
    close(d.mean, t.mean.numpy())
    close(d.variance, t.variance.numpy())


def test_numbers(device):
    d = made(D, ct.tensor)
    assert (tuple(d.batch_shape), tuple(d.event_shape)) == ((2,), ())
    integrated(d, -5.0, 9.0, skip=("entropy",))
    sampled(d)
    expands(d, ct.tensor([0.5, 1.0]))
    assert not d.has_rsample
    assert d.mixture_distribution.probs.shape == (3,)
    assert d.component_distribution.loc.shape == (2, 3)
    assert repr(d).startswith("MixtureSameFamily(Categorical(")


def test_vectors(device):
    loc = ct.tensor([[10.0, 0.0], [0.0, -10.0]])
    components = D.Independent(D.Normal(loc, 1.0), 1)
    d = D.MixtureSameFamily(D.Categorical(ct.tensor([0.25, 0.75])), components)
    assert (tuple(d.batch_shape), tuple(d.event_shape)) == ((), (2,))
    close(d.mean, [2.5, -7.5])
    close(d.variance, [1 + 100 * 0.25 * 0.75] * 2)
    close(d.log_prob(loc), np.log([0.25, 0.75]) - 2 * 0.9189385, rtol=1e-5)
    x = sampled(d).numpy()
    # Both elements are of the same component.
    assert ((x[:, 0] > 5) == (x[:, 1] > -5)).all()
    expands(d, loc[0])


def test_bad_parameters(device):
    mixture, components = D.Categorical(ct.ones(3)), D.Normal(ct.zeros(2), 1.0)
    with pytest.raises(ShapeError, match=r"components of the batch shape \(2,\) are not 3"):
        D.MixtureSameFamily(mixture, components)
    with pytest.raises(ValueError, match="the mixture is Normal; give a Categorical"):
        D.MixtureSameFamily(components, components)
    with pytest.raises(ValueError, match="the components are Tensor"):
        D.MixtureSameFamily(mixture, ct.ones(3))
    positive = D.MixtureSameFamily(D.Categorical(ct.ones(2)), D.Exponential(ct.ones(2)))
    with pytest.raises(ValueError, match="MixtureSameFamily: a value does not lie in the support"):
        positive.log_prob(ct.tensor(-1.0))
