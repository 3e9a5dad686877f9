"""Images of one's own, in a folder for each class; and images of noise, to try things with."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cltensor.errors import DataError, MissingFileError
from cltensor.vision.datasets.base import Change, VisionDataset
from cltensor.vision.pillow import pillow

IMG_EXTENSIONS = (
    ".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp",
)  # fmt: skip


def pil_loader(path: Any) -> Any:
    """The image in a file, in RGB.

    Raises:  DataError naming a file that is no image or a damaged one.
    """
    reader = pillow("pil_loader").Image
    with open(path, "rb") as file:
        try:
            return reader.open(file).convert("RGB")
        except Exception as error:  # each format fails in ways of its own
            raise DataError(
                f"pil_loader: '{path}' is damaged, or no image ({error}); remove it, or put a "
                "whole one in its place"
            ) from error


def _files(folder: Path) -> list[str]:
    """The files in a folder and in those inside, links to folders too."""
    walk = sorted(os.walk(folder, followlinks=True))
    return [os.path.join(place, name) for place, _, names in walk for name in sorted(names)]


class DatasetFolder(VisionDataset):
    """Files in a folder for each class: root/class/..., folder by folder in the order of names.

    Args:    loader: what makes an item of a path;  extensions, or is_valid_file, a function of a
             path: which files belong, one of the two;  allow_empty: whether a class may have none.
    Attributes:  classes, class_to_idx, samples (pairs of path and class), targets.
    Raises:  MissingFileError for a folder without classes, and for a class without files;
             DataError for both or none of extensions and is_valid_file.

    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as root:
    ...     for name in ("cat", "dog"):
    ...         pathlib.Path(root, name).mkdir()
    ...         pathlib.Path(root, name, "1.txt").touch()
    ...     found = ct.vision.datasets.DatasetFolder(root, lambda path: path[-5:], ".txt")
    ...     print(found.classes, found[1])
    ...
    ['cat', 'dog'] ('1.txt', 1)
    """

    def __init__(
        self,
        root: Any,
        loader: Callable[[Any], Any],
        extensions: str | Sequence[str] | None = None,
        transform: Change | None = None,
        target_transform: Change | None = None,
        is_valid_file: Callable[[str], bool] | None = None,
        allow_empty: bool = False,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        if (extensions is None) == (is_valid_file is None):
            raise DataError(
                f"{type(self).__name__}: give extensions or is_valid_file, one of the two"
            )
        self.loader, self.extensions = loader, extensions
        self.classes, self.class_to_idx = self.find_classes(root)
        ends = (extensions,) if isinstance(extensions, str) else tuple(extensions or ())
        belongs = is_valid_file or (lambda path: path.lower().endswith(ends))
        self.samples: list[tuple[str, int]] = []
        for name in self.classes:
            valid = [path for path in _files(Path(root) / name) if belongs(path)]
            if not valid and not allow_empty:
                raise MissingFileError(
                    f"{type(self).__name__}: class {name!r} has no file in '{Path(root) / name}'"
                    f"{' that ends in ' + ', '.join(ends) if ends else ''}; put some there, or set "
                    "allow_empty"
                )
            self.samples += [(path, self.class_to_idx[name]) for path in valid]
        self.targets = [target for _, target in self.samples]

    def find_classes(self, directory: Any) -> tuple[list[str], dict[str, int]]:
        """The names of the folders in a folder, sorted, and their numbers."""
        folder = Path(directory)
        names = (
            sorted(path.name for path in folder.iterdir() if path.is_dir())
            if folder.is_dir()
            else []
        )
        if not names:
            raise MissingFileError(
                f"{type(self).__name__}: '{folder}' has no folders, one for each class"
            )
        return names, {name: number for number, name in enumerate(names)}

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        path, target = self.samples[index]
        return self._item(self.loader(path), target)


class ImageFolder(DatasetFolder):
    """Images in a folder for each class: see DatasetFolder.

    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as root:
    ...     for name in ("cat", "dog"):
    ...         pathlib.Path(root, name).mkdir()
    ...         pathlib.Path(root, name, "1.png").touch()
    ...     print(ct.vision.datasets.ImageFolder(root).class_to_idx)
    ...
    {'cat': 0, 'dog': 1}
    """

    def __init__(
        self,
        root: Any,
        transform: Change | None = None,
        target_transform: Change | None = None,
        loader: Callable[[Any], Any] = pil_loader,
        is_valid_file: Callable[[str], bool] | None = None,
        allow_empty: bool = False,
    ) -> None:
        ends = None if is_valid_file is not None else IMG_EXTENSIONS
        super().__init__(
            root, loader, ends, transform, target_transform, is_valid_file, allow_empty
        )

    @property
    def imgs(self) -> list[tuple[str, int]]:
        """The samples."""
        return self.samples


class FakeData(VisionDataset):
    """Images of noise, the same ones for a seed.

    Args:    size: how many;  image_size: (C, H, W), C 1 or 3;  num_classes;  random_offset: added
             to the seed of each.

    >>> image, label = ct.vision.datasets.FakeData(
    ...     size=10, image_size=(3, 8, 8), num_classes=5
    ... )[0]
    >>> image.size
    (8, 8)
    """

    def __init__(
        self,
        size: int = 1000,
        image_size: tuple[int, int, int] = (3, 224, 224),
        num_classes: int = 10,
        transform: Change | None = None,
        target_transform: Change | None = None,
        random_offset: int = 0,
    ) -> None:
        super().__init__(transform=transform, target_transform=target_transform)
        self.size, self.image_size, self.num_classes = size, tuple(image_size), num_classes
        self.random_offset = random_offset

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        if not 0 <= index < self.size:
            raise IndexError(f"FakeData: index {index} of {self.size} images")
        random = np.random.default_rng(index + self.random_offset)
        channels, height, width = self.image_size
        shape = (height, width) if channels == 1 else (height, width, channels)
        pixels = random.integers(0, 256, shape, np.uint8)
        target = int(random.integers(self.num_classes))
        return self._item(pillow("FakeData").Image.fromarray(pixels), target)
