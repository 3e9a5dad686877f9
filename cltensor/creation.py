"""The public creation functions: those of `cltensor.ops` with `requires_grad`, and typed names."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from cltensor import dtypes
from cltensor.device import get
from cltensor.dtypes import as_dtype
from cltensor.op import unrecorded
from cltensor.ops import create, random
from cltensor.tensor import Tensor
from cltensor.values import Value


def _recording(function: Callable[..., Tensor]) -> Callable[..., Any]:
    """`function` with the keyword requires_grad; when true, its result collects its gradient."""

    @wraps(function)
    def create_one(*args: Any, requires_grad: bool = False, **kwargs: Any) -> Any:
        made = function(*args, **kwargs)
        return made.requires_grad_() if requires_grad else made

    return create_one


def tensor(data: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A Tensor with a copy of `data` (numbers, nested lists, arrays, tensors).

    Python floats give float32 and Python ints int64; arrays keep their dtype. With
    requires_grad=True the result collects its gradient.
    """
    recorder = get(device).recorder
    if recorder is not None and not isinstance(data, Tensor):
        recorder.refuse("making a tensor from data of the host")
    made = unrecorded(create.tensor, data, dtype, device)
    return made.requires_grad_() if requires_grad else made


def _from_data(*data: Any, dtype: Any = None, device: Any = None) -> Value:
    """What ``Tensor(...)`` shows, in PyTorch's older style: the elements given, or sizes."""
    if not data or all(isinstance(n, (int, np.integer)) for n in data):
        return create.empty(*data or (0,), dtype=dtype, device=device)._value
    if len(data) > 1:
        raise TypeError(f"Tensor: takes data, or sizes as integers, not {len(data)} arguments")
    given = data[0]
    if isinstance(given, Tensor):
        return given.detach()._value
    if dtype is None and not isinstance(given, (np.ndarray, np.generic)):
        dtype = dtypes.default_float
    return create.tensor(given, dtype, device)._value


Tensor._from_data = staticmethod(_from_data)

zeros = _recording(create.zeros)
ones = _recording(create.ones)
full = _recording(create.full)
empty = _recording(create.empty)
zeros_like = _recording(create.zeros_like)
ones_like = _recording(create.ones_like)
full_like = _recording(create.full_like)
empty_like = _recording(create.empty_like)
arange = _recording(create.arange)
linspace = _recording(create.linspace)
eye = _recording(create.eye)
rand = _recording(random.rand)
randn = _recording(random.randn)
rand_like = _recording(random.rand_like)
randn_like = _recording(random.randn_like)


class TensorType:
    """A constructor of Tensors of one dtype, in PyTorch's older style.

    ``ct.FloatTensor([[1, 2]])`` holds that data, ``ct.FloatTensor(2, 3)`` has that shape and
    undefined elements. It also names the dtype in ``x.type(ct.FloatTensor)``.
    """

    def __init__(self, name: str, dtype: np.dtype) -> None:
        self.name = name
        self.dtype = dtype

    def __call__(self, *data: Any) -> Tensor:
        if not data or isinstance(data[0], int):
            return (
                create.empty(*data, dtype=self.dtype) if data else create.empty(0, dtype=self.dtype)
            )
        return create.tensor(data[0], self.dtype)

    def __repr__(self) -> str:
        return f"cltensor.{self.name}"


_TYPES = {
    "FloatTensor": dtypes.float32,
    "DoubleTensor": dtypes.float64,
    "HalfTensor": dtypes.float16,
    "LongTensor": dtypes.int64,
    "IntTensor": dtypes.int32,
    "ShortTensor": dtypes.int16,
    "CharTensor": dtypes.int8,
    "ByteTensor": dtypes.uint8,
    "BoolTensor": dtypes.bool_,
}
TYPES = {name: TensorType(name, dtype) for name, dtype in _TYPES.items()}


def type_of(x: Any, wanted: Any = None) -> Any:
    """The name of x's typed constructor; or, with `wanted` (such a constructor, its name or a
    dtype), x cast to it."""
    if wanted is None:
        return next(
            (repr(t) for t in TYPES.values() if t.dtype == x.dtype), f"cltensor.{x.dtype.name}"
        )
    if isinstance(wanted, str):
        wanted = TYPES.get(wanted.rpartition(".")[2], wanted)
    return create.to(x, wanted.dtype if isinstance(wanted, TensorType) else as_dtype(wanted))
