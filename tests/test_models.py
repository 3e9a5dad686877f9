"""All networks: their sizes, and that they learn."""

import numpy as np
import pytest
from model_checks import DIGITS, PHOTOS

import cltensor as ct
from cltensor import models, nn, optim

# model, shape of a batch, number of parameters
MODELS = [
    (models.LogisticRegression, DIGITS, 7850),
    (models.MLP, DIGITS, 269322),
    (models.LeNet, DIGITS, 61706),
    (models.BlitzNet, PHOTOS, 62006),
    (models.CifarNet, PHOTOS, 113962),
    (models.ResNet8, PHOTOS, 75290),
    (models.ResNet20, PHOTOS, 269722),
]


@pytest.mark.parametrize(("make", "shape", "count"), MODELS)
def test_sizes(make, shape, count):
    model = make()
    assert sum(p.size for p in model.parameters()) == count
    out = model(ct.randn(shape))
    assert out.shape == (4, 10)
    assert np.isfinite(out.detach().numpy()).all()
    assert make(classes=3)(ct.randn(shape)).shape == (4, 3)


@pytest.mark.parametrize(("make", "shape"), [model[:2] for model in MODELS])
def test_a_few_steps_lower_the_loss(make, shape):
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
