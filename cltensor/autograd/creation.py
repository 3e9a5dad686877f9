"""The public creation functions: those of `cltensor.ops` with `requires_grad`, and typed names."""

from __future__ import annotations

from typing import Any

import numpy as np

from cltensor import dtypes
from cltensor.core.composite import composite, creator
from cltensor.core.names import named
from cltensor.core.size import Size
from cltensor.core.tensor import Tensor
from cltensor.dtypes import as_dtype
from cltensor.errors import DTypeError
from cltensor.lazy.values import Value
from cltensor.ops import create
from cltensor.ops.facts import set_default_dtype as _set_default_dtype
from cltensor.ops.move import to
from cltensor.runtime.device import set_default_device


@creator
def tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """A Tensor with a copy of `data` (numbers, nested lists, arrays, tensors).

    Python floats give float32 and Python ints int64; arrays and NumPy's numbers keep theirs. With
    requires_grad=True the result collects its gradient.

    >>> ct.tensor([[1, 2], [3, 4]], dtype=ct.float32)
    tensor([[1., 2.],
            [3., 4.]])
    """
    return create.from_host(data, dtype, device)


@creator
def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """`data` itself where it is a Tensor of that dtype and on that device already, else a copy.

    >>> ct.as_tensor([1, 2])
    tensor([1, 2])
    """
    if isinstance(data, Tensor):
        return to(data, dtype=dtype, device=device)
    return tensor(data, dtype, device)


@creator
def asarray(data: Any, dtype: Any = None, device: Any = None, copy: bool | None = None) -> Tensor:
    """As `as_tensor`; with copy=True always a copy, with copy=False never one.

    >>> ct.asarray([[1.0], [2.0]])
    tensor([[1.],
            [2.]])
    """
    made = as_tensor(data, dtype, device)
    if copy is False and made is not data:
        raise ValueError(
            "asarray: copy=False, but only a tensor of that dtype and on that device needs no "
            "copy; leave it out"
        )
    return made.clone() if copy and made is data else made


@named
def _from_data(given: Any, *sizes: Any, dtype: Any = None, device: Any = None) -> Value:
    """What ``Tensor(...)`` shows, in PyTorch's older style: the elements given, or sizes."""
    if isinstance(given, Size) and not sizes:
        given, sizes = (given or (0,))[0], tuple(given[1:])
    if all(isinstance(n, (int, np.integer)) for n in (given, *sizes)):
        return create.empty(given, *sizes, dtype=dtype, device=device)._value
    if sizes:
        raise TypeError(f"Tensor: takes data, or sizes as integers, not {1 + len(sizes)} arguments")
    if isinstance(given, Tensor):
        return given.detach()._value
    return create.tensor(given, dtype or dtypes.default_float, device)._value


Tensor._from_data = staticmethod(_from_data)


class TensorType:
    """A constructor of Tensors of one dtype, in PyTorch's older style.

    ``ct.FloatTensor([[1, 2]])`` holds that data, ``ct.FloatTensor(2, 3)`` has that shape and
    undefined elements. It also names the dtype in ``x.type(ct.FloatTensor)``.

    >>> ct.FloatTensor([[1, 2]]), ct.ones(2).type(ct.LongTensor)
    (tensor([[1., 2.]]), tensor([1, 1]))
    >>> isinstance(ct.tensor([1]), ct.LongTensor), ct.ByteTensor(2, 3).shape
    (True, Size([2, 3]))
    """

    def __init__(self, name: str, dtype: np.dtype, device: Any = None) -> None:
        self.name = name
        self.dtype = dtype
        self.device = device

    def on(self, device: Any) -> TensorType:
        """The same, of tensors on a device."""
        return TensorType(self.name, self.dtype, device)

    @named
    def __call__(self, *data: Any, device: Any = None) -> Tensor:
        device = device or self.device
        if not data or isinstance(data[0], (int, Size)):
            return create.empty(*data or (0,), dtype=self.dtype, device=device)
        return create.from_host(data[0], self.dtype, device)

    def __instancecheck__(self, x: object) -> bool:
        return isinstance(x, Tensor) and x.dtype == self.dtype

    def __repr__(self) -> str:
        return f"cltensor.{self.name}"


_TYPES = {
    "FloatTensor": dtypes.float32,
    "DoubleTensor": dtypes.float64,
    "HalfTensor": dtypes.float16,
    "BFloat16Tensor": dtypes.bfloat16,
    "LongTensor": dtypes.int64,
    "IntTensor": dtypes.int32,
    "ShortTensor": dtypes.int16,
    "CharTensor": dtypes.int8,
    "ByteTensor": dtypes.uint8,
    "BoolTensor": dtypes.bool_,
}
TYPES = {name: TensorType(name, dtype) for name, dtype in _TYPES.items()}


@composite(method=False)
def set_default_tensor_type(t: Any) -> None:
    """Make the dtype of a typed constructor, or of its name, that of floats without one; and where
    it is one of `ct.cuda`, the GPU the default device.

    Raises:  DTypeError for another name, and for a constructor of what is not floating-point.

    >>> ct.set_default_tensor_type(ct.HalfTensor)
    >>> ct.get_default_dtype()
    dtype('float16')
    >>> ct.set_default_tensor_type(ct.FloatTensor)
    """
    name = t if isinstance(t, str) else repr(t)
    found = TYPES.get(name.rpartition(".")[2]) if isinstance(t, str) else t
    if not isinstance(found, TensorType):
        raise DTypeError(
            f"set_default_tensor_type: {name!r} is none of {', '.join(TYPES)}; or use "
            "set_default_dtype and set_default_device"
        )
    _set_default_dtype(found.dtype)
    if found.device is not None or ".cuda." in name:
        set_default_device(found.device or "gpu")


@composite
def type_(x: Any, dtype: Any = None, non_blocking: bool = False) -> Any:
    """The name of x's typed constructor; or, with `dtype` (such a constructor, its name or a
    dtype), x cast to it.

    >>> ct.zeros(1).type()
    'cltensor.FloatTensor'
    """
    if dtype is None:
        return next(
            (repr(t) for t in TYPES.values() if t.dtype == x.dtype), f"cltensor.{x.dtype.name}"
        )
    if isinstance(dtype, str):
        dtype = TYPES.get(dtype.rpartition(".")[2], dtype)
    return to(x, dtype.dtype if isinstance(dtype, TensorType) else as_dtype(dtype))
