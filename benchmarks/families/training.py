"""Whole training steps as a user writes them, on random examples that are on the device already."""

from typing import Any

import cltensor as ct
from benchmarks.case import Case, Library
from benchmarks.networks import NETWORKS

FAMILY = "training"

#: network, batch, optimizer
_STEPS = (
    ("logreg", 64, "SGD"),
    ("MLP 784-256-256-10", 128, "Adam"),
    ("LeNet", 64, "Adam"),
    ("blitz", 4, "SGD"),
    ("blitz", 64, "SGD"),
    ("ResNet-8", 64, "SGD"),
    ("ResNet-20", 64, "SGD"),
    ("MobileNetV2", 16, "SGD"),
    ("U-Net", 16, "Adam"),
    ("LSTM 128", 32, "Adam"),
    ("GRU 128", 32, "Adam"),
    ("encoder block", 16, "AdamW"),
    ("GPT block", 8, "AdamW"),
)
#: What tinygrad runs through its own JIT here; it has no recurrent layers.
_TINY = ("logreg", "MLP 784-256-256-10", "LeNet", "blitz", "ResNet-8", "ResNet-20")


def _case(name: str, batch: int, optimizer: str, replayed: bool) -> Case:
    """replayed: our step through `ct.jit`; beside it tinygrad through its own JIT."""
    network = NETWORKS[name]

    def build(lib: Library):
        images, labels = lib.normal(batch, *network.example), lib.integers(10, batch)
        model = network.build(lib)
        if lib.name == "tinygrad":
            from benchmarks import tiny

            step = tiny.training_step(model, optimizer)
        else:
            if lib.where:
                model.to(lib.where)
            loss_fn = lib.nn.CrossEntropyLoss()
            optim = getattr(lib.m.optim, optimizer)(model.parameters(), lr=1e-3)

            def step(images: Any, labels: Any) -> Any:
                optim.zero_grad()
                loss = loss_fn(model(images), labels)
                loss.backward()
                optim.step()
                return loss

            if replayed and lib.is_ours:
                step = ct.jit(step)

        def call() -> None:
            step(images, labels)

        return call

    title = f"{name}, batch {batch}, {optimizer}{', jit' if replayed else ''}"
    rivals = ("torch", "tinygrad") if replayed and name in _TINY else ("torch",)
    # Backward has two products for each one of forward.
    flops = 6.0 * network.products * batch
    return Case(
        FAMILY, title, build, batch, network.unit, flops=flops, rivals=rivals, memory=not replayed
    )


def cases() -> list[Case]:
    """The cases of this family."""
    return [_case(*step, replayed) for step in _STEPS for replayed in (False, True)]
