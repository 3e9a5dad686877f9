"""Whole training steps as a user writes them, on random images that are on the device already."""

from collections.abc import Callable
from typing import Any

import cltensor as ct
from benchmarks.case import Case, Library

FAMILY = "training"


def _logreg(nn: Any) -> list[Any]:
    return [nn.Flatten(), nn.Linear(784, 10)]


def _mlp(nn: Any) -> list[Any]:
    return [
        nn.Flatten(),
        nn.Linear(784, 256),
        nn.ReLU(),
        nn.Linear(256, 256),
        nn.ReLU(),
        nn.Linear(256, 10),
    ]


def _lenet(nn: Any) -> list[Any]:
    return [
        nn.Conv2d(1, 6, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(400, 120),
        nn.ReLU(),
        nn.Linear(120, 84),
        nn.ReLU(),
        nn.Linear(84, 10),
    ]


def _case(
    name: str,
    layers: Callable[[Any], list[Any]],
    batch: int,
    optimizer: str,
    replayed: bool = False,
) -> Case:
    """replayed: our step through `ct.jit`; the rivals run as they do without it."""

    def build(lib: Library):
        nn = lib.m.nn
        model = nn.Sequential(*layers(nn))
        loss_fn = nn.CrossEntropyLoss()
        optim = getattr(lib.m.optim, optimizer)(model.parameters(), lr=1e-3)
        images, labels = lib.normal(batch, 1, 28, 28), lib.integers(10, batch)

        def step(images: Any, labels: Any) -> Any:
            optim.zero_grad()
            loss = loss_fn(model(images), labels)
            loss.backward()
            optim.step()
            return loss

        if replayed and lib.is_ours:
            step = ct.jit(step)
            step(images, labels)  # the first call builds kernels, the second records

        def call() -> None:
            step(images, labels)

        return call

    return Case(FAMILY, name, build, batch, "images/s", rivals=("torch",))


def cases() -> list[Case]:
    """The cases of this family."""
    return [
        _case("logreg, batch 64, SGD", _logreg, 64, "SGD"),
        _case("logreg, batch 64, SGD, jit", _logreg, 64, "SGD", replayed=True),
        _case("MLP 784-256-256-10, batch 128, Adam", _mlp, 128, "Adam"),
        _case("MLP 784-256-256-10, batch 128, Adam, jit", _mlp, 128, "Adam", replayed=True),
        _case("LeNet, batch 64, Adam", _lenet, 64, "Adam"),
        _case("LeNet, batch 64, Adam, jit", _lenet, 64, "Adam", replayed=True),
    ]
