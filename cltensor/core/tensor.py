"""Tensor: plain values of one shape and dtype on one device, with their place in a graph.

A Tensor shows a Value: a strided window of a pooled buffer, or a pending expression that is
computed when its bytes are needed. Views share a buffer, and what is written through one of them is
seen by all (`writes`). A Tensor has a node when its operations are recorded (`Differentiable`).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from math import prod
from typing import TYPE_CHECKING, Any, ClassVar
from weakref import ref

import numpy as np

from cltensor import dtypes
from cltensor.core.differentiable import Differentiable
from cltensor.core.hooks import tracers, watchers
from cltensor.core.mode import mode
from cltensor.core.names import named
from cltensor.core.printing import html, show_elements
from cltensor.core.size import Count, Size
from cltensor.core.suggestions import missing
from cltensor.dtypes import as_dtype, complex128, float64
from cltensor.errors import DTypeError, GradientError, ShapeError
from cltensor.halves import bfloat16, host_dtype, ml_array, to_array
from cltensor.lazy import fusion
from cltensor.lazy.codegen import Shape
from cltensor.lazy.fusion import Eager, Join, Value
from cltensor.lazy.kinds import Pointwise
from cltensor.lazy.values import changer_of, holders, is_packed, nobody, version_of
from cltensor.runtime.copies import download
from cltensor.runtime.device import Device, DeviceSpec, get
from cltensor.runtime.lane import upload
from cltensor.runtime.memory import Buffer

_NOW_AND_THEN = 1023  # as many are held, or a multiple of it, when it is looked what is over
_refs = holders.refs
_hold = _refs.append


class Tensor(Differentiable):
    """An n-dimensional array on an OpenCL device.

    Made by the creation functions (`ct.tensor`, `ct.zeros`, ...); the class itself, called in
    PyTorch's older style, gives float32: ``ct.Tensor([1, 2])`` with these elements,
    ``ct.Tensor(5, 3)`` of that shape with undefined ones.

    >>> x = ct.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> x.shape, x.T[0], (x @ x).sum().item()
    (Size([2, 2]), tensor([1., 3.]), 54.0)
    """

    __slots__ = ("__dict__", "__weakref__", "_value")

    #: Every operation makes one: what checks keywords of users is not put around that.
    MADE_OFTEN = True
    _grad_is_copied = True  # by a deep copy
    #: How `x[key] = value` is done; set in autograd/inplace.py, since it takes operations.
    _assign: ClassVar[Callable[..., None]]
    #: What ``Tensor(...)`` makes of the user's arguments; set in autograd/creation.py.
    _from_data: ClassVar[Callable[..., Value]]

    def __init__(self, data: Any = (), *sizes: Any, dtype: Any = None, device: Any = None) -> None:
        if type(data) is not Value:
            data = self._from_data(data, *sizes, dtype=dtype, device=device)
        self._value = data
        self._node = self._view = None
        if data.buffer is None:  # `_claim`, written out: this is part of every operation
            data.owner = owner = ref(self)
            _hold(owner)
            if not len(_refs) & _NOW_AND_THEN:
                holders.prune()
            if Eager.on and type(data.op) is not Join:
                fusion.realize(data)

    @staticmethod
    def empty(shape: Shape, dtype: np.dtype, device: Device) -> Tensor:
        """A Tensor whose elements are undefined, for a kernel to fill."""
        buffer = device.pool.allocate(prod(shape) * dtype.itemsize)
        return Tensor(fusion.stored(shape, dtype, device, buffer))

    @staticmethod
    def from_numpy(array: np.ndarray, device: DeviceSpec = None) -> Tensor:
        """A copy of `array` on `device`, with the dtype of `array`.

        Raises DTypeError for what is no array, and for a dtype that the device has not.
        """
        if not isinstance(array, (np.ndarray, np.generic)):
            raise DTypeError(
                f"from_numpy: array is {show(array)}, not a NumPy array; use ct.tensor(...)"
            )
        target = get(device)
        dtype = as_dtype(array.dtype)
        require_dtype("tensor", dtype, target)
        if dtype is bfloat16:
            array = np.asarray(array).view(host_dtype(dtype))
        contiguous = np.ascontiguousarray(array, host_dtype(dtype))
        return Tensor(fusion.stored(array.shape, dtype, target, upload(target, contiguous)))

    @property
    def shape(self) -> Size:
        """The size along each dimension."""
        return Size(self._value.shape)

    @property
    def dtype(self) -> np.dtype:
        """The element type, a NumPy dtype."""
        return self._value.dtype

    @property
    def device(self) -> Device:
        """The device that holds the elements."""
        return self._value.device

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return len(self._value.shape)

    @property
    def size(self) -> Count:
        """The number of elements; called, as in PyTorch, the shape."""
        return Count(self._value.shape)

    @property
    def nbytes(self) -> int:
        """The number of bytes of the elements."""
        return prod(self._value.shape) * self.dtype.itemsize

    @property
    def is_pending(self) -> bool:
        """Whether the elements are still to be computed."""
        return self._value.buffer is None

    @property
    def buffer(self) -> Buffer:
        """The buffer with the elements (at `offset`, by `strides`); computes a pending value."""
        value = self._value
        return value.buffer or fusion.realize(value)

    @property
    def strides(self) -> Shape:
        """The distance between neighbours along each dimension, in elements."""
        return self._value.strides

    @property
    def offset(self) -> int:
        """Where in the buffer the first element is, in elements."""
        return self._value.offset

    @named
    def is_contiguous(self, memory_format: Any = None) -> bool:
        """Whether the elements lie in row-major order without gaps.

        memory_format: PyTorch's keyword; another order than that is never there.
        """
        return memory_format in (None, "contiguous_format") and self._value.is_contiguous()

    def realize(self) -> Tensor:
        """Compute a pending value now; returns self."""
        fusion.realize(self._value)
        return self

    def window(self, shape: Shape, strides: Shape, offset: int) -> Tensor:
        """A view of the same buffer; strides and offset in elements of that buffer."""
        return Tensor(fusion.window(self._value, shape, strides, offset))

    def detach(self) -> Tensor:
        """The same elements outside the graph: a view that shares them."""
        for watch in watchers:
            watch((self,))
        value = self._value
        fusion.realize(value)
        return Tensor(value)

    @property
    def data(self) -> Tensor:
        """The elements, outside the graph, shared. Assigning shows those of another tensor."""
        return self.detach()

    @data.setter
    def data(self, data: Tensor) -> None:
        if not isinstance(data, Tensor):
            raise DTypeError(f"data: what is assigned is {show(data)}, not a tensor")
        for watch in watchers:
            watch((self, data))
        self.show(data.realize()._value)

    def show(self, value: Value) -> None:
        """Show `value`, which belongs to nobody else, from now on; a leaf stays a leaf."""
        old, self._value = self._value, value
        if old.buffer is None:
            _release(old, self)
        if value.buffer is None:
            _claim(value, self)
        node = self._node
        if node is not None and node.op is None:
            node.shape, node.dtype, node.device = value.shape, value.dtype, value.device

    def held_values(self) -> tuple[Value, ...]:
        """See values.Holder."""
        return (self._value,)

    @property
    def _version(self) -> int:
        """How often the elements were changed in place."""
        return version_of(self._value)

    @property
    def _changed_by(self) -> str:
        """The operation that did so last."""
        return changer_of(self._value)

    def numpy(self) -> np.ndarray:
        """The elements as a NumPy array on the host; waits for the device.

        Those of bfloat16 have a dtype of the package ml_dtypes; DependencyError without it. Raises
        IndexingError if a kernel met a bad index since the last read.
        """
        if self._node is not None and mode.enabled:
            raise GradientError(
                "numpy: this tensor requires a gradient, which NumPy would lose; use "
                ".detach().numpy()"
            )
        stored = self._stored()
        return stored if self._value.dtype is not bfloat16 else ml_array("numpy", stored)

    def _read(self) -> np.ndarray:
        """The elements as numbers: those of bfloat16 as float32."""
        return to_array(self._stored())

    def _stored(self) -> np.ndarray:
        """The elements as they are stored."""
        for tracer in tracers:
            tracer.read(self)
        source = self
        if not self._value.is_contiguous():
            if self.device.is_host:
                return shown_on_host(self).copy()
            source = _dense(self)
        buffer = source.buffer  # before the host's memory: the device's errors say more
        out = np.empty(self.shape, host_dtype(self.dtype))
        self.device.faults.ask()
        download(buffer, out, source.offset * self.dtype.itemsize)
        self.device.faults.check()
        return out

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if copy is False:
            raise ValueError("__array__: the elements live on a device; copy=False is impossible")
        if dtype is not None and self.dtype is bfloat16:
            return self._read().astype(dtype)
        array = self.numpy()
        return array if dtype is None else array.astype(dtype, copy=False)

    def item(self) -> Any:
        """The one element as a Python number.

        Raises ShapeError when there is not exactly one.
        """
        if self.size != 1:
            raise ShapeError(
                f"item: a tensor of shape {self.shape} has {self.size} elements, not one; index it "
                "first or use .tolist()"
            )
        return self._read().item()

    def tolist(self) -> Any:
        """The elements as nested Python lists."""
        return self._read().tolist()

    def __float__(self) -> float:
        return float(self._real_item("float"))

    def __complex__(self) -> complex:
        return complex(self.item())

    def __int__(self) -> int:
        return int(self._real_item("int"))

    def _real_item(self, kind: str) -> Any:
        """The one element, of a complex tensor the real part unless something would be lost."""
        value = self.item()
        if isinstance(value, complex) and value.imag:
            raise DTypeError(
                f"{kind}: {value} has an imaginary part; take x.real first, or complex(x)"
            )
        return value.real

    def __bool__(self) -> bool:
        return bool(self.item())

    def __index__(self) -> int:
        if self.dtype.kind not in "iu":
            raise DTypeError(
                f"index: a {self.dtype.name} tensor is no index; cast it to an integer"
            )
        return int(self.item())

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len: a zero-dimensional tensor has no length")
        return self.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    if not TYPE_CHECKING:  # a type checker would take any name for an attribute

        def __getattr__(self, name):
            # Reached only when there is no attribute of that name.
            return missing(self, "a tensor", name, lambda: dir(type(self)))

    def __setitem__(self, key: Any, value: Any) -> None:
        self._assign(key, value)

    def __copy__(self) -> Tensor:
        copied = type(self).__new__(type(self))
        Tensor.__init__(copied, self.detach()._value)
        if self.requires_grad:
            copied.requires_grad_()
        copied.__dict__.update(self.__dict__)
        return copied

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        if not self.is_leaf:
            raise GradientError("deepcopy: only leaves can be copied; use .detach() first")
        copied = type(self).__new__(type(self))
        memo[id(self)] = copied
        Tensor.__init__(copied, _on_a_copy(self, memo)._value)
        if self.node is not None:
            copied.requires_grad_()
        copied.__dict__.update({k: copy.deepcopy(v, memo) for k, v in self.__dict__.items()})
        if self.grad is not None and self._grad_is_copied:
            copied.grad = copy.deepcopy(self.grad, memo)
        return copied

    def __reduce__(self) -> tuple[Any, ...]:
        if not self.is_leaf:
            raise GradientError("pickle: only leaves can be pickled; use .detach() first")
        value, array, shape = self.realize()._value, self, None
        if not value.is_contiguous() and is_packed(value):
            shape = value.shape, value.strides
            array = Tensor(fusion.window(value, (prod(value.shape),), (1,), value.offset))
        own = {name: x for name, x in self.__dict__.items() if name != "_grad"}
        state = (array._stored(), self.device.name, self.requires_grad, own, shape)
        return (_unpickle, (type(self), *state))

    def __repr__(self) -> str:
        text = self.describe()
        node = self.node
        if node is not None:
            text += ", requires_grad=True" if node.op is None else f", grad_fn=<{node.op.name}>"
        return f"tensor({text})"

    def _repr_html_(self) -> str:
        """What a notebook shows: a table, its dtype, shape and device."""
        needs = ", requires_grad" if self.node is not None else ""
        caption = f"{self.dtype.name} {tuple(self.shape)} on {self.device}{needs}"
        return html(self._read(), caption)

    def describe(self) -> str:
        """What the repr shows inside the parentheses, PyTorch's way."""
        text = show_elements(self._read(), self.dtype)
        return text if self.device is get() else f"{text}, device='{self.device}'"


def _claim(value: Value, holder: Tensor) -> None:
    """Note that `holder` shows pending `value`, whose elements are to be kept."""
    value.owner = owner = ref(holder)
    _hold(owner)
    if Eager.on:
        fusion.realize(value)


def _release(value: Value, holder: Tensor) -> None:
    if value.owner() is holder:
        value.owner = nobody


_identity = Pointwise("contiguous", ("x",), "x")


def shown_on_host(x: Tensor) -> np.ndarray:
    """The elements of a tensor in the host's memory, where they are."""
    size = x.dtype.itemsize
    strides = tuple([s * size for s in x.strides])
    memory: Any = x.buffer.cl
    return np.ndarray(tuple(x.shape), host_dtype(x.dtype), memory, x.offset * size, strides)


def _dense(x: Tensor) -> Tensor:
    """A copy of x, outside the graph, in a buffer of its own."""
    value = x._value
    if value.device.is_host:
        return Tensor.from_numpy(x._stored(), value.device)
    args = (value.shape, value.dtype, value.dtype, value.device)
    return Tensor(fusion.pointwise(_identity, (value,), *args)).realize()


def _on_a_copy(x: Tensor, memo: dict[Any, Any]) -> Tensor:
    """x in a copy of its buffer, outside the graph: the one in `memo`, if another is in it."""
    value = x.realize()._value
    buffer: Any = value.buffer
    key = "storage", id(buffer)
    if key not in memo:
        bytes_ = fusion.stored((buffer.nbytes,), dtypes.uint8, value.device, buffer)
        memo[key] = _dense(Tensor(bytes_)).buffer, buffer  # kept, so that no other has its id
    found = fusion.stored(value.shape, value.dtype, value.device, memo[key][0])
    return Tensor(fusion.window(found, value.shape, value.strides, value.offset))


def _unpickle(
    kind: Any, array: np.ndarray, device: str, requires_grad: bool, attributes: dict[str, Any],
    shape: tuple[Shape, Shape] | None = None,
) -> Any:  # fmt: skip
    """shape, with strides: how to show the elements, which are in the order of memory."""
    tensor = kind.__new__(kind)
    stored = Tensor.from_numpy(array, device)
    Tensor.__init__(tensor, (stored if shape is None else stored.window(*shape, 0))._value)
    if requires_grad:
        tensor.requires_grad_()
    tensor.__dict__.update(attributes)
    return tensor


def require_dtype(operation: str, dtype: np.dtype, device: Device) -> None:
    """Raise DTypeError if `device` cannot compute with `dtype`."""
    if dtype in (float64, complex128) and not device.fp64:
        narrow = "complex64" if dtype.kind == "c" else "float32"
        raise DTypeError(
            f"{operation}: '{device}' ({device.title}) has no {dtype.name}; use {narrow}, or "
            "another device (python -m cltensor info lists what each has)"
        )


def show(value: object) -> str:
    """A short description of any operand, for messages."""
    if isinstance(value, (bool, int, float, complex, str)):
        return repr(value)
    kind, shape = type(value).__name__, getattr(value, "shape", None)
    return f"a {kind} of shape {tuple(shape)}" if shape is not None else f"a {kind}"
