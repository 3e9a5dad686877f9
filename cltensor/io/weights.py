"""Weights on disk: a state_dict as one safetensors file, readable by PyTorch and others too."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from sys import modules as _modules
from typing import Any

import numpy as np

from cltensor.core.names import named
from cltensor.core.suggestions import suggest as _suggest
from cltensor.core.tensor import Tensor
from cltensor.dtypes import C_NAMES, as_dtype, bfloat16, complex128
from cltensor.errors import DataError, DependencyError, DTypeError, MissingFileError
from cltensor.halves import HOST
from cltensor.io import torchfiles
from cltensor.ops.create import tensor
from cltensor.runtime import files
from cltensor.runtime.device import get

__all__ = ["load", "save"]


def safetensors(operation: str) -> Any:
    """The package, or DependencyError naming the extra that brings it."""
    try:
        import safetensors.numpy as library
    except ImportError as error:
        raise DependencyError(
            f"{operation}: the safetensors package is missing; "
            'install it with: pip install "cltensor[weights]"'
        ) from error
    return library


@named
def save(
    state_dict: Mapping[str, Any], path: str | Path, metadata: Mapping[str, str] | None = None
) -> None:
    """Write a state_dict to a safetensors file.

    The file appears whole or not at all: it is written beside `path` and then renamed.

    Args:    state_dict: name to Tensor or NumPy array; metadata: text kept in the file.
    Raises:  DataError for an entry that is no array, or a place that cannot be written;
             DependencyError without safetensors.
    """
    library = safetensors("weights.save")
    arrays = {}
    for name, value in state_dict.items():
        if isinstance(value, Tensor):
            value = value.detach()
        if not isinstance(name, str) or not isinstance(value, (Tensor, np.ndarray)):
            raise DataError(
                f"weights.save: entry {name!r} is a {type(value).__name__}; a weights file holds "
                "tensors under names (ct.save holds other things, too)"
            )
        try:
            dtype = as_dtype(value.dtype)
        except DTypeError:
            raise DataError(
                f"weights.save: entry {name!r} has {value.dtype}, which cltensor has no type for"
            ) from None
        if dtype == complex128:
            raise DataError(
                f"weights.save: entry {name!r} has complex128, which these files have no type for; "
                "give its parts, ct.view_as_real(x), or .to('complex64')"
            )
        # A copy in row-major order: the format stores the bytes as they lie.
        stored = value._stored() if isinstance(value, Tensor) else value
        arrays[name] = np.array(stored.view(HOST) if dtype is bfloat16 else stored, order="C")
    texts = dict(metadata) if metadata else None
    if not all(isinstance(text, str) for entry in (texts or {}).items() for text in entry):
        raise DataError(f"weights.save: metadata is {metadata!r}; give texts under names")
    files.replace("weights.save", path, content_of(library, arrays, texts))


@named
def load(path: str | Path, device: Any = None) -> dict[str, Tensor]:
    """Read a state_dict from a safetensors file, or from PyTorch's .pth or .pt of either format.

    Args:    device: where the Tensors go, the default device if not given.
    Raises:  DataError naming the file if it is missing, damaged, no state_dict or holds a dtype
             that cltensor does not have; DependencyError for safetensors without the package.
    """
    source = Path(path)
    try:
        data = source.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: no file can have such a name
        kind = MissingFileError if isinstance(error, FileNotFoundError) else DataError
        raise kind(f"weights.load: {str(source)!r} cannot be read: {error}") from error
    if torchfiles.is_one(data):
        return _of_pytorch(f"'{source}'", data, device)
    library = safetensors("weights.load")
    arrays = parse(library, "weights.load", f"'{source}'", data)
    for name, array in arrays.items():
        if array.dtype not in C_NAMES and array.dtype != HOST:
            raise DataError(
                f"weights.load: '{source}' has {array.dtype} under {name!r}, "
                "which cltensor has no type for"
            )
    # In the order of the names: the package gives them in another one each time.
    return {name: tensor(arrays[name], device=device) for name in sorted(arrays)}


def _of_pytorch(source: str, data: bytes, device: Any) -> dict[str, Tensor]:
    """The tensors by name in one of PyTorch's files."""
    target = get(device)
    found = torchfiles.decode(
        "weights.load", source, data, lambda array, _: tensor(array, device=target)
    )
    if not isinstance(found, dict):
        raise DataError(
            f"weights.load: {source} holds a {type(found).__name__}, no tensors by name; "
            "ct.load reads any nesting"
        )
    for name, value in found.items():
        if not isinstance(name, str) or not isinstance(value, Tensor):
            raise DataError(
                f"weights.load: {source} holds a {type(value).__name__} under {name!r}; "
                "ct.load reads it, and gives the whole nesting"
            )
    return found


def content_of(
    library: Any, arrays: Mapping[str, np.ndarray], metadata: Mapping[str, str] | None
) -> bytes:
    """What a safetensors file with these arrays holds."""
    halves = {name for name, array in arrays.items() if array.dtype == HOST}
    plain = {n: a.view(np.uint16) if n in halves else a for n, a in arrays.items()}
    data = library.save(plain, metadata=metadata)
    return _renamed(data, "U16", "BF16", halves)[0] if halves else data


def _renamed(
    data: bytes, old: str, new: str, names: Collection[str] | None = None
) -> tuple[bytes, set[str]]:
    """`data`, a safetensors file, with another dtype for the arrays of `names`, or for all of dtype
    `old`, and the names of these: NumPy has no bfloat16, so the package does not give it."""
    size = int.from_bytes(data[:8], "little")
    if old.encode() not in data[8 : 8 + size]:
        return data, set()
    header = json.loads(data[8 : 8 + size])
    found = {
        name
        for name, entry in header.items()
        if name != "__metadata__" and entry["dtype"] == old and (names is None or name in names)
    }
    for name in found:
        header[name]["dtype"] = new
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + data[8 + size :], found


def parse(library: Any, operation: str, source: str, data: bytes) -> dict[str, np.ndarray]:
    """The arrays in the bytes of a safetensors file; DataError naming `source` for any other."""
    try:
        data, halves = _renamed(data, "BF16", "U16")
        arrays = library.load(data)
        return {n: a.view(HOST) if n in halves else a for n, a in arrays.items()}
    except Exception as error:  # the package has several errors for files that are not its own
        # Only now: a good file begins with a length, whose bytes may be anything.
        for magic, kind, way in _FOREIGN:
            if data.startswith(magic):
                raise DataError(f"{operation}: {source} is {kind}; {way}") from error
        raise DataError(
            f"{operation}: {source} is damaged or no safetensors file: {error}"
        ) from error


_CONVERT = "reading it could run any code; save tensors with torch.save, or as safetensors"
#: Files that people take for weights: how they begin, what they are, what to do.
_FOREIGN = (
    (b"PK\x03\x04", "a zip archive, as NumPy's .npz is", "read it with ct.load"),
    (b"\x80\x02", "a pickle, and no file of PyTorch", _CONVERT),
    (b"\x80\x04", "a pickle", _CONVERT),
    (b"\x80\x05", "a pickle", _CONVERT),
    (b"\x93NUMPY", "a NumPy array", "read it with np.load and give it to ct.tensor"),
    (b"\x89HDF", "an HDF5 file, as Keras writes", "read it with h5py"),
)

_suggest(_modules[__name__])
