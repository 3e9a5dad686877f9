"""CIFAR-10: 60,000 colour photographs of 32 x 32 pixels in ten classes.

Source: A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", technical report,
University of Toronto, 2009.
"""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import tarfile
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from cltensor.data.dataset import ImageDataset, Transform
from cltensor.data.files import (
    Content,
    check,
    damaged,
    first_file,
    locate,
    read_bytes,
    retrieve,
)
from cltensor.errors import DataError

_SIZE = 30_730_000  # 10,000 records of one label and 3 x 32 x 32 pixels
#: The batches of the binary version; the python version holds the same records.
FILES = {
    "data_batch_1": Content(
        _SIZE, "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5"
    ),
    "data_batch_2": Content(
        _SIZE, "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed"
    ),
    "data_batch_3": Content(
        _SIZE, "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67"
    ),
    "data_batch_4": Content(
        _SIZE, "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48"
    ),
    "data_batch_5": Content(
        _SIZE, "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add"
    ),
    "test_batch": Content(
        _SIZE, "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b"
    ),
}
#: The md5 of the python version's own files, which Krizhevsky publishes no sha256 of. It is looked
#: at first, so that no other file is unpickled; what decides is the sha256 of the records above.
PICKLES = {
    "data_batch_1": "c99cafc152244af753f735de768cd75f",
    "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
    "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
    "data_batch_4": "634d18415352ddfa80567beed471001a",
    "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
    "test_batch": "40351d587109b95175f43aff81a1287e",
}
ARCHIVES = ("cifar-10-binary.tar.gz", "cifar-10-python.tar.gz")
MIRRORS = ("https://www.cs.toronto.edu/~kriz",)
_SUBFOLDERS = ("", "cifar10", "CIFAR10", "cifar-10-batches-bin", "cifar-10-batches-py")
_ENDINGS = (".bin", ".bin.xz", ".bin.gz", "")
_RECORD = 1 + 3 * 32 * 32
# A pickle of a batch also holds file names and labels as objects: more bytes than its records.
_PICKLE_LIMIT = 4 * _SIZE


class CIFAR10(ImageDataset):
    """The CIFAR-10 photographs: 50,000 for training, 10,000 for testing.

    Args:    root, a folder with the binary or python version, unpacked (plain or .xz), or the
             .tar.gz, or that archive itself (None: CLTENSOR_DATA, the cache folder, a download,
             in this order); train, which part; transform, a change to each normalised batch.
    Raises:  DataError if there is no source, or a file is not the published one.

    >>> ct.utils.data.CIFAR10.classes[:3]
    ('airplane', 'automobile', 'bird')
    """

    classes = (
        "airplane",
        "automobile",
        "bird",
        "cat",
        "deer",
        "dog",
        "frog",
        "horse",
        "ship",
        "truck",
    )
    mean = (0.4914, 0.48216, 0.44653)
    std = (0.24703, 0.24349, 0.26159)

    def __init__(
        self,
        root: str | os.PathLike[str] | None = None,
        train: bool = True,
        transform: Transform | None = None,
    ) -> None:
        images, labels = arrays(root, train, download)
        super().__init__(images, labels, transform)


def _names(train: bool) -> list[str]:
    return [name for name in FILES if name.startswith("data") == train]


def has_part(place: Path, train: bool) -> bool:
    """Whether a folder, or an archive, holds a part, right or not."""
    return _unpacked(place, _names(train)) or _archive(place) is not None


def arrays(
    root: str | os.PathLike[str] | None, train: bool, fill: Callable[[Path], None]
) -> tuple[np.ndarray, np.ndarray]:
    """Images (N, 3, 32, 32) and labels (N,). fill: what puts the files into a folder; see
    `locate`."""
    names = _names(train)
    place = locate("CIFAR10", root, partial(has_part, train=train), (), fill)
    archive = None if _unpacked(place, names) else _archive(place)
    parts = _from_archive(archive, names) if archive else _from_files(place, names)
    records = np.concatenate([np.frombuffer(part, np.uint8) for part in parts])
    records = records.reshape(-1, _RECORD)
    return np.ascontiguousarray(records[:, 1:]).reshape(-1, 3, 32, 32), records[:, 0]


def _find(place: Path, name: str) -> Path | None:
    return first_file(place, _SUBFOLDERS, [name + ending for ending in _ENDINGS])


def _unpacked(place: Path, names: list[str]) -> bool:
    return all(_find(place, name) for name in names)


def _archive(place: Path) -> Path | None:
    return place if place.is_file() else first_file(place, _SUBFOLDERS, ARCHIVES)


def _from_files(place: Path, names: list[str]) -> list[bytes]:
    def read(name: str) -> bytes:
        path = _find(place, name)
        if path is None:
            raise DataError(f"CIFAR10: '{place / name}' disappeared while it was being looked for")
        if path.suffix:
            return check("CIFAR10", path, read_bytes("CIFAR10", path, _SIZE), FILES[name])
        return _records(path, read_bytes("CIFAR10", path, _PICKLE_LIMIT), name)

    # xz takes a second or two per batch; its decoder and sha256 let other threads run.
    with ThreadPoolExecutor(min(len(names), os.cpu_count() or 1)) as threads:
        return list(threads.map(read, names))


def _from_archive(archive: Path, names: list[str]) -> list[bytes]:
    """The batches `names` of a .tar.gz, read in one pass; nothing is unpacked to the disk."""
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(archive, "r|*") as members:
            for member in members:
                stem, _, ending = Path(member.name).name.partition(".")
                stream = members.extractfile(member) if stem in names else None
                if stream is None or ending not in ("bin", ""):
                    continue
                inside = archive / member.name
                if ending:
                    found[stem] = check("CIFAR10", inside, stream.read(_SIZE + 1), FILES[stem])
                else:
                    content = stream.read(_PICKLE_LIMIT + 1)
                    found[stem] = _records(inside, content, stem)
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise damaged("CIFAR10", archive, error) from error
    missing = [name for name in names if name not in found]
    if missing:
        raise DataError(
            f"CIFAR10: '{archive}' has no {' and no '.join(missing)}; get the published archive"
        )
    return [found[name] for name in names]


class _PickledArray:
    """Stands in for a NumPy array in a batch of the python version: keeps its raw bytes only."""

    raw: object = b""

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.raw = state[-1]


class _PickledDtype:
    """Stands in for the dtype of such an array."""

    def __setstate__(self, state: object) -> None:
        pass


_STAND_INS: dict[str, Callable[..., object]] = {
    "multiarray._reconstruct": lambda *_: _PickledArray(),
    "numpy.ndarray": _PickledArray,
    "numpy.dtype": lambda *_: _PickledDtype(),
    "_codecs.encode": lambda text, *_: str(text).encode("latin-1"),
}


class _BatchUnpickler(pickle.Unpickler):
    """Reads a batch of the python version without being able to call anything else.

    A pickle may name any function to run. A batch needs four names, and each gets an inert
    stand-in here, so that not even NumPy's own constructors meet bytes that nobody has checked.
    """

    def find_class(self, module: str, name: str) -> Any:
        origin = "multiarray" if module.endswith("core.multiarray") else module
        if f"{origin}.{name}" not in _STAND_INS:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which no batch needs")
        return _STAND_INS[f"{origin}.{name}"]


def unpickled(data_set: str, path: Path, content: bytes, md5: str) -> dict[str, Any]:
    """The dictionary of a batch of a python version, arrays in it as `_PickledArray`.

    Raises:  DataError naming `path` if its md5 is another one, or it cannot be read.
    """
    digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if digest != md5:
        raise DataError(
            f"{data_set}: '{path}' is not the published file: it has md5 {digest} where {md5} "
            "belongs; remove it, or put the published file in its place"
        )
    try:
        batch = _BatchUnpickler(io.BytesIO(content), encoding="bytes").load()
        return {k.decode() if isinstance(k, bytes) else k: v for k, v in batch.items()}
    except Exception as error:  # a damaged pickle can fail in any way
        raise damaged(data_set, path, error) from error


def _records(path: Path, content: bytes, name: str) -> bytes:
    """The records of the binary version from the pickled dictionary of the python version."""
    batch = unpickled("CIFAR10", path, content, PICKLES[name])
    try:
        pixels = np.frombuffer(batch["data"].raw, np.uint8).reshape(-1, _RECORD - 1)
        labels = np.array(batch["labels"], np.uint8).reshape(-1, 1)
        records = np.concatenate([labels, pixels], axis=1).tobytes()
    except Exception as error:  # as above
        raise damaged("CIFAR10", path, error) from error
    return check("CIFAR10", path, records, FILES[name])


def download(folder: Path) -> None:
    name = ARCHIVES[0]
    urls = [f"{mirror}/{name}" for mirror in MIRRORS]
    retrieve(name, urls, folder, lambda path: _from_archive(path, list(FILES)))
