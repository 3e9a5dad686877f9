"""Block: parameters that lie one after the other in one buffer, so that one launch moves them all.

A parameter's data is then a view of the block's buffer, which a step changes in place. Values
that somebody else can see must not change, so a block counts the owners of its parameters' data:
when anybody else holds one (a copy of the weights, a graph that is still to be used), the block is
no longer whole and the optimizer lays out a new one.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from math import prod
from typing import Any

from cltensor import fusion
from cltensor.autograd import Variable
from cltensor.codegen import contiguous_strides
from cltensor.device import Device
from cltensor.ops.join import concat
from cltensor.ops.pointwise import copy_into
from cltensor.ops.shape import reshape
from cltensor.tensor import Tensor

# OpenCL promises 1024 bytes of kernel arguments; a gradient takes a pointer and two integers.
_FIXED, _EACH = 256, 16


def gradients_at_once(device: Device) -> int:
    """How many gradients fit the arguments of one kernel."""
    return max(1, (device.cl_device.max_parameter_size - _FIXED) // _EACH)


def flat(tensors: Sequence[Tensor]) -> Tensor:
    """A new Tensor of one dimension with the elements of all."""
    pieces = [reshape(t, -1) for t in tensors]
    return concat(pieces) if len(pieces) > 1 else pieces[0].clone()


class Block:
    """Parameters of one group, one dtype and one device, with their state laid out alike.

    places are the parameters' numbers in the optimizer; steps counts the steps taken.
    """

    def __init__(
        self, places: list[int], params: list[Variable], group: dict[str, Any], steps: int
    ) -> None:
        self.places = places
        self.params = params
        self.group = group
        self.steps = steps
        self.state: dict[str, Tensor] = {}
        self.values = flat([p.data for p in params])
        for param, view in zip(params, self._views(self.values), strict=True):
            param.data = view
        self._views_shown = [p.data for p in params]
        self._owners: tuple[int, ...] = ()

    def _views(self, whole: Tensor) -> list[Tensor]:
        views, offset = [], 0
        for param in self.params:
            views.append(whole.as_strided(param.shape, contiguous_strides(param.shape), offset))
            offset += prod(param.shape)
        return views

    def _count(self) -> tuple[int, ...]:
        counts = [sys.getrefcount(self.values.buffer)]
        for view in self._views_shown:
            counts += (sys.getrefcount(view), sys.getrefcount(view._value))
        return tuple(counts)

    def count_owners(self) -> None:
        """Take the present owners of the parameters' data as those that may see it change."""
        self._owners = self._count()

    def is_whole(self) -> bool:
        """Whether the parameters still show this block, and nobody else sees their data."""
        shown = all(p._data is v for p, v in zip(self.params, self._views_shown, strict=True))
        return shown and self._count() == self._owners

    def advance(self) -> None:
        """Count one more step."""
        self.steps += 1

    def gradient(self) -> Tensor:
        """The gradients, read where they are, as one flat Tensor."""
        parts = []
        for param in self.params:
            gradient = param.grad
            assert gradient is not None  # blocks hold the parameters that have one
            grad = gradient.data
            if not grad.is_contiguous:
                grad = grad.contiguous()
            parts.append(grad._value)
        return Tensor(fusion.join(tuple(parts)))

    def store(self, values: Tensor, state: dict[str, Tensor]) -> None:
        """Write the results of an update over the old values and state, in one launch."""
        pairs = [(self.values, values), *[(self.state[name], new) for name, new in state.items()]]
        for old, new in pairs:
            if new.is_pending:
                new._value.target = old._value
        for old, new in pairs:
            if new is not old and new.realize().buffer is not old.buffer:
                copy_into(old, new)

    def split_state(self) -> list[dict[str, Any]]:
        """The state of each parameter: its steps and Tensors of its shape."""
        entries: list[dict[str, Any]] = [{} for _ in self.params]
        for name, whole in self.state.items():
            for entry, view in zip(entries, self._views(whole), strict=True):
                entry[name] = view
        return entries
