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
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cltensor.codegen import (
    DROPPED,
    IN_PLACE,
    STORED,
    STRIDED,
    Fold,
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
from cltensor.dtypes import C_NAMES
from cltensor.memory import Buffer
from cltensor.program import kernel as merge_kernel
from cltensor.rowcode import KEPT_LENGTH, row_kernel

if TYPE_CHECKING:
    from cltensor.program import Kernel
    from cltensor.tensor import Tensor

#: An expression is computed before it would grow past these. OpenCL's full profile guarantees only
#: 1024 bytes of kernel arguments: twelve operands of rank five fit.
MAX_NODES = 24
MAX_LEAVES = 12

_CHUNK = 4096  # elements that are worth waking another thread for
_COLUMNS = 512  # columns that one CPU work-item reduces side by side: long runs, in cache
_LONGEST_ROW = 1 << 14  # elements of a row that stay in a core's cache between loops over it
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
    Reduction of args that keeps the dimensions marked in `kept` (with several results they lie
    one after the other along a new first dimension), or JOIN of args. owner is a
    weak reference to the Tensor that shows this Value. target is a Value in a buffer that this one
    shall replace, element by element, when it is computed.
    """

    __slots__ = (
        "args",
        "buffer",
        "device",
        "domain",
        "dtype",
        "folds",
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
        self.folds = False
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
        self.folds = False


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
    nodes, leaves, folds = 1, 0, False
    for a in args:
        if type(a) is Value:
            nodes += a.nodes
            leaves += a.leaves
            folds = folds or a.folds
    if nodes > MAX_NODES or leaves > MAX_LEAVES:
        nodes, leaves = _exact(args)
        if nodes > MAX_NODES or leaves > MAX_LEAVES:
            for a in args:
                if type(a) is Value and a.buffer is None:
                    realize(a)
            nodes, leaves, folds = 1, len(args), False
    value = Value(shape, dtype, device)
    value.op = formula
    value.args = args
    value.domain = domain
    value.nodes = nodes
    value.leaves = leaves
    value.folds = folds
    return value


def _exact(args: Sequence[Any]) -> tuple[int, int]:
    """Nodes and leaves below a new node over `args`, shared ones counted once."""
    nodes, leaves, seen = 1, 0, set()
    pending = [a for a in args if type(a) is Value]
    while pending and nodes <= MAX_NODES:
        value = pending.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if value.buffer is None:
            nodes += 1
            pending += [a for a in value.args if type(a) is Value]
        else:
            leaves += 1
    return nodes, leaves


def reduction(
    op: Reduction,
    operands: tuple[Value, ...],
    kept: tuple[bool, ...],
    shape: Shape,
    dtype: np.dtype,
) -> Value:
    """A pending reduction of `operands`, all of one shape, over the dimensions not marked in
    `kept`. Several operands, or moments, give as many results: `shape` begins with their number."""
    value = Value(shape, dtype, operands[0].device)
    value.op = op
    value.args = operands
    value.kept = kept
    # The operands' nodes still count, so that chains through reductions stay bounded too.
    value.nodes = sum([operand.nodes for operand in operands]) + 1
    value.folds = True
    operand = operands[0]
    if False in kept and not any(kept[kept.index(False) :]):
        value.leaves = operand.leaves  # a row kernel would read them too
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


class _Rows(NamedTuple):
    """The rows that reductions inside an expression go over: the last dimensions of `shape`."""

    shape: Shape
    kept: tuple[bool, ...]
    result: Shape

    def takes(self, value: Value) -> bool:
        """Whether pending `value` is a reduction over these rows, in a shape that broadcasts."""
        op = value.op
        return (
            type(op) is Reduction
            and op.kind == "fold"
            and len(value.args) == 1
            and value.kept == self.kept
            and value.args[0].shape == self.shape
            and (value.shape == self.result or not any(self.kept))
        )


def _rows(root: Value) -> _Rows | None:
    """The rows of the first reduction below pointwise `root` that can be part of its kernel."""
    pending, seen = [root], set()
    while pending:
        value = pending.pop()
        if not value.folds or id(value) in seen or value.buffer is not None:
            continue
        seen.add(id(value))
        if type(value.op) is Reduction:
            shape, kept = value.args[0].shape, value.kept
            result = tuple([n if k else 1 for n, k in zip(shape, kept, strict=True)])
            rows = _Rows(shape, kept, result)
            fits = root.shape in (shape, value.shape) and rows.takes(value)
            if fits and _worth_rows(root.device, rows):
                return rows
        else:
            pending += [a for a in value.args if type(a) is Value]
    return None


def _worth_rows(device: Device, rows: _Rows) -> bool:
    """Whether rows are short enough for a core's cache and enough of them for all cores."""
    split = rows.kept.index(False)
    length, count = prod(rows.shape[split:]), prod(rows.shape[:split])
    return (
        1 < length <= _LONGEST_ROW
        and not any(rows.kept[split:])
        and (count >= 2 * device.compute_units or 0 < count * length <= 2 * _CHUNK)
    )


class _Expression:
    """The pending nodes below `roots`, in order of evaluation, with their leaves and scalars.

    wanted is stored in any case. Reductions over `rows` become entries too; any other is computed
    beforehand and read.
    """

    def __init__(
        self, roots: Sequence[Value], wanted: Value | None, rows: _Rows | None = None
    ) -> None:
        self.entries: list[Any] = []
        self.key: list[Any] = []
        self.leaves: list[Value] = []
        self.scalars: list[Any] = []
        self.outputs: list[Value] = []
        self.replacing: list[Value] = []
        self.parts: tuple[Value, ...] = ()
        self.needs: list[Value] = []
        self._slots: dict[int, int] = {}
        self._wanted = wanted
        self.rows = rows
        shape = roots[0].shape
        self._shapes = (shape,) if rows is None else (rows.shape, rows.result, shape)
        self.results = [self._visit(root) for root in roots]

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
        elif self.rows is not None and self.rows.takes(value):
            ref = self._visit(value.args[0])
            stored, op = self._storage(value), value.op
            self.entries.append(Fold(op, value.dtype, stored, ref))
            self.key.append((op.id, value.dtype.num, stored, ref))
        elif type(value.op) is Reduction or (
            # Somebody will want this smaller piece: compute it once, on its own.
            value.shape not in self._shapes and value.owner() is not None
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
        if value.owner() is None and value is not self._wanted:
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
            rows = _rows(top) if top.folds and not reducing else None
            expression = _Expression(top.args, None) if reducing else _Expression((top,), top, rows)
            if expression.needs:
                stack += expression.needs
                continue
            if reducing:
                _launch_reduction(top, expression)
            elif rows is None:
                _launch_pointwise(top, expression)
            elif not _launch_rows(expression, rows):
                top.folds = False  # so that the next turn reduces first
                continue
            stack.pop()
    assert value.buffer is not None
    return value.buffer


def realize_together(*values: Value) -> None:
    """Realize pointwise values of one shape that Tensors show, in one launch where possible."""
    with values[0].device.lock:
        expression = _Expression(values, None)
        if expression.needs or any(v.buffer is not None for v in values):
            for value in values:
                realize(value)
        else:
            _launch_pointwise(values[0], expression)


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


def local_size(device: Device) -> int:
    """Work-items of a one-dimensional group: one on a CPU, a power of two up to 256 elsewhere."""
    return 1 if device.is_cpu else min(256, 1 << (device.max_work_group.bit_length() - 1))


def _launch_pointwise(root: Value, expression: _Expression) -> None:
    device, leaves = root.device, expression.leaves
    n = prod(root.shape)
    if n == 0:
        for output, buffer in zip(expression.outputs, _allocate(expression.outputs), strict=True):
            output.settle(buffer)
        return
    space = _space(root.shape, leaves)
    wide = _is_wide(n, leaves)
    key = ("pointwise", tuple(expression.key), space.flags, wide)
    kernel: Kernel | None = device.kernels.get(key)
    if kernel is None:
        kernel = pointwise_kernel(device, expression.entries, space, wide)
        device.kernels[key] = kernel
    buffers = _allocate(expression.outputs)
    local = local_size(device)
    groups = min(-(-n // (_CHUNK if device.is_cpu else local)), 8 * device.compute_units)
    chunk = -(-n // groups) if groups else 0
    chunk = -(-chunk // 64) * 64  # whole cache lines for every work-item
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


def _launch_rows(expression: _Expression, rows: _Rows) -> bool:
    """Launch the one kernel of an expression with reductions; False if its rows are scattered."""
    device, leaves = expression.outputs[0].device, expression.leaves
    space = _space(rows.shape, leaves, rows.kept)
    if expression.replacing or expression.parts or space.kept.count(False) != 1:
        return False
    length = space.sizes[-1]
    count = prod(space.sizes[:-1])
    if count * length > 2 * _CHUNK and any(flags[-1] == STRIDED for flags in space.flags):
        return False  # a row would drag in as many cache lines as it has elements
    wide = _is_wide(count * length, leaves)
    short = length <= KEPT_LENGTH
    key = ("rows", tuple(expression.key), space.flags, space.kept, wide, short)
    kernel: Kernel | None = device.kernels.get(key)
    if kernel is None:
        kernel = row_kernel(device, expression.entries, space, wide, short)
        device.kernels[key] = kernel
    buffers = _allocate(expression.outputs)
    tasks = min(count, 8 * device.compute_units) if device.is_cpu else min(count, 1 << 16)
    if device.is_cpu:
        tasks = min(tasks, -(-count * length // _CHUNK))
    local = min(local_size(device), 1 << max(5, (length - 1).bit_length()))
    kernel(
        (tasks * local,),
        (local,),
        count,
        -(-count // tasks),
        *buffers,
        *_buffers(leaves),
        *_index_arguments(space, leaves),
        *expression.scalars,
    )
    for output, buffer in zip(expression.outputs, buffers, strict=True):
        output.settle(buffer)
    return True


def _launch_reduction(root: Value, expression: _Expression) -> None:
    device, leaves, op = root.device, expression.leaves, root.op
    assert type(op) is Reduction
    operand: Value = root.args[0]
    accumulator = operand.dtype if op.kind == "best" else root.dtype
    space = _space(operand.shape, leaves, root.kept)
    n = prod(operand.shape)
    wide = _is_wide(n, leaves)
    outer = count_kept(space)
    length = n // outer if outer else 0
    tasks, splits = _reduction_grid(device, space, outer, length)
    part = -(-length // splits)
    partial = splits > 1 and op.kind == "best"
    results = tuple(expression.results)
    key = (
        op.id, accumulator.num, results, tuple(expression.key), space.flags, space.kept, wide,
        partial,
    )  # fmt: skip
    kernel: Kernel | None = device.kernels.get(key)
    if kernel is None:
        kernel = reduction_kernel(
            device, op, accumulator, expression.entries, results, space, wide, _COLUMNS, partial
        )
        device.kernels[key] = kernel
    buffers = _allocate(expression.outputs)
    size = prod(root.shape)
    result = Value((splits, *root.shape) if splits > 1 else root.shape, root.dtype, device)
    given = _allocate([result])
    if partial:
        given.append(device.pool.allocate(splits * size * accumulator.itemsize))
    per_item = -(-outer // tasks) if tasks else 0
    local = local_size(device)
    kernel(
        (tasks * local, splits),
        (local, 1),
        *given,
        *buffers,
        *_buffers(leaves),
        outer,
        length,
        per_item,
        part,
        *_index_arguments(space, leaves),
        *expression.scalars,
    )
    for output, stored_in in zip(expression.outputs, buffers, strict=True):
        output.settle(stored_in)
    if splits == 1:
        root.settle(given[0])
    elif op.kind == "fold":
        result.settle(given[0])
        kept = (False,) + (True,) * len(root.shape)
        root.settle(realize(reduction(op, (result,), kept, root.shape, root.dtype)))
    else:
        merge = merge_kernel(device, "reduce_merge", reduction=op, T=C_NAMES[accumulator])
        whole = _allocate([root])[0]
        merge((-(-outer // local) * local,), (local,), whole, *given, outer, splits, part, length)
        root.settle(whole)


def _reduction_grid(device: Device, space: Geometry, outer: int, length: int) -> tuple[int, int]:
    """How many tasks the results are dealt to, and in how many parts the reduced range is split.

    One task is a work-item on a CPU (a run of results, or a block of columns) and a work-group
    elsewhere (one result, or a group's width of columns).
    """
    units = device.compute_units * (4 if device.is_cpu else 8)
    if space.kept[-1]:
        width = _COLUMNS if device.is_cpu else local_size(device)
        tasks = outer // space.sizes[-1] * -(-space.sizes[-1] // width) if outer else 0
    elif device.is_cpu:
        tasks = min(outer, units, -(-outer * max(length, 1) // _CHUNK))
    else:
        tasks = outer
    splits = 1
    if length and 0 < tasks < units:
        worthwhile = outer * length // (tasks * 4 * _CHUNK)
        splits = max(1, min(-(-units // tasks), worthwhile))
        splits = -(-length // -(-length // splits))  # no part is empty
    return tasks, splits
