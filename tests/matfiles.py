"""Files of MATLAB's fifth format, written by hand."""

import struct
import zlib

import numpy as np

_CLASS = {"u1": 9, "f8": 6, "i4": 12}
_TYPE = {"u1": 2, "f8": 9, "i4": 5}


def element(kind, data, order):
    """An element, small if it is."""
    if len(data) <= 4:
        return struct.pack(f"{order}I", len(data) << 16 | kind) + data.ljust(4, b"\0")
    return struct.pack(f"{order}II", kind, len(data)) + data + b"\0" * (-len(data) % 8)


def matfile(arrays, compressed=True, order="<"):
    """The bytes of a file of arrays by name."""
    end = b"IM" if order == "<" else b"MI"
    found = b"MATLAB 5.0 MAT-file".ljust(124) + struct.pack(f"{order}H", 0x0100) + end
    for name, array in arrays.items():
        kind = array.dtype.str[1:]
        body = element(6, struct.pack(f"{order}II", _CLASS[kind], 0), order)
        body += element(5, np.array(array.shape).astype(f"{order}i4").tobytes(), order)
        body += element(1, name.encode(), order)
        values = array.astype(f"{order}{kind}").ravel(order="F")
        body += element(_TYPE[kind], values.tobytes(), order)
        whole = struct.pack(f"{order}II", 14, len(body)) + body
        if compressed:
            whole = zlib.compress(whole)
            whole = struct.pack(f"{order}II", 15, len(whole)) + whole
        found += whole
    return found
