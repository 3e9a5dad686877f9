"""PyTorch's own files, .pth and .pt, of both formats: a zip archive (since 1.6), or pickles and the
storages behind them. Nothing in a file is run (see pickles), and all of it is checked before
anything is made of it.
"""

from __future__ import annotations

import io
import math
import zipfile
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from cltensor.core.size import Size
from cltensor.core.tensor import Tensor
from cltensor.dtypes import bfloat16
from cltensor.errors import CLTensorError, DataError
from cltensor.halves import HOST
from cltensor.io import pickles
from cltensor.io.nesting import Place, present
from cltensor.nn.parameter import Parameter

#: How files of the old format begin: the pickle of a number that says so.
_LEGACY = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
_ZIP = b"PK\x03\x04"
_VERSION = 1001  # of the old format, the only one
_DTYPES = {
    "Float": "f4", "Double": "f8", "Half": "f2", "BFloat16": HOST, "Long": "i8", "Int": "i4",
    "Short": "i2", "Char": "i1", "Byte": "u1", "Bool": "?", "ComplexFloat": "c8",
    "ComplexDouble": "c16",
}  # fmt: skip
#: The types of elements that PyTorch and cltensor have, by PyTorch's names.
_ELEMENTS = {
    "float32": "f4", "float64": "f8", "float16": "f2", "bfloat16": HOST, "int64": "i8",
    "int32": "i4", "int16": "i2", "int8": "i1", "uint8": "u1", "uint16": "u2", "uint32": "u4",
    "uint64": "u8", "bool": "?", "complex64": "c8", "complex128": "c16",
}  # fmt: skip


def is_one(data: bytes) -> bool:
    """Whether `data` is the content of such a file, right or not."""
    # A safetensors file begins with a length, whose bytes may be these; then comes a bracket.
    return data.startswith(_LEGACY) or (data.startswith(_ZIP) and data[8:9] != b"{")


def decode(operation: str, source: str, data: bytes, place: Place) -> Any:
    """The nesting in such a file, with tensors made by `place` of the elements and the name of
    PyTorch's device.

    Raises DataError naming `source` if it is damaged, or names what is no plain value or tensor.
    """
    try:
        return (_legacy if data.startswith(_LEGACY) else _archive)(data, place)
    except DataError as error:
        raise DataError(f"{operation}: {source} {error}") from error
    except CLTensorError:  # a device that lacks the dtype, or the memory
        raise
    except (
        ArithmeticError, EOFError, LookupError, NotImplementedError, OSError, RuntimeError,
        TypeError, ValueError, zipfile.BadZipFile,
    ) as error:  # fmt: skip
        raise DataError(f"{operation}: {source} is damaged: {error}") from error


class _StorageType(pickles.Internal):
    """A class of storages: the dtype of their elements, None for bytes of any."""

    def __init__(self, dtype: np.dtype | None) -> None:
        self.dtype = dtype


@dataclass(frozen=True)
class _Storage(pickles.Internal):
    """Elements in the file that tensors show windows of."""

    key: str
    dtype: np.dtype | None
    count: int
    location: str
    first: int = 0  # where the part that the tensors count from begins
    length: int = 0

    @property
    def nbytes(self) -> int:
        return self.count * (1 if self.dtype is None else self.dtype.itemsize)


class _Later:
    """Stands for a tensor while a file is only checked."""


class _Tensors:
    """What a pickle's tensors and storages become. Without contents, they are only checked."""

    def __init__(
        self, place: Place | None = None, contents: Callable[[_Storage], bytes] | None = None
    ) -> None:
        self._place, self._contents = place, contents
        self.storages: dict[str, _Storage] = {}
        self._bases: dict[tuple[str, str], Tensor] = {}
        self.names = _PLAIN | _functions(
            {
                "torch._utils._rebuild_tensor": self.tensor,
                "torch._utils._rebuild_tensor_v2": self.tensor,
                "torch._utils._rebuild_tensor_v3": self._of_bytes,
                "torch._utils._rebuild_parameter": self._parameter,
            }
        )

    def storage(self, identity: Any) -> _Storage:
        """The storage that a pickle names by ("storage", type, key, device, count, part)."""
        word, kind, key, location, count, *rest = identity
        if word != "storage" or not isinstance(kind, _StorageType) or len(rest) > 1:
            raise DataError(f"refers to a {word!r} outside of its pickle, which is not read")
        _assert_counts(count)
        whole = _Storage(str(key), kind.dtype, count, str(location), 0, count)
        if self.storages.setdefault(whole.key, whole) != whole:
            raise DataError(f"is damaged: it describes its storage {key!r} in two ways")
        if not rest or rest[0] is None:
            return whole
        _, first, length = rest[0]
        _assert_counts(first, length)
        if first + length > count:
            raise DataError(f"is damaged: a part of storage {key!r} ends behind it")
        return _Storage(whole.key, kind.dtype, count, whole.location, first, length)

    def tensor(
        self, storage: Any, offset: Any, size: Any, stride: Any,
        requires_grad: Any = False, hooks: Any = None, metadata: Any = None,
    ) -> Any:  # fmt: skip
        """The window of `storage` that begins at `offset`."""
        if not isinstance(storage, _Storage) or storage.dtype is None:
            raise DataError("is damaged: a tensor has no storage of a type")
        return self._window(storage, storage.dtype, offset, size, stride, requires_grad, metadata)

    def _of_bytes(
        self, storage: Any, offset: Any, size: Any, stride: Any, requires_grad: Any, hooks: Any,
        dtype: Any, metadata: Any = None,
    ) -> Any:  # fmt: skip
        """The same where the storage holds bytes, and the tensor knows what they are."""
        kind = next(
            (_dtype(d) for n, d in _ELEMENTS.items() if _PLAIN[f"torch.{n}"] is dtype), None
        )
        if not isinstance(storage, _Storage) or storage.dtype is not None or kind is None:
            raise DataError("is damaged: a tensor of bytes has no storage or no type")
        if storage.count % kind.itemsize or storage.first % kind.itemsize:
            raise DataError(f"is damaged: storage {storage.key!r} holds no whole elements")
        step = kind.itemsize
        known = _Storage(
            storage.key, None, storage.count, storage.location,
            storage.first // step, storage.length // step,
        )  # fmt: skip
        return self._window(known, kind, offset, size, stride, requires_grad, metadata)

    def _window(
        self, storage: _Storage, dtype: np.dtype, offset: Any, size: Any, stride: Any,
        requires_grad: Any, metadata: Any,
    ) -> Any:  # fmt: skip
        if type(size) not in (tuple, Size) or type(stride) is not tuple or len(size) != len(stride):
            raise DataError("is damaged: a tensor's shape does not fit its strides")
        _assert_counts(offset, *size, *stride)
        if math.prod(n for n in size if n) >= 1 << 62:
            raise DataError(f"is damaged: a tensor has the shape {tuple(size)}")
        empty = 0 in size
        last = offset + (
            0 if empty else sum((n - 1) * s for n, s in zip(size, stride, strict=True))
        )
        if last > storage.length or (last == storage.length and not empty):
            raise DataError(
                f"is damaged: a tensor reaches element {last} of storage {storage.key!r}, "
                f"which has {storage.length}"
            )
        if metadata:
            raise DataError(f"marks a tensor as {metadata!r}, which is not read")
        if requires_grad and dtype.kind not in "fcV":
            raise DataError(f"is damaged: a tensor of {dtype} requires a gradient")
        if self._place is None:
            return _Later()
        if empty:
            found = self._place(np.empty(size, dtype), storage.location)
        else:
            base = self._base(storage, dtype)
            start = base.offset + storage.first + offset
            found = base.window(tuple(size), stride, start).detach()
        return found.requires_grad_() if requires_grad else found

    def _base(self, storage: _Storage, dtype: np.dtype) -> Tensor:
        key = (storage.key, str(dtype))
        if key not in self._bases:
            assert self._place is not None
            assert self._contents is not None
            content = self._contents(storage)
            if dtype.kind == "b":  # any byte but 0 is true
                array = np.frombuffer(content, np.uint8) != 0
            else:
                array = np.frombuffer(content, dtype)
            self._bases[key] = self._place(array, storage.location)
        return self._bases[key]

    def _parameter(self, data: Any, requires_grad: Any, hooks: Any) -> Any:
        if not isinstance(data, (Tensor, _Later)):
            raise DataError("is damaged: a parameter holds no tensor")
        return Parameter(data, bool(requires_grad)) if isinstance(data, Tensor) else data


def _functions(table: dict[str, Callable[..., Any]]) -> dict[str, Any]:
    return {name: pickles.Function(name, call) for name, call in table.items()}


def _assert_counts(*numbers: Any) -> None:
    for number in numbers:
        if type(number) is not int or not 0 <= number < 1 << 62:
            raise DataError(f"is damaged: it has {number!r} where a count belongs")


def _dtype(code: Any) -> np.dtype:
    return np.dtype(code)


def _ordered(*arguments: Any) -> OrderedDict:
    (pairs,) = arguments or ([],)
    return OrderedDict((pickles.hashable(key), value) for key, value in pairs)


def _counter(*arguments: Any) -> Counter:
    (counts,) = arguments or ({},)
    if type(counts) is not dict:
        raise DataError("is damaged: a Counter is made of no dict")
    return Counter(counts)


def _set(members: Any) -> set:
    return {pickles.hashable(member) for member in members}


def _encoded(text: Any, encoding: Any = "latin-1") -> bytes:
    if encoding not in ("latin1", "latin-1") or type(text) is not str:
        raise DataError(f"is damaged: it has bytes as {encoding!r}")
    return text.encode("latin-1")


def _device(kind: Any, index: Any = None) -> Any:
    return present(str(kind) if index is None else f"{kind}:{index}")


def _complex(real: Any, imaginary: Any) -> complex:
    return complex(float(real), float(imaginary))


#: What a pickle of PyTorch may name besides its functions for tensors.
_PLAIN: dict[str, Any] = {
    **_functions(
        {
            "collections.OrderedDict": _ordered,
            "collections.Counter": _counter,
            "builtins.set": _set,
            "builtins.complex": _complex,
            "builtins.bytes": lambda: b"",  # of others, _codecs.encode
            "builtins.bytearray": lambda *content: bytearray(_encoded(*content)),
            "_codecs.encode": _encoded,
            "torch.Size": lambda sizes: Size(tuple(sizes)),
            "torch.device": _device,
        }
    ),
    **{f"torch.{name}Storage": _StorageType(_dtype(code)) for name, code in _DTYPES.items()},
    "torch.storage.UntypedStorage": _StorageType(None),
    **{f"torch.{n}": bfloat16 if d is HOST else _dtype(d) for n, d in _ELEMENTS.items()},
}


def _check(data: bytes, start: int) -> tuple[dict[str, _Storage], int]:
    """The storages that a pickle refers to, and where it ends."""
    tensors = _Tensors()
    _, end = pickles.read(data, start, tensors.names, tensors.storage)
    return tensors.storages, end


def _make(data: bytes, start: int, place: Place, contents: Callable[[_Storage], bytes]) -> Any:
    tensors = _Tensors(place, contents)
    return pickles.read(data, start, tensors.names, tensors.storage)[0]


def _refuse(identity: Any) -> Any:
    raise DataError("is damaged: there is a tensor where none belongs")


def _legacy(data: bytes, place: Place) -> Any:
    version, at = pickles.read(data, len(_LEGACY), {}, _refuse)
    if version != _VERSION:
        raise DataError(f"is damaged, or of the version {version!r} of its format")
    about, start = pickles.read(data, at, {}, _refuse)
    if type(about) is not dict or about.get("little_endian") is not True:
        raise DataError("was written by a machine with another order of bytes, which is not read")
    storages, at = _check(data, start)
    keys, at = pickles.read(data, at, {}, _refuse)
    if type(keys) is not list or sorted(map(str, keys)) != sorted(storages):
        raise DataError("is damaged: it does not hold the storages that it refers to")
    parts = {}
    for key in keys:
        storage = storages[key]
        begin, end = at + 8, at + 8 + storage.nbytes
        if end > len(data) or int.from_bytes(data[at:begin], "little") != storage.count:
            raise DataError(f"is damaged: storage {key!r} is not whole")
        parts[key] = data[begin:end]
        at = end
    if at != len(data):
        raise DataError(f"is damaged: {len(data) - at} bytes follow its end")
    return _make(data, start, place, lambda storage: parts[storage.key])


def _archive(data: bytes, place: Place) -> Any:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = {entry.filename: entry for entry in archive.infolist()}
        if len(entries) < len(archive.infolist()):
            raise DataError("is damaged: it has two entries of one name")
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries.values()):
            raise DataError("is a compressed zip archive, and PyTorch writes no such file")
        # Entries may lie over each other: each small in the file, together without end.
        if sum(entry.file_size for entry in entries.values()) > len(data):
            raise DataError("is damaged: its entries hold more than the file")
        (found,) = [n for n in entries if n.endswith("/data.pkl") and n.count("/") == 1] or [""]
        if not found:
            raise DataError("is a zip archive, but none that PyTorch writes")
        prefix = found.removesuffix("data.pkl")
        if f"{prefix}constants.pkl" in entries:
            raise DataError(
                "is a program of TorchScript, which is not run; save the model's state_dict()"
            )
        order = entries.get(f"{prefix}byteorder")
        if order is not None and archive.read(order).strip() != b"little":
            raise DataError("has another order of bytes than 'little', which is not read")
        pickle = archive.read(found)
        storages, _ = _check(pickle, 0)
        for key, storage in storages.items():
            entry = entries.get(f"{prefix}data/{key}")
            if entry is None or entry.file_size != storage.nbytes:
                raise DataError(
                    f"is damaged: storage {key!r} is to have {storage.nbytes} bytes, and has "
                    f"{entry.file_size if entry else 'no place in the archive'}"
                )
        # All are read before a tensor is made: that checks their check sums.
        parts = {key: archive.read(f"{prefix}data/{key}") for key in storages}
    return _make(pickle, 0, place, lambda storage: parts[storage.key])
