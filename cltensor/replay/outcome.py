"""What a recorded call gives back or leaves as a gradient, and how a replay gives its own."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

import numpy as np

from cltensor.autograd.graph import Node
from cltensor.autograd.record import View
from cltensor.core.tensor import Tensor
from cltensor.core.trees import filled
from cltensor.errors import GradientError
from cltensor.lazy import fusion
from cltensor.lazy.values import Value
from cltensor.replay.arguments import Arguments
from cltensor.runtime.device import Device
from cltensor.runtime.memory import Buffer


class Unlike(Exception):
    """A result holds what a replay cannot give."""


class Going:
    """The tensors that go into a call: its arguments, and gradients that it finds."""

    __slots__ = ("buffers", "fresh", "gradients", "tensors")

    def __init__(self, arguments: Arguments, gradients: Sequence[Any]) -> None:
        self.tensors = arguments.tensors
        self.gradients = gradients
        self.buffers = arguments.buffers
        if gradients:
            self.buffers = [*self.buffers, *[g.buffer for g in gradients]]
        #: The new buffers of what the call makes.
        self.fresh: list[Buffer] = []


class Outcome:
    """One Tensor that the call returned or left as a gradient.

    kind: "argument", "gradient" (one that it found) or "held" (one that was there before) is that
    tensor itself; "input", "made" or "outside" a window of a buffer that goes in, is made by the
    call, or belongs to others.
    """

    def __init__(
        self,
        out: Tensor,
        going: Going,
        reached: dict[int, Tensor],
        made: dict[int, int],
    ) -> None:
        self.place = -1
        self.kept: Any = None
        self.value = _blank(out._value)
        node = out.node
        self.records = node is not None
        self.is_leaf = node is not None and node.op is None
        buffer = out.buffer
        own = [id(t) for t in going.tensors]
        gradients = [id(t) for t in going.gradients]
        known = [id(b) for b in going.buffers]
        if id(out) in own:
            self.kind, self.place = "argument", own.index(id(out))
        elif id(out) in gradients:
            self.kind, self.place = "gradient", gradients.index(id(out))
        elif id(out) in reached:
            self.kind, self.kept = "held", out
        elif id(buffer) in known:
            self.kind, self.place = "input", known.index(id(buffer))
        elif id(buffer) in made:
            self.kind, self.place = "made", made[id(buffer)]
        else:
            self.kind, self.kept = "outside", buffer
        #: Whether a replay shows another Tensor than the one that others know as this.
        self.is_mere_window = out._view is None and self.kind in ("input", "outside")

    @property
    def is_itself(self) -> bool:
        """Whether a replay shows a tensor that was there before it."""
        return self.kind in ("argument", "gradient", "held")

    def show(self, going: Going) -> Tensor:
        """The Tensor of another call."""
        kind = self.kind
        if kind == "made":
            buffer = going.fresh[self.place]
        elif kind == "argument":
            return going.tensors[self.place]
        elif kind == "gradient":
            return going.gradients[self.place]
        elif kind == "held":
            return self.kept
        else:
            buffer = self.kept if kind == "outside" else going.buffers[self.place]
        shown = Tensor(window(buffer, self.value))
        if self.records:
            shown._node = Node(shown, None if self.is_leaf else _REPLAYED)
        return shown


class Link:
    """Of what the Tensor that a replay shows at `place` is a view: `steps` lead to it from one that
    goes into the call, was there before it, or is shown as well. depth: how many lead from its
    base.

    Raises Unlike if there is none.
    """

    def __init__(
        self,
        place: int,
        going: Going,
        reached: dict[int, Tensor],
        outputs: Sequence[Tensor],
        outcomes: Sequence[Outcome],
    ) -> None:
        view = outputs[place]._view
        self.place = place
        self.recorded = view.recorded
        known: dict[int, tuple[str, Any]] = {_mark(t): ("held", t) for t in reached.values()}
        for kind, tensors in (
            ("shown", outputs), ("gradient", going.gradients), ("argument", going.tensors)
        ):  # fmt: skip
            known |= {_mark(t): (kind, k) for k, t in enumerate(tensors)}
        path = [view.path]
        while path[-1].above is not None:
            path.append(path[-1].above)
        self.depth = len(path)
        marks = [*map(id, path[1:]), id(view.base)]
        length = next((k for k, mark in enumerate(marks, 1) if mark in known), 0)
        if not length:
            raise Unlike
        self.steps = path[:length][::-1]
        self.kind, self.origin = known[marks[length - 1]]
        if self.kind == "shown" and outcomes[self.origin].is_mere_window:
            raise Unlike

    def tie(self, going: Going, shown: Sequence[Tensor | None]) -> None:
        """Make what a replay shows that view."""
        out = shown[self.place]
        if out is None:
            return
        if self.kind == "held":
            x = self.origin
        elif self.kind == "shown":
            x = shown[self.origin]
        else:
            x = (going.tensors if self.kind == "argument" else going.gradients)[self.origin]
        out._view = View.through(x, self.steps, self.recorded)


def _mark(x: Tensor) -> int:
    """By what the views of x know it."""
    return id(x if x._view is None else x._view.path)


def links(
    outputs: Sequence[Tensor],
    outcomes: Sequence[Outcome],
    going: Going,
    reached: dict[int, Tensor],
    results: int,
) -> list[Link]:
    """The Links of what replays show anew, each after those that it begins at.

    Raises Unlike if one of the `results` has none; of a gradient's base nobody else knows.
    """
    found = []
    for k, (out, outcome) in enumerate(zip(outputs, outcomes, strict=True)):
        if out._view is None or outcome.is_itself:
            continue
        try:
            found.append(Link(k, going, reached, outputs, outcomes))
        except Unlike:
            if k < results:
                raise
    return sorted(found, key=lambda link: link.depth)


class _Replayed:
    """The op of a result that has no graph behind it, though the call's own result had one."""

    name = "jit"

    def gradients(self, g: Any, create_graph: bool) -> list[Any]:
        raise GradientError(
            "backward: gradients do not flow through the result of a replayed function; call "
            "backward inside the jitted function"
        )


_REPLAYED = _Replayed()


def _blank(value: Value) -> Value:
    """What of `value` is not its elements."""
    blank = Value(value.shape, value.dtype, value.device)
    blank.strides, blank.offset = value.strides, value.offset
    return blank


def window(buffer: Buffer, like: Value) -> Value:
    """A Value in `buffer` where `like` is in its own."""
    value = fusion.stored(like.shape, like.dtype, like.device, buffer)
    value.strides, value.offset = like.strides, like.offset
    return value


_CONSTANT = (type(None), bool, int, float, complex, str, bytes, np.generic, np.dtype, Device, type)


def collect(
    result: Any, tensors: list[Tensor], containers: Sequence[Any], constant: Callable[[Any], bool]
) -> Callable[[Sequence[Any]], Any]:
    """Append the Tensors of a result, each once; what is returned puts others in their places.

    containers: the lists and dicts that went into the call; those of another call come behind its
    tensors. Raises Unlike for an object that each call may make anew, unless it is `constant`.
    """
    if isinstance(result, Tensor):
        place = next((k for k, t in enumerate(tensors) if t is result), len(tensors))
        if place == len(tensors):
            tensors.append(result)
        return itemgetter(place)
    kind = type(result)
    for place, container in enumerate(containers):
        if container is result:
            return itemgetter(place - len(containers))
    if isinstance(result, (list, dict)) and constant(result):
        return lambda found: result
    if isinstance(result, (tuple, list)):
        members = [collect(r, tensors, containers, constant) for r in result]
        if hasattr(kind, "_make"):  # a named tuple
            return lambda found: kind._make([member(found) for member in members])
        return lambda found: kind([member(found) for member in members])
    if isinstance(result, dict):
        entries = {k: collect(r, tensors, containers, constant) for k, r in result.items()}
        if kind is dict:
            return lambda found: {k: entry(found) for k, entry in entries.items()}
        empty = copy.copy(result)
        empty.clear()
        return lambda found: filled(empty, {k: entry(found) for k, entry in entries.items()})
    if not isinstance(result, _CONSTANT) and not constant(result):
        raise Unlike
    return lambda found: result
