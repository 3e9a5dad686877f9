"""What every model must do: have its size, learn, and be PyTorch's equal."""

import numpy as np
import pytest

import cltensor as ct
from cltensor import nn, optim

DIGITS, PHOTOS = (4, 1, 28, 28), (4, 3, 32, 32)


def assert_size(make, shape, count):
    """A model of `count` parameters that maps a batch of `shape` to scores."""
    model = make()
    assert sum(p.size for p in model.parameters()) == count
    out = model(ct.randn(shape))
    assert out.shape == (4, 10)
    assert np.isfinite(out.detach().numpy()).all()
    assert make(classes=3)(ct.randn(shape)).shape == (4, 3)


def assert_learns(make, shape):
    """A few steps lower the loss of a model."""
    ct.manual_seed(0)
    model = make()
    x, y = ct.randn(shape), ct.tensor([3, 1, 4, 1])
    optimizer = optim.Adam(model.parameters(), lr=3e-3)
    losses = []
    for _ in range(8):
        optimizer.zero_grad()
        loss = nn.CrossEntropyLoss()(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss)
    assert losses[-1].item() < 0.7 * losses[0].item()


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
