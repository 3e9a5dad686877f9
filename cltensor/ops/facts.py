"""What can be said of a tensor without computing anything."""

from __future__ import annotations

from typing import Any

import numpy as np

from cltensor import dtypes
from cltensor.core.composite import composite
from cltensor.core.tensor import Tensor, show
from cltensor.errors import DTypeError
from cltensor.halves import limits_of


@composite(method=False)
def is_tensor(obj: Any) -> bool:
    """Whether `obj` is a tensor.

    >>> ct.is_tensor(np.ones(2))
    False
    """
    return isinstance(obj, Tensor)


@composite
def numel(x: Any) -> int:
    """The number of elements.

    >>> ct.numel(ct.zeros(2, 3))
    6
    """
    return int(x.size)


@composite
def nelement(x: Any) -> int:
    """PyTorch's other name of `numel`.

    >>> ct.zeros(2, 3).nelement()
    6
    """
    return int(x.size)


@composite
def dim(x: Any) -> int:
    """The number of dimensions.

    >>> ct.zeros(2, 3).dim()
    2
    """
    return x.ndim


@composite(method="only")
def ndimension(x: Any) -> int:
    """PyTorch's other name of `dim`."""
    return x.ndim


@composite
def is_nonzero(x: Any) -> bool:
    """Whether the only element of x is not 0.

    >>> ct.is_nonzero(ct.tensor([3]))
    True
    """
    return bool(x != 0)


@composite
def is_signed(x: Any) -> bool:
    """Whether the elements may be below zero by their type.

    >>> ct.is_signed(ct.zeros(1, dtype=ct.uint8))
    False
    """
    return x.dtype.kind in "ifc"


@composite
def is_same_size(x: Any, other: Any) -> bool:
    """Whether both have one shape.

    >>> ct.is_same_size(ct.zeros(2), ct.ones(2))
    True
    """
    return x.shape == other.shape


@composite
def element_size(x: Any) -> int:
    """The bytes of one element.

    >>> ct.zeros(2, dtype=ct.float16).element_size()
    2
    """
    return x.dtype.itemsize


@composite
def stride(x: Any, axis: int | None = None) -> int | tuple[int, ...]:
    """The distance between neighbours along each dimension, or along `axis`, in elements.

    >>> ct.zeros(2, 3).stride()
    (3, 1)
    """
    strides = x.realize().strides
    return strides if axis is None else strides[axis]


@composite
def storage_offset(x: Any) -> int:
    """Where in its storage the first element is, in elements.

    >>> ct.arange(4)[2:].storage_offset()
    2
    """
    return x.realize().offset


@composite
def data_ptr(x: Any) -> int:
    """A number that tells storages and places in them apart: where they begin, to the driver.

    >>> x = ct.zeros(3)
    >>> x.data_ptr() == x[:2].data_ptr()
    True
    """
    return x.buffer.address + x.offset * x.dtype.itemsize if x.size else 0


@composite
def is_floating_point(x: Any) -> bool:
    """Whether the elements are of a floating-point type.

    >>> ct.is_floating_point(ct.tensor([1]))
    False
    """
    return x.dtype.kind == "f"


@composite
def is_complex(x: Any) -> bool:
    """Whether the elements are complex numbers.

    >>> ct.is_complex(ct.tensor([1j]))
    True
    """
    return x.dtype.kind == "c"


@composite
def is_pinned(x: Any) -> bool:
    """Whether the elements are in page-locked memory of the host: never.

    >>> ct.is_pinned(ct.ones(2))
    False
    """
    return False


@composite
def pin_memory(x: Any, device: Any = None) -> Any:
    """x itself: copies to a device go through memory of the driver's own.

    >>> x = ct.ones(2)
    >>> ct.pin_memory(x) is x
    True
    """
    return x


@composite
def get_device(x: Any) -> int:
    """The number of the GPU that x is on, -1 for the CPU.

    >>> ct.ones(1).get_device() >= -1
    True
    """
    return -1 if x.device.kind == "cpu" else x.device.number


@composite
def is_conj(x: Any) -> bool:
    """Whether the elements are still to be conjugated: never, `conj` does it at once.

    >>> ct.is_conj(ct.tensor([1j]).conj())
    False
    """
    return False


@composite
def resolve_conj(x: Any) -> Any:
    """x itself: conjugates are never left to be taken.

    >>> ct.resolve_conj(ct.tensor([1j]).conj())
    tensor([0.-1.j])
    """
    return x


@composite
def resolve_neg(x: Any) -> Any:
    """x itself: signs are never left to be changed.

    >>> x = ct.ones(2)
    >>> ct.resolve_neg(x) is x
    True
    """
    return x


class Storage:
    """The bytes that a tensor and its views share, as far as programs ask about them."""

    def __init__(self, x: Any) -> None:
        self._buffer = x.buffer
        self._itemsize = x.dtype.itemsize

    def data_ptr(self) -> int:
        """See `Tensor.data_ptr`."""
        return self._buffer.address

    def nbytes(self) -> int:
        """The number of bytes."""
        return self._buffer.nbytes

    def size(self) -> int:
        """The number of elements."""
        return self._buffer.nbytes // self._itemsize

    __len__ = size


@composite
def storage(x: Any) -> Storage:
    """The bytes that x shares with its views.

    >>> ct.storage(ct.ones(4)[:2]).nbytes()
    16
    """
    return Storage(x)


@composite
def untyped_storage(x: Any) -> Storage:
    """PyTorch's newer name of `storage`.

    >>> ct.untyped_storage(ct.ones(4)[:2]).nbytes()
    16
    """
    return Storage(x)


@composite(method=False)
def get_default_dtype() -> np.dtype:
    """The dtype of floats without one.

    >>> ct.get_default_dtype()
    dtype('float32')
    """
    return dtypes.default_float


@composite(method=False)
def set_default_dtype(d: Any) -> None:
    """Make `d` the dtype of floats without one: of Python's, of integers that are divided, of what
    is made. Complex numbers take the dtype whose parts are of `d`, complex64 at least.

    Raises DTypeError for what is no floating-point dtype.

    >>> ct.set_default_dtype(ct.float16)
    >>> ct.get_default_dtype(), ct.empty(2).dtype
    (dtype('float16'), dtype('float16'))
    >>> ct.set_default_dtype(ct.float32)
    """
    found = dtypes.as_dtype(d)
    if found.kind != "f":
        raise DTypeError(
            f"set_default_dtype: {found.name} is no floating-point dtype; use float32, float64, "
            "float16 or bfloat16"
        )
    dtypes.set_default_float(found)


@composite(method=False)
def finfo(dtype: Any = None) -> np.finfo:
    """The limits of a floating-point dtype, the default one if left out: eps, min, max, tiny,
    bits.

    >>> ct.finfo(ct.float32).eps < 1e-6
    np.True_
    """
    return limits_of(dtypes.default_float if dtype is None else dtypes.as_dtype(dtype))


@composite(method=False)
def iinfo(dtype: Any) -> np.iinfo:
    """The limits of an integer dtype: min, max, bits.

    >>> ct.iinfo(ct.int8).max
    127
    """
    return np.iinfo(dtypes.as_dtype(dtype))


@composite(method=False)
def promote_types(type1: Any, type2: Any) -> np.dtype:
    """The dtype that tensors of two dtypes have in common (docs/dtypes.md).

    Raises DTypeError for uint64 and a signed integer, which have none.

    >>> ct.promote_types(ct.int32, ct.float16)
    dtype('float16')
    """
    return dtypes.promote(dtypes.as_dtype(type1), dtypes.as_dtype(type2))


@composite(method=False)
def can_cast(from_: Any, to: Any) -> bool:
    """Whether a dtype may be cast to another: to one of its kind, or one further on in bool,
    integer, float, complex. Elements may be lost all the same, as of int64 to int8.

    >>> ct.can_cast(ct.float32, ct.int32)
    False
    """
    source, target = [dtypes.KIND_RANK[dtypes.as_dtype(d).kind] for d in (from_, to)]
    return source <= target


@composite(method=False)
def result_type(tensor1: Any, tensor2: Any) -> np.dtype:
    """The dtype of an operation with two operands, tensors or numbers (docs/dtypes.md).

    Raises DTypeError if there is none.

    >>> ct.result_type(ct.zeros(1, dtype=ct.int32), 1.5)
    dtype('float32')
    """
    tensors = [x for x in (tensor1, tensor2) if isinstance(x, Tensor)]
    numbers = [x for x in (tensor1, tensor2) if not isinstance(x, Tensor)]
    alone = [_of_number(x) for x in numbers]
    if not tensors:
        return max(alone, key=lambda dtype: dtypes.KIND_RANK[dtype.kind])
    found = dtypes.result_type(*[(x.dtype, not x.ndim) for x in tensors])
    for kind in map(type, numbers):
        found = dtypes.with_scalar(found, kind)
    return found


def _of_number(x: Any) -> np.dtype:
    """The dtype of a number alone. Raises DTypeError for what is none."""
    alone: dict[type, np.dtype] = {
        bool: dtypes.bool_, int: dtypes.default_int, float: dtypes.default_float,
        complex: dtypes.default_complex,
    }  # fmt: skip
    found = alone.get(type(x))
    if found is None:
        raise DTypeError(f"result_type: cannot tell of {show(x)}; give tensors or numbers")
    return found
