"""The element types of ONNX, and the tensors in its files as arrays.

A tensor's bytes lie in its message or, "external", in a file beside it. Sizes are compared with the
bytes that are there before anything is made of them.
"""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import numpy as np

from cltensor import dtypes
from cltensor.errors import DataError
from cltensor.halves import HOST
from cltensor.onnx.narrow import NARROW, Narrow

#: dtypes by ONNX's numbers for them (TensorProto.DataType).
DTYPES: dict[int, np.dtype] = {
    1: dtypes.float32, 2: dtypes.uint8, 3: dtypes.int8, 4: dtypes.uint16, 5: dtypes.int16,
    6: dtypes.int32, 7: dtypes.int64, 9: dtypes.bool_, 10: dtypes.float16, 11: dtypes.float64,
    12: dtypes.uint32, 13: dtypes.uint64, 14: dtypes.complex64, 15: dtypes.complex128,
    16: dtypes.bfloat16,
}  # fmt: skip
CODES = {dtype: code for code, dtype in DTYPES.items()}
STRING = 8
#: Where a message keeps the elements of a type that are not raw bytes, and how.
_FIELDS = {
    1: ("float_data", "f4"), 14: ("float_data", "f4"), 7: ("int64_data", "i8"),
    11: ("double_data", "f8"), 15: ("double_data", "f8"), 12: ("uint64_data", "u8"),
    13: ("uint64_data", "u8"),
}  # fmt: skip
_MOST_DIMENSIONS = 64


def element_type(code: int, what: str) -> Any:
    """The dtype, or the narrow type, of ONNX's number `code`. Raises DataError for one that is not
    supported, with `what` has it."""
    if code in DTYPES:
        return DTYPES[code]
    if code in NARROW:
        return NARROW[code]
    name = "strings" if code == STRING else f"element type {code}"
    raise DataError(f"has {name} as {what}, which cltensor has not")


class Folder:
    """Where the file lies, whose tensors may be in files beside it; None for bytes without one."""

    def __init__(self, path: str | os.PathLike[str] | None) -> None:
        self._root = None if path is None else Path(path).resolve().parent

    def read(self, location: str, offset: int, length: int | None, what: str) -> bytes:
        """`length` bytes (None: all) of the file at `location`, from `offset` on.

        Raises DataError for a path that leads out of the folder, or fewer bytes.
        """
        if self._root is None:
            raise DataError(
                f"is damaged: {what} is in another file, and the model was given without its path"
            )
        parts = Path(location.replace("\\", "/"))
        if not location or parts.is_absolute() or ".." in parts.parts or ":" in location:
            raise DataError(
                f"is damaged: {what} is in {location!r}, a path that leads out of its folder"
            )
        path = (self._root / parts).resolve()
        if not path.is_relative_to(self._root):
            raise DataError(
                f"is damaged: {what} is in {location!r}, a link that leads out of its folder"
            )
        try:
            with open(path, "rb", opener=_opened) as file:
                size = os.fstat(file.fileno()).st_size if path.is_file() else -1
                length = size - offset if length is None else length
                if offset < 0 or length < 0 or offset + length > size:
                    raise DataError(
                        f"is damaged: {what} is to have {length} bytes in {location!r}, "
                        "which ends before"
                    )
                file.seek(offset)
                return file.read(length)
        except OSError as error:
            raise DataError(f"is damaged: {what} is in {location!r}: {error.strerror}") from None


def _opened(path: str, flags: int) -> int:
    """Opens a file; a pipe, which may have no writer, is not waited for."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _external(message: Any, folder: Folder, nbytes: int, what: str) -> bytes:
    entries = {entry.key: entry.value for entry in message.external_data}
    try:
        offset = int(entries.get("offset") or 0)
        length = int(entries["length"]) if "length" in entries else None
    except ValueError:
        raise DataError(f"is damaged: {what} has an offset or a length that is no number") from None
    if length is not None and length != nbytes:
        raise DataError(
            f"is damaged: {what} is to have {nbytes} bytes, and {length} in another file"
        )
    return folder.read(entries.get("location", ""), offset, nbytes, what)


def shape_of(dims: Any, what: str) -> tuple[int, ...]:
    """The shape that a message states, which may be of any size but no nonsense."""
    shape = tuple(dims)
    if len(shape) > _MOST_DIMENSIONS or any(n < 0 for n in shape):
        raise DataError(f"is damaged: {what} has the shape {shape[:8]}")
    if math.prod(n for n in shape if n) >= 1 << 62:
        raise DataError(f"is damaged: {what} has the shape {shape}, of more elements than can be")
    return shape


def array_of(message: Any, folder: Folder, what: str) -> np.ndarray | Narrow:
    """The elements of a TensorProto.

    Raises DataError naming `what` where the bytes do not fit the shape, or for a type that is not
    supported.
    """
    kind = element_type(message.data_type, what)
    shape = shape_of(message.dims, what)
    if message.HasField("segment"):
        raise DataError(f"is damaged: {what} is a segment of a tensor, which is not read")
    count = math.prod(shape)
    narrow = None if isinstance(kind, np.dtype) or kind is dtypes.bfloat16 else kind
    if narrow is not None:
        dtype: np.dtype = np.dtype("u1")
        nbytes = -(-count * narrow.bits // 8)
    else:
        dtype = HOST if kind is dtypes.bfloat16 else kind
        nbytes = count * dtype.itemsize
    if message.data_location == 1:
        content = _external(message, folder, nbytes, what)
    elif message.HasField("raw_data"):
        content = message.raw_data
    else:
        content = _typed(message, dtype, nbytes, what)
    if len(content) != nbytes:
        raise DataError(
            f"is damaged: {what} of shape {shape} is to have {nbytes} bytes, and has {len(content)}"
        )
    if narrow is not None:
        return narrow.unpacked(np.frombuffer(content, np.uint8), shape)
    array: np.ndarray = np.frombuffer(content, dtype.newbyteorder("<"))
    if dtype.kind == "b":
        array = np.frombuffer(content, np.uint8) != 0
    return array.astype(dtype, copy=True).reshape(shape)


def _typed(message: Any, dtype: np.dtype, nbytes: int, what: str) -> bytes:
    """The elements in the fields for numbers, as bytes."""
    field, kind = _FIELDS.get(message.data_type, ("int32_data", "i4"))
    # Compared before a number becomes an object; of complex numbers there are two for each.
    per = dtype.itemsize // 2 if dtype.kind == "c" else dtype.itemsize
    found = getattr(message, field)
    if len(found) * per != nbytes:
        raise DataError(
            f"is damaged: {what} is to have {nbytes // per} numbers, and has {len(found)}"
        )
    numbers = np.fromiter(found, np.dtype(kind), len(found))
    if kind == "i4" or dtype.name == "uint32":
        bits = np.dtype(f"u{dtype.itemsize}") if dtype.kind in "fV" else dtype
        return numbers.astype(bits).tobytes()  # floats of 16 bits are kept as their bits
    return numbers.tobytes()
