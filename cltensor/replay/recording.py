"""One recording of a call: what goes in and comes out, what it changed, and what it relied on."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from operator import attrgetter, is_
from typing import Any

from cltensor import dtypes
from cltensor.autograd.graph import Node, Promise
from cltensor.core.casting import casting
from cltensor.core.mode import mode
from cltensor.core.tensor import Tensor
from cltensor.lazy import fusion
from cltensor.lazy.values import Eager, Value, holders
from cltensor.lazy.writes import settle_readers
from cltensor.ops.precision import Precision
from cltensor.replay.arguments import Arguments
from cltensor.replay.guards import Surroundings, Watched
from cltensor.replay.outcome import Going, Outcome, Unlike, collect, links, window
from cltensor.replay.places import are_same
from cltensor.replay.tape import Recorder, Tape, Uses
from cltensor.replay.watch import Watch
from cltensor.runtime.determinism import Determinism
from cltensor.runtime.device import Device, get
from cltensor.runtime.memory import Buffer, Pool

_gradient = attrgetter("_grad")


class _Made:
    """A buffer that the call makes and that outlives it: its size, and its uses in launches.

    kept: the buffer of the last replay, where that gave nobody more than a promise of it; in a list
    of one, which is all of the recording that the promise keeps alive.
    """

    __slots__ = ("kept", "nbytes", "promised", "uses")

    def __init__(self, nbytes: int, uses: Uses) -> None:
        self.nbytes = nbytes
        self.uses = uses
        self.promised = False
        self.kept: list[Buffer | None] = [None]

    def bind(self, pool: Pool) -> Buffer:
        """The buffer for the next replay, which the launches use from now on."""
        buffer = self.kept[0]
        if buffer is None:
            buffer = pool.allocate(self.nbytes)
            self.uses.put(buffer)
            if self.promised:
                self.kept[0] = buffer
        return buffer


class Recording:
    """A recorded call of `function`.

    why: what keeps it from being replayed, as far as it is known now.
    """

    def __init__(self, function: Callable[..., Any], arguments: Arguments, device: Device) -> None:
        self.tape: Tape | None = None
        self.why = "something that it depends on is another at every call"
        self._function = function
        self._device = device
        self._surroundings = Surroundings(function, arguments.objects)
        self._why_not = ""
        self._arguments = arguments

    @property
    def excess(self) -> str:
        """What the function reaches that is too much to look at before every call, or ""."""
        return self._surroundings.excess

    # -- recording ---------------------------------------------------------------------------

    def record(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run the function, keep its launches, and return its result."""
        surroundings, tensors = self._surroundings, self._arguments.tensors
        reached = surroundings.tensors()
        if surroundings.excess:
            return self._function(*args, **kwargs)
        for value in holders.pending_on(self._device):
            fusion.realize(value)  # what is pending belongs to what came before
        there = [*tensors, *reached.values()]
        before = [(t._value, t._node) for t in there]
        contents, modes = self._arguments.contents(), _modes()
        recorder = Recorder(self._device)
        watch = Watch(surroundings, tensors, reached.values())
        try:
            try:
                result, outputs, held = self._run(recorder, watch, args, kwargs)
            finally:
                _stop(recorder, watch)
        finally:
            _stop(recorder, watch)  # again, should an interrupt have hit the first
        with self._device.lock:  # not before: the function may wait for other threads
            after = [(t._value, t._node) for t in there]
            same = all(a[0] is b[0] and a[1] is b[1] for a, b in zip(before, after, strict=True))
            same = same and are_same(contents, self._arguments.contents()) and modes == _modes()
            same = surroundings.is_unchanged() and same
            if not same:
                self.why = (
                    "it sets an attribute, an entry or a mode that was there before, or draws "
                    "random numbers of Python or NumPy"
                )
            elif recorder.spoiled:
                self.why = self._why_not or "it does what only runs on the host"
            recorder.spoiled |= watch.has_kept_gradient
            recorder.spoiled |= bool(surroundings.excess)  # found during the call
            recorder.spoiled |= recorder.met_others([t._value.buffer for t in outputs])
            if same and not recorder.spoiled:
                self._seal(recorder, watch, outputs, reached, held)
        surroundings.close()
        del self._arguments
        return result

    def _run(
        self, recorder: Recorder, watch: Watch, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Any, list[Tensor], list[Buffer]]:
        """The result, the tensors in it and those left as gradients, and the buffers made that are
        still there."""
        outputs: list[Tensor] = []
        recorder.start()
        watch.start()
        result = self._function(*args, **kwargs)
        watch.stop()
        try:
            known = self._arguments.containers
            self._rebuild = collect(result, outputs, known, self._surroundings.knows)
        except Unlike:
            recorder.spoiled, self._why_not = True, "it returns an object that it made"
        bases = {id(t._view.base): t._view.base for t in outputs if t._view is not None}
        outputs += [base for key, base in bases.items() if key not in set(map(id, outputs))]
        self._results = len(outputs)
        for t in outputs:
            t.realize()
            if watch.has_marks(t):
                recorder.spoiled = True
                self._why_not = "it returns a tensor to which it gave a gradient or attributes"
        for grad in [g for g in watch.grads.values() if g.node._grad is not g.before]:
            grad.after = _place_of(grad.node._grad, outputs)
        recorder.stop()
        return result, outputs, recorder.give_away()

    def _seal(
        self,
        recorder: Recorder,
        watch: Watch,
        outputs: list[Tensor],
        reached: dict[int, Tensor],
        held: list[Buffer],
    ) -> None:
        """Make the tape, and note how another call differs; not if a replay would be wrong."""
        grads = list(watch.grads.values())
        #: Gradients that the call read before it set them go in like arguments.
        self._read = [g for g in grads if isinstance(g.before, Tensor)]
        self._absent = [g for g in grads if g.before is None]
        self._layouts = [_layout(g.before) for g in self._read]
        going = Going(self._arguments, [g.before for g in self._read])
        made = {id(b): k for k, b in enumerate(held)}
        passing = {id(t) for t in (*going.tensors, *going.gradients)}
        if not self._watch(recorder, watch, passing, reached, made, going):
            self.why = "a gradient would flow out of it, or it uses tensors that nothing leads to"
            return
        places = {id(t): k for k, t in enumerate(going.tensors)}
        self._without = [(places.get(key, -1), weakref.ref(t)) for key, t in watch.without.items()]
        known = {id(b): k for k, b in enumerate(going.buffers)}
        own = self._function_s_own(reached, going)
        self._captured = {key: b for key, b in recorder.outside.items() if key not in known}
        self._captured.update({id(b): b for b in going.buffers if id(b) in own})
        self._numbers = {mark: ~k for k, mark in enumerate(self._captured)}
        self._pattern = _pattern(going.buffers, self._numbers)
        #: Whether no two of the buffers that go in are one, nor one that the function itself uses.
        self._are_apart = self._pattern == [*range(len(self._pattern))]
        self._meets_gradients = bool(self._without or self._absent or self._read)
        written = recorder.written.values()
        self._changed = [(b, operation) for b, operation in written if id(b) not in known]
        self._changed_inputs = [(known[id(b)], op) for b, op in written if id(b) in known]
        self._guards = recorder.guards
        fault = self._device.faults.buffer if recorder.sites else None
        tape = Tape(recorder, [*going.buffers, *held, *([fault] if fault else [])], self._captured)
        self._inputs = [tape.uses(b) for b in going.buffers]
        self._fault = tape.uses(fault) if fault else None
        self._made = [_Made(b.nbytes, tape.uses(b)) for b in held]
        outcomes = [Outcome(t, going, reached, made) for t in outputs]
        self._outcomes: list[Outcome | None] = [*outcomes]
        try:
            self._links = links(outputs, outcomes, going, reached, self._results)
        except Unlike:
            self.why = "it returns a view of a tensor that a replay does not have"
            return
        self._left = [g for g in grads if g.node._grad is not g.before]
        self._make_promises()
        self.tape = tape

    def _function_s_own(self, reached: dict[int, Tensor], going: Going) -> set[int]:
        """Buffers (by id) that the function uses by itself, even if they also went in."""
        tensors = [*reached.values(), *self._surroundings.watched.tensors()]
        return {id(t._value.buffer) for t in tensors}

    def _watch(
        self,
        recorder: Recorder,
        watch: Watch,
        passing: set[int],
        reached: dict[int, Tensor],
        made: dict[int, int],
        going: Going,
    ) -> bool:
        """Note the tensors from outside that the call used; False if not all can be guarded."""
        watched = self._surroundings.watched = Watched()
        alive = [t for ref in watch.seen.values() if (t := ref()) is not None]
        used = {id(t) for t in alive}
        alive += [
            t
            for key, t in reached.items()
            if key not in used and (t._node in watch.grads or self._surroundings.knows(t))
        ]
        first = {id(t._value): t for t in reversed(alive)}
        explained = {id(b) for b in (*going.buffers, *recorder.sources)}
        explained.add(id(self._device.faults.buffer))
        for t in alive:
            value, node, buffer = t._value, t._node, t._value.buffer
            if id(t) in passing or buffer is None or id(buffer) in made:
                continue
            explained.add(id(buffer))
            if id(t) not in reached and (first[id(value)] is not t or watch.made(node)):
                continue  # made inside, by detach
            if node is not None and node.op is not None:
                if id(t) in used:
                    return False  # a gradient would flow out of the call
                continue
            watched.add(t)
        return recorder.outside.keys() <= explained

    def _make_promises(self) -> None:
        """Gradients that nothing else shows are made when somebody asks for them."""
        self._promised: tuple[list[Node], list[Promise]] = [], []
        places = [o.place for o in self._outcomes if o is not None and o.kind == "made"]
        after = [g.after for g in self._left]
        for g in [g for g in self._left if g.argument < 0 and after.count(g.after) == 1]:
            outcome = self._outcomes[g.after] if g.after is not None else None
            if outcome is None or g.after is None or g.after < self._results or outcome.records:
                continue
            if outcome.kind == "made" and places.count(outcome.place) == 1:
                made = self._made[outcome.place]
                made.promised = True
                promise = _promise(self._device, made.kept, outcome.value)
                self._promised[0].append(g.node)
                self._promised[1].append(promise)
                self._outcomes[g.after] = None
                self._left.remove(g)

    # -- replaying ---------------------------------------------------------------------------

    def fits(self, arguments: Arguments) -> Going | None:
        """What goes into the call, if all that the recorded one relied on is as it was."""
        if not self._surroundings.holds():
            return None
        for guard in self._guards:
            if not guard():
                return None
        if self._meets_gradients and not self._gradients_fit(arguments):
            return None
        going = self._now(arguments)
        buffers = going.buffers
        if self._are_apart:
            ids = {*map(id, buffers)}
            fits = len(ids) == len(buffers) and self._numbers.keys().isdisjoint(ids)
        else:
            fits = self._pattern == _pattern(buffers, self._numbers)
        return going if fits else None

    def _gradients_fit(self, arguments: Arguments) -> bool:
        """Whether gradients are there, or are not, as the recorded call found them."""
        for place, held in self._without:
            tensor = held() if place < 0 else arguments.tensors[place]
            if tensor is not None and tensor.node is None and "_grad" in tensor.__dict__:
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
        return True

    def is_over(self) -> bool:
        """Whether it will never fit again."""
        return self._surroundings.watched.is_over()

    def _now(self, arguments: Arguments) -> Going:
        """What goes into another call, for which the recording fits."""
        if not self._read:
            return Going(arguments, ())
        nodes = [g.of(arguments) for g in self._read]
        return Going(arguments, [node.grad for node in nodes if node is not None])

    def replay(self, arguments: Arguments, going: Going) -> Any:
        """Launch what was recorded on what goes into another call."""
        tape, pool = self.tape, self._device.pool.root
        assert tape is not None
        for uses, buffer in zip(self._inputs, going.buffers, strict=True):
            uses.put(buffer)
        leaves, promises = self._promised
        are_promised = all(map(is_, map(_gradient, leaves), promises))
        if not are_promised:
            for leaf in leaves:
                leaf._grad = None  # so that its bytes can be reused
        going.fresh = [made.bind(pool) for made in self._made]
        if self._fault is not None:
            self._fault.put(self._device.faults.buffer)
        written = self._changed
        if self._changed_inputs:
            written = [*written, *[(going.buffers[k], op) for k, op in self._changed_inputs]]
        if holders.refs:
            settle_readers([b for b, _ in written])
        try:
            tape.replay()
        except BaseException:
            if not tape.is_untouched:
                _mark_changed(written)
            for leaf, promise in zip(leaves, promises, strict=True):
                # Bytes that were promised may have been written.
                leaf._grad = promise if tape.is_untouched else None
            raise
        _mark_changed(written)
        if not are_promised:
            for leaf, promise in zip(leaves, promises, strict=True):
                leaf._grad = promise
        shown = [None if o is None else o.show(going) for o in self._outcomes]
        for link in self._links:
            link.tie(going, shown)
        for g in self._left:
            node = g.of(arguments)
            if node is not None:
                node._grad = None if g.after is None else shown[g.after]
        return self._rebuild([*shown, *arguments.containers])


def _modes() -> tuple[Any, ...]:
    """Switches of this thread and of the process that change what operations do."""
    before = mode.enabled, dtypes.default_float, get(), casting.dtypes
    return *before, Eager.on, Precision.value, Determinism.level


def _mark_changed(written: Sequence[tuple[Buffer, str]]) -> None:
    for buffer, operation in written:
        buffer.version += 1
        buffer.changed_by = operation


def _promise(device: Device, kept: list[Buffer | None], shown: Value) -> Promise:
    """What a replay leaves as a gradient, until somebody asks for it."""

    def fill() -> Tensor:
        with device.lock:
            given, kept[0] = kept[0], None
        assert given is not None
        return Tensor(window(given, shown))

    return Promise(fill)


def _stop(recorder: Recorder, watch: Watch) -> None:
    """Record no more, and keep nothing in the recording's pool that somebody holds."""
    recorder.stop()
    watch.stop()
    recorder.give_away()


def _place_of(gradient: Any, outputs: list[Tensor]) -> int | None:
    """The place of a gradient among the outputs, where it is put if it is new."""
    if gradient is None:
        return None
    for place, known in enumerate(outputs):
        if known is gradient:
            return place
    outputs.append(gradient.realize())
    return len(outputs) - 1


def _layout(t: Tensor) -> Any:
    value = t.realize()._value
    return value.shape, value.dtype, value.strides, value.offset


def _pattern(inputs: Sequence[Buffer], numbers: dict[int, int]) -> list[int]:
    """Which of the buffers that go in are the same, or are used by the function itself (those have
    negative numbers)."""
    first: dict[int, int] = {}
    return [numbers.get(id(b)) or first.setdefault(id(b), place) for place, b in enumerate(inputs)]
