"""A nesting of plain values and tensors as JSON and named arrays, and back (see checkpoint)."""

from __future__ import annotations

import base64
import math
import os
import struct
import zlib
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from cltensor.core.tensor import Tensor
from cltensor.dtypes import C_NAMES, bfloat16, complex_of, real_of
from cltensor.errors import DataError, DeviceError
from cltensor.lazy.codegen import contiguous_strides
from cltensor.nn.parameter import Parameter
from cltensor.ops.random.generator import Generator
from cltensor.runtime.device import Device, get

_EXACT = 1 << 63  # larger integers are written in base 16, which has no limit of digits
_DICTS = {"dict": dict, "ordered": OrderedDict, "counter": Counter}
_ROWS = {"tuple": tuple, "set": set, "frozenset": frozenset}

#: Makes a Tensor of an array and the name of the device that it was saved from.
Place = Callable[[np.ndarray, "str | None"], Tensor]


def _check_sum(array: np.ndarray) -> int:
    head = f"{array.dtype.str}{array.shape}".encode()
    return zlib.crc32(np.ascontiguousarray(array).data, zlib.crc32(head))


def present(name: str | None) -> Device:
    """The device of that name, or the default one where there is none."""
    try:
        return get(name)
    except DeviceError:
        return get()


def _shown(path: tuple[Any, ...]) -> str:
    """A place in the nesting as one would write it: obj['model'][3]."""
    return "obj" + "".join(f"[{key!r}]" for key in path)


def _advice(value: Any) -> str:
    """How to save what cannot be saved."""
    if callable(getattr(value, "state_dict", None)):
        return "save its state_dict()"
    if hasattr(value, "_asdict"):
        return "its class is code and would be lost; save tuple(x) or x._asdict()"
    for kind in (dict, list, tuple, str, int, float):
        if isinstance(value, kind):
            return f"its class would be lost; save {kind.__name__}(x)"
    if hasattr(value, "__dataclass_fields__"):
        return "save dataclasses.asdict(x)"
    if isinstance(value, os.PathLike):
        return "save str(x)"
    return "save plain values, arrays and tensors"


def _portable(dtype: np.dtype) -> bool:
    """Whether elements of `dtype` mean the same on every machine."""
    return dtype.kind in "biufcSUmM" and dtype.char not in "gG"


class _Window(NamedTuple):
    """Which elements of its storage a tensor shows: those from `low` to below `high`, or some."""

    tensor: Tensor
    name: str
    low: int
    high: int

    @staticmethod
    def of(tensor: Tensor, name: str) -> _Window:
        tensor.realize()
        reach = [(n - 1) * s for n, s in zip(tensor.shape, tensor.strides, strict=True)]
        low = tensor.offset + sum(r for r in reach if r < 0)
        high = tensor.offset + sum(r for r in reach if r > 0) + 1
        return _Window(tensor, name, low, high if math.prod(tensor.shape) else low)

    def covers(self, low: int, high: int) -> bool:
        """Whether it shows exactly the elements from `low` to below `high`, in their order."""
        strides = contiguous_strides(self.tensor.shape)
        return (self.low, self.high, tuple(self.tensor.strides)) == (low, high, strides)


def _overlapping(windows: list[_Window]) -> Iterator[list[int]]:
    """The places in `windows` of those that have elements in common, a list for each such set."""
    storages: dict[Any, list[int]] = {}
    for place, window in enumerate(windows):
        storage = id(window.tensor.buffer), window.tensor.dtype
        storages.setdefault(storage, []).append(place)
    for places in storages.values():
        together: list[int] = []
        end = -1
        for place in sorted(places, key=lambda i: windows[i].low):
            if together and windows[place].low >= end:
                yield together
                together = []
            together.append(place)
            end = max(end, windows[place].high)
        yield together


class Writer:
    """Turns the nesting into what JSON holds, and collects arrays and tensors on the way.

    A plain dict is {"dict": [[key, value], ...]}, so no dict of a user can look like one of these:
    ordered and counter likewise; {"tuple": [...]}, set, frozenset; {"int": base 16}; {"float": its
    8 bytes in base 16}; {"complex": two of them}; {"bytes": base 64}; {"array": name};
    {"packed": name, dtype, shape} and {"scalar": bytes in base 64, dtype} for other elements;
    {"dtype": text}; {"device": name}; {"generator": state}; {"tensor": place in `tensors`}. The
    versions that go with a state_dict are its "metadata".
    """

    def __init__(self) -> None:
        self.arrays: dict[str, np.ndarray] = {}
        #: What is needed to make each tensor again, in the order of their first occurrence.
        self.tensors: list[dict[str, Any]] = []
        self._windows: list[_Window] = []
        # The objects themselves are kept, so that no other can get the number of one that ended.
        self._seen: dict[int, tuple[Any, dict[str, Any]]] = {}
        self._open: set[int] = set()

    def structure(self, obj: Any) -> dict[str, Any]:
        """All that goes into the metadata; `arrays` is complete then."""
        root = self.encode(obj, ())
        for places in _overlapping(self._windows):
            self._add_tensors(places)
        sums = {name: _check_sum(array) for name, array in self.arrays.items()}
        return {"root": root, "tensors": self.tensors, "sums": sums}

    def _add_tensors(self, places: list[int]) -> None:
        """Write the elements of tensors that overlap once, and each as a view of them."""
        members = [self._windows[i] for i in places]
        low, high = min(w.low for w in members), max(w.high for w in members)
        whole = next((w for w in members if w.covers(low, high)), members[0])
        source = whole.tensor
        alone = len(members) == 1 or whole.covers(low, high)
        if not alone:
            source = source.window((high - low,), (1,), low)
        array = source._stored()
        if array.dtype.kind == "c":  # the files know no complex numbers of every width
            array = array.reshape(*array.shape, 1).view(real_of(array.dtype))
        name = self._add(whole.name if alone else f"{whole.name}.storage", array)
        for place, window in zip(places, members, strict=True):
            self.tensors[place]["array"] = name
            if not (alone and window is whole):
                shown = window.tensor
                view = [list(shown.shape), list(shown.strides), shown.offset - low]
                self.tensors[place]["view"] = view

    def _add(self, name: str, array: np.ndarray) -> str:
        """Keep an array under `name`, or one with a number where that is taken."""
        name = name.encode("utf-8", "backslashreplace").decode()  # half a surrogate pair is no text
        free, number = name, 2
        while free in self.arrays or free == "__metadata__":
            free, number = f"{name}#{number}", number + 1
        self.arrays[free] = np.ascontiguousarray(array).reshape(array.shape)
        return free

    def encode(self, value: Any, path: tuple[Any, ...]) -> Any:
        """`value`, found at `path`, as JSON holds it."""
        kind = type(value)
        if value is None or kind is bool or kind is str:
            return value
        if kind is int:
            return value if -_EXACT <= value < _EXACT else {"int": format(value, "x")}
        if kind is float:
            return value if math.isfinite(value) else {"float": struct.pack(">d", value).hex()}
        if isinstance(value, (np.ndarray, Tensor)):
            if id(value) not in self._seen:
                if isinstance(value, np.ndarray):
                    found = self._array(value, path)
                else:
                    found = self._tensor(value, path)
                self._seen[id(value)] = value, found
            return self._seen[id(value)][1]
        if kind is list or kind in _ROWS.values() or kind in _DICTS.values() or _is_shape(value):
            return self._container(value, path)
        single = self._single(value)
        if single is None:
            raise DataError(f"save: {_shown(path)} is a {kind.__name__}; {_advice(value)}")
        return single

    def _single(self, value: Any) -> dict[str, Any] | None:
        """What holds no other values, or None for what cannot be saved."""
        if isinstance(value, np.generic) and _portable(value.dtype):
            content = base64.b64encode(value.tobytes()).decode()
            return {"scalar": content, "dtype": value.dtype.str}
        if type(value) is complex:
            return {"complex": struct.pack(">dd", value.real, value.imag).hex()}
        if type(value) in (bytes, bytearray):
            return {type(value).__name__: base64.b64encode(value).decode()}
        if value is bfloat16:
            return {"dtype": "bfloat16"}
        if isinstance(value, np.dtype) and _portable(value):
            return {"dtype": value.str}
        if isinstance(value, Device):
            return {"device": str(value)}
        if type(value) is Generator:
            return {"generator": list(value.get_state())}
        if isinstance(value, int) and _is_own(value):  # x.size, which is a number and more
            return self.encode(int(value), ())
        return None

    def _container(self, value: Any, path: tuple[Any, ...]) -> Any:
        if id(value) in self._open:
            raise DataError(f"save: {_shown(path)} contains itself; a file cannot")
        self._open.add(id(value))
        if isinstance(value, dict):
            name = next(name for name, kind in _DICTS.items() if kind is type(value))
            pairs = []
            for key, member in value.items():
                if isinstance(key, Tensor):
                    raise DataError(f"save: a key of {_shown(path)} is a tensor; use its name")
                inside = (*path, key)
                pairs.append([self.encode(key, inside), self.encode(member, inside)])
            found: Any = {name: pairs}
            if hasattr(value, "_metadata"):
                found["metadata"] = self.encode(value._metadata, path)
        else:
            found = [self.encode(member, (*path, i)) for i, member in enumerate(value)]
            if type(value) is not list:
                names = [name for name, kind in _ROWS.items() if kind is type(value)]
                found = {names[0] if names else "tuple": found}
        self._open.discard(id(value))
        return found

    def _array(self, value: np.ndarray, path: tuple[Any, ...]) -> dict[str, Any]:
        if type(value) not in (np.ndarray, np.memmap) or not _portable(value.dtype):
            raise DataError(
                f"save: {_shown(path)} is a {type(value).__name__} of {value.dtype}; "
                "save plain arrays of numbers or text"
            )
        name = _joined(path)
        if value.dtype in C_NAMES and value.dtype.kind != "c":
            return {"array": self._add(name, value)}
        content = np.frombuffer(value.tobytes(), np.uint8)
        found = {"dtype": value.dtype.str, "shape": list(value.shape)}
        return {"packed": self._add(name, content), **found}

    def _tensor(self, value: Any, path: tuple[Any, ...]) -> dict[str, Any]:
        kind = "parameter" if isinstance(value, Parameter) else "tensor"
        self._windows.append(_Window.of(value.detach(), _joined(path)))
        self.tensors.append(
            {
                "kind": kind,
                "requires_grad": bool(value.requires_grad),
                "complex": value.dtype.kind == "c",
                "device": str(value.device),
            }
        )
        return {"tensor": len(self.tensors) - 1}


def _joined(path: tuple[Any, ...]) -> str:
    return ".".join(str(key) for key in path) or "tensor"


def _is_own(value: Any) -> bool:
    return type(value).__module__.partition(".")[0] == "cltensor"


def _is_shape(value: Any) -> bool:
    """Whether it is a tuple with a few methods, as shapes are; it comes back as a tuple."""
    return isinstance(value, tuple) and _is_own(value) and not hasattr(value, "_fields")


class Reader:
    """Turns what `Writer` gave back into values; any error means a damaged file."""

    def __init__(self, arrays: dict[str, np.ndarray], structure: Any, place: Place) -> None:
        for name, wanted in structure["sums"].items():
            if _check_sum(arrays[name]) != wanted:
                raise DataError(f"the check sum of '{name}' differs")
        self._arrays = {name: arrays[name] for name in structure["sums"]}
        self._place = place
        self._made: dict[str, np.ndarray] = {}
        self._bases: dict[str, Tensor] = {}
        self._tensors = [self._tensor(entry) for entry in structure["tensors"]]

    def decode(self, found: Any) -> Any:
        """The value of an encoded one."""
        if isinstance(found, list):
            return [self.decode(member) for member in found]
        if not isinstance(found, dict):
            return found
        name, content = next(iter(found.items()))
        if name in _DICTS:
            pairs = ((self.decode(key), self.decode(value)) for key, value in content)
            made: Any = Counter(dict(pairs)) if name == "counter" else _DICTS[name](pairs)
            if "metadata" in found:
                made._metadata = self.decode(found["metadata"])
            return made
        if name in _ROWS:
            return _ROWS[name](self.decode(member) for member in content)
        if name == "tensor":
            return self._tensors[content]
        if name in ("array", "packed"):
            if content not in self._made:
                self._made[content] = self._array(name, found)
            return self._made[content]
        return _SINGLES[name](content, found)

    def _array(self, name: str, found: dict[str, Any]) -> np.ndarray:
        array = self._arrays[found[name]]
        if name == "array":
            return array.copy()
        dtype, shape = np.dtype(found["dtype"]), tuple(found["shape"])
        return np.ndarray(shape, dtype, array.tobytes()).copy()

    def _tensor(self, entry: dict[str, Any]) -> Any:
        name, view = entry["array"], entry.get("view")
        if name not in self._bases:
            array = self._arrays[name]
            if entry.get("complex"):
                array = array.view(complex_of(array.dtype))[..., 0]
            self._bases[name] = self._place(array, entry["device"])
        found = self._bases[name]
        if view is not None:
            shape, strides, offset = tuple(view[0]), tuple(view[1]), view[2]
            reach = [(n - 1) * s for n, s in zip(shape, strides, strict=True)]
            low = offset + sum(r for r in reach if r < 0)
            high = offset + sum(r for r in reach if r > 0)
            if low < 0 or high >= math.prod(found.shape):
                raise DataError(f"a view of '{name}' reaches from {low} to {high}, outside of it")
            found = found.window(shape, strides, found.offset + offset)
        if entry["kind"] == "parameter":
            return Parameter(found, entry["requires_grad"])
        found = found.detach()  # one of its own, though it may share its elements
        return found.requires_grad_() if entry["requires_grad"] else found


def _scalar(content: str, found: dict[str, Any]) -> Any:
    dtype = np.dtype(found["dtype"])
    return np.ndarray((), dtype, base64.b64decode(content))[()]


def _generator(content: list[int], found: dict[str, Any]) -> Generator:
    generator = Generator(0)
    generator.set_state((content[0], content[1]))
    return generator


#: How values without members are read: from the content, and the object around it.
_SINGLES: dict[str, Callable[[Any, dict[str, Any]], Any]] = {
    "int": lambda content, _: int(content, 16),
    "float": lambda content, _: struct.unpack(">d", bytes.fromhex(content))[0],
    "complex": lambda content, _: complex(*struct.unpack(">dd", bytes.fromhex(content))),
    "bytes": lambda content, _: base64.b64decode(content),
    "bytearray": lambda content, _: bytearray(base64.b64decode(content)),
    "scalar": _scalar,
    "dtype": lambda content, _: bfloat16 if content == "bfloat16" else np.dtype(content),
    "device": lambda content, _: present(content),
    "generator": _generator,
}
