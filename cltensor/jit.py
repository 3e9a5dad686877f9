"""`ct.jit`: run a function once, and from then on only its launches."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import Any

from cltensor import fusion
from cltensor.autograd import Variable, is_grad_enabled
from cltensor.device import Device
from cltensor.errors import DeviceError
from cltensor.ops.pointwise import copy_into
from cltensor.replay import Recorder, Tape
from cltensor.tensor import Tensor


class jit:
    """A function whose launches are recorded and replayed.

    The first call with arguments of given shapes, dtypes and plain values runs `function`, the
    second records its launches too, and later ones replay them, which takes a few microseconds of
    the host each. A whole training step (forward, backward, optimizer) can be one function. Numbers
    that change from step to step (learning rate, bias corrections, random counters) stay right.
    Results have the same bits as without it.

    Whatever the function reads besides its arguments is taken as it was when recorded, but the
    weights and states of modules and optimizers, which are followed. Gradients do not flow through
    the results: call `backward` inside. Printing and counting inside happen once.

    Raises DeviceError when the call reads a value on the host (`.item()`, `if tensor:`) or uploads
    one while it is recorded.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self._calls: dict[Any, _Call] = {}
        update_wrapper(self, function)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        tensors: list[Tensor] = []
        key = (_describe((args, kwargs), tensors), is_grad_enabled())
        if not tensors:
            raise DeviceError(
                "jit: the call has no tensor among its arguments; pass what changes from call to "
                "call as tensors"
            )
        call = self._calls.get(key)
        if call is None:  # the first call builds kernels and lays out optimizers; record the next
            self._calls[key] = _Call(tensors[0].device)
            return self.function(*args, **kwargs)
        if call.tape is not None and call.tape.is_current():
            return call(call.tape, tensors)
        return call.record(self.function, args, kwargs, tensors)


def _describe(value: Any, tensors: list[Tensor]) -> Any:
    """What of an argument decides whether a recording fits; the Tensors in it are appended."""
    if isinstance(value, (Tensor, Variable)):
        data = value.data
        data.realize()
        tensors.append(data)
        return (
            type(value), data.shape, data.dtype, data.strides, data.offset, data.device.name,
            value.requires_grad,
        )  # fmt: skip
    if isinstance(value, (tuple, list)):
        return (type(value), *[_describe(v, tensors) for v in value])
    if isinstance(value, dict):
        return tuple([(k, _describe(v, tensors)) for k, v in value.items()])
    try:
        hash(value)
    except TypeError:
        raise DeviceError(
            f"jit: an argument of type {type(value).__name__} cannot be compared from call to "
            "call; pass tensors, numbers, strings, or tuples, lists and dicts of them"
        ) from None
    return value


class _Call:
    """One recording, with the Tensors that go in and come out."""

    def __init__(self, device: Device) -> None:
        self.tape: Tape | None = None
        self._device = device
        self._inputs: list[Any] = []
        self._outputs: list[Tensor] = []
        self._results: list[Any] = []
        self._rebuild: Callable[[list[Tensor]], Any]

    def record(
        self,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        tensors: list[Tensor],
    ) -> Any:
        """Run `function`, keep its launches, and return its result."""
        self.tape = None
        returned = self._record(function, args, kwargs, tensors)
        if self.tape is not None:  # owners are counted here, where no local name adds to them
            self.tape.seal()
        return self._rebuild(returned)

    def _record(
        self,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        tensors: list[Tensor],
    ) -> list[Tensor]:
        self._inputs = [t.buffer for t in tensors]
        self._outputs = []
        with Recorder(self._device) as recorder:
            result = function(*args, **kwargs)
            self._rebuild = _collect(result, self._outputs)
            for out in self._outputs:
                out.realize()
            moved = _settle_states(recorder)
        self._results = [out.buffer for out in self._outputs if out.buffer.pool is recorder.pool]
        if not recorder.spoiled:
            self.tape = Tape(recorder, (*self._inputs, *self._results), moved)
        # The recorded buffers belong to the tape, which may write them again at any replay.
        return [out.clone() for out in self._outputs]

    def __call__(self, tape: Tape, tensors: list[Tensor]) -> Any:
        """Replay `tape` on new arguments."""
        for recorded, now in zip(self._inputs, tensors, strict=True):
            tape.exchange(recorded, now.buffer)
        pool = self._device.pool
        fresh = {id(b): pool.allocate(b.nbytes) for b in self._results}
        given = {id(b): t.buffer for b, t in zip(self._inputs, tensors, strict=True)}
        for recorded in self._results:
            tape.exchange(recorded, fresh[id(recorded)])
        tape.replay()
        returned = []
        for out in self._outputs:
            mark = id(out.buffer)
            buffer = fresh.get(mark) or given.get(mark, out.buffer)
            value = fusion.stored(out.shape, out.dtype, out.device, buffer)
            value.strides, value.offset = out.strides, out.offset
            returned.append(Tensor(value))
        return self._rebuild(returned)


def _settle_states(recorder: Recorder) -> list[tuple[Any, Any]]:
    """Give every state that the call exchanged a buffer of its own, written at the end of every
    replay and read at its start; pairs of the buffer that was read and the one to read."""
    moved = []
    for before, current, show in list(recorder.states.values()):
        # Not from the recorder's pool, whose buffers may serve several launches of the call.
        buffer = recorder.outer_pool.allocate(before.nbytes)
        static = Tensor(fusion.stored(before.shape, before.dtype, before.device, buffer))
        copy_into(static, current())
        recorder.replaces(static.buffer)
        show(static)
        moved.append((before.buffer, static.buffer))
    return moved


def _collect(result: Any, tensors: list[Tensor]) -> Callable[[list[Tensor]], Any]:
    """Append the Tensors of a result; what is returned puts others in their places."""
    if isinstance(result, (Tensor, Variable)):
        place = len(tensors)
        tensors.append(result.data)
        if isinstance(result, Variable):
            return lambda found: Variable(found[place])
        return lambda found: found[place]
    if isinstance(result, (tuple, list)):
        kind = type(result)
        members = [_collect(r, tensors) for r in result]
        return lambda found: kind([member(found) for member in members])
    if isinstance(result, dict):
        entries = {k: _collect(r, tensors) for k, r in result.items()}
        return lambda found: {k: entry(found) for k, entry in entries.items()}
    return lambda found: result
