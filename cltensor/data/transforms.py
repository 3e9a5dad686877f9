"""Random changes to image batches, made in NumPy before a batch reaches the device.

Each transform takes and returns a float32 batch (N, C, H, W) and draws from a generator of its
own, so a seed fixes what it does.
"""

from __future__ import annotations

import numpy as np

from cltensor.data.dataset import Transform
from cltensor.errors import ShapeError


class Compose:
    """Apply `transforms` one after the other.

    >>> change = ct.utils.data.Compose(np.negative, np.abs)
    >>> float(change(np.ones((1, 1, 2, 2), np.float32)).max())
    1.0
    """

    def __init__(self, *transforms: Transform) -> None:
        self.transforms = transforms

    def __call__(self, images: np.ndarray) -> np.ndarray:
        for transform in self.transforms:
            images = transform(images)
        return images


class RandomHorizontalFlip:
    """Mirror each image left to right with probability `p`.

    >>> ct.utils.data.RandomHorizontalFlip().p
    0.5
    """

    def __init__(self, p: float = 0.5, seed: int | None = None) -> None:
        self.p = p
        self._random = np.random.default_rng(seed)

    def __call__(self, images: np.ndarray) -> np.ndarray:
        mirrored = self._random.random(len(images)) < self.p
        return np.where(mirrored[:, None, None, None], images[..., ::-1], images)


class RandomCrop:
    """Shift each image by up to `padding` pixels each way; what comes in is zero.

    Equal to padding on all sides and cutting the original size out at a random place.
    Raises ShapeError if a batch does not have rank 4.

    >>> ct.utils.data.RandomCrop(padding=2, seed=0)(np.ones((3, 1, 8, 8), np.float32)).shape
    (3, 1, 8, 8)
    """

    def __init__(self, padding: int, seed: int | None = None) -> None:
        self.padding = padding
        self._random = np.random.default_rng(seed)

    def __call__(self, images: np.ndarray) -> np.ndarray:
        if images.ndim != 4:
            raise ShapeError(
                f"RandomCrop: images have shape {images.shape}; give a batch (N, C, H, W)"
            )
        pad, (count, _, height, width) = self.padding, images.shape
        padded = np.pad(images, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (height, width), axis=(2, 3))
        top, left = self._random.integers(0, 2 * pad + 1, (2, count))
        return windows[np.arange(count), :, top, left]
