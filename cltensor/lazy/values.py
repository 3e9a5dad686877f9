"""What a Tensor denotes, and the expressions that kernels are generated from.

A Value is a strided window of a buffer, or a pending pointwise expression or reduction over other
Values. An Expression is what one kernel computes of pending Values.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable, Container, Iterable, Sequence
from math import prod
from typing import Any, NamedTuple, Protocol

import numpy as np

from cltensor.lazy.codegen import (
    DROPPED,
    IN_PLACE,
    PER_ROW,
    STORED,
    Shape,
    contiguous_strides,
)
from cltensor.runtime.device import Device
from cltensor.runtime.memory import Buffer


class Eager:
    """Whether every operation is computed at its call (CLTENSOR_EAGER=1), for debugging."""

    on = os.environ.get("CLTENSOR_EAGER") == "1"


class Kind:
    """What the op of a pending Value is an instance of, and all that tells kinds of ops apart: how
    such a Value enters the Expression of a kernel above it, and how it is computed itself.

    replaces: whether its kernel can write the Value in place of its target.
    """

    __slots__ = ()
    replaces = False

    def collect(self, value: Value, expression: Expression) -> None:
        """Make `value` the next entry of `expression`, after what it is computed from, where one
        kernel can do both; by default it is computed beforehand, and read."""
        expression.read_later(value)

    def launch(self, value: Value) -> Sequence[Value]:
        """Launch the kernel that computes `value`, and settle it; or return the Values that have
        to be computed before, to be called again when they are."""
        raise NotImplementedError


#: Value.below: whether a reduction, or a product that takes a store side, is part of it.
FOLD, PRODUCT = 1, 2


class Value:
    """Elements of one shape and dtype: in `buffer`, or, while that is None, pending.

    Pending: `op`, of one of the kinds in kinds.py, over `args` (Values and Python scalars). A
    formula is computed in `domain`; a reduction keeps the dimensions marked in `kept` (with several
    results they lie one after the other along a new first dimension). owner is a weak reference to
    the Tensor that shows this Value, or to the node that saved it. target is a Value in a buffer
    that this one shall replace, element by element, when it is computed. uses counts the Values
    made from one over a product.

    A pending Value never changes, and one Tensor at most shows it: an operation in place has the
    Tensor show another one, and raises `version`. Several Tensors may show a stored one.
    """

    __slots__ = (
        "args",
        "below",
        "buffer",
        "changed_by",
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
        "uses",
        "version",
    )

    buffer: Buffer | None
    op: Kind | None
    args: tuple[Any, ...]
    changed_by: str
    domain: np.dtype
    kept: tuple[bool, ...]
    owner: Callable[[], Holder | None]
    uses: int

    def __init__(self, shape: Shape, dtype: np.dtype, device: Device) -> None:
        self.shape = shape
        self.dtype = dtype
        self.device = device
        self.buffer = None
        self.offset = 0
        self.strides = contiguous_strides(shape)
        self.nodes = 0
        self.leaves = 1
        self.below = 0
        self.owner = nobody
        self.target: Value | None = None
        self.version = 0

    def is_contiguous(self) -> bool:
        """Whether the elements lie in row-major order without gaps."""
        shape = self.shape
        return self.strides == contiguous_strides(shape) or prod(shape) <= 1

    def settle(self, buffer: Buffer) -> None:
        """The elements are, or will be once the queue gets there, at the start of `buffer`."""
        if self.version:
            buffer.version, buffer.changed_by = self.version, self.changed_by
        self._settled(buffer)

    def settle_in_target(self) -> None:
        """The elements are where the target's were."""
        target = self.target
        assert target is not None
        assert target.buffer is not None
        self.offset, self.strides = target.offset, target.strides
        self._settled(target.buffer)

    def _settled(self, buffer: Buffer) -> None:
        self.buffer = buffer  # after the place in it: another thread may look
        self.target = None
        self.op = None
        self.args = ()
        self.nodes = 0
        self.leaves = 1
        self.below = 0


def nobody() -> None:
    """The owner of a Value that no Tensor shows."""
    return


def version_of(value: Value) -> int:
    """How often the elements that `value` denotes were changed in place."""
    return value.version if value.buffer is None else value.buffer.version


def changer_of(value: Value) -> str:
    """The operation that changed them last."""
    return value.changed_by if value.buffer is None else value.buffer.changed_by


class Holder(Protocol):
    """What keeps Values for later: a Tensor, or a node of a graph."""

    def held_values(self) -> Sequence[Value]:
        """The Values, pending or not."""


class _Holders:
    """Weak references to all holders of pending Values.

    Before a buffer is written, whoever still has to read it is looked for here: nothing has to be
    noted at the buffer for each reader, and nobody's references are counted.
    """

    def __init__(self) -> None:
        self.refs: list[weakref.ref[Any]] = []
        self.limit = 256  # more than that are looked through for what is over
        self._lock = threading.Lock()

    def prune(self) -> list[Value]:
        """Forget those that are gone, or hold nothing pending; what the others hold pending."""
        pending: list[Value] = []
        with self._lock:
            looked_at = len(self.refs)  # other threads append meanwhile
            kept = []
            # A holder is noted anew with each Value that it takes, by the one reference it has.
            for ref in {id(ref): ref for ref in self.refs[:looked_at]}.values():
                holder = ref()
                if holder is not None:
                    before = len(pending)
                    for value in holder.held_values():
                        if value.buffer is None:
                            pending.append(value)
                    if len(pending) > before:
                        kept.append(ref)
            self.refs[:looked_at] = kept
            self.limit = max(256, 2 * len(self.refs))
        return pending

    def readers(self, buffers: Container[int], but: Iterable[int] = ()) -> list[Value]:
        """Pending Values of holders that will read one of the buffers (by id), except those with
        the ids `but`."""
        known = dict.fromkeys(but, False)
        return [value for value in self.prune() if _reads(value, buffers, known)]

    def pending_on(self, device: Device) -> list[Value]:
        """Pending Values of holders on a device."""
        return [value for value in self.prune() if value.device is device]


def _reads(value: Value, buffers: Container[int], known: dict[int, bool]) -> bool:
    found = known.get(id(value))
    if found is None:
        if value.buffer is not None:
            found = id(value.buffer) in buffers
        else:
            found = False
            for a in value.args:
                if type(a) is Value and (
                    _reads(a, buffers, known) if a.buffer is None else id(a.buffer) in buffers
                ):
                    found = True
                    break
        known[id(value)] = found
    return found


holders = _Holders()


def stored(shape: Shape, dtype: np.dtype, device: Device, buffer: Buffer) -> Value:
    """A Value whose elements are in `buffer`, contiguous from its start."""
    value = Value(shape, dtype, device)
    value.buffer = buffer
    return value


def is_packed(value: Value) -> bool:
    """Whether the elements lie without gaps, in any order of the dimensions."""
    reach = 1
    for stride, n in sorted(zip(value.strides, value.shape, strict=True)):
        if n != 1 and stride != reach:
            return False
        reach *= n
    return True


def same_place(a: Value, b: Value) -> bool:
    """Whether two stored Values denote the same elements in the same order."""
    return (
        a.buffer is b.buffer
        and a.offset == b.offset
        and a.shape == b.shape
        and a.dtype == b.dtype
        and all(n == 1 or s == t for n, s, t in zip(a.shape, a.strides, b.strides, strict=True))
    )


class Rows(NamedTuple):
    """The rows that reductions inside an expression go over: the last dimensions of `shape`."""

    shape: Shape
    kept: tuple[bool, ...]
    result: Shape


class Expression:
    """The pending nodes below `roots`, in order of evaluation, with their leaves and scalars.

    wanted is stored in any case. Reductions over `rows` become entries too; any other is computed
    beforehand and read. What is stored has an element for each of the iteration space or for each
    of `rows`, and its shape alone says which: a node of the whole shape may well be computed from
    nothing but one number for each row. With joins, the first Producer of the whole shape is an
    entry too, `product`: the expression is the store side of its kernel. What may be an entry, and
    which, is for the Kinds to say (`Kind.collect`).
    """

    def __init__(
        self,
        roots: Sequence[Value],
        wanted: Value | None,
        rows: Rows | None = None,
        joins: bool = False,
    ) -> None:
        self.entries: list[Any] = []
        self.key: list[Any] = []
        self.leaves: list[Value] = []
        self.scalars: list[Any] = []
        self.outputs: list[Value] = []
        self.replacing: list[Value] = []
        self.parts: tuple[Value, ...] = ()
        self.needs: list[Value] = []
        self.product: Value | None = None
        self.joins = joins
        self.over: list[Value] = []  # the product, and the nodes computed from it
        self._slots: dict[int, int] = {}
        self._wanted = wanted
        self._targets = [root.target for root in roots if root.target is not None]
        self.rows = rows
        shape = roots[0].shape
        self.space = shape if rows is None else rows.shape
        #: The shapes that an entry may have.
        self.shapes = (shape,) if rows is None else (rows.shape, rows.result, shape)
        self.results = [self.visit(root) for root in roots]

    def visit(self, value: Value) -> int:
        """The slot of `value`, which is entered if it is not there yet."""
        slot = self._slots.get(id(value))
        if slot is not None:
            return slot
        if value.buffer is None:
            kind: Any = value.op
            kind.collect(value, self)
        else:
            for target in self._targets:  # the kernel must know which operands it replaces
                if target is not value and same_place(value, target):
                    return self.visit(target)
            self._leaf(value)
        slot = self._slots[id(value)] = len(self.entries) - 1
        return slot

    def enter(self, entry: Any, key: Any) -> None:
        """Add an entry; `key` is what the kernel's source knows of it."""
        self.entries.append(entry)
        self.key.append(key)

    def read_later(self, value: Value) -> None:
        """Have a pending Value computed before, once, on its own, and read."""
        self.needs.append(value)
        self._leaf(value)

    def _leaf(self, value: Value) -> None:
        self.leaves.append(value)
        self.enter(value.dtype, value.dtype.num)

    @property
    def keeps_product(self) -> bool:
        """Whether a Tensor shows the product, or another pending expression will want it."""
        inside = dict.fromkeys(map(id, self.over), 0)
        for value in self.over:
            for a in value.args:
                if id(a) in inside:
                    inside[id(a)] += 1
        for value in self.over:
            if value.owner() is not None:
                if value is self.product:
                    return True
            elif value is not self._wanted and value.uses > inside[id(value)]:
                return True
        return False

    def storage(self, value: Value) -> int:
        """Where the kernel stores an entry's Value: Node.stored."""
        if value.target is not None:
            self.replacing.append(value)
            return IN_PLACE + self.visit(value.target)
        if value is not self._wanted and (value.owner() is None or not value.leaves):
            return DROPPED
        self.outputs.append(value)
        if value.shape == self.space:
            return STORED
        assert self.rows is not None, (value.shape, self.space)
        assert prod(value.shape) == prod(self.rows.result), (value.shape, self.rows)
        return PER_ROW
