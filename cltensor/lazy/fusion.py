"""Pending expressions: what a Tensor denotes before somebody needs its bytes.

A Value is a strided window of a buffer, or a pending pointwise expression or reduction over other
Values. `realize` turns a pending Value into one kernel. One policy decides what that kernel
stores: every node is computed once, and stored only if a live Tensor still points at it. A
reduction reads through the pointwise expression below it, so its operand is never written unless
somebody holds it; a product's kernel goes on with the pointwise expression above it.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from cltensor.lazy.codegen import (
    STRIDED,
    Formula,
    Geometry,
    Reduction,
    Shape,
    Side,
    geometry,
    pointwise_kernel,
)
from cltensor.lazy.grids import SMALL_ROWS, pointwise_grid, reduction_grid, row_grid
from cltensor.lazy.reducecode import count_kept, merge_kernel, reduction_kernel
from cltensor.lazy.rowcode import KEPT_LENGTH, row_kernel
from cltensor.lazy.values import (
    FOLD,
    PRODUCT,
    Eager,
    Expression,
    Join,
    Producer,
    Rows,
    Value,
    holders,
    nobody,
    rows_below,
    stored,
)
from cltensor.runtime.device import Device
from cltensor.runtime.memory import Buffer

__all__ = [
    "Eager", "Join", "Producer", "Value", "join", "nobody", "pointwise", "product", "realize",
    "realize_together", "reduction", "stored", "window",
]  # fmt: skip

#: An expression is computed before it would grow past these. OpenCL's full profile guarantees only
#: 1024 bytes of kernel arguments: twelve operands of rank five fit.
MAX_NODES = 24
MAX_LEAVES = 12
_PRODUCT_LEAVES = 6  # the arguments of a product's own kernel take as much space

_copy = Formula("copy", ("x",), "x")
_WIDE = (1 << 31) - (1 << 26)  # past this, 32-bit indices (with a chunk's margin) do not reach


def window(value: Value, shape: Shape, strides: Shape, offset: int) -> Value:
    """Another view of the buffer of `value`; strides and offset in elements."""
    view = stored(shape, value.dtype, value.device, value.buffer or realize(value))
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
    nodes, leaves, below = 1, 0, 0
    for a in args:
        if type(a) is Value:
            nodes += a.nodes
            leaves += a.leaves
            below |= a.below
    if nodes > MAX_NODES or leaves > MAX_LEAVES:
        nodes, leaves = _exact(args)
        if nodes > MAX_NODES or leaves > MAX_LEAVES:
            for a in args:
                if type(a) is Value and a.buffer is None:
                    realize(a)
            nodes, leaves, below = 1, len(args), 0
    value = Value(shape, dtype, device)
    value.op = formula
    value.args = args
    value.domain = domain
    value.nodes = nodes
    value.leaves = leaves
    if below:
        value.below = below
        if below & PRODUCT:
            value.uses = 0
            _count_uses(args)
    return value


def _count_uses(args: Sequence[Any]) -> None:
    """Count a new Value with those that it is made from, as far as they are over a product."""
    for a in args:
        if type(a) is Value and a.below & PRODUCT:
            a.uses += 1


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
    value.below = FOLD
    operand = operands[0]
    if operand.below & PRODUCT:
        _count_uses(operands)
    if False in kept and not any(kept[kept.index(False) :]):
        value.leaves = operand.leaves  # a row kernel would read them too
    if value.nodes >= MAX_NODES:
        realize(value)
    return value


def product(op: Producer, operands: tuple[Value, ...], shape: Shape, dtype: np.dtype) -> Value:
    """What the kernel of `op` will make of `operands`, which are computed now."""
    for operand in operands:
        if operand.buffer is None:
            realize(operand)
    value = Value(shape, dtype, operands[0].device)
    value.op = op
    value.args = operands
    value.nodes = 1
    value.leaves = _PRODUCT_LEAVES
    value.below = PRODUCT
    value.uses = 0
    return value


def join(values: tuple[Value, ...], align: int = 1) -> Value:
    """A flat Value of the elements of `values` in turn, each from a multiple of `align` elements
    on, only to be read in place by a pointwise expression of one dimension: the parts stay where
    they are."""
    first = values[0]
    size = sum([-(-prod(v.shape) // align) * align for v in values])
    joined = Value((size,), first.dtype, first.device)
    joined.op = Join(align)
    joined.args = values
    return joined


def copied(value: Value, shape: Shape) -> Value:
    """A pending copy of the elements of `value`, which broadcasts to `shape`."""
    return pointwise(_copy, (value,), shape, value.dtype, value.dtype, value.device)


def realize(value: Value) -> Buffer:
    """Launch what is needed so that `value` has a buffer, and return it."""
    if value.buffer is not None:
        return value.buffer
    if len(holders.refs) > holders.limit:
        holders.prune()
    with value.device.lock:
        stack = [value]
        while stack:
            top = stack[-1]
            if top.buffer is not None:
                stack.pop()
                continue
            if isinstance(top.op, Producer):
                top.settle(top.op.launch(top, None))
                continue
            reducing = type(top.op) is Reduction
            rows = rows_below(top) if top.below & FOLD and not reducing else None
            if reducing:
                expression = Expression(top.args, None)
            else:
                expression = Expression((top,), top, rows, joins=rows is None)
                if expression.product and (expression.replacing or expression.parts):
                    expression.needs.append(expression.product)  # whose kernel can do neither
            if expression.needs:
                stack += expression.needs
                continue
            if reducing:
                _launch_reduction(top, expression)
            elif expression.product is not None:
                _launch_over_product(top, expression)
            elif type(top.op) is Join:
                # Only who looks into an optimizer's step wants them in one place.
                top.settle(realize(copied(top, top.shape)))
            elif rows is None:
                _launch_pointwise(top, expression)
            elif not _launch_rows(expression, rows):
                top.below &= ~FOLD  # so that the next turn reduces first
                continue
            stack.pop()
    assert value.buffer is not None
    return value.buffer


def realize_together(values: Sequence[Value]) -> None:
    """Realize pending formulas of one shape, in one launch where possible."""
    with values[0].device.lock:
        expression = Expression(values, None)
        if expression.needs or expression.product is not None:
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


def _launch_pointwise(root: Value, expression: Expression) -> None:
    device, leaves = root.device, expression.leaves
    n = prod(root.shape)
    if n == 0:
        for output in expression.outputs:
            output.settle(device.pool.allocate(0))
        for replacing in expression.replacing:
            replacing.settle_in_target()
        return
    space = _space(root.shape, leaves)
    wide = _is_wide(n, leaves)
    key = ("pointwise", tuple(expression.key), space.flags, wide)
    launch = device.kernels.get(key) or device.add_kernel(
        key, pointwise_kernel, device, expression.entries, space, wide
    )
    buffers = _allocate(expression.outputs)
    groups, local, chunk = pointwise_grid(device, device.is_cpu, root.dtype, n)
    parts = expression.parts
    launch(
        (groups * local,),
        (local,),
        [
            *(n, chunk, *buffers, *_buffers(leaves), *_buffers(parts)),
            *_index_arguments(space, leaves),
            *[part.offset for part in parts],
            *[prod(part.shape) for part in parts],
            *expression.scalars,
        ],
    )
    for output, buffer in zip(expression.outputs, buffers, strict=True):
        output.settle(buffer)
    for replacing in expression.replacing:
        replacing.settle_in_target()


def _launch_over_product(root: Value, expression: Expression) -> None:
    """Launch the kernel of the expression's product with all up to `root` as its store side."""
    keep = expression.keeps_product
    product = expression.product
    assert product is not None
    leaves = expression.leaves
    space = _space(root.shape, leaves)
    wide = _is_wide(prod(root.shape), leaves)
    outputs = expression.outputs
    op: Any = product.op
    heir = None
    if op.passes and not keep:
        heir = next((i for i, v in enumerate(outputs) if v.dtype is product.dtype), None)
    others = [v for i, v in enumerate(outputs) if i != heir]
    buffers = _allocate(others)
    arguments = [
        *buffers,
        *_buffers(leaves),
        *_index_arguments(space, leaves),
        *expression.scalars,
    ]
    key = (tuple(expression.key), space.flags, wide, keep, heir)
    made = op.launch(product, Side(expression.entries, space, wide, keep, heir, key, arguments))
    if keep:
        product.settle(made)
    elif heir is not None:
        outputs[heir].settle(made)
    for output, buffer in zip(others, buffers, strict=True):
        output.settle(buffer)


def _launch_rows(expression: Expression, rows: Rows) -> bool:
    """Launch the one kernel of an expression with reductions; False if its rows are scattered."""
    leaves = expression.leaves
    space = _space(rows.shape, leaves, rows.kept)
    if expression.replacing or expression.parts or space.kept.count(False) != 1:
        return False
    device = expression.outputs[0].device
    length = space.sizes[-1]
    count = prod(space.sizes[:-1])
    if count * length > SMALL_ROWS and any(flags[-1] == STRIDED for flags in space.flags):
        return False  # a row would drag in as many cache lines as it has elements
    wide = _is_wide(count * length, leaves)
    short = length <= KEPT_LENGTH
    key = ("rows", tuple(expression.key), space.flags, space.kept, wide, short)
    launch = device.kernels.get(key) or device.add_kernel(
        key, row_kernel, device, expression.entries, space, wide, short
    )
    buffers = _allocate(expression.outputs)
    tasks, local = row_grid(device, device.is_cpu, count, length)
    launch(
        (tasks * local,),
        (local,),
        [
            *(count, -(-count // tasks), *buffers, *_buffers(leaves)),
            *_index_arguments(space, leaves),
            *expression.scalars,
        ],
    )
    for output, buffer in zip(expression.outputs, buffers, strict=True):
        output.settle(buffer)
    return True


def _launch_reduction(root: Value, expression: Expression) -> None:
    device, leaves, op = root.device, expression.leaves, root.op
    assert type(op) is Reduction
    operand: Value = root.args[0]
    accumulator = operand.dtype if op.kind == "best" else root.dtype
    space = _space(operand.shape, leaves, root.kept)
    n = prod(operand.shape)
    wide = _is_wide(n, leaves)
    outer = count_kept(space)
    length = n // outer if outer else 0
    width = space.sizes[-1] if space.kept[-1] else 0
    cut = reduction_grid(device, device.is_cpu, accumulator, width, outer, length)
    tasks, splits, local, groups, columns = cut
    part = -(-length // splits)
    partial = splits > 1 and op.kind != "fold"
    results = tuple(expression.results)
    key = (
        op.id, *cut[3:], accumulator.num, results, tuple(expression.key), space.flags, space.kept,
        wide, partial,
    )  # fmt: skip
    launch = device.kernels.get(key) or device.add_kernel(
        key, reduction_kernel, device, op, accumulator, expression.entries, results, space, wide,
        groups, columns, partial,
    )  # fmt: skip
    buffers = _allocate(expression.outputs)
    size = prod(root.shape) + (outer if partial and op.kind == "moments" else 0)
    given = [device.pool.allocate(splits * size * root.dtype.itemsize)]
    if partial and op.kind == "best":
        given.append(device.pool.allocate(splits * size * accumulator.itemsize))
    per_item = -(-outer // tasks) if tasks else 0
    launch(
        (tasks * local, splits),
        (local, 1),
        [
            *(*given, *buffers, *_buffers(leaves), outer, length, per_item, part),
            *_index_arguments(space, leaves),
            *expression.scalars,
        ],
    )
    for output, stored_in in zip(expression.outputs, buffers, strict=True):
        output.settle(stored_in)
    if splits == 1:
        root.settle(given[0])
    elif op.kind == "fold":
        result = stored((splits, *root.shape), root.dtype, device, given[0])
        kept = (False,) + (True,) * len(root.shape)
        root.settle(realize(reduction(op, (result,), kept, root.shape, root.dtype)))
    else:
        merge = merge_kernel(device, op, accumulator)
        whole = _allocate([root])[0]
        grid = (-(-outer // local) * local,)
        merge(grid, (local,), [whole, *given, outer, splits, part, length])
        root.settle(whole)
