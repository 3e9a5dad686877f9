"""The small networks: sizes, names, gradients; PyTorch's weights give PyTorch's outputs."""

from itertools import pairwise

import numpy as np
import pytest

import cltensor as ct
from cltensor import models, nn, optim

DIGITS, PHOTOS = (4, 1, 28, 28), (4, 3, 32, 32)
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


@pytest.mark.parametrize(("make", "shape", "count"), MODELS)
def test_a_few_steps_lower_the_loss(make, shape, count):
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


def test_state_dict_names():
    assert list(models.BlitzNet().state_dict()) == [
        f"{layer}.{kind}"
        for layer in ("conv1", "conv2", "fc1", "fc2", "fc3")
        for kind in ("weight", "bias")
    ]
    assert "features.1.running_mean" in models.CifarNet().state_dict()
    resnet = models.ResNet8().state_dict()
    assert {"conv1.weight", "bn1.running_var", "layer2.0.conv2.weight", "fc.bias"} <= set(resnet)
    assert models.ResNet20().state_dict()["layer3.2.conv1.weight"].shape == (64, 64, 3, 3)


def theirs(torch):
    """PyTorch networks whose state_dicts have the names of ours, with a batch's shape."""
    n = torch.nn

    class Features(n.Module):
        def __init__(self, features, classifier):
            super().__init__()
            self.features, self.classifier = features, classifier

        def forward(self, x):
            return self.classifier(self.features(x))

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
    blocks = []
    for before, after in ((3, 32), (32, 64), (64, 128)):
        blocks += [
            n.Conv2d(before, after, 3, padding=1, bias=False), n.BatchNorm2d(after), n.ReLU(),
            n.MaxPool2d(2),
        ]  # fmt: skip
    cifar = Features(n.Sequential(*blocks), n.Sequential(n.Flatten(), n.Linear(2048, 10)))
    return [(models.LeNet(), lenet, DIGITS), (models.CifarNet(), cifar, PHOTOS)]


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


def test_pytorchs_weights_give_pytorchs_outputs_and_training():
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    random = np.random.default_rng(0)
    for ours, other, shape in theirs(torch):
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
