"""Making pending Values, and computing them when somebody needs their bytes.

`realize` turns a pending Value into one kernel. One policy decides what that kernel stores: every
node is computed once, and stored only if a live Tensor still points at it. What a kind of op adds
to a kernel, and how it is launched, is in kinds.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from cltensor.lazy.codegen import Shape
from cltensor.lazy.kinds import Join, Pointwise, Producer, Reducer, copy
from cltensor.lazy.launches import launch_pointwise
from cltensor.lazy.values import (
    FOLD,
    PRODUCT,
    Eager,
    Expression,
    Value,
    holders,
    nobody,
    stored,
)
from cltensor.runtime.device import Device
from cltensor.runtime.events import Recordings
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


def window(value: Value, shape: Shape, strides: Shape, offset: int) -> Value:
    """Another view of the buffer of `value`; strides and offset in elements."""
    view = stored(shape, value.dtype, value.device, value.buffer or realize(value))
    view.strides = strides
    view.offset = offset
    return view


def pointwise(
    formula: Pointwise,
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
    if not leaves and nodes == 2:
        constant = _folded(formula, args, domain, dtype)
        if constant is not None:
            formula, args, nodes = constant[0], (constant[1],), 1
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


def _folded(
    formula: Pointwise, args: tuple[Any, ...], domain: np.dtype, dtype: np.dtype
) -> tuple[Pointwise, int] | None:
    """Of the sum of a whole constant and a whole number the formula of constants and the number:
    what counts steps (`num_batches_tracked`) would grow by an operation with each, unread."""
    old = next(a for a in args if type(a) is Value)
    numbers = [a.args[0] if a is old else a for a in args]
    if (
        formula.name == "add"
        and domain is dtype
        and dtype.kind in "iu"
        and isinstance(old.op, Pointwise)
        and old.op.name == "constant"
        and all(isinstance(number, (int, np.integer)) for number in numbers)
    ):
        total, limits = sum(map(int, numbers)), np.iinfo(dtype)
        if limits.min <= total <= limits.max:
            return old.op, total
    return None


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
    op: Reducer,
    operands: tuple[Any, ...],
    kept: tuple[bool, ...],
    shape: Shape,
    dtype: np.dtype,
) -> Value:
    """A pending reduction of `operands`, all of one shape, over the dimensions not marked in
    `kept`. Several operands, or moments, give as many results: `shape` begins with their number.
    Those of a Mover are its args."""
    value = Value(shape, dtype, operands[0].device)
    value.op = op
    value.args = operands
    value.kept = kept
    # The operands' nodes still count, so that chains through reductions stay bounded too.
    value.nodes = sum([each.nodes for each in operands if type(each) is Value]) + 1
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
    return pointwise(copy, (value,), shape, value.dtype, value.dtype, value.device)


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
                if Recordings.present:
                    _tell(top)
                continue
            kind: Any = top.op
            stack += kind.launch(top)
    assert value.buffer is not None
    return value.buffer


def realize_together(values: Sequence[Value]) -> Expression | None:
    """Realize pending formulas of one shape, in one launch where possible; what was launched."""
    with values[0].device.lock:
        expression = Expression(values, None)
        if expression.needs or expression.product is not None:
            for value in values:
                realize(value)
            return None
        launch_pointwise(values[0], expression)
        if Recordings.present:
            for value in values:
                _tell(value)
        return expression


def _tell(value: Value) -> None:
    """Tell recordings of a value that has a buffer now."""
    Recordings.tell(value.buffer)
