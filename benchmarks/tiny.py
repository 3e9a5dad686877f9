"""tinygrad under PyTorch's names, as far as the networks of the suite need them."""

from collections.abc import Callable
from typing import Any

from tinygrad import Context, Tensor, TinyJit, nn

Linear, Conv2d, BatchNorm2d = nn.Linear, nn.Conv2d, nn.BatchNorm


class Module:
    """What has layers and a forward."""

    def __call__(self, x: Tensor) -> Tensor:
        """forward."""
        return self.forward(x)  # type: ignore[attr-defined]


class Sequential(Module):
    """Layers one after the other."""

    def __init__(self, *layers: Callable[[Tensor], Tensor]) -> None:
        self.layers = layers

    def forward(self, x: Tensor) -> Tensor:
        """x through all layers."""
        return x.sequential(list(self.layers))


def ReLU() -> Callable[[Tensor], Tensor]:
    """The larger of x and 0."""
    return lambda x: x.relu()


def Flatten() -> Callable[[Tensor], Tensor]:
    """All axes but the first as one."""
    return lambda x: x.flatten(1)


def MaxPool2d(kernel_size: int) -> Callable[[Tensor], Tensor]:
    """Maxima of windows beside each other."""
    return lambda x: x.max_pool2d(kernel_size)


def training_step(model: Any, optimizer: str) -> Callable[[Tensor, Tensor], Tensor]:
    """A whole step through tinygrad's JIT, as its own examples write it."""
    optim = getattr(nn.optim, optimizer)(nn.state.get_parameters(model), lr=1e-3)

    @TinyJit
    def step(images: Tensor, labels: Tensor) -> Tensor:
        optim.zero_grad()
        loss = model(images).sparse_categorical_crossentropy(labels).backward()
        return loss.realize(*optim.schedule_step())

    def call(images: Tensor, labels: Tensor) -> Tensor:
        with Context(TRAINING=1):
            return step(images, labels)

    return call
