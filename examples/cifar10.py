"""Train a network on the CIFAR-10 photographs: python examples/cifar10.py [--model cnn|blitz]."""

from training import Setting, main

from cltensor import nn
from cltensor.data import CIFAR10, RandomHorizontalFlip


def block(inputs: int, outputs: int) -> list[nn.Module]:
    """Convolution, batch norm, ReLU, and a pooling that halves the image."""
    return [
        # Batch norm subtracts the mean, so a bias before it would have no effect.
        nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
        nn.MaxPool2d(2),
    ]


def cnn() -> nn.Module:
    """Three blocks, 32 to 4 pixels wide, and a classifier."""
    return nn.Sequential(
        *block(3, 32), *block(32, 64), *block(64, 128), nn.Flatten(), nn.Linear(2048, 10)
    )


def blitz() -> nn.Module:
    """The small network of PyTorch's "60 minute blitz" tutorial."""
    return nn.Sequential(
        nn.Conv2d(3, 6, 5),
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
    )


SETTINGS = {
    "cnn": Setting(cnn, lr=0.003, batch_size=128),
    "blitz": Setting(blitz, lr=0.002),
}

if __name__ == "__main__":
    main(
        "cifar10",
        CIFAR10,
        SETTINGS,
        default="cnn",
        transform=lambda seed: RandomHorizontalFlip(seed=seed),
    )
