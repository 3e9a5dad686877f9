"""Residual networks."""

from itertools import pairwise

import numpy as np
import pytest
from model_checks import PHOTOS

import cltensor as ct
from cltensor import models, nn


def test_state_dict_names():
    resnet = models.ResNet8().state_dict()
    assert {"conv1.weight", "bn1.running_var", "layer2.0.conv2.weight", "fc.bias"} <= set(resnet)
    assert models.ResNet20().state_dict()["layer3.2.conv1.weight"].shape == (64, 64, 3, 3)


def their_resnet(torch, blocks, width):
    """PyTorch's ResNet of `blocks` blocks in each stage, written for this test."""
    n, f = torch.nn, torch.nn.functional

    class Block(n.Module):
        def __init__(self, before, after, stride):
            super().__init__()
            self.conv1 = n.Conv2d(before, after, 3, stride, 1, bias=False)
            self.bn1 = n.BatchNorm2d(after)
            self.conv2 = n.Conv2d(after, after, 3, 1, 1, bias=False)
            self.bn2 = n.BatchNorm2d(after)

        def forward(self, x):
            out = self.bn2(self.conv2(self.bn1(self.conv1(x)).relu()))
            side = (out.shape[1] - x.shape[1]) // 2
            step = x.shape[2] // out.shape[2]
            return (out + f.pad(x[:, :, ::step, ::step], (0, 0, 0, 0, side, side))).relu()

    class Net(n.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = n.Conv2d(3, width, 3, padding=1, bias=False)
            self.bn1 = n.BatchNorm2d(width)
            sizes = [width, width, 2 * width, 4 * width]
            for i, (before, after) in enumerate(pairwise(sizes), 1):
                stage = [Block(before, after, 1 if i == 1 else 2)]
                stage += [Block(after, after, 1) for _ in range(blocks - 1)]
                setattr(self, f"layer{i}", n.Sequential(*stage))
            self.fc = n.Linear(4 * width, 10)

        def forward(self, x):
            x = self.bn1(self.conv1(x)).relu()
            return self.fc(self.layer3(self.layer2(self.layer1(x))).mean((2, 3)))

    return Net()


@pytest.mark.parametrize(("blocks", "width"), [(1, 8), (3, 4)])
def test_resnet_computes_what_pytorchs_does(fp64, blocks, width):
    """In float64: in float32 a value near zero may pass one ReLU and not the other."""
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    other = their_resnet(torch, blocks, width).double()
    ours = models.ResNet(blocks, width=width).double()
    assert list(ours.state_dict()) == list(other.state_dict())
    ours.load_state_dict(other.state_dict())
    random = np.random.default_rng(0)
    x, y = random.standard_normal(PHOTOS), random.integers(0, 10, 4)
    nn.CrossEntropyLoss()(ours(ct.tensor(x)), ct.tensor(y)).backward()
    torch.nn.CrossEntropyLoss()(other(torch.tensor(x)), torch.tensor(y)).backward()
    for (name, p), q in zip(ours.named_parameters(), other.named_parameters(), strict=True):
        assert name == q[0]
        np.testing.assert_allclose(p.grad.numpy(), q[1].grad, rtol=1e-8, atol=1e-12)
    ours.eval()
    other.eval()
    wanted = other(torch.tensor(x)).detach().numpy()
    np.testing.assert_allclose(ours(ct.tensor(x)).detach().numpy(), wanted, rtol=1e-8)


def test_a_block_without_stride_keeps_the_shape():
    block = models.ResidualBlock(3, 8)
    assert block(ct.randn(2, 3, 5, 5)).shape == (2, 8, 5, 5)
    assert models.ResidualBlock(4, 4, stride=2)(ct.randn(2, 4, 5, 5)).shape == (2, 4, 3, 3)


def test_wide_and_deep_ones():
    def count(model):
        return sum(p.numel() for p in model.parameters())

    assert count(models.ResNet56()) == 853_018
    assert count(models.WideResNet(16, 4)) == 2_748_890
    with ct.no_grad():
        assert models.WideResNet(10, 1).eval()(ct.randn(2, 3, 8, 8)).shape == (2, 10)
    with pytest.raises(ValueError, match="depth is 6n \\+ 4 .* got 20"):
        models.WideResNet(20)
