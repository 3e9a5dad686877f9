"""One recording of a call: what goes in and comes out, what it changed, and what it relied on."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from cltensor import fusion
from cltensor.autograd.graph import Node, Promise, grad_watchers
from cltensor.call_arguments import Arguments
from cltensor.device import Device
from cltensor.errors import GradientError
from cltensor.graph_hooks import watchers
from cltensor.guards import Surroundings
from cltensor.memory import Buffer
from cltensor.replay import Recorder, Tape
from cltensor.tensor import Tensor
from cltensor.values import Value, holders
from cltensor.writes import settle_readers

_UNREAD = object()  # in place of a gradient that the call set before it read it


class _Grad:
    """What a call did to the gradient of one leaf, `node`, that of argument `argument` or, for -1,
    of a tensor that the function reached by itself.

    before: what it found there, `_UNREAD` if it did not look; after: what it left there.
    """

    __slots__ = ("after", "argument", "before", "node", "promise")

    def __init__(self, node: Node, argument: int, before: Any) -> None:
        self.node = node
        self.argument = argument
        self.before = before
        self.after: Any = before
        self.promise: Promise | None = None

    def of(self, arguments: Arguments) -> Node | None:
        """The leaf's node in another call."""
        return self.node if self.argument < 0 else arguments.tensors[self.argument].node


class Recording:
    """A recorded call of `function`."""

    def __init__(self, function: Callable[..., Any], arguments: Arguments, device: Device) -> None:
        self.tape: Tape | None = None
        self._function = function
        self._device = device
        self._surroundings = Surroundings(function, arguments.objects)
        self._seen: dict[int, weakref.ref[Tensor]] = {}
        self._grads: dict[Node, _Grad] = {}
        self._tensors: list[Tensor] = list(arguments.tensors)  # until the recording is over

    # -- recording ---------------------------------------------------------------------------

    def record(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run the function, keep its launches, and return its result."""
        for value in holders.pending_on(self._device):
            fusion.realize(value)  # what is pending belongs to what came before
        before = [t._value for t in self._tensors]
        recorder = Recorder(self._device)
        with recorder:
            with self._watching():
                result = self._function(*args, **kwargs)
            outputs: list[Tensor] = []
            self._rebuild = _collect(result, outputs)
            for out in outputs:
                out.realize()
        with self._device.lock:
            for node, grad in self._grads.items():
                grad.after = node._grad
            recorder.give_away()
            if any(t._value is not v for t, v in zip(self._tensors, before, strict=True)):
                recorder.spoiled = True  # an argument shows another storage now
            self._watch(recorder, outputs)
            if not recorder.spoiled:
                self._seal(recorder, outputs)
        del self._tensors, self._seen
        return result

    @contextmanager
    def _watching(self) -> Iterator[None]:
        thread = threading.get_ident()

        def see(operands: Iterable[Any]) -> None:
            if threading.get_ident() == thread:
                self._see(operands)

        def see_grad(node: Node, is_set: bool) -> None:
            if threading.get_ident() == thread and node not in self._grads:
                places = [k for k, t in enumerate(self._tensors) if t._node is node]
                before = _UNREAD if is_set else node._grad
                self._grads[node] = _Grad(node, places[0] if places else -1, before)

        watchers.append(see)
        grad_watchers.append(see_grad)
        try:
            yield
        finally:
            watchers.remove(see)
            grad_watchers.remove(see_grad)
        self._surroundings.keep_unchanged()

    def _see(self, operands: Iterable[Any]) -> None:
        for x in operands:
            if isinstance(x, Tensor):
                base = x if x._view is None else x._view.base
                self._seen[id(base)] = weakref.ref(base)
            elif type(x) in (tuple, list):
                self._see(x)
            else:
                self._surroundings.note(x)

    def _watch(self, recorder: Recorder, outputs: Sequence[Tensor]) -> None:
        """Note the tensors from outside that the call used: those that are still there."""
        passing = {id(t) for t in (*self._tensors, *outputs)}
        self._watched: list[tuple[weakref.ref[Tensor], Value, Node | None, Buffer, Any]] = []
        for ref in self._seen.values():
            t = ref()
            if t is None or id(t) in passing or id(t._value.buffer) not in recorder.outside:
                continue
            node, buffer = t._node, t._value.buffer
            assert buffer is not None
            if node is not None and node.op is not None:
                recorder.spoiled = True  # a gradient would flow out of the call
            self._watched.append((ref, t._value, node, buffer, buffer.cl))

    def _seal(self, recorder: Recorder, outputs: Sequence[Tensor]) -> None:
        #: Gradients that the call read before it set them go in like arguments.
        self._read = [g for g in self._grads.values() if isinstance(g.before, Tensor)]
        self._absent = [g for g in self._grads.values() if g.before is None]
        changed = [g for g in self._grads.values() if g.after is not g.before]
        inputs = [*self._tensors, *[g.before for g in self._read]]
        self._inputs = [t.buffer for t in inputs]
        self._layouts = [_layout(g.before) for g in self._read]
        known = {id(b): k for k, b in enumerate(self._inputs)}
        self._captured = {id(b): b for b in recorder.outside.values() if id(b) not in known}
        self._pattern = _pattern(self._inputs, self._captured)
        self._written = [
            (known.get(id(b), -1), b, operation) for b, operation in recorder.written.values()
        ]
        self._guards = recorder.guards
        mine = {id(t): k for k, t in enumerate(self._tensors)}
        self._results = [_Result(out, mine, known, recorder) for out in outputs]
        made = {id(r.buffer): r.buffer for r in self._results if r.kind == "made"}
        self._made = list(made.values())
        self._kept = [_kept(g, mine, recorder) for g in changed]
        promised = [g.after.buffer for g, kind in self._kept if kind == "made"]
        fault = self._device.fault_buffer if recorder.fault_names else None
        exchanged = [*self._inputs, *self._made, *promised, *([fault] if fault else [])]
        self._fault = fault
        self.tape = Tape(recorder, exchanged)
        for g, kind in self._kept:
            if kind == "made":
                g.promise = self._promise(g)

    def _promise(self, grad: _Grad) -> Promise:
        """What a replay leaves as a gradient, until somebody asks for it."""
        tape = self.tape
        assert tape is not None
        recorded, shown = grad.after.buffer, grad.after._value
        pool = self._device.pool.root
        static = [pool.allocate(recorded.nbytes)]
        places = tape.places(recorded)
        tape.put(places, static[0])

        def fill() -> Tensor:
            with self._device.lock:
                given, static[0] = static[0], pool.allocate(recorded.nbytes)
                tape.put(places, static[0])
            return Tensor(_window(given, shown))

        grad.after = None  # its elements belong to whoever holds it
        return Promise(fill)

    # -- replaying ---------------------------------------------------------------------------

    def fits(self, arguments: Arguments) -> bool:
        """Whether all that the recorded call relied on is as it was."""
        for ref, value, node, buffer, handle in self._watched:
            t = ref()
            if t is None or t._value is not value or t._node is not node or buffer.cl is not handle:
                return False
        if not self._surroundings.holds():
            return False
        for guard in self._guards:
            if not guard():
                return False
        for g in self._absent:
            node = g.of(arguments)
            if node is None or node._grad is not None:
                return False
        for g, layout in zip(self._read, self._layouts, strict=True):
            node = g.of(arguments)
            now = None if node is None else node.grad
            if now is None or _layout(now) != layout:
                return False
        return self._pattern == _pattern(self._now(arguments), self._captured)

    def _now(self, arguments: Arguments) -> list[Buffer]:
        """The buffers that go in."""
        buffers = [t.buffer for t in arguments.tensors]
        for g in self._read:
            buffers.append(g.of(arguments).grad.buffer)  # type: ignore[union-attr]
        return buffers

    def replay(self, arguments: Arguments) -> Any:
        """Launch what was recorded on new arguments."""
        tape, pool = self.tape, self._device.pool.root
        assert tape is not None
        now = self._now(arguments)
        for recorded, buffer in zip(self._inputs, now, strict=True):
            tape.put(tape.places(recorded), buffer)
        fresh = {}
        for recorded in self._made:
            buffer = fresh[id(recorded)] = pool.allocate(recorded.nbytes)
            tape.put(tape.places(recorded), buffer)
        if self._fault is not None:
            tape.put(tape.places(self._fault), self._device.fault_buffer)
        written = [(b if k < 0 else now[k], operation) for k, b, operation in self._written]
        if written:
            settle_readers([b for b, _ in written])
        tape.replay()
        for buffer, operation in written:
            buffer.mark_changed(operation)
        for g, kind in self._kept:
            node = g.of(arguments)
            if node is not None:
                node._grad = (
                    g.promise if kind == "made"
                    else arguments.tensors[kind] if isinstance(kind, int) else g.after
                )  # fmt: skip
        return self._rebuild([r.show(arguments, now, fresh) for r in self._results])


class _Result:
    """One Tensor that the call returned: an argument itself, a tensor from outside, or one with a
    window of a buffer that goes in, was made, or lies outside."""

    def __init__(
        self, out: Tensor, mine: dict[int, int], known: dict[int, int], recorder: Recorder
    ) -> None:
        self.place = mine.get(id(out), -1)
        self.held: Tensor | None = None
        self.buffer = out.buffer
        self.value = out._value
        node = out._node
        self.records = node is not None and not node.released
        if self.place >= 0:
            self.kind = "argument"
        elif id(self.buffer) in known:
            self.kind, self.place = "input", known[id(self.buffer)]
        elif id(self.buffer) in recorder.outside:
            self.kind = "outside"
            if node is None or node.op is None:
                self.held = out
        else:
            self.kind = "made"

    def show(self, arguments: Arguments, now: Sequence[Buffer], fresh: dict[int, Buffer]) -> Tensor:
        """The Tensor of another call."""
        if self.kind == "argument":
            return arguments.tensors[self.place]
        if self.held is not None:
            return self.held
        buffer = self.buffer
        if self.kind != "outside":
            buffer = fresh[id(buffer)] if self.kind == "made" else now[self.place]
        shown = Tensor(_window(buffer, self.value))
        if self.records:
            shown._node = Node(shown, _REPLAYED)
        return shown


class _Replayed:
    """The op of a result that has no graph behind it, though the call's own result had one."""

    name = "jit"

    def gradients(self, g: Any, create_graph: bool) -> list[Any]:
        raise GradientError(
            "backward: gradients do not flow through the result of a replayed function; call "
            "backward inside the jitted function"
        )


_REPLAYED = _Replayed()


def _kept(grad: _Grad, mine: dict[int, int], recorder: Recorder) -> tuple[_Grad, Any]:
    """What kind of gradient the call left: "made" by it, the place of an argument, or "held"."""
    after = grad.after
    if not isinstance(after, Tensor):
        return grad, "held"
    if id(after) in mine:
        return grad, mine[id(after)]
    return grad, "held" if id(after.buffer) in recorder.outside else "made"


def _window(buffer: Buffer, like: Value) -> Value:
    value = fusion.stored(like.shape, like.dtype, like.device, buffer)
    value.strides, value.offset = like.strides, like.offset
    return value


def _layout(t: Tensor) -> Any:
    value = t.realize()._value
    return value.shape, value.dtype, value.strides, value.offset


def _pattern(inputs: Sequence[Buffer], captured: dict[int, Buffer]) -> list[int]:
    """Which of the buffers that go in are the same, or are used by the function itself (negative,
    by number)."""
    first: dict[int, int] = {}
    numbers = {mark: ~k for k, mark in enumerate(captured)} if inputs else {}
    return [numbers.get(id(b)) or first.setdefault(id(b), place) for place, b in enumerate(inputs)]


def _collect(result: Any, tensors: list[Tensor]) -> Callable[[list[Tensor]], Any]:
    """Append the Tensors of a result; what is returned puts others in their places."""
    if isinstance(result, Tensor):
        place = len(tensors)
        tensors.append(result)
        return lambda found: found[place]
    if isinstance(result, (tuple, list)):
        kind = type(result)
        members = [_collect(r, tensors) for r in result]
        if hasattr(kind, "_make"):  # a named tuple
            return lambda found: kind._make([member(found) for member in members])
        return lambda found: kind([member(found) for member in members])
    if isinstance(result, dict):
        entries = {k: _collect(r, tensors) for k, r in result.items()}
        return lambda found: {k: entry(found) for k, entry in entries.items()}
    return lambda found: result
