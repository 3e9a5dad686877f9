"""Elements of a Tensor that a library on the host reads and writes where they are.

Only a device that computes in the host's memory can show its buffers to others, by mapping them.
While somebody holds such elements, every operation of the process is computed at its call and is
done when it returns: what the host reads is then what was computed, and nobody computes later from
what the host has changed since.
"""

from __future__ import annotations

import threading
from typing import ClassVar

import numpy as np

from cltensor.core.mode import mode
from cltensor.core.tensor import Tensor
from cltensor.errors import GradientError
from cltensor.lazy.values import Eager
from cltensor.lazy.writes import settle_readers
from cltensor.runtime.copies import mapped
from cltensor.runtime.device import Device
from cltensor.runtime.events import Launched, ignore, listen
from cltensor.runtime.memory import Buffer


class _Shown:
    """A buffer that the host shows; NumPy's arrays of it keep this alive."""

    lock = threading.RLock()  # one may end anywhere, in this thread too
    alive: ClassVar[int] = 0
    was_eager: ClassVar[bool] = False

    def __init__(self, buffer: Buffer) -> None:
        self._counted = False
        self.buffer = buffer
        self.array = mapped(buffer)
        self.__array_interface__ = self.array.__array_interface__
        buffer.shown += 1
        with _Shown.lock:
            if not _Shown.alive:
                _Shown.was_eager, Eager.on = Eager.on, True
                listen(_finish)
            _Shown.alive += 1
            self._counted = True

    def __del__(self) -> None:
        if not self._counted:
            return
        self.buffer.shown -= 1
        with _Shown.lock:
            _Shown.alive -= 1
            if not _Shown.alive:
                ignore(_finish)
                Eager.on = _Shown.was_eager


def _finish(event: Launched) -> None:
    event.kernel.device.finish()


def shared(x: Tensor) -> np.ndarray:
    """An array of NumPy with the elements of x themselves.

    Raises BufferError if x's device has memory of its own, GradientError if x requires a gradient.
    """
    device: Device = x.device
    if x.node is not None and mode.enabled:
        raise GradientError(
            "__dlpack__: this tensor requires a gradient, which the host would lose; use .detach()"
        )
    if not device.shows_memory:
        raise BufferError(
            f"__dlpack__: copy=False needs a device that computes in the host's memory, which "
            f"'{device}' ({device.title}) does not; leave it out, and the elements are copied"
        )
    value = x.realize()._value
    assert value.buffer is not None
    settle_readers((value.buffer,))
    device.synchronize()
    whole = np.asarray(_Shown(value.buffer))
    size = value.dtype.itemsize
    strides = [stride * size for stride in value.strides]
    flat = whole.view(value.dtype)
    return np.lib.stride_tricks.as_strided(flat[value.offset :], value.shape, strides)
