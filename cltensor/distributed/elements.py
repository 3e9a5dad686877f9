"""The elements of a tensor for MPI: bytes on the host, in row-major order."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from cltensor.autograd import no_grad
from cltensor.core.changes import never_replay
from cltensor.core.tensor import Tensor, show
from cltensor.errors import DeviceError, DTypeError, ShapeError
from cltensor.lazy.writes import require_writable, settle_readers
from cltensor.runtime.memory import Buffer
from cltensor.runtime.staging import Region


def check_tensor(operation: str, name: str, x: Any) -> Tensor:
    """`x`, else TypeError."""
    if not isinstance(x, Tensor):
        raise DTypeError(f"{operation}: {name} is {show(x)}, not a tensor")
    return x


def check_alike(operation: str, name: str, tensors: Sequence[Any], like: Tensor) -> None:
    """Raise unless all `tensors` have the shape, the dtype and the device of `like`."""
    for place, x in enumerate(tensors):
        check_tensor(operation, f"{name}[{place}]", x)
        check_kind(operation, f"{name}[{place}]", x, like)
        if x.shape != like.shape:
            raise ShapeError(
                f"{operation}: {name}[{place}] has shape {tuple(x.shape)}, the tensor beside it "
                f"{tuple(like.shape)}; give tensors of one shape"
            )


def check_kind(operation: str, name: str, x: Tensor, like: Tensor) -> None:
    """Raise unless `x` has the dtype and the device of `like`."""
    if x.dtype != like.dtype:
        raise DTypeError(
            f"{operation}: {name} is {x.dtype.name}, the tensor beside it {like.dtype.name}; give "
            "tensors of one dtype"
        )
    if x.device is not like.device:
        raise DeviceError(
            f"{operation}: {name} is on '{x.device}', the tensor beside it on '{like.device}'; "
            "move one with .to(...)"
        )


class Elements:
    """Those of `x`, read as they are after all that was called before, and written where they are
    if `writes`: whoever shares them sees that, and backward passes that saved them say so.

    regions: buffers that are parts of that of x.

    Made by the thread that calls; `is_ready` and `release` are for the communication thread, and
    `complete` for who waits in the end.
    """

    def __init__(
        self,
        operation: str,
        x: Tensor,
        *,
        reads: bool = True,
        writes: bool = False,
        regions: Sequence[Buffer] = (),
    ) -> None:
        never_replay()
        self.dtype, self.shape = x.dtype, tuple(x.shape)
        self._writes = writes
        self._scattered: Tensor | None = None
        with no_grad():
            x = x.detach()
            if writes:
                require_writable(operation, x._value)
                buffers = (x.buffer, *regions)
                settle_readers(buffers)
                for buffer in buffers:
                    buffer.mark_changed(operation)
            if not x.is_contiguous():
                self._scattered = x
                x = x.clone().realize()
        size = x.dtype.itemsize
        nbytes = prod(self.shape) * size
        self._region = Region(x.buffer, x.offset * size, nbytes, reads)
        self._dense = x

    @property
    def array(self) -> np.ndarray:
        """The bytes."""
        return self._region.array

    @property
    def nbytes(self) -> int:
        """How many."""
        return len(self._region.array)

    def is_ready(self) -> bool:
        """Whether `array` has them."""
        return self._region.is_ready()

    def release(self) -> None:
        """The job is done with them."""
        self._region.release(self._writes)

    def complete(self) -> None:
        """See to it that the tensor shows what was written."""
        if self._scattered is not None and self._writes:
            with no_grad():
                self._scattered.copy_(self._dense)
            self._scattered = None
