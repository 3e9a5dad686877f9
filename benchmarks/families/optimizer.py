"""One step over the parameters of ResNet-20, gradients given; counted in bytes that must move."""

from typing import Any

import numpy as np

from benchmarks.case import Case, Library
from cltensor.models import ResNet20

FAMILY = "optimizer"


def _case(name: str, kind: str, states: int, **options: Any) -> Case:
    """states: values that the optimizer keeps for each parameter."""
    shapes = [tuple(p.shape) for p in ResNet20().parameters()]

    def build(lib: Library):
        params = [lib.require_grad(lib.normal(*shape)) for shape in shapes]
        for param in params:
            param.grad = lib.normal(*param.shape)
        optimizer = getattr(lib.m.optim, kind)(params, **options)

        def call():
            optimizer.step()
            return params[0]

        return call

    size = sum(int(np.prod(shape)) for shape in shapes)
    # Parameters and states are read and written, gradients read.
    return Case(FAMILY, name, build, 4.0 * size * (3 + 2 * states), "GB/s", rivals=("torch",))


def cases() -> list[Case]:
    """The cases of this family."""
    return [
        _case("SGD with momentum", "SGD", 1, lr=0.1, momentum=0.9, weight_decay=1e-4),
        _case("Adam", "Adam", 2, lr=1e-3),
        _case("AdamW", "AdamW", 2, lr=1e-3),
    ]
