"""Buckets of gradients, each reduced over all ranks as soon as its last gradient is there.

Backward goes on meanwhile: a bucket is one launch that puts the gradients one after the other and
scales them, and one job of the communication thread, which waits for that launch alone. Buckets are
sent in the order of their numbers, which is that of all ranks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import partial
from math import prod
from typing import Any

import numpy as np

from cltensor.autograd import no_grad
from cltensor.autograd.engine import running
from cltensor.core import trees
from cltensor.core.hooks import AfterGradient, RemovableHandle
from cltensor.core.tensor import Tensor
from cltensor.distributed.collectives import all_reduce, summed
from cltensor.distributed.groups import ProcessGroup
from cltensor.distributed.objects import all_gather_object
from cltensor.distributed.reduceop import ReduceOp
from cltensor.distributed.work import Future, Work
from cltensor.errors import DistributedError, GradientError
from cltensor.lazy import fusion
from cltensor.lazy.codegen import contiguous_strides
from cltensor.lazy.grids import parts_at_once
from cltensor.ops.create import zeros
from cltensor.ops.shape.view import reshape
from cltensor.runtime.determinism import is_deterministic

#: Bytes of the first bucket, so that something is sent early.
FIRST = 1 << 20

Named = tuple[str, Tensor]


def plan(params: Sequence[Named], cap: int) -> list[list[Named]]:
    """Parameters by bucket, the last first, as their gradients come: one dtype and device each, of
    about `cap` bytes, the first of less."""
    buckets: list[list[Named]] = []
    room = 0
    for name, param in reversed(params):
        last = buckets[-1][-1][1] if buckets else None
        alike = last is not None and last.dtype == param.dtype and last.device is param.device
        if not alike or room <= 0 or len(buckets[-1]) >= parts_at_once(param.device):
            buckets.append([])
            room = min(cap, FIRST) if len(buckets) == 1 else cap
        if param.dtype.kind == "c":  # not joined with others
            room = 0
        buckets[-1].append((name, param))
        room -= param.nbytes
    return buckets


def require_one_plan(buckets: Sequence[Sequence[Named]], group: ProcessGroup) -> None:
    """Raise DistributedError, with the first difference, where the ranks' buckets differ."""
    lines = [f"use_deterministic_algorithms({is_deterministic()})"]
    lines += [
        f"{name}: {p.dtype.name} {tuple(p.shape)} in bucket {k}"
        for k, bucket in enumerate(buckets)
        for name, p in bucket
    ]
    digests: list[Any] = [None] * group.size()
    all_gather_object(digests, hashlib.sha256("\n".join(lines).encode()).hexdigest(), group)
    if len(set(digests)) == 1:
        return
    everywhere: list[Any] = [None] * group.size()
    all_gather_object(everywhere, lines, group)
    other = next(k for k, digest in enumerate(digests) if digest != digests[0])
    here, there = everywhere[0], everywhere[other]
    longest = max(len(here), len(there))
    here, there = ([*x, *["nothing"] * (longest - len(x))] for x in (here, there))
    one, two = next(pair for pair in zip(here, there, strict=True) if pair[0] != pair[1])
    raise DistributedError(
        f"DistributedDataParallel: rank {group.ranks[0]} has {one}, rank {group.ranks[other]} has "
        f"{two}; make the same model with the same options in all ranks"
    )


class GradBucket:
    """What a communication hook gets: `buffer()`, the gradients one after the other, whose
    reduction the hook gives."""

    def __init__(self, bucket: Bucket, is_last: bool) -> None:
        self._bucket, self._is_last = bucket, is_last

    def index(self) -> int:
        """The number of the bucket."""
        return self._bucket.index

    @property
    def name(self) -> str:
        """What messages call it."""
        return self._bucket.name

    def buffer(self) -> Tensor:
        """A flat tensor with all gradients, not yet divided by the number of ranks."""
        assert self._bucket.flat is not None
        return self._bucket.flat

    def set_buffer(self, buffer: Tensor) -> None:
        """Put another flat tensor of the same size in its place."""
        self._bucket.show(buffer)

    def gradients(self) -> list[Tensor]:
        """The gradients, as views of the buffer."""
        return self._bucket.views()

    def parameters(self) -> list[Tensor]:
        """Whose gradients they are."""
        return [param for _, param in self._bucket.members]

    def is_last(self) -> bool:
        """Whether no bucket comes after it in this pass."""
        return self._is_last


#: (state, bucket) to what becomes the reduced buffer.
CommHook = Callable[[Any, GradBucket], Future | Work]


class Bucket:
    """Parameters whose gradients go together; `flat` has these during a pass."""

    def __init__(self, index: int, members: Sequence[Named]) -> None:
        self.index, self.members = index, list(members)
        self.name = f"DistributedDataParallel: bucket {index}"
        self.missing = len(members)
        self.flat: Tensor | None = None
        self.pending: Future | Work | None = None
        self._starts: list[int] = []
        end, (_, first) = 0, members[0]
        self._align = max(1, first.device.alignment // first.dtype.itemsize)
        for _, param in members:
            self._starts.append(end)
            end += -(-prod(param.shape) // self._align) * self._align

    def gather(self, scale: float | None) -> None:
        """Put the gradients, scaled, into a buffer of their own, whose parts they are from now."""
        members = []
        for _, param in self.members:
            grad = param.grad
            if grad is None:
                grad = zeros(tuple(param.shape), dtype=param.dtype, device=param.device)
            members.append(grad.detach() if grad.is_contiguous() else grad.clone().realize())
        if len(members) == 1:
            flat = reshape(members[0], (-1,))
            flat = flat.clone() if scale is None else flat * scale
        else:
            values = tuple([grad.realize()._value for grad in members])
            joined = Tensor(fusion.join(values, self._align))
            flat = joined * (1.0 if scale is None else scale)
        self.show(flat.realize())

    def show(self, flat: Tensor) -> None:
        """Have the gradients in `flat`."""
        self.flat = flat
        for (_, param), view in zip(self.members, self.views(), strict=True):
            param.grad = view

    def views(self) -> list[Tensor]:
        """The parts of the buffer."""
        assert self.flat is not None
        offset = self.flat.offset
        return [
            self.flat.window(tuple(p.shape), contiguous_strides(tuple(p.shape)), offset + start)
            for (_, p), start in zip(self.members, self._starts, strict=True)
        ]

    def finish(self) -> None:
        """Wait for the reduction."""
        pending, self.pending = self.pending, None
        if isinstance(pending, Work):
            pending.wait()
        elif pending is not None:
            found = pending.wait()
            found = found[0] if isinstance(found, (list, tuple)) else found
            if found is not self.flat:
                assert self.flat is not None
                self.flat.copy_(found.reshape(self.flat.shape))
        self.flat = None


class Reducer:
    """The buckets of a model, filled by backward passes.

    group: for the buckets alone, so that other calls in between do no harm.
    """

    def __init__(
        self, params: Sequence[Named], group: ProcessGroup, cap: int, find_unused: bool
    ) -> None:
        self._group, self._find_unused = group, find_unused
        self.buckets = [Bucket(k, members) for k, members in enumerate(plan(params, cap))]
        require_one_plan([bucket.members for bucket in self.buckets], group)
        self._deterministic = is_deterministic()
        self.hook: CommHook | None = None
        self.state: Any = None
        self._active = False
        #: Parameters that the outputs do not depend on, by name.
        self._unused: set[str] = set()
        #: The gradients that those had.
        self._before: dict[str, Tensor | None] = {}
        self._next = 0
        self._handles: list[RemovableHandle] = [
            param.register_hook(self._hook(bucket, param))
            for bucket in self.buckets
            for _, param in bucket.members
        ]

    def _hook(self, bucket: Bucket, param: Tensor) -> Any:
        arrived, part = partial(self._arrived, bucket), partial(self._part, bucket)
        return AfterGradient(arrived, param, part)

    def prepare(self, outputs: Any) -> None:
        """Reduce what the next backward pass, from `outputs`, gives."""
        self._reset()
        if is_deterministic() != self._deterministic:
            raise DistributedError(
                "DistributedDataParallel: it was made with use_deterministic_algorithms("
                f"{self._deterministic}), which all ranks' sums follow; make it anew after the "
                "switch"
            )
        self._active = True
        if self._find_unused:
            reached = _leaves(outputs)
            for bucket in self.buckets:
                for name, param in bucket.members:
                    if param.node not in reached:
                        self._unused.add(name)
                        bucket.missing -= 1

    def pause(self) -> None:
        """Leave the gradients of the next pass as they are."""
        self._active = False

    def _reset(self) -> None:
        self._active, self._next = False, 0
        self._unused.clear()
        self._before.clear()
        for bucket in self.buckets:
            bucket.missing, bucket.flat, bucket.pending = len(bucket.members), None, None

    def _arrived(self, bucket: Bucket, param: Any) -> None:
        if not self._active:
            return
        outermost = running.passes[0]
        if self._end not in outermost.at_end:
            outermost.at_end.append(self._end)
        bucket.missing -= 1
        self._send()

    def _part(self, bucket: Bucket, g: Tensor) -> Tensor:
        """What stands for a part of the gradient of a parameter that is used several times: in
        deterministic mode its mean over the ranks, lest each rank add up its own parts first. The
        mean of these means, which the bucket gives, is what they are."""
        ranks = self._group.size()
        ordered = self._deterministic and not self._find_unused and self.hook is None
        if not (self._active and ordered and ranks > 1):
            return g
        with no_grad():
            mean = (g * (1 / ranks)).realize()
            summed(self._group, f"{bucket.name}, a part", mean).wait()
        return mean

    def _send(self) -> None:
        """Send the buckets that are full and whose turn it is."""
        while self._next < len(self.buckets) and self.buckets[self._next].missing <= 0:
            bucket = self.buckets[self._next]
            self._next += 1
            for name, param in bucket.members:
                if name in self._unused:
                    self._before[name] = param.grad
            with no_grad():
                if self.hook is None:
                    bucket.gather(1 / self._group.size())
                    assert bucket.flat is not None
                    bucket.pending = summed(self._group, bucket.name, bucket.flat)
                else:
                    bucket.gather(None)
                    shown = GradBucket(bucket, self._next == len(self.buckets))
                    bucket.pending = self.hook(self.state, shown)

    def _end(self) -> None:
        """Wait for all buckets, when backward has come to its end."""
        self._active = False
        self._send()
        if self._next < len(self.buckets):
            self._complain()
        with no_grad():
            for bucket in self.buckets:
                bucket.finish()
            if self._find_unused:
                self._leave_unused()
        self._reset()

    def _complain(self) -> None:
        missing = [
            name
            for bucket in self.buckets[self._next :]
            if bucket.missing
            for name, param in bucket.members
            if param.grad is None
        ]
        raise GradientError(
            f"DistributedDataParallel: backward gave no gradient to {', '.join(missing[:5])}"
            f"{' and others' if len(missing) > 5 else ''}, for which the ranks wait; leave unused "
            "parameters out, or pass find_unused_parameters=True"
        )

    def _leave_unused(self) -> None:
        """Give parameters that no rank used the gradient that they had."""
        named = [item for bucket in self.buckets for item in bucket.members]
        used = Tensor.from_numpy(
            np.array([name not in self._unused for name, _ in named], np.uint8), named[0][1].device
        )
        all_reduce(used, ReduceOp.MAX, self._group)
        for (name, param), flag in zip(named, used.tolist(), strict=True):
            if not flag:
                param.grad = self._before[name]


def _leaves(outputs: Any) -> set[Any]:
    """The nodes of leaves that the tensors of `outputs` depend on."""
    stack = [x.node for x in trees.flatten(outputs)[0] if isinstance(x, Tensor)]
    seen: set[Any] = set()
    while stack:
        node = stack.pop()
        if node is not None and node not in seen:
            seen.add(node)
            stack.extend(node.edges)
    return seen
