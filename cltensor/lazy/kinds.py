"""The kinds of ops that pending Values have: how each enters an expression, and its launches.

A formula's kernel goes over one shape; it also computes reductions over short rows below it, and
is the store side of a product below it. A reduction reads through the pointwise expression below
it, so its operand is never written unless somebody holds it. A product's kernel is its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from cltensor.errors import DeterminismError
from cltensor.lazy.codegen import Fold, Formula, Given, Node, Parts, Reduction, Side
from cltensor.lazy.fixed import launch_fold
from cltensor.lazy.grids import LONGEST_ROW, SMALL_ROWS, replan
from cltensor.lazy.launches import (
    launch_over_product,
    launch_pointwise,
    launch_reduction,
    launch_rows,
)
from cltensor.lazy.values import FOLD, Expression, Kind, Rows, Value
from cltensor.runtime.determinism import is_deterministic
from cltensor.runtime.device import Device
from cltensor.runtime.groups import GroupError
from cltensor.runtime.memory import Buffer


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
        rows = rows_below(value) if value.below & FOLD and not is_deterministic() else None
        expression = Expression((value,), value, rows, joins=rows is None)
        if expression.product and (expression.replacing or expression.parts):
            expression.needs.append(expression.product)  # whose kernel can do neither
        if expression.needs:
            return expression.needs
        if expression.product is not None:
            try:
                launch_over_product(value, expression)
            except GroupError:  # of the product with the expression; alone it was asked
                return (expression.product,)
        elif rows is None:
            launch_pointwise(value, expression)
        else:
            try:
                if not launch_rows(expression, rows):
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
        if self.kind == "fold" and value.dtype.kind in "fc" and is_deterministic():
            return self._launch_fixed(value)
        expression = Expression(value.args[:1] if self.moves else value.args, None)
        written = [running.buffer for running in value.args[1:3]] if self.moves else ()
        if any(leaf.buffer in written for leaf in expression.leaves):
            expression.needs.append(value.args[0])
        if not expression.needs:
            try:
                launch_reduction(value, expression)
            except GroupError as error:
                replan("reduce_gpu", error)  # for the next turn
        return expression.needs

    def _launch_fixed(self, value: Value) -> Sequence[Value]:
        """The same in the one order that the sizes decide, from elements that are stored."""
        (operand,) = value.args
        if operand.buffer is None:
            return (operand,)
        if not operand.is_contiguous():
            operand, needs = _copied(operand)
            if needs:
                return needs
        value.settle(launch_fold(value, self, operand))
        return ()


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
        whole, needs = _copied(value)
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


class Refused(Kind):
    """The op of a Value that is not computed any more, for the error that it met."""

    __slots__ = ("error",)

    def __init__(self, error: DeterminismError) -> None:
        self.error = error

    def take(self, value: Value) -> None:
        """Have `value` raise the error whenever it is read, and read nothing itself."""
        value.op, value.args, value.target, value.below = self, (), None, 0

    def launch(self, value: Value) -> Sequence[Value]:
        raise DeterminismError(
            f"{self.error}. This was asked for while it was so; compute it again"
        )


copy = Pointwise("copy", ("x",), "x")


def _copied(value: Value) -> tuple[Value, Sequence[Value]]:
    """The elements of `value`, copied, and what must be computed before that."""
    whole = Value(value.shape, value.dtype, value.device)
    whole.op, whole.args, whole.domain = copy, (value,), value.dtype
    return whole, copy.launch(whole)


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
