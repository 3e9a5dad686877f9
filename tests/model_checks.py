"""Batches for the networks, and what PyTorch's equals of them do."""

import hashlib

import numpy as np
import pytest

import cltensor as ct
from cltensor import models, nn, optim
from cltensor.nn import init

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


def made(name, **options):
    """The model of that name without initial values, in evaluation."""
    with init.skipped():
        return getattr(models, name)(**options).eval()


def digest(model):
    """How the sha256 of the names and shapes of a model's state begins."""
    lines = sorted(f"{name} {tuple(x.shape)}\n" for name, x in model.state_dict().items())
    return hashlib.sha256("".join(lines).encode()).hexdigest()[:16]


def assert_published(name, wanted, count, **options):
    """The model's state has the published names and shapes, and so many parameters."""
    model = made(name, **options)
    assert digest(model) == wanted
    assert sum(p.numel() for p in model.parameters()) == count


def filling(shapes):
    """Values for a state of these shapes by name, the same in every library."""
    found = {}
    for i, (name, shape) in enumerate(sorted(shapes.items())):
        draws = np.random.default_rng(i).random(shape)
        if name.endswith("num_batches_tracked"):
            found[name] = np.zeros(shape, np.int64)
            continue
        if len(shape) > 1:
            values = (draws - 0.5) * np.sqrt(12 / np.prod(shape[1:]))
        elif name.endswith(("running_var", "weight")):
            values = 0.8 + 0.4 * draws
        else:
            values = 0.2 * (draws - 0.5)
        found[name] = values.astype(np.float32)
    return found


def images(*shape):
    """Pixels between -1 and 1, the same in every library."""
    return (2 * np.random.default_rng(99).random(shape) - 1).astype(np.float32)


def assert_scores(model, x, wanted):
    """With the values of `filling`, the model gives PyTorch's first scores for x."""
    model.load_state_dict(filling({n: tuple(p.shape) for n, p in model.state_dict().items()}))
    with ct.no_grad():
        found = model(ct.tensor(x)).numpy()
    scale = np.abs(wanted).max()
    np.testing.assert_allclose(found.ravel()[: len(wanted)], wanted, atol=2e-4 * scale, rtol=1e-3)
