"""Block: parameters that lie one after the other in one buffer, so that one launch moves them all.

A parameter's buffer becomes a region of the block's, whoever shares it, so a step changes it in
place like any other operation: views, averages and recorded calls see the weights move. A
parameter that is only a part of its buffer, or has it together with another one, stays where it
is, and has a block of its own. Complex numbers lie there, and are moved, as their real and
imaginary parts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from math import prod
from typing import Any

from cltensor.core.hooks import watchers
from cltensor.core.tensor import Tensor
from cltensor.dtypes import SHORT, float32, real_of
from cltensor.lazy import fusion
from cltensor.lazy.codegen import contiguous_strides
from cltensor.lazy.values import Value, stored
from cltensor.lazy.writes import Replacement, replace, write
from cltensor.ops.elementwise.cast import astype
from cltensor.ops.shape.parts import view_as_complex, view_as_real
from cltensor.optim.options import numbers_of
from cltensor.runtime.device import recording
from cltensor.runtime.memory import Buffer


def movable(params: Sequence[Tensor]) -> list[bool]:
    """For each parameter whether it, and no other one, is all of its buffer, so that this can
    become a part of another one; the host may not hold that either."""
    owners = Counter([id(param.buffer) for param in params])
    found = []
    for param in params:
        value = param._value
        nbytes = prod(value.shape) * value.dtype.itemsize
        buffer = param.buffer
        whole = bool(nbytes) and buffer.nbytes == nbytes and value.is_contiguous()
        found.append(whole and owners[id(buffer)] == 1 and not buffer.shown)
    return found


#: (block, values, state, gradient) to the new values; sets the Tensors of state.
Update = Callable[["Block", Tensor, dict[str, Tensor], Tensor], Tensor]


class Block:
    """Parameters of one group, one dtype and one device, with their state laid out alike.

    entries are the parameters' states in the optimizer; steps counts the steps taken; numbers: what
    else of a state the host counts; stays: the one parameter is not moved in memory.
    """

    def __init__(
        self,
        params: list[Tensor],
        entries: list[dict[str, Any]],
        group: dict[str, Any],
        steps: int,
        stays: bool = False,
        numbers: dict[str, float] | None = None,
    ) -> None:
        self.params = params
        self.entries = entries
        self.group = group
        #: The same for who asks for numbers.
        self.options = numbers_of(group)
        self.steps = steps
        self.numbers = numbers or {}
        #: The numbers as they were before this step.
        self.before = self.numbers
        self.state: dict[str, Tensor] = {}
        #: What of the state each parameter was left with.
        self.left: list[dict[str, Tensor]] = [{} for _ in params]
        #: The step at which a state began with zeros.
        self.began: dict[str, int] = {}
        #: What of the options decides which operations a step consists of.
        self.form: tuple[Any, ...] = ()
        #: Whether an element moves by what lies at its own place alone.
        self.elementwise = True
        self._replacement: Replacement | None = None
        first = params[0]
        self._parts_each = 2 if first.dtype.kind == "c" else 1
        self._dtype = real_of(first.dtype)
        self._align = max(1, first.device.alignment // self._dtype.itemsize)
        self._starts, end = [], 0
        for p in params:
            self._starts.append(end)
            end += -(-prod(p.shape) * self._parts_each // self._align) * self._align
        self._size = end
        self._alone = stays
        if self._alone:
            self.values = self._as_real(first.detach())
        else:
            self.values = self._layout()
        self._shown: list[tuple[Value, Buffer]] = [(p._value, p.buffer) for p in params]

    def _layout(self) -> Tensor:
        """One buffer in which the parameters' buffers are regions: the one of another optimizer,
        if they lie there alike."""
        first = self.params[0]
        size = self._dtype.itemsize
        places = [
            (param.buffer, start * size)
            for param, start in zip(self.params, self._starts, strict=True)
        ]
        home = first.buffer.home
        alike = [buffer.home is home and buffer.start == start for buffer, start in places]
        if home is not None and all(alike) and home.nbytes == self._size * size:
            return Tensor(stored((self._size,), self._dtype, first.device, home))
        whole = self.flat(None)
        for buffer, start in places:
            buffer.move_into(whole.buffer, start)
        return whole

    def flat(
        self,
        tensors: Sequence[Tensor] | None,
        fill: float = 0.0,
        shape: tuple[int, ...] | None = None,
    ) -> Tensor:
        """A Tensor laid out as the block, with the elements of `tensors`, or `fill` for None; of a
        parameter that stays, with another shape if one is given."""
        device = self.params[0].device
        if not self._alone:
            shape = (self._size,)
        elif shape is None:
            shape = self.values.shape
        # Not of a recording, which would give its bytes others in the end.
        buffer = device.pool.root.allocate(prod(shape) * self._dtype.itemsize)
        whole = Tensor(stored(shape, self._dtype, device, buffer))
        whole.fill_(fill)
        if tensors is not None:
            for view, source in zip(self.views(whole), tensors, strict=True):
                view.copy_(source)
        return whole

    def views(self, whole: Tensor) -> list[Tensor]:
        """What of a Tensor laid out as the block belongs to each parameter."""
        each = self._parts_each
        if self._alone:
            return [whole if each == 1 else view_as_complex(whole)]
        if each > 1:
            whole = view_as_complex(whole.window((self._size // each, each), (each, 1), 0))
        return [
            whole.window(p.shape, contiguous_strides(p.shape), start // each)
            for p, start in zip(self.params, self._starts, strict=True)
        ]

    def _as_real(self, x: Tensor) -> Tensor:
        return x if self._parts_each == 1 else view_as_real(x)

    def is_whole(self) -> bool:
        """Whether the parameters still show this block."""
        home = None if self._alone else self.values.buffer
        for param, (value, buffer) in zip(self.params, self._shown, strict=True):
            if param._value is not value or value.buffer is not buffer:
                return False
            if buffer.home is not home and home is not None:
                return False
        return True

    def advance(self) -> None:
        """Count one more step."""
        self.steps += 1

    def move(self, gradients: Sequence[Tensor], update: Update) -> None:
        """Write what `update` makes of values, state and gradients over the values and the state,
        in one launch. Without a jit's recording, it is asked for its operations once, since `form`
        decides them and all numbers are `Live`."""
        parts = self._parts(gradients)
        if self._replacement is not None and recording.current is None:
            self._replacement.again(parts, "step")
            return
        grad = Tensor(parts[0] if self._alone else fusion.join(tuple(parts), self._align))
        values, state = self.values, dict(self.state)
        if values.dtype in SHORT:  # small numbers, such as eps, are lost before the last rounding
            values, grad = astype(values, float32), astype(grad, float32)
            state = {name: astype(x, float32) for name, x in state.items()}
        values = update(self, values, state, grad)
        pairs = [(self.values, values), *[(self.state[name], new) for name, new in state.items()]]
        changed = [
            (old._value, (new if new.dtype is old.dtype else astype(new, old.dtype))._value)
            for old, new in pairs
            if new is not old
        ]
        if changed and self.elementwise:
            shared = [buffer for _, buffer in self._shown]
            self._replacement = replace(changed, "step", shared)
        else:  # each element may depend on them all: nothing is written before all is computed
            for _, new in changed:
                fusion.realize(new)
            for old, new in changed:
                write(old, new, "step")

    def _parts(self, gradients: Sequence[Tensor]) -> list[Value]:
        """The gradients, read where they are; none of them lies in what a step writes."""
        for watch in watchers:
            watch([*self.params, *gradients])
        home = self.values.buffer
        written = {home, *[state.buffer for state in self.state.values()]}
        parts, complex_ = [], self._parts_each > 1
        for gradient in gradients:
            value = gradient._value
            buffer = value.buffer
            if buffer is None:
                buffer = gradient.buffer  # computes it
                value = gradient._value
            if buffer in written or buffer.home is home or not value.is_contiguous():
                gradient = gradient.clone().realize()
                value = gradient._value
            parts.append(self._as_real(gradient.detach())._value if complex_ else value)
        return parts

    def is_first_of(self, name: str) -> bool:
        """Whether this step is the first that the state `name` takes part in."""
        return self.steps == self.began.get(name)
