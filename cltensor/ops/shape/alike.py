"""Shapes made alike: what several broadcast to, and storage of a given layout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cltensor import dtypes
from cltensor.core.checks import scalar, whole, wholes
from cltensor.core.composite import composite, creator
from cltensor.core.op import Op, require_tensor
from cltensor.core.op import broadcast_shapes as broadcast_two
from cltensor.core.size import Size
from cltensor.core.tensor import Tensor, require_dtype
from cltensor.errors import ShapeError
from cltensor.ops.create import full, unwritten
from cltensor.ops.elementwise.cast import astype, clone, flat
from cltensor.ops.elementwise.cast import full as filled
from cltensor.ops.shape.view import broadcast_to, ints
from cltensor.runtime.device import DeviceSpec, get


@composite(method=False)
def broadcast_shapes(*shapes: int | Sequence[int]) -> Size:
    """The shape to which all `shapes`, each a sequence or an integer, broadcast.

    >>> ct.broadcast_shapes((3, 1), (2,))
    Size([3, 2])
    """
    common: tuple[int, ...] = ()
    for shape in shapes:
        common = broadcast_two("broadcast_shapes", common, ints((shape,)))
    return Size(common)


@composite(method=False)
def broadcast_tensors(*tensors: Any) -> tuple[Any, ...]:
    """The tensors, each broadcast to the shape that they have in common.

    >>> [x.shape for x in ct.broadcast_tensors(ct.zeros(3, 1), ct.zeros(2))]
    [Size([3, 2]), Size([3, 2])]
    """
    if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)):
        tensors = tuple(tensors[0])
    common: tuple[int, ...] = ()
    for i, x in enumerate(tensors):
        require_tensor("broadcast_tensors", f"tensors[{i}]", x)
        common = broadcast_two("broadcast_tensors", common, x.shape)
    return tuple([broadcast_to(x, common) for x in tensors])


@creator
def scalar_tensor(s: float, dtype: Any = None, device: DeviceSpec = None) -> Tensor:
    """A tensor of no dimensions with the value `s`, float32 without a dtype.

    >>> ct.scalar_tensor(3.0)
    tensor(3.)
    """
    return full((), s, dtype or dtypes.default_float, device)


@creator
def empty_strided(
    size: Sequence[int], stride: Sequence[int], dtype: Any = None, device: DeviceSpec = None
) -> Tensor:
    """Undefined elements of shape `size`, neighbours along axis d being stride[d] apart.

    Raises ShapeError for negative sizes or strides, or another number of strides.

    >>> ct.empty_strided((2, 3), (1, 2)).stride()
    (1, 2)
    """
    shape = wholes("empty_strided", "size", size)
    strides = wholes("empty_strided", "stride", stride)
    if len(shape) != len(strides):
        raise ShapeError(f"empty_strided: {len(strides)} strides for shape {shape}; give as many")
    span = 1 + sum((n - 1) * s for n, s in zip(shape, strides, strict=True)) if all(shape) else 0
    found, target = dtypes.as_dtype(dtype or dtypes.default_float), get(device)
    require_dtype("empty_strided", found, target)
    return unwritten((span,), found, target).as_strided(shape, strides, 0)


@creator(method=True)
def new_empty_strided(
    x: Any, size: Sequence[int], stride: Sequence[int], dtype: Any = None, device: DeviceSpec = None
) -> Tensor:
    """As `empty_strided` with, unless given, the dtype and device of `x`.

    >>> ct.new_empty_strided(ct.ones(2), (2, 3), (1, 2)).stride()
    (1, 2)
    """
    return empty_strided(size, stride, dtype=dtype or x.dtype, device=device or x.device)


@creator
def empty_permuted(
    size: Sequence[int],
    physical_layout: Sequence[int],
    dtype: Any = None,
    device: DeviceSpec = None,
) -> Tensor:
    """Undefined elements of shape `size`, dense with axis physical_layout[0] outermost.

    >>> ct.empty_permuted((2, 3), (1, 0)).stride()
    (1, 2)
    """
    shape = wholes("empty_permuted", "size", size)
    order = wholes("empty_permuted", "physical_layout", physical_layout)
    if sorted(order) != list(range(len(shape))):
        raise ShapeError(
            f"empty_permuted: physical_layout {order} for shape {shape}; name each axis once"
        )
    strides, step = [0] * len(shape), 1
    for d in reversed(order):
        strides[d], step = step, step * max(shape[d], 1)
    return empty_strided(shape, strides, dtype=dtype, device=device)


_filled = Op(
    "fill(x, value)",
    lambda x, value: filled(x.shape, value, x.dtype, x.device),
    {"dx": flat},
)


@composite
def fill(x: Any, value: Any) -> Any:
    """`value`, a number or a tensor of no dimensions, in the shape of x and its dtype.

    >>> ct.fill(ct.zeros(2), 7.0)
    tensor([7., 7.])
    """
    if not isinstance(value, Tensor):
        return _filled(x, scalar("fill", "value", value, x.dtype))
    if value.ndim:
        raise ShapeError(f"fill: a value of shape {value.shape} is not one number; expand it")
    return clone(broadcast_to(astype(value, x.dtype), x.shape))


@composite
def unsafe_chunk(x: Any, chunks: int, dim: int = 0) -> tuple[Any, ...]:
    """As `chunk`: here, what is written to a part is seen in x.

    >>> ct.unsafe_chunk(ct.arange(4), 2)
    (tensor([0, 1]), tensor([2, 3]))
    """
    return x.chunk(whole("unsafe_chunk", "chunks", chunks, 1), dim)


@composite
def unsafe_split(x: Any, split_size: int | Sequence[int], dim: int = 0) -> tuple[Any, ...]:
    """As `split`: here, what is written to a part is seen in x.

    >>> ct.unsafe_split(ct.arange(4), 2)
    (tensor([0, 1]), tensor([2, 3]))
    """
    return x.split(split_size, dim)
