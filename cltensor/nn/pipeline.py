"""Pipelines: the layers of a Sequential model in stages, on devices of a process or in ranks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from cltensor.autograd import backward, no_grad
from cltensor.core.tensor import Tensor
from cltensor.distributed.groups import ProcessGroup, in_group
from cltensor.distributed.messages import isend, recv
from cltensor.distributed.objects import broadcast_object_list, recv_object_list, send_object_list
from cltensor.distributed.work import Work
from cltensor.errors import ShapeError
from cltensor.nn.layers.container import Sequential
from cltensor.nn.module import Module
from cltensor.ops.create import empty
from cltensor.ops.shape.join import concatenate
from cltensor.runtime.device import get


def stages_of(model: Sequential, count: int) -> list[Sequential]:
    """The layers in `count` stages of about as many bytes of parameters each."""
    layers = list(model)
    if not 0 < count <= len(layers):
        raise ShapeError(f"pipeline: {len(layers)} layers make no {count} stages; use fewer")
    sizes = [1 + sum(p.nbytes for p in layer.parameters()) for layer in layers]
    total, cuts, seen = sum(sizes), [0], 0
    for place, size in enumerate(sizes):
        left = len(layers) - place  # at least one layer for each stage that is to come
        stage = len(cuts)
        if place > cuts[-1] and stage < count and (
            left <= count - stage or (seen + size / 2) * count >= total * stage
        ):  # fmt: skip
            cuts.append(place)
        seen += size
    return [Sequential(*layers[a:b]) for a, b in pairwise([*cuts, len(layers)])]


class DevicePipeline(Module):
    """A Sequential model whose stages are on several devices of this process.

    The batch goes through in `chunks` parts: a device computes one while the next one computes the
    part before.

    Args:    devices: one for each stage.
    """

    def __init__(self, model: Sequential, devices: Sequence[Any], chunks: int = 1) -> None:
        super().__init__()
        self.devices, self.chunks = [get(d) for d in devices], chunks
        parts = zip(stages_of(model, len(devices)), self.devices, strict=True)
        self.stages = Sequential(*[stage.to(device) for stage, device in parts])

    def forward(self, x: Any) -> Any:
        """What the model gives, on the last device."""
        parts = [x] if self.chunks == 1 else x.chunk(self.chunks)
        for stage, device in zip(self.stages, self.devices, strict=True):
            parts = [stage(part.to(device)) for part in parts]
        return parts[0] if len(parts) == 1 else concatenate(parts)


class RankPipeline(Module):
    """A Sequential model whose stages are in the ranks of a group, each of which keeps its own.

    Args:    model: the whole, alike in all ranks; chunks: the parts of a batch, equal ones, that
             go through one after the other; process_group: None for all ranks.
    """

    def __init__(
        self, model: Sequential, chunks: int = 1, process_group: ProcessGroup | None = None
    ) -> None:
        super().__init__()
        self.group = in_group("RankPipeline", process_group)
        self.chunks = chunks
        self.stage = stages_of(model, self.group.size())[self.group.rank()]

    @property
    def is_first(self) -> bool:
        """Whether this rank gets the inputs."""
        return self.group.rank() == 0

    @property
    def is_last(self) -> bool:
        """Whether this rank has the outputs."""
        return self.group.rank() == self.group.size() - 1

    def forward(self, x: Any = None) -> Any:
        """What the model gives for x, in the last rank; x is the first rank's, others need none.
        Nothing is recorded."""
        with no_grad():
            out = self._run(x, [])
            return concatenate(out) if self.is_last else None

    def step(self, x: Any, target: Any, loss: Callable[[Any, Any], Any]) -> float:
        """One forward and one backward pass, after which each rank's parameters have gradients.

        Args:    x: the inputs, which the first rank reads; target: what loss(output, target) gets
                 in the last rank; it is a mean over the batch.
        Returns: the loss, in all ranks.
        """
        entries: list[Any] = []
        outputs = self._run(x, entries)
        total, works = 0.0, []
        targets = target.chunk(self.chunks) if self.is_last else []
        for place in range(self.chunks):
            out, g = outputs[place], None
            if self.is_last:
                out = loss(out, targets[place]) / self.chunks
                total += float(out.detach())
            else:
                g = empty(tuple(out.shape), dtype=out.dtype, device=out.device)
                recv(g, group=self.group, group_src=self.group.rank() + 1, tag=1)
            backward([out], None if g is None else [g])
            if not self.is_first:
                works.append(self._send(entries[place].grad, -1))
        for work in works:
            work.wait()
        said = [total]
        broadcast_object_list(said, group=self.group, group_src=self.group.size() - 1)
        return said[0]

    def _run(self, x: Any, entries: list[Any]) -> list[Any]:
        """The stage's outputs for each part; `entries` gets what came in."""
        parts = x.chunk(self.chunks) if self.is_first else [None] * self.chunks
        if len(parts) != self.chunks:
            raise ShapeError(f"RankPipeline: {len(x)} inputs make no {self.chunks} parts")
        outputs, works = [], []
        for part in parts:
            came = part if self.is_first else self._take()
            entries.append(came)
            out = self.stage(came)
            outputs.append(out)
            if not self.is_last:
                rank = self.group.rank() + 1
                send_object_list([tuple(out.shape), out.dtype], group=self.group, group_dst=rank)
                works.append(self._send(out.detach(), 1))
        for work in works:
            work.wait()
        return outputs

    def _take(self) -> Tensor:
        rank, kind = self.group.rank() - 1, [None, None]
        recv_object_list(kind, group=self.group, group_src=rank)
        came = empty(kind[0], dtype=kind[1])
        recv(came, group=self.group, group_src=rank)
        return came.requires_grad_()

    def _send(self, x: Any, step: int) -> Work:
        tag = 0 if step > 0 else 1
        work = isend(x, group=self.group, group_dst=self.group.rank() + step, tag=tag)
        assert work is not None
        return work
