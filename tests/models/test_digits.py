"""The networks for digits."""

import numpy as np
import pytest
from model_checks import (
    DIGITS,
    assert_as_pytorch,
    features_and_classifier,
)

import cltensor as ct
from cltensor import models, nn, optim


def test_a_seed_fixes_training():
    def trained():
        ct.manual_seed(5)
        model = models.LeNet((2, 3))
        optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        for _ in range(3):
            optimizer.zero_grad()
            nn.CrossEntropyLoss()(model(ct.randn(DIGITS)), ct.tensor([0, 1, 2, 3])).backward()
            optimizer.step()
        return [p.data.numpy() for p in model.parameters()]

    for a, b in zip(trained(), trained(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_lenet_is_pytorchs():
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    n, Features = torch.nn, features_and_classifier(torch)
    lenet = Features(
        n.Sequential(
            n.Conv2d(1, 6, 5, padding=2), n.ReLU(), n.MaxPool2d(2),
            n.Conv2d(6, 16, 5), n.ReLU(), n.MaxPool2d(2),
        ),
        n.Sequential(
            n.Flatten(), n.Linear(400, 120), n.ReLU(), n.Linear(120, 84), n.ReLU(),
            n.Linear(84, 10),
        ),
    )  # fmt: skip
    assert_as_pytorch(models.LeNet(), lenet, DIGITS)
