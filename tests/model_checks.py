"""Batches for the networks, and what PyTorch's equals of them do."""

import numpy as np
import pytest

import cltensor as ct
from cltensor import nn, optim

DIGITS, PHOTOS = (4, 1, 28, 28), (4, 3, 32, 32)


def assert_as_pytorch(ours, other, shape):
    """With the weights of PyTorch's `other`, `ours` gives its outputs and trains as it does."""
    torch = pytest.importorskip("torch")
    random = np.random.default_rng(0)
    assert repr(ours.features) == repr(other.features)
    ours.load_state_dict(other.state_dict())
    a = optim.Adam(ours.parameters(), lr=1e-3)
    b = torch.optim.Adam(other.parameters(), lr=1e-3)
    for _ in range(3):
        x = random.standard_normal(shape).astype(np.float32)
        y = random.integers(0, 10, shape[0])
        out, wanted = ours(ct.tensor(x)), other(torch.tensor(x))
        np.testing.assert_allclose(
            out.detach().numpy(), wanted.detach().numpy(), rtol=1e-4, atol=1e-5
        )
        nn.CrossEntropyLoss()(out, ct.tensor(y)).backward()
        torch.nn.CrossEntropyLoss()(wanted, torch.tensor(y)).backward()
        for p, q in zip(ours.parameters(), other.parameters(), strict=True):
            np.testing.assert_allclose(p.grad.numpy(), q.grad, rtol=1e-3, atol=1e-5)
            # Adam divides by the gradient's size: digits that differ by rounding would
            # decide the direction of a step, so both take PyTorch's gradient.
            p.grad = ct.autograd.Variable(ct.tensor(q.grad.numpy()))
        a.step()
        b.step()
        a.zero_grad()
        b.zero_grad()
    ours.eval()
    other.eval()
    x = random.standard_normal(shape).astype(np.float32)
    np.testing.assert_allclose(
        ours(ct.tensor(x)).detach().numpy(),
        other(torch.tensor(x)).detach().numpy(),
        rtol=1e-4,
        atol=1e-5,
    )


def features_and_classifier(torch):
    """The class of PyTorch networks whose state has the names of our LeNet and CifarNet."""

    class Features(torch.nn.Module):
        def __init__(self, features, classifier):
            super().__init__()
            self.features, self.classifier = features, classifier

        def forward(self, x):
            return self.classifier(self.features(x))

    return Features
