"""Pending expressions: what a Tensor denotes before somebody needs its bytes.

A Value is a strided window of a buffer, or a pending pointwise expression or reduction over other
Values. `realize` turns a pending Value into one kernel. One policy decides what that kernel
stores: every node is computed once, and stored only if a live Tensor still points at it. A
reduction reads through the pointwise expression below it, so its operand is never written unless
somebody holds it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from itertools import accumulate
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from cltensor.codegen import (
    DROPPED,
    IN_PLACE,
    STORED,
    Formula,
    Geometry,
    Node,
    Parts,
    Reduction,
    Shape,
    contiguous_strides,
    count_kept,
    geometry,
    pointwise_kernel,
    reduction_kernel,
)
from cltensor.device import Device
from cltensor.grids import pointwise_grid, reduction_grid
from cltensor.memory import Buffer

if TYPE_CHECKING:
    from cltensor.program import Kernel
    from cltensor.tensor import Tensor

#: An expression is computed before it would grow past these. OpenCL's full profile guarantees only
#: 1024 bytes of kernel arguments: twelve operands of rank five fit.
MAX_NODES = 24
MAX_LEAVES = 12

_WIDE = (1 << 31) - (1 << 26)  # past this, 32-bit indices (with a chunk's margin) do not reach


class Eager:
    """Whether every operation is computed at its call (CLTENSOR_EAGER=1), for debugging."""

    on = os.environ.get("CLTENSOR_EAGER") == "1"


class _Join:
    """The op of a Value whose elements are those of its args, one after the other."""


JOIN = _Join()


class Value:
    """Elements of one shape and dtype: in `buffer`, or, while that is None, pending.

    Pending: `op` is a Formula over `args` (Values and Python scalars, computed in `domain`), a
    Reduction of args[0] that keeps the dimensions marked in `kept`, or JOIN of args. owner is a
    weak reference to the Tensor that shows this Value. target is a Value in a buffer that this one
    shall replace, element by element, when it is computed.
    """

    __slots__ = (
        "args",
        "buffer",
        "device",
        "domain",
        "dtype",
        "kept",
        "leaves",
        "nodes",
        "offset",
        "op",
        "owner",
        "shape",
        "strides",
        "target",
    )

    buffer: Buffer | None
    op: Formula | Reduction | _Join | None
    args: tuple[Any, ...]
    domain: np.dtype
    kept: tuple[bool, ...]
    owner: Callable[[], Tensor | None]

    def __init__(self, shape: Shape, dtype: np.dtype, device: Device) -> None:
        self.shape = shape
        self.dtype = dtype
        self.device = device
        self.buffer = None
        self.offset = 0
        self.strides = contiguous_strides(shape)
        self.nodes = 0
        self.leaves = 1
        self.owner = nobody
        self.target: Value | None = None

    def settle(self, buffer: Buffer, offset: int = 0) -> None:
        """The elements are, or will be once the queue gets there, in `buffer`."""
        self.buffer = buffer
        self.offset = offset
        self.target = None
        self.op = None
        self.args = ()
        self.nodes = 0
        self.leaves = 1


def nobody() -> None:
    """The owner of a Value that no Tensor shows."""
    return


def stored(shape: Shape, dtype: np.dtype, device: Device, buffer: Buffer) -> Value:
    """A Value whose elements are in `buffer`, contiguous from its start."""
    value = Value(shape, dtype, device)
    value.buffer = buffer
    return value


def window(value: Value, shape: Shape, strides: Shape, offset: int) -> Value:
    """Another view of the buffer of `value`; strides and offset in elements."""
    view = stored(shape, value.dtype, value.device, realize(value))
    view.strides = strides
    view.offset = offset
    return view


def pointwise(
    formula: Formula,
    args: tuple[Any, ...],
    shape: Shape,
    domain: np.dtype,
    dtype: np.dtype,
    device: Device,
) -> Value:
    """A pending application of `formula`, computed in `domain` and kept as `dtype`."""
    nodes, leaves = 1, 0
    for a in args:
        if type(a) is Value:
            nodes += a.nodes
            leaves += a.leaves
    if nodes > MAX_NODES or leaves > MAX_LEAVES:
        for a in args:
            if type(a) is Value and a.buffer is None:
                realize(a)
        nodes, leaves = 1, len(args)
    value = Value(shape, dtype, device)
    value.op = formula
    value.args = args
    value.domain = domain
    value.nodes = nodes
    value.leaves = leaves
    return value


def reduction(
    op: Reduction, operand: Value, kept: tuple[bool, ...], shape: Shape, dtype: np.dtype
) -> Value:
    """A pending reduction of `operand` to `shape`, over the dimensions not marked in `kept`."""
    value = Value(shape, dtype, operand.device)
    value.op = op
    value.args = (operand,)
    value.kept = kept
    # The operand's nodes still count, so that chains through reductions stay bounded too.
    value.nodes = operand.nodes + 1
    if value.nodes >= MAX_NODES:
        realize(value)
    return value


def join(values: tuple[Value, ...]) -> Value:
    """A flat Value of the elements of `values` in turn, only to be read in place by a pointwise
    expression of one dimension: the parts stay where they are."""
    first = values[0]
    joined = Value((sum([prod(v.shape) for v in values]),), first.dtype, first.device)
    joined.op = JOIN
    joined.args = values
    return joined


class _Expression:
    """The pending nodes below a root, in order of evaluation, with their leaves and scalars."""

    def __init__(self, root: Value, root_is_stored: bool) -> None:
        self.entries: list[Any] = []
        self.key: list[Any] = []
        self.leaves: list[Value] = []
        self.scalars: list[Any] = []
        self.outputs: list[Value] = []
        self.replacing: list[Value] = []
        self.parts: tuple[Value, ...] = ()
        self.needs: list[Value] = []
        self._slots: dict[int, int] = {}
        self._root = root
        self._root_is_stored = root_is_stored
        self._visit(root)

    def _visit(self, value: Value) -> int:
        slot = self._slots.get(id(value))
        if slot is not None:
            return slot
        if value.buffer is not None:
            self._leaf(value)
        elif value.op is JOIN:
            self.parts = value.args
            self.needs += [v for v in value.args if v.buffer is None]
            self.entries.append(Parts(value.dtype, len(value.args)))
            self.key.append((value.dtype.num, len(value.args)))
        elif type(value.op) is Reduction or (
            # Somebody will want this smaller piece: compute it once, on its own.
            value.shape != self._root.shape and value.owner() is not None
        ):
            self.needs.append(value)
            self._leaf(value)
        else:
            self._node(value)
        slot = self._slots[id(value)] = len(self.entries) - 1
        return slot

    def _leaf(self, value: Value) -> None:
        self.leaves.append(value)
        self.entries.append(value.dtype)
        self.key.append(value.dtype.num)

    def _node(self, value: Value) -> None:
        refs = [self._visit(a) if type(a) is Value else -1 for a in value.args]
        # After the operands' own, since kernels number scalars in the order of the entries.
        self.scalars += [a for a in value.args if type(a) is not Value]
        stored = self._storage(value)
        formula: Any = value.op
        self.entries.append(Node(formula, value.domain, value.dtype, stored, tuple(refs)))
        self.key.append((formula.id, value.domain.num, value.dtype.num, stored, *refs))

    def _storage(self, value: Value) -> int:
        if value.owner() is None and not (value is self._root and self._root_is_stored):
            return DROPPED
        if value.target is not None:
            slot = self._slots.get(id(value.target))
            if slot is not None:
                self.replacing.append(value)
                return IN_PLACE + slot
        self.outputs.append(value)
        return STORED


def realize(value: Value) -> Buffer:
    """Launch what is needed so that `value` has a buffer, and return it."""
    if value.buffer is not None:
        return value.buffer
    with value.device.lock:
        stack = [value]
        while stack:
            top = stack[-1]
            if top.buffer is not None:
                stack.pop()
                continue
            reducing = type(top.op) is Reduction
            expression = _Expression(top.args[0] if reducing else top, not reducing)
            if expression.needs:
                stack += expression.needs
                continue
            if reducing:
                _launch_reduction(top, expression)
            else:
                _launch_pointwise(top, expression)
            stack.pop()
    assert value.buffer is not None
    return value.buffer


def _space(shape: Shape, leaves: list[Value], kept: tuple[bool, ...] | None = None) -> Geometry:
    return geometry(shape, tuple([(leaf.shape, leaf.strides) for leaf in leaves]), kept)


def _is_wide(n: int, leaves: list[Value]) -> bool:
    return n >= _WIDE or any(leaf.buffer.nbytes >= _WIDE for leaf in leaves)  # type: ignore[union-attr]


def _allocate(outputs: list[Value]) -> list[Buffer]:
    return [v.device.pool.allocate(prod(v.shape) * v.dtype.itemsize) for v in outputs]


def _buffers(values: Sequence[Value]) -> list[Any]:
    return [v.buffer for v in values]


def _index_arguments(space: Geometry, leaves: list[Value]) -> list[int]:
    return [*space.sizes, *[leaf.offset for leaf in leaves], *space.strides]


def _launch_pointwise(root: Value, expression: _Expression) -> None:
    device, leaves = root.device, expression.leaves
    n = prod(root.shape)
    if n == 0:
        for output in (*expression.outputs, *expression.replacing):
            output.settle(device.pool.allocate(0))
        return
    space = _space(root.shape, leaves)
    wide = _is_wide(n, leaves)
    key = ("pointwise", tuple(expression.key), space.flags, wide)
    kernel: Kernel | None = device.kernels.get(key)
    if kernel is None:
        kernel = pointwise_kernel(device, expression.entries, space, wide)
        device.kernels[key] = kernel
    buffers = _allocate(expression.outputs)
    groups, local, chunk = pointwise_grid(device, device.is_cpu, root.dtype, n)
    parts = expression.parts
    kernel(
        (groups * local,),
        (local,),
        n,
        chunk,
        *buffers,
        *_buffers(leaves),
        *_buffers(parts),
        *_index_arguments(space, leaves),
        *[part.offset for part in parts],
        *accumulate([prod(part.shape) for part in parts]),
        *expression.scalars,
    )
    for output, buffer in zip(expression.outputs, buffers, strict=True):
        output.settle(buffer)
    for replacing in expression.replacing:
        target = replacing.target
        assert target is not None
        assert target.buffer is not None
        if device.recorder is not None:
            device.recorder.replaces(target.buffer)
        replacing.settle(target.buffer, target.offset)


def _launch_reduction(root: Value, expression: _Expression) -> None:
    device, leaves, op = root.device, expression.leaves, root.op
    assert type(op) is Reduction
    operand: Value = root.args[0]
    accumulator = operand.dtype if op.better else root.dtype
    space = _space(operand.shape, leaves, root.kept)
    n = prod(operand.shape)
    wide = _is_wide(n, leaves)
    outer = count_kept(space)
    length = n // outer if outer else 0
    width = space.sizes[-1] if space.kept[-1] else 0
    cut = reduction_grid(device, device.is_cpu, accumulator, bool(op.better), width, outer, length)
    tasks, splits, local, lanes, columns = cut
    key = (op.id, *cut[3:], accumulator.num, tuple(expression.key), space.flags, space.kept, wide)
    kernel: Kernel | None = device.kernels.get(key)
    if kernel is None:
        kernel = reduction_kernel(
            device, op, accumulator, expression.entries, space, wide, lanes, columns
        )
        device.kernels[key] = kernel
    buffers = _allocate(expression.outputs)
    partial_shape = (splits, *root.shape) if splits > 1 else root.shape
    result = Value(partial_shape, root.dtype, device)
    buffer = device.pool.allocate(prod(partial_shape) * root.dtype.itemsize)
    per_item = -(-outer // tasks) if tasks else 0
    kernel(
        (tasks * local, splits),
        (local, 1),
        buffer,
        *buffers,
        *_buffers(leaves),
        outer,
        length,
        per_item,
        -(-length // splits),
        *_index_arguments(space, leaves),
        *expression.scalars,
    )
    for output, stored_in in zip(expression.outputs, buffers, strict=True):
        output.settle(stored_in)
    if splits == 1:
        root.settle(buffer)
        return
    result.settle(buffer)
    kept = (False,) + (True,) * len(root.shape)
    root.settle(realize(reduction(op, result, kept, root.shape, root.dtype)))
