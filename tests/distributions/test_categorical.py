"""Distributions of classes: by number, as one-hot vectors, and how often each occurs."""

import numpy as np
import pytest
from distribution_checks import COUNT, beside_torch, close, expands, sampled

import cltensor as ct
import cltensor.distributions as D

PROBS = [[0.2, 0.3, 0.5], [0.1, 0.8, 0.1]]
LOGITS = [[-1.0, 0.5, 4.0], [0.0, 0.0, 1.0]]


@pytest.mark.parametrize(
    ("kind", "more", "values"),
    [
        ("Categorical", {}, [2.0, 0.0]),
        ("OneHotCategorical", {}, [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]),
        ("Multinomial", {"total_count": 4}, [[1.0, 2.0, 1.0], [4.0, 0.0, 0.0]]),
    ],
)
@pytest.mark.parametrize("given", [{"probs": PROBS}, {"logits": LOGITS}])
def test_as_pytorch(device, kind, more, values, given):
    beside_torch(kind, {**given, **more}, values)
    d = getattr(D, kind)(**{n: ct.tensor(p) for n, p in given.items()}, **more)
    expands(d, ct.tensor(values))
    sampled(d, moments=kind != "Categorical")


def test_frequencies_of_classes(device):
    d = D.Categorical(ct.tensor(PROBS) * 7)
    x = sampled(d, moments=False).numpy()
    for row in range(2):
        counts = np.bincount(x[:, row], minlength=3) / COUNT
        np.testing.assert_allclose(counts, PROBS[row], atol=0.015)
    close(d.probs, PROBS)
    assert d.sample().dtype == ct.int64
    assert d.sample((0,)).shape == (0, 2)
    assert D.Categorical(logits=ct.zeros(3)).sample().shape == ()


def test_known_values(device):
    d = D.Categorical(ct.tensor([0.2, 0.3, 0.5]))
    close(d.log_prob(ct.tensor([0, 2, 2])), np.log([0.2, 0.5, 0.5]))
    close(d.entropy(), 1.0296530)
    assert d.mode.item() == 2
    assert np.isnan(d.mean.item())
    close(D.Categorical(ct.tensor([0.0, 1.0])).entropy(), 0, atol=2e-6)
    close(D.Multinomial(3, ct.tensor([0.5, 0.5])).entropy(), 1.2554823)
    close(D.Multinomial(3, ct.tensor([0.0, 1.0])).log_prob(ct.tensor([0.0, 3.0])), 0, atol=1e-5)


def test_a_policy_gradient(device):
    logits = ct.zeros(4, 3, requires_grad=True)
    d = D.Categorical(logits=logits)
    action = d.sample()
    (-d.log_prob(action) * 2.0).sum().backward()
    want = np.full((4, 3), 2 / 3)
    want[np.arange(4), action.numpy()] -= 2
    close(logits.grad, want)


def test_a_gradient_straight_through(device):
    logits = ct.zeros(4, 3, requires_grad=True)
    d = D.OneHotCategoricalStraightThrough(logits=logits)
    weights = ct.tensor([1.0, 2.0, 4.0])
    x = d.rsample()
    assert D.constraints.one_hot.check(x.detach().round()).all().item()
    close(x.sum(-1), [1, 1, 1, 1])
    (x * weights).sum().backward()
    close(logits.grad, [(np.array([1, 2, 4]) - 7 / 3) / 3] * 4)
    assert d.has_rsample
    assert not d.sample().requires_grad


def test_bad_parameters(device):
    with pytest.raises(ValueError, match="Categorical: probs and logits are tensors of one"):
        D.Categorical(ct.tensor(0.5))
    with pytest.raises(ValueError, match="Categorical: probs does not satisfy simplex"):
        D.Categorical(ct.tensor([0.5, -0.5, 1.0]))
    with pytest.raises(ValueError, match="Categorical: a value does not lie in the support"):
        D.Categorical(ct.ones(3)).log_prob(ct.tensor(3))
    with pytest.raises(ValueError, match="Multinomial: total_count is -1"):
        D.Multinomial(-1, ct.ones(3))
