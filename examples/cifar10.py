"""Train a network on the CIFAR-10 photographs: python examples/cifar10.py [--model cnn|blitz]."""

from training import Setting, main

from cltensor.data import CIFAR10
from cltensor.models import BlitzNet, CifarNet

SETTINGS = {
    "cnn": Setting(lambda: CifarNet(channels=(16, 32, 64)), lr=0.003),
    "blitz": Setting(BlitzNet, lr=0.002),
}

if __name__ == "__main__":
    main("cifar10", CIFAR10, SETTINGS, default="cnn")
