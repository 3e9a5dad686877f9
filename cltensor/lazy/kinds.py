"""The kinds of ops that pending Values have: how each enters an expression, and its launches.

A formula's kernel goes over one shape; it also computes reductions over short rows below it, and
is the store side of a product below it. A reduction reads through the pointwise expression below
it, so its operand is never written unless somebody holds it. A product's kernel is its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from cltensor.lazy.codegen import (
    STRIDED,
    Fold,
    Formula,
    Geometry,
    Given,
    Node,
    Parts,
    Reduction,
    Shape,
    Side,
    geometry,
    pointwise_kernel,
)
from cltensor.lazy.grids import (
    LONGEST_ROW,
    SMALL_ROWS,
    band_of,
    pointwise_grid,
    reduction_grid,
    replan,
    row_grid,
    whole_bands,
)
from cltensor.lazy.reducecode import count_kept, merge_kernel, reduction_kernel
from cltensor.lazy.rowcode import KEPT_LENGTH, row_kernel
from cltensor.lazy.values import FOLD, Expression, Kind, Rows, Value, stored
from cltensor.runtime.device import Device
from cltensor.runtime.groups import GroupError
from cltensor.runtime.memory import Buffer

_WIDE = (1 << 31) - (1 << 26)  # past this, 32-bit indices (with a chunk's margin) do not reach


class Pointwise(Formula, Kind):
    """The op of a Value that a formula makes of its args, element by element."""

    __slots__ = ()
    replaces = True

    def collect(self, value: Value, expression: Expression) -> None:
        """A node, unless it is a smaller piece that somebody will want."""
        inline = value.owner() is None or not value.leaves  # a constant costs nothing
        if not inline and value.shape not in expression.shapes:
            expression.read_later(value)
            return
        args, over = value.args, expression.over
        refs = [expression.visit(a) if type(a) is Value else -1 for a in args]
        if over and any(a is b for a in args for b in over):
            over.append(value)
        # After the operands' own, since kernels number scalars in the order of the entries.
        expression.scalars += [a for a in args if type(a) is not Value]
        how = expression.storage(value)
        entry = Node(self, value.domain, value.dtype, how, tuple(refs))
        expression.enter(entry, (self.id, value.domain.num, value.dtype.num, how, *refs))

    def launch(self, value: Value) -> Sequence[Value]:
        rows = rows_below(value) if value.below & FOLD else None
        expression = Expression((value,), value, rows, joins=rows is None)
        if expression.product and (expression.replacing or expression.parts):
            expression.needs.append(expression.product)  # whose kernel can do neither
        if expression.needs:
            return expression.needs
        if expression.product is not None:
            try:
                _launch_over_product(value, expression)
            except GroupError:  # of the product with the expression; alone it was asked
                return (expression.product,)
        elif rows is None:
            launch_pointwise(value, expression)
        else:
            try:
                if not _launch_rows(expression, rows):
                    value.below &= ~FOLD  # so that the next turn reduces first
            except GroupError as error:
                replan("rows", error)  # for the next turn
        return ()


class Reducer(Reduction, Kind):
    """The op of a Value that a reduction makes of its args, over what `kept` does not mark."""

    __slots__ = ()

    def collect(self, value: Value, expression: Expression) -> None:
        """Part of the kernel of an expression over the same rows."""
        if expression.rows is None or not self.fits(value, expression.rows):
            expression.read_later(value)
            return
        ref = expression.visit(value.args[0])
        how = expression.storage(value)
        key = (self.id, value.dtype.num, how, ref)
        expression.enter(Fold(self, value.dtype, how, ref), key)

    def fits(self, value: Value, rows: Rows) -> bool:
        """Whether `value`, of this op, is a reduction over `rows`, in a shape that broadcasts."""
        return (
            self.kind == "fold"
            and len(value.args) == 1
            and value.kept == rows.kept
            and value.args[0].shape == rows.shape
            and (value.shape == rows.result or not any(rows.kept))
        )

    def launch(self, value: Value) -> Sequence[Value]:
        expression = Expression(value.args[:1] if self.moves else value.args, None)
        written = [running.buffer for running in value.args[1:3]] if self.moves else ()
        if any(leaf.buffer in written for leaf in expression.leaves):
            expression.needs.append(value.args[0])
        if not expression.needs:
            try:
                _launch_reduction(value, expression)
            except GroupError as error:
                replan("reduce_gpu", error)  # for the next turn
        return expression.needs


class Mover(Reducer):
    """Moments, of the first arg, with which the next two move, running means and variances:

        running = keep * running + share * moments

    The other args are keep, share, and what makes a variance of a sum of squares. A Value of this
    op is computed at once.
    """

    __slots__ = ()
    moves = True


class Join(Kind):
    """The op of a Value whose elements are those of its args, one after the other, each from a
    multiple of `align` elements on: read where they are."""

    __slots__ = ("align",)

    def __init__(self, align: int) -> None:
        self.align = align

    def collect(self, value: Value, expression: Expression) -> None:
        """One leaf of several parts."""
        expression.parts = value.args
        expression.needs += [v for v in value.args if v.buffer is None]
        parts = Parts(value.dtype, len(value.args), self.align)
        expression.enter(parts, (value.dtype.num, len(value.args), self.align))

    def launch(self, value: Value) -> Sequence[Value]:
        """A copy: only who looks into an optimizer's step wants the elements in one place."""
        whole = Value(value.shape, value.dtype, value.device)
        whole.op, whole.args, whole.domain = copy, (value,), value.dtype
        needs = copy.launch(whole)
        if whole.buffer is not None:
            value.settle(whole.buffer)
        return needs


class Producer(Kind):
    """The op of a Value that a kernel of its own makes of its args, Values with a buffer.

    joins: whether that kernel takes a store side, an expression over what it makes; passes: whether
    it keeps sums in the buffer of its result before it goes on with that.
    """

    __slots__ = ()
    joins = False
    passes = False

    def make(self, value: Value, side: Side | None) -> Buffer:
        """Launch the kernel for `value`; returns the buffer with its elements, or with those of the
        heir of the side. Where the side neither keeps value nor has an heir, nobody may read it."""
        raise NotImplementedError

    def collect(self, value: Value, expression: Expression) -> None:
        """What the expression is the store side of, if it has none yet."""
        takes = expression.joins and self.joins and expression.product is None
        if not takes or value.shape != expression.space:
            expression.read_later(value)
            return
        expression.product = value
        expression.over.append(value)
        expression.enter(Given(value.dtype), ("given", value.dtype.num))

    def launch(self, value: Value) -> Sequence[Value]:
        value.settle(self.make(value, None))
        return ()


copy = Pointwise("copy", ("x",), "x")


def rows_below(root: Value) -> Rows | None:
    """The rows of the first reduction below pointwise `root` that can be part of its kernel."""
    pending, seen = [root], set()
    while pending:
        value = pending.pop()
        if not value.below & FOLD or id(value) in seen or value.buffer is not None:
            continue
        seen.add(id(value))
        op = value.op
        if isinstance(op, Reducer):
            shape, kept = value.args[0].shape, value.kept
            result = tuple([n if k else 1 for n, k in zip(shape, kept, strict=True)])
            rows = Rows(shape, kept, result)
            fits = root.shape in (shape, value.shape) and op.fits(value, rows)
            if fits and _worth_rows(root.device, rows):
                return rows
        else:
            pending += [a for a in value.args if type(a) is Value]
    return None


def _worth_rows(device: Device, rows: Rows) -> bool:
    """Whether rows are short enough for a core's cache and enough of them for all cores."""
    if False not in rows.kept:
        return False
    split = rows.kept.index(False)
    length, count = prod(rows.shape[split:]), prod(rows.shape[:split])
    return (
        1 < length <= LONGEST_ROW
        and not any(rows.kept[split:])
        and (count >= 2 * device.compute_units or 0 < count * length <= SMALL_ROWS)
    )


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


def launch_pointwise(root: Value, expression: Expression) -> None:
    """Launch the one kernel of an expression of formulas over the shape of `root`."""
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
    parts = expression.parts
    band = band_of(device, device.is_cpu and not parts, space, n)
    key = ("pointwise", tuple(expression.key), space.flags, wide, band)
    launch = device.kernels.get(key) or device.add_kernel(
        key, pointwise_kernel, device, expression.entries, space, wide, band
    )
    buffers = _allocate(expression.outputs)
    strip = pointwise_grid(device, device.is_cpu, root.dtype, n)
    if band.rows:
        strip = whole_bands(strip, n, band.rows * space.sizes[-1])
    groups, local, chunk = strip
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
    made = op.make(product, Side(expression.entries, space, wide, keep, heir, key, arguments))
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


def _moved(running: Sequence[Value], numbers: Sequence[float]) -> list[Any]:
    """What the kernels of a Mover take for its args but the first."""
    return [*_buffers(running), *[v.offset for v in running], *numbers]


def _launch_reduction(root: Value, expression: Expression) -> None:
    device, leaves, op = root.device, expression.leaves, root.op
    assert isinstance(op, Reducer)
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
    moved = _moved(root.args[1:3], root.args[3:]) if op.moves else ()
    per_item = -(-outer // tasks) if tasks else 0
    launch(
        (tasks * local, splits),
        (local, 1),
        [
            *(*given, *buffers, *_buffers(leaves), outer, length, per_item, part),
            *_index_arguments(space, leaves),
            *expression.scalars,
            *(() if partial else moved),
        ],
    )
    for output, stored_in in zip(expression.outputs, buffers, strict=True):
        output.settle(stored_in)
    if splits == 1:
        root.settle(given[0])
    elif op.kind == "fold":
        rest = Value(root.shape, root.dtype, device)
        rest.op, rest.kept = op, (False,) + (True,) * len(root.shape)
        rest.args = (stored((splits, *root.shape), root.dtype, device, given[0]),)
        while rest.buffer is None:
            op.launch(rest)
        root.settle(rest.buffer)
    else:
        merge = merge_kernel(device, op, accumulator)
        whole = _allocate([root])[0]
        grid = (-(-outer // local) * local,)
        merge(grid, (local,), [whole, *given, outer, splits, part, length, *moved])
        root.settle(whole)
