"""What data sets of images share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cltensor.core.tensor import Tensor
from cltensor.data.dataset import Dataset
from cltensor.errors import DataError
from cltensor.vision.pillow import pillow

Change = Callable[[Any], Any]


def sources(
    root: Any, download: bool, has_files: Callable[[Path], bool], fill: Callable[[Path], None]
) -> tuple[Path | None, Callable[[Path], None]]:
    """What `data.files.locate` shall look in and do: root if files are there, whatever they are,
    else all other places; `fill` one if `download`.

    Programs name the folder again, without download, for another part of a set that they had
    downloaded: it is then in the cache folder.
    """
    place = None if root is None else Path(root).expanduser()

    def refuse(folder: Path) -> None:
        where = "" if place is None else f"'{place}' holds none, and "
        raise DataError(f"{where}download=True was not given")

    known = place if place is not None and has_files(place) else None
    return known, fill if download else refuse


def host_array(values: Any) -> np.ndarray:
    """A tensor's elements, or anything that NumPy takes."""
    return values.detach().numpy() if isinstance(values, Tensor) else np.asarray(values)


class VisionDataset(Dataset):
    """Base class: items are (image, target), each changed by its transform.

    Args:    root: the folder of the files;  transform, target_transform: what is done to an image
             and to its target;  transforms: one function of both, in place of these.

    >>> class Nothing(ct.vision.datasets.VisionDataset):
    ...     def __len__(self):
    ...         return 0
    ...
    >>> Nothing(transform=transforms.CenterCrop(8))
    Dataset Nothing
        Number of datapoints: 0
        Transform: CenterCrop(size=8)
    """

    def __init__(
        self,
        root: Any = None,
        transforms: Callable[[Any, Any], tuple[Any, Any]] | None = None,
        transform: Change | None = None,
        target_transform: Change | None = None,
    ) -> None:
        if transforms is not None and (transform is not None or target_transform is not None):
            raise DataError(
                f"{type(self).__name__}: transforms is one function for image and target; give it, "
                "or transform and target_transform"
            )
        self.root = None if root is None else Path(root).expanduser()
        self.transform, self.target_transform = transform, target_transform
        self.transforms = transforms

    def _item(self, image: Any, target: Any) -> tuple[Any, Any]:
        if self.transforms is not None:
            return self.transforms(image, target)
        if self.transform is not None:
            image = self.transform(image)
        if self.target_transform is not None:
            target = self.target_transform(target)
        return image, target

    def __repr__(self) -> str:
        lines = [f"Dataset {type(self).__name__}", f"    Number of datapoints: {len(self)}"]
        if self.root is not None:
            lines.append(f"    Root location: {self.root}")
        if self.transform is not None:
            lines.append(f"    Transform: {self.transform}")
        return "\n".join(lines)


class ArrayDataset(VisionDataset):
    """Images that are bytes in memory.

    Attributes:  data, (N, H, W) or (N, H, W, C) uint8;  targets, one integer each;  classes, their
                 names, and class_to_idx.
    """

    classes: Sequence[str] = ()
    data: Any
    targets: Any

    @property
    def class_to_idx(self) -> dict[str, int]:
        """The number of each class, by name."""
        return {name: number for number, name in enumerate(self.classes)}

    def _pixels(self, index: int) -> tuple[np.ndarray, int]:
        return self.data[index], int(self.targets[index])

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        if not -len(self) <= index < len(self):
            raise IndexError(f"{type(self).__name__}: index {index} of {len(self)} images")
        pixels, target = self._pixels(index)
        return self._item(pillow(type(self).__name__).Image.fromarray(pixels), target)
