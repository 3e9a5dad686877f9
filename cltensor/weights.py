"""Weights on disk: a state_dict as one safetensors file, readable by PyTorch and others too."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from cltensor.dtypes import C_NAMES
from cltensor.errors import DataError, DependencyError
from cltensor.ops.create import tensor
from cltensor.tensor import Tensor


def _safetensors(operation: str) -> Any:
    try:
        import safetensors.numpy as library
    except ImportError as error:
        raise DependencyError(
            f"{operation}: the safetensors package is missing; "
            'install it with: pip install "cltensor[weights]"'
        ) from error
    return library


def save(
    state_dict: Mapping[str, Any], path: str | Path, metadata: Mapping[str, str] | None = None
) -> None:
    """Write a state_dict to a safetensors file.

    The file appears whole or not at all: it is written beside `path` and then renamed.

    Args:    state_dict: name to Tensor or NumPy array; metadata: text kept in the file.
    Raises:  DataError for an entry that is no array, or a place that cannot be written;
             DependencyError without safetensors.
    """
    library = _safetensors("weights.save")
    arrays = {}
    for name, value in state_dict.items():
        if isinstance(value, Tensor):
            value = value.detach()
        if not isinstance(name, str) or not isinstance(value, (Tensor, np.ndarray)):
            raise DataError(
                f"weights.save: entry {name!r} is a {type(value).__name__}; "
                "a weights file holds tensors under names"
            )
        # A copy in row-major order: the format stores the bytes as they lie.
        arrays[name] = np.array(value, order="C")
    data = library.save(arrays, metadata=dict(metadata) if metadata else None)
    target = Path(path)
    try:
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    except OSError as error:
        raise DataError(f"weights.save: '{target}' cannot be written: {error}") from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, target)
    except OSError as error:
        Path(temporary).unlink(missing_ok=True)
        raise DataError(f"weights.save: '{target}' cannot be written: {error}") from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def load(path: str | Path, device: Any = None) -> dict[str, Tensor]:
    """Read a state_dict from a safetensors file.

    Args:    device: where the Tensors go, the default device if not given.
    Raises:  DataError naming the file if it is missing, damaged or holds a dtype that cltensor
             does not have; DependencyError without safetensors.
    """
    library = _safetensors("weights.load")
    source = Path(path)
    try:
        data = source.read_bytes()
    except OSError as error:
        raise DataError(f"weights.load: '{source}' cannot be read: {error}") from error
    try:
        arrays = library.load(data)
    except Exception as error:  # the package has several errors for files that are not its own
        raise DataError(
            f"weights.load: '{source}' is damaged or no safetensors file: {error}"
        ) from error
    for name, array in arrays.items():
        if array.dtype not in C_NAMES:
            raise DataError(
                f"weights.load: '{source}' has {array.dtype} under {name!r}, "
                "which cltensor has no type for"
            )
    # In the order of the names: the package gives them in another one each time.
    return {name: tensor(arrays[name], device=device) for name in sorted(arrays)}
