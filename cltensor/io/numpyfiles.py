"""NumPy's own files, .npy of one array and .npz of several by name, never with a pickle."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np

from cltensor.core.tensor import Tensor
from cltensor.dtypes import bfloat16
from cltensor.errors import DataError, DTypeError
from cltensor.io.nesting import Place

#: How the files begin.
_NPY, _NPZ = b"\x93NUMPY", b"PK\x03\x04"
_EMPTY_NPZ = b"PK\x05\x06"
SUFFIXES = (".npy", ".npz")


def is_one(data: bytes) -> bool:
    """Whether `data` is the content of such a file: other zip archives hold no .npy files."""
    if data.startswith(_NPZ):
        length = int.from_bytes(data[26:28], "little")
        return data[30 : 30 + length].endswith(b".npy")
    return data.startswith((_NPY, _EMPTY_NPZ))


def encode(obj: Any, suffix: str) -> bytes:
    """The content of the file that holds `obj`: a tensor or an array for ".npy", a dict of them by
    name for ".npz".

    Raises DataError for anything else.
    """
    file = io.BytesIO()
    if suffix == ".npy":
        np.save(file, _array(obj, "obj"), allow_pickle=False)
        return file.getvalue()
    if not isinstance(obj, Mapping) or not all(isinstance(name, str) for name in obj):
        raise DataError(
            f"save: a .npz file holds arrays by name, and obj is a {type(obj).__name__}; give a "
            "dict of tensors, or a path that ends otherwise, for a file that holds any nesting"
        )
    arrays = {name: _array(value, f"obj[{name!r}]") for name, value in obj.items()}
    with zipfile.ZipFile(file, "w") as archive:  # as np.savez, whose keywords are no names for all
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, array, allow_pickle=False)
    return file.getvalue()


def _array(value: Any, where: str) -> np.ndarray:
    if isinstance(value, Tensor):
        if value.dtype is bfloat16:
            raise DataError(
                f"save: {where} is of bfloat16, which files of NumPy do not hold; use .float(), or "
                "a path that ends otherwise"
            )
        return value.detach().numpy()
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind in "biufc":
        return np.asarray(value)
    what = f"an array of {value.dtype}" if hasattr(value, "dtype") else type(value).__name__
    raise DataError(
        f"save: {where} is {what}; files of NumPy take tensors and arrays of numbers, and a path "
        "that ends otherwise any nesting"
    )


def _read(file: io.BytesIO, size: int) -> np.ndarray:
    """The array in `file`, of `size` bytes. Raises ValueError if it says that it has more."""
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    else:
        shape, _, dtype = np.lib.format.read_array_header_2_0(file)
    if min(shape, default=0) < 0 or prod(shape) * dtype.itemsize > size:
        raise ValueError(f"it is of {size} bytes, and says that it has the shape {shape}")
    file.seek(0)
    return np.lib.format.read_array(file, allow_pickle=False)


def decode(source: str, data: bytes, place: Place) -> Any:
    """The tensor in the content of a .npy file, or those of a .npz file by name.

    Raises DataError naming `source` if it is damaged or holds objects of Python.
    """
    one = data.startswith(_NPY)
    try:
        if one:
            arrays = {"": _read(io.BytesIO(data), len(data))}
        else:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                arrays = {
                    member.filename.removesuffix(".npy"): _read(
                        io.BytesIO(archive.read(member)), member.file_size
                    )
                    for member in archive.infolist()
                }
    except Exception as error:  # what NumPy's reader, tokenize, zipfile and zlib raise has no end
        raise DataError(f"load: {source} cannot be read as a file of NumPy: {error}") from error
    try:
        made = {name: place(array, None) for name, array in arrays.items()}
        return made[""] if one else made
    except DTypeError as error:
        raise DataError(f"load: {source} holds what no tensor can: {error}") from error
