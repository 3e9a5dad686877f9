"""CIFAR-10 and CIFAR-100: 60,000 colour photographs of 32 x 32 pixels.

Source: A. Krizhevsky (see cltensor/data/cifar.py).
"""

from __future__ import annotations

import hashlib
import tarfile
import zlib
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from cltensor.data import cifar
from cltensor.data.files import damaged, first_file, locate, read_bytes, retrieve
from cltensor.errors import DataError
from cltensor.vision.datasets.base import ArrayDataset, Change, sources

_FINE = """
apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly
camel can castle caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup
dinosaur dolphin elephant flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower
leopard lion lizard lobster man maple_tree motorcycle mountain mouse mushroom oak_tree orange orchid
otter palm_tree pear pickup_truck pine_tree plain plate poppy porcupine possum rabbit raccoon ray
road rocket rose sea seal shark shrew skunk skyscraper snail snake spider squirrel streetcar
sunflower sweet_pepper table tank telephone television tiger tractor train trout tulip turtle
wardrobe whale willow_tree wolf woman worm
"""


class CIFAR10(ArrayDataset):
    """The CIFAR-10 photographs, as images.

    Args:    root: a folder with one of the published forms, unpacked or not;  train: which part;
             transform, target_transform: see VisionDataset;  download: whether they may be
             downloaded, into the cache folder. Where root has no such files, they come from
             CLTENSOR_DATA or the cache folder.
    Attributes:  data, an array (N, 32, 32, 3) uint8;  targets, a list of numbers;  classes.
    Raises:  DataError if there is no source, or a file is not the published one.

    >>> ct.vision.datasets.CIFAR10.classes[:3]
    ('airplane', 'automobile', 'bird')
    """

    classes: tuple[str, ...] = cifar.CIFAR10.classes

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
        images, labels = self._read(root, download)
        self.data = np.ascontiguousarray(images.transpose(0, 2, 3, 1))
        self.targets = labels.tolist()

    def _read(self, root: Any, download: bool) -> tuple[np.ndarray, np.ndarray]:
        has_files = partial(cifar.has_part, train=self.train)
        known, fill = sources(root, download, has_files, cifar.download)
        return cifar.arrays(known, self.train, fill)


class CIFAR100(CIFAR10):
    """The CIFAR-100 photographs, with their hundred fine labels: see CIFAR10. Of the published
    forms, the python version.

    >>> len(ct.vision.datasets.CIFAR100.classes)
    100
    """

    classes = tuple(_FINE.split())
    #: The md5 of the pickles, which are looked at before anything is read, and of the archive.
    digests: ClassVar = {
        "train": "16019d7e3df5f24257cddd939b257f8d",
        "test": "f0ef6b0ae62326f3e7ffdfab6717acfc",
    }
    _ARCHIVE = "cifar-100-python.tar.gz"
    _LARGEST = 200_000_000

    def _read(self, root: Any, download: bool) -> tuple[np.ndarray, np.ndarray]:
        part = "train" if self.train else "test"
        folders = ("", "cifar-100-python", "CIFAR100")

        def find(folder: Path) -> Path | None:
            if folder.is_file():
                return folder
            return first_file(folder, folders, (part, self._ARCHIVE))

        def fetch(folder: Path) -> None:
            urls = [f"{mirror}/{self._ARCHIVE}" for mirror in cifar.MIRRORS]
            retrieve(self._ARCHIVE, urls, folder, lambda path: self._content(path, part))

        def has_files(folder: Path) -> bool:
            return find(folder) is not None

        known, fill = sources(root, download, has_files, fetch)
        place = find(locate("CIFAR100", known, has_files, (), fill))
        if place is None:
            raise DataError("CIFAR100: its files disappeared while they were being looked for")
        batch = cifar.unpickled("CIFAR100", place, self._content(place, part), self.digests[part])
        images = np.frombuffer(batch["data"].raw, np.uint8).reshape(-1, 3, 32, 32)
        return images, np.array(batch["fine_labels"], np.int64)

    def _content(self, path: Path, part: str) -> bytes:
        """The pickle of a part, from its file or from the archive."""
        if path.name == part:
            return read_bytes("CIFAR100", path, self._LARGEST)
        try:
            with tarfile.open(path, "r|*") as members:
                for member in members:
                    stream = members.extractfile(member) if Path(member.name).name == part else None
                    if stream is not None:
                        content = stream.read(self._LARGEST)
                        digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
                        if digest == self.digests[part]:
                            return content
        except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
            raise damaged("CIFAR100", path, error) from error
        raise DataError(f"CIFAR100: '{path}' has no {part} of the published archive; get that")
