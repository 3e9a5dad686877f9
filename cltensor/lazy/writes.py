"""Writing in place: new elements for a window of a buffer that others may share.

Writes happen in program order. Whoever still has to read the old elements, a pending expression
anywhere in the process, is launched before; then the new ones go where the old ones were. What is
read and what is written are compared by buffer, offset and strides.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from cltensor.errors import ShapeError
from cltensor.lazy import fusion
from cltensor.lazy.codegen import Shape
from cltensor.lazy.values import Expression, Value, holders, same_place
from cltensor.runtime.memory import Buffer


def overlaps_itself(shape: Shape, strides: Shape) -> bool:
    """Whether two elements of a window share a place (or it cannot be ruled out)."""
    if 0 in shape:
        return False
    reach = 0
    for stride, n in sorted((abs(s), n) for n, s in zip(shape, strides, strict=True) if n > 1):
        if stride <= reach:
            return True
        reach += stride * (n - 1)
    return False


def require_writable(operation: str, value: Value) -> None:
    """Raise ShapeError if several elements of `value` are one place in memory."""
    if value.buffer is not None and overlaps_itself(value.shape, value.strides):
        raise ShapeError(
            f"{operation}: several elements of the tensor of shape {value.shape} (strides "
            f"{value.strides}) are one place in memory, as after expand; write to a .clone() of it"
        )


class Place(NamedTuple):
    """Where the elements of a stored Value are in its buffer."""

    shape: Shape
    strides: Shape
    offset: int
    size: int

    def extent(self) -> tuple[int, int]:
        """The first byte that is reached, and the one behind the last."""
        if 0 in self.shape:
            return 0, 0
        low = high = self.offset
        for n, stride in zip(self.shape, self.strides, strict=True):
            if stride > 0:
                high += stride * (n - 1)
            else:
                low += stride * (n - 1)
        return low * self.size, (high + 1) * self.size

    def meets(self, other: Place) -> bool:
        """Whether the two, of one buffer, may share a byte."""
        (low, high), (its_low, its_high) = self.extent(), other.extent()
        return low < its_high and its_low < high


def place_of(value: Value) -> Place:
    """Where the elements of stored `value` are."""
    return Place(value.shape, value.strides, value.offset, value.dtype.itemsize)


def may_overlap(a: Value, b: Value) -> bool:
    """Whether two stored Values may share a byte."""
    return a.buffer is b.buffer and place_of(a).meets(place_of(b))


def settle_readers(buffers: Iterable[Buffer], but: Sequence[Value] = ()) -> None:
    """Launch every pending expression that reads one of `buffers`, except those of `but`."""
    for value in holders.readers(set(map(id, buffers)), map(id, but)):
        fusion.realize(value)


def write(target: Value, source: Value, operation: str) -> None:
    """Replace the elements of stored `target` by those of `source`, which is of its dtype and
    broadcasts to its shape. A pending source is one kernel with the write."""
    buffer = target.buffer
    assert buffer is not None
    with target.device.lock:
        (source,) = _apart(((target, source),))
        (pending,) = _pending(((target, source),), (buffer,))
        pending.target = target
        fusion.realize(pending)
        buffer.mark_changed(operation)


def write_together(pairs: Sequence[tuple[Value, Value]], operation: str) -> None:
    """`write` of several pairs of a target and a source, in one launch where they are of one
    shape. No target may be read by the source of another one, unless both are one expression."""
    with pairs[0][0].device.lock:
        replace(list(zip([target for target, _ in pairs], _apart(pairs), strict=True)), operation)


class Replacement:
    """One launch that replaced elements of `buffers`, to be had again with other joined parts."""

    def __init__(self, root: Value, expression: Expression, buffers: list[Buffer]) -> None:
        self._root, self._expression, self._buffers = root, expression, buffers
        expression.replacing = []  # the targets have their elements
        expression.parts = ()

    def again(self, parts: Sequence[Value], operation: str) -> None:
        """The same operations on the elements as they are now, with `parts` for what was joined."""
        expression = self._expression
        with self._root.device.lock:
            settle_readers(self._buffers)
            expression.parts = tuple(parts)
            try:
                fusion.launch_pointwise(self._root, expression)
            finally:
                expression.parts = ()  # nobody else may need their memory any longer
            for buffer in self._buffers:
                buffer.mark_changed(operation)


def replace(
    pairs: Sequence[tuple[Value, Value]], operation: str, regions: Sequence[Buffer] = ()
) -> Replacement | None:
    """`write_together` for sources that read of the targets only what lies where it will be
    written, element by element; returns the launch, if it was one that read nothing but targets
    and a join.

    regions: buffers that are parts of a target's, and change with it."""
    buffers = [target.buffer for target, _ in pairs if target.buffer is not None]
    buffers += regions
    with pairs[0][0].device.lock:
        sources = _pending(pairs, buffers)
        for (target, _), source in zip(pairs, sources, strict=True):
            source.target = target
        expression = fusion.realize_together(sources)
        for buffer in buffers:
            buffer.mark_changed(operation)
    if expression is None or not expression.parts:
        return None
    if any(leaf.buffer not in buffers for leaf in expression.leaves):
        return None
    return Replacement(sources[0], expression, buffers)


def _apart(pairs: Sequence[tuple[Value, Value]]) -> list[Value]:
    """The sources, as copies if they read a target's elements elsewhere than they are written."""
    sources = [source for _, source in pairs]
    if _read_elsewhere(sources, [target for target, _ in pairs]):
        sources = [fusion.copied(source, source.shape) for source in sources]
        for source in sources:
            fusion.realize(source)
    return sources


def _pending(pairs: Sequence[tuple[Value, Value]], buffers: Sequence[Buffer]) -> list[Value]:
    """The sources as pending formulas of the targets' shapes; whoever else reads one of `buffers`
    is launched."""
    settle_readers(buffers, [source for target, source in pairs if _fits(target, source)])
    # Only now: what was computed on the way to a reader is still to be written.
    return [s if _fits(t, s) else fusion.copied(s, t.shape) for t, s in pairs]


def _fits(target: Value, source: Value) -> bool:
    if source.buffer is not None or source.shape != target.shape:
        return False
    kind: Any = source.op
    return kind.replaces


def _read_elsewhere(sources: Sequence[Value], targets: Sequence[Value]) -> bool:
    """Whether an element of `sources` may be computed from one of a target's at another place."""
    written: dict[int, list[Value]] = {}
    for target in targets:
        written.setdefault(id(target.buffer), []).append(target)
    pending: list[Any] = list(sources)
    seen = set()
    while pending:
        value = pending.pop()
        if type(value) is not Value:  # a number
            continue
        if value.buffer is not None:
            if id(value.buffer) in written:
                for target in written[id(value.buffer)]:
                    if not same_place(value, target) and may_overlap(value, target):
                        return True
        elif id(value) not in seen:
            seen.add(id(value))
            pending += value.args
    return False
