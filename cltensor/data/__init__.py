"""Data sets and loaders. Everything before the device is NumPy."""

from cltensor.data.cifar import CIFAR10
from cltensor.data.dataset import Dataset, ImageDataset, Subset, TensorDataset
from cltensor.data.loader import DataLoader, default_collate
from cltensor.data.mnist import MNIST
from cltensor.data.transforms import Compose, RandomCrop, RandomHorizontalFlip

__all__ = [
    "CIFAR10",
    "MNIST",
    "Compose",
    "DataLoader",
    "Dataset",
    "ImageDataset",
    "RandomCrop",
    "RandomHorizontalFlip",
    "Subset",
    "TensorDataset",
    "default_collate",
]
