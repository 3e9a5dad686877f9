"""`ct.vision.datasets`: published sets of images, and one's own, under torchvision's names."""

from sys import modules as _modules

from cltensor.core.suggestions import suggest as _suggest
from cltensor.vision.datasets.base import VisionDataset
from cltensor.vision.datasets.digits import KMNIST, MNIST, FashionMNIST
from cltensor.vision.datasets.folders import DatasetFolder, FakeData, ImageFolder
from cltensor.vision.datasets.housenumbers import SVHN
from cltensor.vision.datasets.letters import EMNIST
from cltensor.vision.datasets.photographs import CIFAR10, CIFAR100

__all__ = [
    "CIFAR10",
    "CIFAR100",
    "EMNIST",
    "KMNIST",
    "MNIST",
    "SVHN",
    "DatasetFolder",
    "FakeData",
    "FashionMNIST",
    "ImageFolder",
    "VisionDataset",
]

_suggest(_modules[__name__])
