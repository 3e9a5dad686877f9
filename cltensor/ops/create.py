"""Making Tensors: from data, constants and ranges."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from cltensor import dtypes
from cltensor.core.checks import MOST, whole
from cltensor.core.composite import composite, creator
from cltensor.core.op import require_tensor, unrecorded
from cltensor.core.size import Size
from cltensor.core.tensor import Tensor, require_dtype, show
from cltensor.errors import DTypeError, ShapeError
from cltensor.halves import cast_array
from cltensor.lazy.codegen import Shape
from cltensor.ops.elementwise.cast import astype
from cltensor.ops.elementwise.cast import full as filled
from cltensor.ops.hostdata import array_of
from cltensor.ops.move import to_device
from cltensor.runtime.determinism import is_deterministic
from cltensor.runtime.device import Device, DeviceSpec, get


def tensor(data: Any, dtype: Any = None, device: DeviceSpec = None) -> Tensor:
    """A Tensor with a copy of `data`: numbers, nested lists, NumPy arrays or Tensors.

    Without dtype, Python floats give float32 and Python ints int64, as in PyTorch; arrays and
    NumPy's numbers keep their dtype. Without device, a Tensor stays on its own and anything else
    goes to the default.

    Raises DTypeError for data that is no number, or for an integer that `dtype` cannot hold.
    """
    if isinstance(data, Tensor):
        source = data if device is None else to_device(data, get(device))
        if dtype is not None:
            source = astype(source, dtypes.as_dtype(dtype))
        return source.clone() if source is data else source
    return Tensor.from_numpy(array_of(data, dtype), device)


def from_host(data: Any, dtype: Any, device: DeviceSpec) -> Tensor:
    """`tensor`, outside any graph; a recorded call is refused, whose replay would not see other
    data."""
    recorder = get(device).recorder
    if recorder is not None and not isinstance(data, Tensor):
        recorder.refuse("making a tensor from data of the host")
    return unrecorded(tensor, data, dtype, device)


def _sizes(size: tuple[Any, ...]) -> Shape:
    """A shape given as one sequence or as separate integers."""
    given = size
    try:
        if len(size) == 1 and not isinstance(size[0], (int, np.integer)):
            size = tuple(size[0])
        shape = tuple([operator.index(n) for n in size])
    except TypeError:
        raise ShapeError(f"create: {given} is no shape; pass integers or one tuple") from None
    if any(n < 0 for n in shape):
        raise ShapeError(f"create: a size of shape {shape} is negative")
    return shape


@creator
def full(size: Any, value: complex, dtype: Any = None, device: DeviceSpec = None) -> Tensor:
    """A Tensor with `value` everywhere; without dtype, that of the Python number.

    Raises DTypeError if `value` is no number, or none that an integer dtype can hold.

    >>> ct.full((2,), 7.0)
    tensor([7., 7.])
    """
    if type(value) not in (bool, int, float, complex):
        try:
            value = value.item()  # type: ignore[attr-defined]
        except (AttributeError, ValueError):
            raise DTypeError(
                f"full: value is {show(value)}, not a number; for elements of their own use "
                "ct.tensor(...)"
            ) from None
    if value != value and dtype is not None and dtypes.as_dtype(dtype).kind in "iu":
        raise DTypeError(f"full: NaN does not fit {dtypes.as_dtype(dtype).name}")
    if dtype is None:
        kinds = {
            bool: dtypes.bool_, int: dtypes.default_int, complex: dtypes.default_complex
        }  # fmt: skip
        dtype = kinds.get(type(value), dtypes.default_float)
    return filled(_sizes((size,)), value, dtypes.as_dtype(dtype), get(device))


@creator
def zeros(*size: Any, dtype: Any = None, device: DeviceSpec = None) -> Tensor:
    """A Tensor of zeros; sizes as a tuple or as separate integers.

    >>> ct.zeros(2, 2)
    tensor([[0., 0.],
            [0., 0.]])
    """
    return full(_sizes(size), 0, dtype or dtypes.default_float, device)


@creator
def ones(*size: Any, dtype: Any = None, device: DeviceSpec = None) -> Tensor:
    """A Tensor of ones; sizes as a tuple or as separate integers.

    >>> ct.ones(2)
    tensor([1., 1.])
    """
    return full(_sizes(size), 1, dtype or dtypes.default_float, device)


@creator
def empty(*size: Any, dtype: Any = None, device: DeviceSpec = None) -> Tensor:
    """A Tensor of undefined elements; sizes as a tuple or as separate integers.

    Where the same bits are asked for (`use_deterministic_algorithms`) they are NaN, the greatest
    whole number or True, as PyTorch's.

    >>> ct.empty(2, 3).shape
    Size([2, 3])
    """
    found = dtypes.as_dtype(dtype or dtypes.default_float)
    target = get(device)
    require_dtype("empty", found, target)
    return unwritten(_sizes(size), found, target)


def unwritten(shape: Shape, dtype: np.dtype, device: Device) -> Tensor:
    """What `empty` gives."""
    if not is_deterministic():
        return Tensor.empty(shape, dtype, device)
    value: complex = complex(math.nan, math.nan) if dtype.kind == "c" else math.nan
    if dtype.kind in "biu":
        value = dtype.kind == "b" or int(np.iinfo(dtype).max)
    return full(shape, value, dtype, device)


@creator
def full_like(x: Any, value: complex, dtype: Any = None, device: DeviceSpec = None) -> Tensor:
    """A Tensor with `value` everywhere and, unless given, the shape, dtype and device of `x`.

    >>> ct.full_like(ct.zeros(2), 7.0)
    tensor([7., 7.])
    """
    return full(x.shape, value, dtype or x.dtype, device or x.device)


@creator
def zeros_like(x: Any, dtype: Any = None, device: DeviceSpec = None) -> Tensor:
    """Zeros with, unless given, the shape, dtype and device of `x`.

    >>> ct.zeros_like(ct.ones(2))
    tensor([0., 0.])
    """
    return full_like(x, 0, dtype, device)


@creator
def ones_like(x: Any, dtype: Any = None, device: DeviceSpec = None) -> Tensor:
    """Ones with, unless given, the shape, dtype and device of `x`.

    >>> ct.ones_like(ct.zeros(2))
    tensor([1., 1.])
    """
    return full_like(x, 1, dtype, device)


@creator
def empty_like(x: Any, dtype: Any = None, device: DeviceSpec = None) -> Tensor:
    """Undefined elements with, unless given, the shape, dtype and device of `x`.

    >>> ct.empty_like(ct.zeros(2, 3, dtype=ct.float16)).dtype
    dtype('float16')
    """
    return empty(x.shape, dtype=dtype or x.dtype, device=device or x.device)


@creator(method=True)
def new(x: Any, *data: Any, device: DeviceSpec = None) -> Tensor:
    """PyTorch's older form of `new_empty` and `new_tensor`: sizes as integers, or data.

    >>> ct.zeros(1, dtype=ct.float16).new([1.0, 2.0]).dtype
    dtype('float16')
    """
    if not data or isinstance(data[0], Size) or all(isinstance(n, (int, np.integer)) for n in data):
        return empty(*data or (0,), dtype=x.dtype, device=device or x.device)
    return tensor(data[0], x.dtype, device or x.device)


@creator
def arange(
    start: float | None = None, stop: float | None = None, step: float = 1, dtype: Any = None,
    device: DeviceSpec = None,
) -> Tensor:  # fmt: skip
    """start, start + step, ... below `stop`; with one number, from 0 to below it.

    Without dtype: int64 if all numbers are integers, else float32. For an integer dtype the
    numbers are integers too: what is behind their points is left out.

    >>> ct.arange(1, 10, 3)
    tensor([1, 4, 7])
    """
    if stop is None:
        start, stop = 0, start
    if stop is None:
        raise TypeError("arange: 'stop' is missing; it takes start, stop, step, dtype, device")
    start = 0 if start is None else start
    if dtype is None:
        whole = all(isinstance(x, (int, np.integer)) for x in (start, stop, step))
        dtype = dtypes.default_int if whole else dtypes.default_float
    found = dtypes.as_dtype(dtype)
    given = start, stop, step
    start, stop, step = [_number_of(found, x) for x in given]
    if step == 0:
        raise ShapeError("arange: step is 0; the range would never end")
    if found.kind in "iu" and found != dtypes.int64:
        # PyTorch counts with the numbers as they are given, and only for int64 with whole ones.
        stop = start + step * _on_host("arange", lambda a, b, c: math.ceil((b - a) / c), *given)
    values = _on_host("arange", np.arange, start, stop, step)
    return Tensor.from_numpy(cast_array(values, found), device)


@creator
def range_(
    start: float = 0, stop: float | None = None, step: float = 1, dtype: Any = None,
    device: DeviceSpec = None,
) -> Tensor:  # fmt: skip
    """start, start + step, ... up to `stop`, which is included if it is met; float32 without dtype.

    PyTorch's older function; `arange` is what NumPy has, and leaves `stop` out.

    Raises:  ShapeError for a step of 0, or away from stop.

    >>> ct.arange(0, 3), ct.range(0, 3)
    (tensor([0, 1, 2]), tensor([0., 1., 2., 3.]))
    """
    if stop is None:
        raise TypeError("range: 'stop' is missing; it takes start, stop, step, dtype, device")
    if step == 0 or (stop - start) / step < 0:
        raise ShapeError(f"range: a step of {step} does not lead from {start} to {stop}")
    found = dtypes.as_dtype(dtype or dtypes.default_float)
    first, last, width = [_number_of(found, x) for x in (start, stop, step)]
    count = _on_host("range", lambda a, b, c: math.floor((b - a) / c) + 1, first, last, width)
    values = first + width * _on_host("range", np.arange, count)
    return Tensor.from_numpy(cast_array(values, found), device)


def _number_of(dtype: np.dtype, x: Any) -> Any:
    """x, and for an integer dtype without what is behind its point."""
    whole = dtype.kind not in "iu" or isinstance(x, int)
    return x if whole or not math.isfinite(x) else int(x)


def _on_host(operation: str, make: Callable[..., Any], *numbers: Any) -> Any:
    """The array that `make` makes of numbers. Raises ShapeError if there is none that large."""
    try:
        return make(*numbers)
    except (TypeError, ValueError, OverflowError, MemoryError) as error:
        raise ShapeError(
            f"{operation}: {', '.join(map(repr, numbers))} give no array that memory can hold "
            f"({error}); give finite numbers and a smaller size"
        ) from None


@creator
def linspace(
    start: float, stop: float, steps: int, dtype: Any = None, device: DeviceSpec = None
) -> Tensor:
    """`steps` numbers evenly spread from `start` to `stop`, both included. Of an integer dtype,
    what is behind the point of start, stop, and then of each number is left out.

    >>> ct.linspace(0, 1, 5)
    tensor([0.0000, 0.2500, 0.5000, 0.7500, 1.0000])
    """
    steps = whole("linspace", "steps", steps)
    found = dtypes.as_dtype(dtype or dtypes.default_float)
    return Tensor.from_numpy(
        cast_array(_spread("linspace", start, stop, steps, found), found), device
    )


def _spread(operation: str, start: float, stop: float, steps: int, dtype: np.dtype) -> np.ndarray:
    """Numbers from `start` to `stop` in double precision, for an integer dtype as PyTorch's."""
    start, stop = _number_of(dtype, start), _number_of(dtype, stop)
    make = _from_both_ends if dtype.kind in "iu" and steps > 1 else np.linspace
    return _on_host(operation, make, start, stop, steps)


def _from_both_ends(start: int, stop: int, steps: int) -> np.ndarray:
    step, places = (stop - start) / (steps - 1), np.arange(steps)
    return np.where(places < steps // 2, start + step * places, stop - step * places[::-1])


@creator
def logspace(
    start: float, stop: float, steps: int, base: float = 10.0, dtype: Any = None,
    device: DeviceSpec = None,
) -> Tensor:  # fmt: skip
    """`steps` powers of `base`, their exponents as `linspace` spreads them from `start` to `stop`
    for that dtype, but with what is behind the points of those between.

    >>> ct.logspace(0, 2, 3)
    tensor([  1.,  10., 100.])
    """
    steps = whole("logspace", "steps", steps)
    found = dtypes.as_dtype(dtype or dtypes.default_float)
    exponents = _spread("logspace", start, stop, steps, found)
    return Tensor.from_numpy(cast_array(np.power(base, exponents), found), device)


@creator
def eye(
    n: int, m: int | None = None, dtype: Any = None, device: DeviceSpec = None, *, k: int = 0
) -> Tensor:
    """The n by m matrix (square without m) with ones on its diagonal, or k columns to the right.

    >>> ct.eye(2)
    tensor([[1., 0.],
            [0., 1.]])
    """
    n = whole("eye", "n", n)
    m = n if m is None else whole("eye", "m", m)
    k = whole("eye", "k", max(-n, min(k, m)) if isinstance(k, int) else k, -MOST)
    found = dtypes.as_dtype(dtype or dtypes.default_float)
    ones = _on_host("eye", partial(np.eye, k=k, dtype=dtypes.bool_), n, m)
    return Tensor.from_numpy(cast_array(ones, found), device)


@creator
def from_numpy(array: np.ndarray, device: DeviceSpec = None) -> Tensor:
    """A copy of a NumPy array, of the same dtype.

    >>> ct.from_numpy(np.arange(3))
    tensor([0, 1, 2])
    """
    return Tensor.from_numpy(array, device)


@composite(method=False)
def meshgrid(*xs: Any, indexing: str = "ij") -> Sequence[Any]:
    """Coordinate matrices of coordinate vectors: out[k][i, j, ...] is element k of (i, j, ...).

    indexing "xy" exchanges the first two axes, as NumPy's meshgrid does by default.

    >>> ct.meshgrid(ct.arange(2), ct.arange(2), indexing="ij")[0]
    tensor([[0, 0],
            [1, 1]])
    """
    if indexing not in ("xy", "ij"):
        raise ValueError(f"meshgrid: indexing is {indexing!r}; use 'xy' or 'ij'")
    if len(xs) == 1 and isinstance(xs[0], (list, tuple)):
        xs = tuple(xs[0])
    for i, x in enumerate(xs):
        require_tensor("meshgrid", f"xs[{i}]", x)
    n = len(xs)
    order = list(range(n))
    if indexing == "xy" and n > 1:
        order[:2] = [1, 0]
    shape = tuple([xs[i].size for i in order])
    result = []
    for i, x in enumerate(xs):
        place = [1] * n
        place[order.index(i)] = x.size
        result.append(x.reshape(tuple(place)).expand(shape))
    return result


@creator(method=True)
def new_tensor(x: Any, data: Any, dtype: Any = None, device: DeviceSpec = None) -> Tensor:
    """A Tensor with a copy of `data`, outside the graph, and, unless given, the dtype and device
    of `x`.

    >>> ct.zeros(1).new_tensor([1, 2]).dtype
    dtype('float32')
    """
    return from_host(data, dtype or x.dtype, device or x.device)


@creator(method=True)
def new_zeros(x: Any, *size: Any, dtype: Any = None, device: DeviceSpec = None) -> Tensor:
    """Zeros of that size with, unless given, the dtype and device of `x`.

    >>> ct.ones(1).new_zeros(2)
    tensor([0., 0.])
    """
    return full(_sizes(size), 0, dtype or x.dtype, device or x.device)


@creator(method=True)
def new_ones(x: Any, *size: Any, dtype: Any = None, device: DeviceSpec = None) -> Tensor:
    """Ones of that size with, unless given, the dtype and device of `x`.

    >>> ct.zeros(1).new_ones(2)
    tensor([1., 1.])
    """
    return full(_sizes(size), 1, dtype or x.dtype, device or x.device)


@creator(method=True)
def new_full(
    x: Any, size: Any, value: complex, dtype: Any = None, device: DeviceSpec = None
) -> Tensor:
    """`value` everywhere, of that size, with, unless given, the dtype and device of `x`.

    >>> ct.zeros(1).new_full((2,), 3.0)
    tensor([3., 3.])
    """
    return full(size, value, dtype or x.dtype, device or x.device)


@creator(method=True)
def new_empty(x: Any, *size: Any, dtype: Any = None, device: DeviceSpec = None) -> Tensor:
    """Undefined elements of that size with, unless given, the dtype and device of `x`.

    >>> ct.zeros(1).new_empty((2, 3)).shape
    Size([2, 3])
    """
    return empty(*size, dtype=dtype or x.dtype, device=device or x.device)
