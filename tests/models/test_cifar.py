"""The networks for photographs, but for the residual ones."""

import pytest
from model_checks import (
    PHOTOS,
    assert_as_pytorch,
    features_and_classifier,
)

import cltensor as ct
from cltensor import models


def test_state_dict_names():
    assert list(models.BlitzNet().state_dict()) == [
        f"{layer}.{kind}"
        for layer in ("conv1", "conv2", "fc1", "fc2", "fc3")
        for kind in ("weight", "bias")
    ]
    assert "features.1.running_mean" in models.CifarNet().state_dict()


def test_cifarnet_is_pytorchs():
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    n, Features = torch.nn, features_and_classifier(torch)
    blocks = []
    for before, after in ((3, 32), (32, 64), (64, 128)):
        blocks += [
            n.Conv2d(before, after, 3, padding=1, bias=False), n.BatchNorm2d(after), n.ReLU(),
            n.MaxPool2d(2),
        ]  # fmt: skip
    net = Features(n.Sequential(*blocks), n.Sequential(n.Flatten(), n.Linear(2048, 10)))
    assert_as_pytorch(models.CifarNet(), net, PHOTOS)


def test_small_vgg():
    assert sum(p.numel() for p in models.SmallVGG().parameters()) == 9_228_362
    small = models.SmallVGG(((4,), (4, 4))).eval()
    with ct.no_grad():
        assert small(ct.randn(2, 3, 4, 4)).shape == (2, 10)
