"""`ct.save` and `ct.load`: any nesting of plain values and tensors in one file, without pickle.

The file is a safetensors file. Its tensors lie under the names that they have in the nesting
("model.layers.0.weight"), so that other programs can read them. The nesting itself is JSON in the
file's metadata: text, lists, true, false, null and most numbers are themselves, and everything else
is an object whose first key tells its kind (see `nesting.Writer`). A check sum goes with each array
and one with the nesting: a flipped bit is a refused file, not other weights.
"""

from __future__ import annotations

import json
import os
import struct
import zlib
from typing import Any

import numpy as np

from cltensor.core.tensor import Tensor
from cltensor.errors import CLTensorError, DataError, DeviceError, MissingFileError
from cltensor.io import numpyfiles, torchfiles, weights
from cltensor.io.nesting import Place, Reader, Writer, present
from cltensor.ops.create import tensor
from cltensor.runtime import files
from cltensor.runtime.device import get

#: The key in the metadata, and how its value begins: the check sum and the JSON follow.
_MARK = "cltensor.save"
#: The package refuses headers above 100 MB; the nesting is the largest part of one.
_LONGEST = 64 << 20


def save(obj: Any, f: Any) -> None:
    """Write `obj` to a file that `load` reads.

    obj may be, and hold to any depth: dicts, lists, tuples, sets, numbers, text, bytes, None, NumPy
    arrays and numbers, dtypes, devices, generators and tensors. One tensor under two names comes
    back as one; tensors that share elements share them again. Gradients and graphs are not saved:
    a tensor that requires a gradient comes back as a leaf. The file appears whole or not at all.

    A path that ends in .npy or .npz becomes a file of NumPy: of one tensor or array, or of a dict
    of them.

    Args:    f: a path, or a file open for writing bytes.
    Raises:  DataError naming the place in `obj` of what cannot be saved (named tuples, whose class
             is code, and objects of any other class), or the path that cannot be written;
             DependencyError without safetensors.

    >>> import io
    >>> file = io.BytesIO()
    >>> ct.save([ct.arange(3), "text"], file)
    >>> file.seek(0)
    0
    >>> ct.load(file)
    [tensor([0, 1, 2]), 'text']
    """
    if isinstance(f, (str, os.PathLike)):
        suffix = os.path.splitext(f)[1].lower()
        if suffix in numpyfiles.SUFFIXES:
            files.replace("save", f, numpyfiles.encode(obj, str(suffix)))
            return
    library = weights.safetensors("save")
    writer = Writer()
    try:
        text = json.dumps(writer.structure(obj), separators=(",", ":"))
    except RecursionError:
        raise DataError("save: obj is nested too deep; flatten it") from None
    if len(text) > _LONGEST:
        raise DataError(
            f"save: obj holds {len(text):,} characters of plain values; "
            "put long lists of numbers into NumPy arrays"
        )
    marked = f"{_MARK} {zlib.crc32(text.encode()):08x} {text}"
    data = weights.content_of(library, writer.arrays, {_MARK: marked})
    if hasattr(f, "write"):
        f.write(data)
    elif isinstance(f, (str, os.PathLike)):
        files.replace("save", f, data)
    else:
        raise TypeError(f"save: f is a {type(f).__name__}; give a path or a file open for writing")


def load(f: Any, map_location: Any = None, *, weights_only: bool | None = None) -> Any:
    """Read what `save` wrote; of any other safetensors file, and of NumPy's .npz, the tensors by
    name, and of .npy the tensor; of PyTorch's .pth and .pt what `torch.load` gives with
    weights_only=True.

    A tensor goes to the device of the name that it was saved from, or to the default one where
    this machine has no such device; one of PyTorch's, whose devices have other names, always to
    the default one.

    Args:    f: a path, or a file open for reading bytes; map_location: another device for all
             tensors, a dict of such devices by saved names, or a function of a loaded tensor and
             the saved name that gives the tensor to use (or None);
             weights_only: accepted as PyTorch's; no file can run code, whatever it says.
    Raises:  DataError naming the file if it is missing, damaged or of another kind, or names (as
             pickles can) what is no tensor and no plain value; DeviceError if map_location names no
             device; DependencyError for a safetensors file without the package.

    >>> import io
    >>> file = io.BytesIO()
    >>> ct.save({"weight": ct.ones(2), "step": 3}, file)
    >>> file.seek(0)
    0
    >>> ct.load(file)
    {'weight': tensor([1., 1.]), 'step': 3}
    """
    source, data = _content(f)
    if numpyfiles.is_one(data):
        return numpyfiles.decode(source, data, _placing(map_location))
    if torchfiles.is_one(data):
        to = get() if map_location is None else map_location
        return torchfiles.decode("load", source, data, _placing(to))
    library = weights.safetensors("load")
    arrays = weights.parse(library, "load", source, data)
    place = _placing(map_location)
    text = _structure(data)
    if text is None:
        return {name: place(arrays[name], None) for name in sorted(arrays)}
    try:
        mark, check, text = text.split(" ", 2)
        if mark != _MARK or check != f"{zlib.crc32(text.encode()):08x}":
            raise DataError("the check sum of its structure differs")
        structure = json.loads(text)
        return Reader(arrays, structure, place).decode(structure["root"])
    except DataError as error:
        raise DataError(f"load: {source} is damaged: {error}") from error
    except CLTensorError:  # a device that lacks the dtype, or the memory
        raise
    except (LookupError, TypeError, ValueError, RecursionError, struct.error) as error:
        raise DataError(
            f"load: {source} is damaged, or of a later version of cltensor ({error!r})"
        ) from error


def _structure(data: bytes) -> str | None:
    """The nesting in the metadata of a safetensors file; None in one that `save` did not write."""
    (length,) = struct.unpack_from("<Q", data)
    metadata = json.loads(data[8 : 8 + length]).get("__metadata__") or {}
    for key, text in metadata.items():
        # Either is enough: a flipped bit must not make one of ours a file of bare tensors.
        if key == _MARK or text.startswith(_MARK):
            return text
    return None


def _content(f: Any) -> tuple[str, bytes]:
    """How errors call the file, and its bytes."""
    if hasattr(f, "read"):
        source, data = f"'{getattr(f, 'name', type(f).__name__)}'", f.read()
        if not isinstance(data, bytes):
            raise TypeError(f"load: {source} gives text; open it for reading bytes ('rb')")
        return source, data
    if not isinstance(f, (str, os.PathLike)):
        raise TypeError(f"load: f is a {type(f).__name__}; give a path or a file open for reading")
    try:
        with open(f, "rb") as file:
            return f"'{os.fspath(f)}'", file.read()
    except (OSError, ValueError) as error:  # ValueError: no file can have such a name
        kind = MissingFileError if isinstance(error, FileNotFoundError) else DataError
        raise kind(f"load: {os.fspath(f)!r} cannot be read: {error}") from error


def _spelled(name: Any) -> str:
    """One name for a device that may have several ("cl:1" and "gpu:0"), if it is here."""
    try:
        return str(name if name is None else get(name))
    except DeviceError:
        return str(name)


def _placing(map_location: Any) -> Place:
    """A function that makes a Tensor of an array and the name of the device it was saved from."""
    if callable(map_location):

        def chosen(array: np.ndarray, name: str | None) -> Tensor:
            loaded = tensor(array, device=present(name))
            given = map_location(loaded, name)
            return loaded if given is None else given

        return chosen
    if isinstance(map_location, dict):
        table = {_spelled(name): get(target) for name, target in map_location.items()}
        return lambda array, name: tensor(array, device=table.get(_spelled(name)) or present(name))
    if map_location is None:
        return lambda array, name: tensor(array, device=present(name))
    target = get(map_location)
    return lambda array, name: tensor(array, device=target)
