"""One step of training LeNet: loss, gradients and new parameters beside float64 in NumPy."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

import cltensor as ct
from cltensor import nn, optim
from cltensor.models import LeNet
from cltensor.selftest.checks import Family, near, numbers, true
from cltensor.selftest.references import convolution
from cltensor.selftest.speed import require_speed

TRAINING = Family("training")
_LR = 0.05
_BATCH = 64


def _pooled(x: np.ndarray) -> tuple[np.ndarray, Callable[[np.ndarray], np.ndarray]]:
    """Windows of 2 x 2 of relu(x): the largest elements, and what gives the gradient of x."""
    n, c, h, w = x.shape
    parts = np.maximum(x, 0).reshape(n, c, h // 2, 2, w // 2, 2).transpose(0, 1, 2, 4, 3, 5)
    parts = parts.reshape(n, c, h // 2, w // 2, 4)
    best = parts.argmax(-1)[..., None]

    def back(g: np.ndarray) -> np.ndarray:
        spread = np.zeros_like(parts)
        np.put_along_axis(spread, best, g[..., None], -1)
        spread = spread.reshape(n, c, h // 2, w // 2, 2, 2).transpose(0, 1, 2, 4, 3, 5)
        return spread.reshape(x.shape) * (x > 0)

    return np.take_along_axis(parts, best, -1)[..., 0], back


def reference(
    parameters: list[np.ndarray], images: np.ndarray, labels: np.ndarray
) -> tuple[float, list[np.ndarray]]:
    """The loss of LeNet and the gradients of its parameters, in float64."""
    w1, b1, w2, b2, *linear = [p.astype("float64") for p in parameters]
    a1 = convolution(images, w1, np.zeros, 1, 2)[0] + b1[:, None, None]
    p1, back1 = _pooled(a1)
    a2 = convolution(p1, w2, np.zeros)[0] + b2[:, None, None]
    p2, back2 = _pooled(a2)
    inputs, x = [], p2.reshape(len(images), -1)
    for i in range(0, 6, 2):
        inputs.append(x)
        x = x @ linear[i].T + linear[i + 1]
        x = np.maximum(x, 0) if i < 4 else x
    shifted = x - x.max(1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
    rows = np.arange(len(labels))
    loss = -logs[rows, labels].mean()
    g = np.exp(logs)
    g[rows, labels] -= 1
    g /= len(labels)
    found: list[np.ndarray] = []
    for i in (4, 2, 0):
        found = [g.T @ inputs[i // 2], g.sum(0), *found]
        g = g @ linear[i]
        g = g * (inputs[i // 2] > 0) if i else g
    g2 = back2(g.reshape(p2.shape))
    _, g1, dw2, _ = convolution(p1, w2, lambda shape: g2)
    g1 = back1(g1)
    _, _, dw1, _ = convolution(images, w1, lambda shape: g1, 1, 2)
    return float(loss), [dw1, g1.sum((0, 2, 3)), dw2, g2.sum((0, 2, 3)), *found]


def _batch(count: int = _BATCH) -> tuple[np.ndarray, np.ndarray]:
    return numbers(count, 1, 28, 28), np.arange(count) * 7 % 10


def _step(model: Any, optimizer: Any) -> Callable[[Any, Any], Any]:
    loss_fn = nn.CrossEntropyLoss()

    def step(images: Any, labels: Any) -> Any:
        optimizer.zero_grad()
        loss = loss_fn(model(images), labels)
        loss.backward()
        optimizer.step()
        return loss

    return step


@TRAINING.check("loss, gradients and parameters of LeNet after a step, beside NumPy in float64")
def a_step() -> dict[str, float]:
    ct.manual_seed(1)
    model = LeNet()
    before = [p.detach().numpy() for p in model.parameters()]
    images, labels = _batch(8)
    want, gradients = reference(before, images, labels)
    optimizer = optim.SGD(model.parameters(), lr=_LR)
    loss = _step(model, optimizer)(ct.tensor(images), ct.tensor(labels)).item()
    true(abs(loss - want) < 1e-5 * max(1, want), f"the loss is {loss}, in NumPy {want}")
    for (name, p), start, g in zip(model.named_parameters(), before, gradients, strict=True):
        true(p.grad is not None, f"{name} has no gradient")
        scale = float(np.abs(g).max())
        try:
            near(p.grad / scale, g / scale, 2e-4, "float32")
            near(p.detach(), start - _LR * g, 2e-5, "float32")
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}") from None
    return {"loss": loss, "loss in NumPy": want}


@TRAINING.check("ten steps through ct.jit make the loss fall as those without do")
def recorded_steps() -> dict[str, float]:
    images, labels = (ct.tensor(x) for x in _batch(8))
    losses = []
    for wrap in (lambda f: f, ct.jit):
        ct.manual_seed(1)
        model = LeNet()
        step = wrap(_step(model, optim.Adam(model.parameters(), lr=1e-2)))
        losses.append([float(step(images, labels).item()) for _ in range(10)])
    plain, recorded = losses
    true(np.allclose(plain, recorded, 1e-3, 1e-3), f"losses {plain} and, recorded, {recorded}")
    true(recorded[-1] < 0.7 * recorded[0], f"the loss went from {recorded[0]} to {recorded[-1]}")
    return {"first loss": recorded[0], "last loss": recorded[-1]}


@TRAINING.check(f"seconds of a step of LeNet, batch {_BATCH}", brief=False)
def time_of_a_step() -> dict[str, float]:
    require_speed()
    images, labels = (ct.tensor(x) for x in _batch())
    device = ct.get_default_device()
    found = {}
    for name, wrap in (("as written", lambda f: f), ("through ct.jit", ct.jit)):
        model = LeNet()
        step = wrap(_step(model, optim.SGD(model.parameters(), lr=_LR)))
        for _ in range(3):
            step(images, labels)
        device.synchronize()
        spent = []
        for _ in range(10):
            began = time.perf_counter()
            step(images, labels)
            device.synchronize()
            spent.append(time.perf_counter() - began)
            if sum(spent) > 5:
                break
        found[name] = float(f"{sorted(spent)[len(spent) // 2]:.4g}")
    return found
