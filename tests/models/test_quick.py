"""Networks that learn in few epochs."""

import numpy as np
import pytest

import cltensor as ct
from cltensor import models
from cltensor.errors import ShapeError


def count(model):
    return sum(p.numel() for p in model.parameters())


def test_sizes_are_those_of_the_published_networks():
    assert count(models.ResNet9()) == 6_573_120
    assert count(models.QuickNet()) == 1_972_792


def test_scores_of_photographs(device):
    x = ct.randn(2, 3, 32, 32)
    with ct.no_grad():
        for model in (models.ResNet9(width=4), models.QuickNet(widths=(24, 26, 28))):
            assert model.eval()(x).shape == (2, 10)


def test_first_outputs_are_the_inputs_of_a_fresh_convolution():
    conv = models.QuickNet().groups[1].conv1
    x = ct.randn(1, 64, 5, 5)
    np.testing.assert_allclose(conv(x)[:, :64].detach().numpy(), x.numpy(), atol=1e-6)


def test_white_patches_have_no_correlation():
    random = np.random.default_rng(0)
    mixed = np.einsum("ij,njhw->nihw", random.standard_normal((3, 3)), random.random((50, 3, 8, 8)))
    net = models.QuickNet()
    net.whiten(mixed.astype(np.float32), floor=0.0)
    out = net.white(ct.tensor(mixed.astype(np.float32))).detach().numpy()
    half = out[:, :12].transpose(1, 0, 2, 3).reshape(12, -1)
    np.testing.assert_allclose(np.cov(half), np.eye(12), atol=1e-3)
    bias = net.white.bias.detach().numpy()[:, None, None]
    np.testing.assert_allclose(out[:, 12:] - bias[12:], -(out[:, :12] - bias[:12]), atol=1e-4)
    assert not net.white.weight.requires_grad
    with pytest.raises(ShapeError, match=r"whiten: takes images .* got shape \(3, 8, 8\)"):
        net.whiten(mixed[0])
