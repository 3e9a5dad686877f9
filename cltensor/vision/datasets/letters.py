"""EMNIST: handwritten letters and digits, 28 x 28 grey pixels, in six choices of classes.

Source: G. Cohen, S. Afshar, J. Tapson, A. van Schaik, "EMNIST: Extending MNIST to handwritten
letters" (2017).
"""

from __future__ import annotations

import gzip
import hashlib
import string
import zipfile
import zlib
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from cltensor.data import mnist
from cltensor.data.files import damaged, first_file, locate, read_bytes, retrieve
from cltensor.errors import DataError
from cltensor.vision.datasets.base import Change, sources
from cltensor.vision.datasets.digits import MNIST

_ENDS = ("images-idx3-ubyte", "labels-idx1-ubyte")
_FOLDERS = ("", "gzip", "raw", "EMNIST", "EMNIST/raw", "EMNIST/raw/gzip", "EMNIST/gzip")
_ARCHIVES = ("gzip.zip", "emnist.zip")
#: Letters whose capital is not told apart in "bymerge" and "balanced".
_MERGED = set("cijklmopsuvwxyz")
_ALL = sorted(string.digits + string.ascii_letters)
_SOME = [c for c in _ALL if c not in _MERGED]
_LARGEST = 700_000 * 28 * 28 + 16


def _digest(path: Path) -> str:
    """The md5 of a large file."""
    found = hashlib.md5(usedforsecurity=False)
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            found.update(block)
    return found.hexdigest()


class EMNIST(MNIST):
    """The EMNIST characters, as images, which lie on their side: rows and columns are exchanged.

    Args:    root: a folder with the published archive gzip.zip, or with its IDX files, compressed
             or not;  split: "byclass", "bymerge", "balanced", "letters", "digits" or "mnist";
             train, transform, target_transform, download: see MNIST.
    Attributes:  see MNIST; classes are those of the split ("letters" count from 1).
    Raises:  ValueError for another split; DataError if there is no source, or a file is not the
             published one (the archive is known by its md5, single files by their shape).

    >>> ct.vision.datasets.EMNIST.classes_split_dict["letters"][:3]
    ['N/A', 'a', 'b']
    """

    url = "https://biometrics.nist.gov/cs_links/EMNIST/gzip.zip"
    md5 = "58c8d27c78d21e728a6bc7b3cc06412e"
    splits = ("byclass", "bymerge", "balanced", "letters", "digits", "mnist")
    classes_split_dict: ClassVar[dict[str, list[str]]] = {
        "byclass": _ALL,
        "bymerge": _SOME,
        "balanced": _SOME,
        "letters": ["N/A", *string.ascii_lowercase],
        "digits": list(string.digits),
        "mnist": list(string.digits),
    }
    #: How many images the parts for training and for the test have.
    counts: ClassVar[dict[str, tuple[int, int]]] = {
        "byclass": (697_932, 116_323),
        "bymerge": (697_932, 116_323),
        "balanced": (112_800, 18_800),
        "letters": (124_800, 20_800),
        "digits": (240_000, 40_000),
        "mnist": (60_000, 10_000),
    }

    def __init__(
        self,
        root: Any,
        split: str,
        train: bool = True,
        transform: Change | None = None,
        target_transform: Change | None = None,
        download: bool = False,
    ) -> None:
        if split not in self.splits:
            raise ValueError(f"EMNIST: split is {split!r}; it is one of {', '.join(self.splits)}")
        self.split = split
        self.classes = tuple(self.classes_split_dict[split])
        super().__init__(root, train, transform, target_transform, download)

    def _read(self, root: Any, download: bool) -> tuple[np.ndarray, np.ndarray]:
        part = "train" if self.train else "test"
        names = [f"emnist-{self.split}-{part}-{end}" for end in _ENDS]

        def has_files(folder: Path) -> bool:
            return _archive(folder) is not None or all(_find(folder, name) for name in names)

        def fetch(folder: Path) -> None:
            retrieve(_ARCHIVES[0], [self.url], folder, self._check_archive)

        known, fill = sources(root, download, has_files, fetch)
        place = locate("EMNIST", known, has_files, (), fill)
        if all(_find(place, name) for name in names):
            images, labels = (self._of_file(place, name) for name in names)
        else:
            images, labels = self._of_archive(place, names)
        return images, labels

    def _check_archive(self, path: Path) -> None:
        try:
            found = _digest(path)
        except OSError as error:
            raise damaged("EMNIST", path, error) from error
        if found != self.md5:
            raise DataError(
                f"EMNIST: '{path}' is not the published file: it has md5 {found} where {self.md5} "
                "belongs; remove it, or put the published file there"
            )

    def _of_file(self, place: Path, name: str) -> np.ndarray:
        path = _find(place, name)
        if path is None:
            raise DataError(f"EMNIST: {name} disappeared while it was being looked for")
        return self._checked(read_bytes("EMNIST", path, _LARGEST), str(path))

    def _of_archive(self, place: Path, names: list[str]) -> list[np.ndarray]:
        path = _archive(place)
        if path is None:
            raise DataError("EMNIST: its files disappeared while they were being looked for")
        self._check_archive(path)
        found = []
        try:
            with zipfile.ZipFile(path) as members:
                for name in names:
                    with members.open(f"gzip/{name}.gz") as packed, gzip.open(packed) as stream:
                        found.append(self._checked(stream.read(_LARGEST), f"{path}: {name}"))
        except (KeyError, zipfile.BadZipFile, EOFError, OSError, zlib.error) as error:
            raise damaged("EMNIST", path, error) from error
        return found

    def _checked(self, content: bytes, name: str) -> np.ndarray:
        """The array in an IDX file, of the shape that it must have."""
        array = mnist.parse_idx(content, name, "EMNIST")
        count = self.counts[self.split][0 if self.train else 1]
        wanted = (count, 28, 28) if "images" in name.rpartition("-idx")[0][-8:] else (count,)
        if array.shape != wanted or (len(wanted) == 1 and array.max() >= len(self.classes)):
            raise DataError(
                f"EMNIST: '{name}' holds {array.shape} where {wanted} belongs, or labels of other "
                "classes; remove it, or put the published file in its place"
            )
        return array


def _find(folder: Path, name: str) -> Path | None:
    return first_file(folder, _FOLDERS, (name, f"{name}.gz"))


def _archive(folder: Path) -> Path | None:
    return folder if folder.is_file() else first_file(folder, _FOLDERS, _ARCHIVES)
