"""Flat: tensors whose elements travel one after the other, by one call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import prod

import numpy as np

from cltensor.core.tensor import Tensor
from cltensor.distributed.elements import Elements
from cltensor.distributed.groups import ProcessGroup
from cltensor.distributed.job import Steps
from cltensor.distributed.mpi import library
from cltensor.distributed.work import Work
from cltensor.lazy.values import stored


class Flat:
    """Tensors of one dtype. Where each is all of its buffer, on one device, these become regions of
    one buffer, laid out as an optimizer lays out parameters, whose own they may be already; else
    the elements are copied on their way. Other ranks need not have them alike."""

    def __init__(self, tensors: Sequence[Tensor]) -> None:
        self.tensors = list(tensors)
        first = tensors[0]
        size = first.dtype.itemsize
        align = max(1, first.device.alignment // size)
        self._starts, end = [], 0
        for x in tensors:
            self._starts.append(end * size)
            end += -(-prod(x.shape) // align) * align
        self._nbytes = end * size
        self._whole = self._home()
        if self._whole is None and _can_move(tensors):
            buffer = first.device.pool.root.allocate(self._nbytes)
            self._whole = Tensor(stored((end,), first.dtype, first.device, buffer))
            self._whole.fill_(0)
            for x, start in zip(tensors, self._starts, strict=True):
                x.buffer.move_into(buffer, start)

    def _home(self) -> Tensor | None:
        """The buffer in which the tensors are laid out already."""
        first = self.tensors[0]
        home = first.buffer.home
        if home is None or home.nbytes != self._nbytes or not self._lie_in(home):
            return None
        count = self._nbytes // first.dtype.itemsize
        return Tensor(stored((count,), first.dtype, first.device, home))

    def _lie_in(self, home: object) -> bool:
        places = zip(self.tensors, self._starts, strict=True)
        return all(
            x.buffer.home is home and x.buffer.start == start and x.buffer.nbytes == x.nbytes
            for x, start in places
        )

    def broadcast(self, group: ProcessGroup, root: int) -> Work:
        """Have the elements of the group's rank `root` in all."""
        if self._whole is None or not self._lie_in(self._whole.buffer):
            self._whole = self._home()
        reads, regions = group.rank() == root, [x.buffer for x in self.tensors]
        if self._whole is not None:
            whole = Elements(
                "broadcast", self._whole, reads=reads, writes=not reads, regions=regions
            )
            elements = [whole]
        else:
            elements = [
                Elements("broadcast", x, reads=reads, writes=not reads) for x in self.tensors
            ]
        is_whole = self._whole is not None

        def steps() -> Steps:
            array = whole.array if is_whole else self._joined(elements)
            yield group.comm.Ibcast([array, library().BYTE], root).Test
            if not is_whole and not reads:
                for each, start in zip(elements, self._starts, strict=True):
                    each.array[:] = array[start : start + each.nbytes]

        dtype = self.tensors[0].dtype.name
        what = f"broadcast of {len(regions)} tensors of {dtype} in {self._nbytes} bytes"
        what += f" from rank {group.ranks[root]}"
        work = group.run(what, steps, elements, async_op=True)
        assert work is not None
        return work

    def _joined(self, elements: Sequence[Elements]) -> np.ndarray:
        array = np.zeros(self._nbytes, np.uint8)
        for each, start in zip(elements, self._starts, strict=True):
            array[start : start + each.nbytes] = each.array
        return array


def _can_move(tensors: Sequence[Tensor]) -> bool:
    """Whether each tensor, and no other one, is all of its buffer, and all are on one device."""
    owners = Counter([id(x.buffer) for x in tensors])
    return all(
        x.nbytes
        and x.buffer.nbytes == x.nbytes
        and x.is_contiguous()
        and owners[id(x.buffer)] == 1
        and not x.buffer.shown
        and x.device is tensors[0].device
        for x in tensors
    )
