"""Data sets: things with a length that give items, one by one or a whole batch at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from cltensor.errors import ShapeError
from cltensor.tensor import Tensor

#: A change to a float32 batch (N, C, H, W), made in NumPy.
Transform = Callable[[np.ndarray], np.ndarray]


class Dataset:
    """Base class: a subclass defines ``__len__`` and ``__getitem__(index)``.

    A subclass that can gather many items at once also defines ``batch(indices)``, which returns
    what collating the single items would; `DataLoader` then never goes item by item.
    """

    #: Whether items live on a device; a loader then leaves them to the caller's thread.
    on_device = False

    def __len__(self) -> int:
        raise NotImplementedError(f"{type(self).__name__}: define __len__")

    def __getitem__(self, index: int) -> Any:
        raise NotImplementedError(f"{type(self).__name__}: define __getitem__")

    def __iter__(self) -> Iterator[Any]:
        return (self[index] for index in range(len(self)))


class TensorDataset(Dataset):
    """Items are tuples of rows of the given arrays, all of the same length.

    Args:    NumPy arrays, or Tensors, which stay on their device.
    Raises:  ShapeError if the lengths differ.
    """

    def __init__(self, *tensors: np.ndarray | Tensor) -> None:
        if not tensors:
            raise ShapeError("TensorDataset: no array was given; give at least one")
        lengths = [len(tensor) for tensor in tensors]
        if len(set(lengths)) > 1:
            raise ShapeError(
                f"TensorDataset: the arrays have {' and '.join(map(str, lengths))} rows; "
                "give arrays of one length"
            )
        self.tensors = tensors
        self.on_device = not all(isinstance(tensor, np.ndarray) for tensor in tensors)

    def __len__(self) -> int:
        return len(self.tensors[0])

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        return tuple(tensor[index] for tensor in self.tensors)

    def batch(self, indices: np.ndarray) -> tuple[Any, ...]:
        """The rows at `indices` of every array."""
        return tuple(tensor[indices] for tensor in self.tensors)


class Subset(Dataset):
    """The items of `dataset` at `indices`, in that order."""

    def __init__(self, dataset: Dataset, indices: Sequence[int]) -> None:
        self.dataset = dataset
        self.indices = np.asarray(indices, np.int64)
        self.on_device = dataset.on_device
        if hasattr(dataset, "batch"):
            self.batch = lambda positions: dataset.batch(self.indices[positions])

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> Any:
        return self.dataset[int(self.indices[index])]


class ImageDataset(Dataset):
    """Labelled images kept as bytes and normalised when they are read.

    Attributes:  data (N,C,H,W) uint8;  targets (N,) int64;  classes, the names of the labels;
                 mean and std, one per channel, of the pixels scaled to [0, 1].
    Items:       (image (C,H,W) float32 = (pixel / 255 - mean) / std, label).
    """

    classes: tuple[str, ...] = ()
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)

    def __init__(
        self, data: np.ndarray, targets: np.ndarray, transform: Transform | None = None
    ) -> None:
        self.data = data
        self.targets = targets.astype(np.int64)
        self.transform = transform

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> tuple[np.ndarray, int]:
        images, labels = self.batch(np.array([index]))
        return images[0], int(labels[0])

    def batch(self, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The normalised images and the labels at `indices`."""
        images = self.data[indices].astype(np.float32)
        # One multiplication and one addition: x / 255 / std - mean / std.
        scale = 1 / (255 * np.array(self.std))
        shift = -np.array(self.mean) / np.array(self.std)
        images *= scale.astype(np.float32)[:, None, None]
        images += shift.astype(np.float32)[:, None, None]
        if self.transform is not None:
            images = self.transform(images)
        return images, self.targets[indices]

    def __repr__(self) -> str:
        shape = "x".join(map(str, self.data.shape[1:]))
        return f"{type(self).__name__}({len(self):,} images of {shape})"
