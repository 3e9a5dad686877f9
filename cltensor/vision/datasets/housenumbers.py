"""SVHN: 100,000 and more digits of house numbers, cut from photographs, 32 x 32 pixels.

Source: Y. Netzer et al., "Reading Digits in Natural Images with Unsupervised Feature Learning"
(2011).
"""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from cltensor.data.files import damaged, first_file, locate, read_bytes, retrieve
from cltensor.errors import DataError
from cltensor.vision.datasets.base import ArrayDataset, Change, sources
from cltensor.vision.datasets.matfile import arrays

_LARGEST = 1_400_000_000


class SVHN(ArrayDataset):
    """The digits, as images.

    Args:    root: the folder of the MAT-files;  split: "train", "test" or "extra";
             transform, target_transform: see VisionDataset;  download: whether the file may be
             downloaded, into the cache folder. Where root has no such file, it comes from
             CLTENSOR_DATA or the cache folder.
    Attributes:  data, an array (N, 3, 32, 32) uint8;  labels, an array (N,) int64, of digits.
    Raises:  ValueError for another split; DataError if there is no source, or the file is not the
             published one.

    >>> ct.vision.datasets.SVHN.classes[:3]
    ('0', '1', '2')
    """

    classes = tuple("0123456789")
    mirror = "http://ufldl.stanford.edu/housenumbers"
    digests: ClassVar[dict[str, str]] = {
        "train": "e26dedcc434d2e4c54c9b2d4a06d8373",
        "test": "eb5a983be6a315427106f1b164d9cef3",
        "extra": "a93ce644f1a588dc4d68dda5feec44a7",
    }

    def __init__(
        self,
        root: Any = None,
        split: str = "train",
        transform: Change | None = None,
        target_transform: Change | None = None,
        download: bool = False,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        if split not in self.digests:
            raise ValueError(f"SVHN: split is {split!r}; it is one of {', '.join(self.digests)}")
        self.split = split
        name = f"{split}_32x32.mat"
        find = partial(first_file, subfolders=("", "SVHN", "svhn"), names=(name,))

        def has_files(folder: Path) -> bool:
            return find(folder) is not None

        def fetch(folder: Path) -> None:
            retrieve(name, [f"{self.mirror}/{name}"], folder, self._content)

        known, fill = sources(root, download, has_files, fetch)
        path = find(locate("SVHN", known, has_files, (), fill))
        if path is None:
            raise DataError(f"SVHN: {name} disappeared while it was being looked for")
        try:
            found = arrays(self._content(path))
            self.data = np.ascontiguousarray(found["X"].transpose(3, 2, 0, 1))
            self.labels = found["y"].reshape(-1).astype(np.int64) % 10  # the file has 10 for 0
        except (ValueError, KeyError) as error:
            raise damaged("SVHN", path, error) from error

    def _content(self, path: Path) -> bytes:
        content = read_bytes("SVHN", path, _LARGEST)
        found = hashlib.md5(content, usedforsecurity=False).hexdigest()
        if found != self.digests[self.split]:
            raise DataError(
                f"SVHN: '{path}' is not the published file: it has md5 {found} where "
                f"{self.digests[self.split]} belongs; remove it, or put the published file there"
            )
        return content

    @property
    def targets(self) -> np.ndarray:
        """The labels."""
        return self.labels

    def _pixels(self, index: int) -> tuple[np.ndarray, int]:
        return np.ascontiguousarray(self.data[index].transpose(1, 2, 0)), int(self.labels[index])
