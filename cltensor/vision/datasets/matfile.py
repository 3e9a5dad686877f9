"""Arrays of numbers in a file of MATLAB, of its fifth format.

Source: The MathWorks, "MAT-File Format" (the level 5 part).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

import numpy as np

_COMPRESSED, _MATRIX, _COMPLEX = 15, 14, 0x0800
#: How elements are stored, by the number of their type.
_TYPES = {
    1: "i1",
    2: "u1",
    3: "i2",
    4: "u2",
    5: "i4",
    6: "u4",
    7: "f4",
    9: "f8",
    12: "i8",
    13: "u8",
}


def arrays(content: bytes) -> dict[str, np.ndarray]:
    """The arrays of numbers in a file, by name; what else there is, is passed over.

    Raises:  ValueError for what is no such file, or a damaged one.
    """
    if len(content) < 128 or content[126:128] not in (b"IM", b"MI"):
        raise ValueError("it is no MAT-file of the fifth format")
    order = "<" if content[126:128] == b"IM" else ">"
    try:
        found = {}
        for kind, data in _elements(content[128:], order):
            if kind == _COMPRESSED:
                ((kind, data),) = _elements(zlib.decompress(data), order)
            array = _array(data, order) if kind == _MATRIX else None
            if array is not None:
                found[array[0]] = array[1]
        return found
    except (struct.error, zlib.error, LookupError, UnicodeDecodeError) as error:
        raise ValueError(f"it is damaged: {error}") from error


def _elements(content: bytes | memoryview, order: str) -> Iterator[tuple[int, memoryview]]:
    """The type and the bytes of each element."""
    view, place = memoryview(content), 0
    while place < len(view):
        kind, size = struct.unpack_from(f"{order}II", view, place)
        if kind >> 16:  # a small one: both numbers in one, and the bytes right behind
            kind, size, start, step = kind & 0xFFFF, kind >> 16, place + 4, 8
        else:
            padding = 0 if kind == _COMPRESSED else -size % 8
            start, step = place + 8, 8 + size + padding
        if start + size > len(view):
            raise ValueError("it is truncated")
        yield kind, view[start : start + size]
        place += step


def _array(content: memoryview, order: str) -> tuple[str, np.ndarray] | None:
    """The name and the elements of an array, None for one that is not of real numbers."""
    parts = list(_elements(content, order))
    (flags,) = struct.unpack_from(f"{order}I", parts[0][1])
    if not 6 <= flags & 0xFF <= 15 or flags & _COMPLEX:
        return None
    shape = np.frombuffer(parts[1][1], f"{order}i4")
    kind, data = parts[3]
    values = np.frombuffer(data, f"{order}{_TYPES[kind]}")
    return bytes(parts[2][1]).decode(), values.reshape(shape, order="F")
