"""A program as users write them: it runs, and `mypy --strict` has nothing to say."""

from __future__ import annotations

import numpy as np

import cltensor as ct
import cltensor.nn.functional as F
from cltensor import nn, optim
from cltensor.data import DataLoader, TensorDataset


class Net(nn.Module):
    """A network of two layers."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Linear(4, width)
        self.norm = nn.BatchNorm1d(width)
        self.scale = nn.Parameter(ct.ones(width))
        self.register_buffer("calls", ct.zeros(1))
        self.head = nn.Sequential(nn.ReLU(), nn.Linear(width, 3))

    def forward(self, x: ct.Tensor) -> ct.Tensor:
        """Logits of a batch."""
        x = F.relu(self.norm(self.first(x))) * self.scale
        return F.log_softmax(self.head(x), dim=1)


class Cube(ct.Function):
    """A function with a rule of its own."""

    @staticmethod
    def forward(ctx: ct.autograd.Context, x: ct.Tensor) -> ct.Tensor:
        """x^3"""
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx: ct.autograd.Context, g: ct.Tensor) -> ct.Tensor:
        """3 x^2"""
        (x,) = ctx.saved_tensors
        result: ct.Tensor = g * 3 * x * x
        return result


def tensors() -> ct.Tensor:
    """Creation, methods, operators, indexing, operations in place."""
    x = ct.zeros(2, 3) + ct.ones((2, 3), dtype=ct.float32) - ct.rand(2, 3)
    y = ct.tensor([[1.0, 2.0, 3.0]], device="cpu").expand(2, 3).contiguous()
    z = (x @ y.T).exp().sum(dim=1, keepdim=True) / 2 + 3 * x.mean() ** 2 - (-x).abs().max()
    z = z.reshape(-1).view(1, -1).permute(1, 0).transpose(0, 1).flatten().unsqueeze(0)
    z = ct.where(z > 0, z, 0.0) + z.std(axis=1, keepdims=True) + ct.full((1, 2), 0.5)
    values, places = x.max(dim=1)
    order = ct.topk(x, 2, dim=1).indices
    first: ct.Tensor = x[0, ..., None] + x[:, 1:].sum() + x[x > 0].mean() + np.float32(2)
    both = ct.stack([x, y], dim=0).matmul(y.t()).pow(2).clamp(0, 1)
    z[0] = 1.0
    z += 1
    z.add_(2, alpha=3).mul_(0.5).clamp_(min=0, max=1).zero_()
    numbers: list[list[float]] = z.tolist()
    mask = (x == y) & ~(x < 0)
    count = int(mask.sum()) + order.shape[0] + len(places) + first.ndim + both.numel()
    array: np.ndarray[tuple[int, ...], np.dtype[np.float32]] = x.detach().numpy()
    print(f"{z.sum():.3f}", numbers, count, array.shape, values.dtype, x.device, float(z.mean()))
    return z.to("cpu").float().clone()


def places(device: ct.device, dtype: ct.dtype) -> ct.Tensor:
    """Devices and dtypes, asked for, handed on and compared."""
    x = ct.zeros(2, device=device, dtype=dtype)
    assert isinstance(x.device, ct.device)
    assert x.to(ct.device("cpu")).to(x.device, non_blocking=True).dtype == ct.float32
    if ct.cuda.is_available():
        x = x.to(ct.device("cuda", 0))
    return F.avg_pool2d(x.view(1, 1, 1, 2), 1)


def gradients() -> ct.Tensor:
    """Gradients, added up in leaves or returned."""
    w = ct.tensor(np.ones(3), dtype="float32", requires_grad=True)
    loss = (w.square().sum() - 1).sigmoid() + Cube.apply(w).sum()
    loss.backward()
    (again,) = ct.grad(w.exp().sum(), [w])
    assert again is not None
    with ct.no_grad():
        w -= 0.1 * again
    assert w.grad is not None
    return w.grad + again


@ct.no_grad()
def evaluate(net: nn.Module, loader: DataLoader) -> float:
    """The share of labels that the network gives."""
    right = count = 0
    for x, labels in loader:
        right += int((net(x).argmax(dim=1) == labels).sum())
        count += len(labels)
    return right / count


def train() -> float:
    """Two epochs."""
    ct.manual_seed(0)
    net = Net(8)
    images, labels = ct.randn(32, 4), ct.randint(0, 3, (32,))
    loader = DataLoader(TensorDataset(images.numpy(), labels.numpy()), batch_size=8, shuffle=True)
    optimizer = optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    schedule = optim.lr_scheduler.StepLR(optimizer, step_size=1)
    criterion = nn.CrossEntropyLoss()
    for _ in range(2):
        net.train()
        for x, target in loader:
            optimizer.zero_grad()
            loss = criterion(net(x), target)
            loss.backward()
            optimizer.step()
        schedule.step()
        net.eval()
        print(loss.item())
    return evaluate(net, loader)


if __name__ == "__main__":
    tensors()
    places(ct.device("cuda" if ct.cuda.is_available() else "cpu"), ct.float32)
    gradients()
    train()
