"""Tensor: plain values of one shape and dtype on one device.

A Tensor shows a Value: a strided window of a pooled buffer, or a pending expression that is
computed when its bytes are needed. Tensors have value semantics: views share a buffer, but nothing
changes elements that somebody else can see. ``x += y`` rebinds the name; ``x[i] = v`` writes in
place only while this Tensor alone owns its buffer.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable, Iterator
from math import prod
from typing import Any, ClassVar, NoReturn

import numpy as np

from cltensor import fusion
from cltensor.codegen import Shape, contiguous_strides
from cltensor.device import Device, get
from cltensor.dtypes import as_dtype, default_float, float16, float64
from cltensor.errors import DTypeError, GradientError, ShapeError
from cltensor.fusion import Value
from cltensor.memory import Buffer, download, upload
from cltensor.operators import Operators
from cltensor.text import show_array


class Size(int):
    """A number of elements that, called, gives the shape: array API and PyTorch users both have
    their way."""

    _shape: Shape

    def __new__(cls, shape: Shape) -> Size:
        self = super().__new__(cls, prod(shape))
        self._shape = shape
        return self

    def __call__(self, axis: int | None = None) -> Any:
        """The shape, or the size along `axis`."""
        return self._shape if axis is None else self._shape[axis]


class Tensor(Operators):
    """An n-dimensional array on an OpenCL device.

    Made by the creation functions (`ct.tensor`, `ct.zeros`, ...), not by calling the class.
    """

    __slots__ = ("__weakref__", "_value", "_version")

    #: How `x[key] = value` is done; set in ops/inplace.py, since it takes operations.
    _assign: ClassVar[Callable[..., None]]

    def __init__(self, value: Value) -> None:
        self._value = value
        self._version = 0
        value.owner = weakref.ref(self)
        if fusion.Eager.on and value.buffer is None and value.op is not fusion.JOIN:
            fusion.realize(value)

    @staticmethod
    def empty(shape: Shape, dtype: np.dtype, device: Device) -> Tensor:
        """A Tensor whose elements are undefined, for a kernel to fill."""
        buffer = device.pool.allocate(prod(shape) * dtype.itemsize)
        return Tensor(fusion.stored(shape, dtype, device, buffer))

    @staticmethod
    def from_numpy(array: np.ndarray, device: Device | str | None = None) -> Tensor:
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
        contiguous = np.ascontiguousarray(array, dtype)
        return Tensor(fusion.stored(array.shape, dtype, target, upload(target, contiguous)))

    @property
    def shape(self) -> Shape:
        """The size along each dimension."""
        return self._value.shape

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
    def size(self) -> Size:
        """The number of elements; called, as in PyTorch, the shape."""
        return Size(self._value.shape)

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

    @property
    def is_contiguous(self) -> bool:
        """Whether the elements lie in row-major order without gaps."""
        value = self._value
        return value.strides == contiguous_strides(value.shape) or prod(value.shape) <= 1

    @property
    def data(self) -> Tensor:
        """self; a Variable's data is its Tensor."""
        return self

    @property
    def requires_grad(self) -> bool:
        """False: a Tensor records nothing; wrap it in a Variable."""
        return False

    @property
    def grad(self) -> None:
        """None: a Tensor collects no gradient; wrap it in a Variable."""
        return

    def backward(self, *args: object, **kwargs: object) -> NoReturn:
        """Raise GradientError: a Tensor is in no graph."""
        raise _records_nothing("backward")

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """self when asked for no gradient; else raise GradientError, since a Tensor cannot turn
        into a Variable in place."""
        if requires_grad:
            raise _records_nothing("requires_grad_")
        return self

    def realize(self) -> Tensor:
        """Compute a pending value now; returns self."""
        fusion.realize(self._value)
        return self

    def as_strided(self, shape: Shape, strides: Shape, offset: int) -> Tensor:
        """A view of the same buffer; strides and offset in elements of that buffer."""
        return Tensor(fusion.window(self._value, shape, strides, offset))

    def alias(self) -> Tensor:
        """Another Tensor with the same elements."""
        value = self._value
        fusion.realize(value)
        return Tensor(fusion.window(value, value.shape, value.strides, value.offset))

    def detach(self) -> Tensor:
        """self: a Tensor is in no graph."""
        return self

    def owns_alone(self) -> bool:
        """Whether no other Tensor, expression or view can see this Tensor's elements."""
        self.realize()
        return self._holders() == _ALONE

    def _holders(self) -> tuple[int, int]:
        value = self._value
        return sys.getrefcount(value), sys.getrefcount(value.buffer)

    def replace(self, other: Tensor) -> None:
        """Show the elements of `other` (a Tensor made for the purpose) from now on."""
        if self.device.recorder is not None:
            self.device.recorder.rebinds(
                ("tensor", id(self)), self.alias(), lambda: self, self.replace
            )
        self._value.owner = fusion.nobody
        self._value = other._value
        self._value.owner = weakref.ref(self)
        self._version += 1

    def mark_changed(self) -> None:
        """Note that elements were written, so that a graph that saved them can tell."""
        self._version += 1

    def become(self, other: Tensor, reshapes: bool = False) -> Tensor:
        """Show what an operation "in place" gave; returns self.

        Raises ShapeError or DTypeError when that is not of this dtype and, unless the operation
        `reshapes`, this shape.
        """
        if other.shape != self.shape:
            if not reshapes:
                raise ShapeError(
                    f"in place: a result of shape {other.shape} does not fit a tensor of shape "
                    f"{self.shape}; use the operation that returns a new tensor"
                )
            if self.device.recorder is not None:
                self.device.recorder.refuse("changing a tensor's shape in place")
        if other.dtype != self.dtype:
            raise DTypeError(
                f"in place: a {other.dtype.name} result does not fit a {self.dtype.name} tensor; "
                "cast it, or use the operation that returns a new tensor"
            )
        self.replace(other if other is not self else other.alias())
        return self

    def numpy(self) -> np.ndarray:
        """The elements as a NumPy array on the host; waits for the device.

        Raises IndexingError if a kernel met a bad index since the last read.
        """
        source = self if self.is_contiguous else self.contiguous()
        buffer = source.buffer  # before the host's memory: the device's errors say more
        out = np.empty(self.shape, self.dtype)
        download(buffer, out, source.offset * self.dtype.itemsize)
        self.device.check_faults()
        return out

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if copy is False:
            raise ValueError("__array__: the elements live on a device; copy=False is impossible")
        array = self.numpy()
        return array if dtype is None else array.astype(dtype, copy=False)

    def item(self) -> bool | int | float:
        """The one element as a Python number.

        Raises ShapeError when there is not exactly one.
        """
        if self.size != 1:
            raise ShapeError(
                f"item: a tensor of shape {self.shape} has {self.size} elements, not one; index it "
                "first or use .tolist()"
            )
        return self.numpy().item()

    def tolist(self) -> Any:
        """The elements as nested Python lists."""
        return self.numpy().tolist()

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

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

    def __setitem__(self, key: Any, value: Any) -> None:
        self._assign(key, value)

    def __deepcopy__(self, memo: object) -> Tensor:
        return self.alias()

    def __reduce__(self) -> tuple[Any, ...]:
        return (_unpickle, (self.numpy(), self.device.name))

    def __repr__(self) -> str:
        return f"tensor({self.describe()})"

    def describe(self) -> str:
        """What the repr shows inside the parentheses, PyTorch's way."""
        array = self.numpy()
        text = show_array(array, "tensor(")
        if array.size == 0 and array.ndim > 1:
            text = f"[], size={array.shape}"
        if self.dtype not in (default_float, np.dtype("int64"), np.dtype("bool")):
            text += f", dtype={self.dtype.name}"
        if self.device is not get():
            text += f", device='{self.device}'"
        return text


def _records_nothing(operation: str) -> GradientError:
    return GradientError(
        f"{operation}: a Tensor records no operations; start from a Variable, made by "
        "ct.tensor(..., requires_grad=True) or Variable(tensor, requires_grad=True)"
    )


def _unpickle(array: np.ndarray, device: str) -> Tensor:
    return Tensor.from_numpy(array, device)


def _sole_owner_counts() -> tuple[int, int]:
    """What `Tensor._holders` counts when nobody else refers to value or buffer."""
    value = Value.__new__(Value)
    value.buffer = object()  # type: ignore[assignment]
    tensor = Tensor.__new__(Tensor)
    tensor._value = value
    del value
    return tensor._holders()


_ALONE = _sole_owner_counts()


def require_dtype(operation: str, dtype: np.dtype, device: Device) -> None:
    """Raise DTypeError if `device` cannot compute with `dtype`."""
    if (dtype == float64 and not device.fp64) or (dtype == float16 and not device.fp16):
        raise DTypeError(
            f"{operation}: '{device}' ({device.title}) has no {dtype.name}; use float32, or "
            "another device (python -m cltensor info lists what each has)"
        )


def show(value: object) -> str:
    """A short description of any operand, for messages."""
    if isinstance(value, (bool, int, float, str)):
        return repr(value)
    shape = getattr(value, "shape", None)
    kind = type(value).__name__
    return f"a {kind} of shape {tuple(shape)}" if shape is not None else f"a {kind}"
