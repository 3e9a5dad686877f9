"""Indices out of range, and other bad elements, that kernels meet: noted there, raised at the next
read, in the thread that launched the kernel."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any, NoReturn

import numpy as np

from cltensor.errors import IndexingError
from cltensor.runtime.device import Device, recording
from cltensor.runtime.memory import Buffer, download, write


class _Thread(threading.local):
    """What one thread has noted: its buffer, and the operations that may have met a fault."""

    def __init__(self) -> None:
        self.buffer: Buffer | None = None
        self.names: dict[str, None] = {}
        #: What was asked for: the operations, where their faults will be, the event of the copy.
        self.asked: tuple[dict[str, None], np.ndarray, Any] | None = None


class Faults:
    """Those of one device. A buffer holds, in 32-bit integers: how many there were, then of one of
    them the index, the size of its axis, and what is indexed (0 an axis, 1 classes, 2 nothing: a
    probability was none)."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._own = _Thread()

    def buffer_of(self, operation: str) -> Buffer:
        """Where a kernel of `operation` notes a fault."""
        self.note((operation,))
        if recording.current is not None:
            recording.current.fault_names[operation] = None
        return self.buffer

    @property
    def buffer(self) -> Buffer:
        """That of this thread."""
        if self._own.buffer is None:
            self._own.buffer = self._device.pool.root.allocate(16)
            write(self._own.buffer, np.zeros(4, np.int32))
        return self._own.buffer

    def note(self, operations: Iterable[str]) -> None:
        """Note that kernels of `operations` run."""
        for operation in operations:
            self._own.names[operation] = None

    def ask(self) -> None:
        """Have what was noted copied to the host behind what runs, for the next `check`: whoever
        waits for the device anyway then waits once."""
        own = self._own
        if own.names and own.asked is None:
            found = np.empty(4, np.int32)
            event = download(self.buffer, found, wait=False)
            own.asked, own.names = (own.names, found, event), {}

    def check(self) -> None:
        """Raise if a kernel that this thread launched since the last look met a fault:
        IndexingError for an index, ValueError for a value."""
        own = self._own
        while own.asked is not None or own.names:
            self.ask()
            assert own.asked is not None
            operations, found, event = own.asked
            event.wait()
            own.asked = None
            if found[0]:
                self._raise(" or ".join(operations), *found[1:].tolist())

    def _raise(self, names: str, index: int, limit: int, kind: int) -> NoReturn:
        write(self.buffer, np.zeros(4, np.int32))
        if kind == 2:
            raise ValueError(
                f"{names}: an element of {'input' if index == 1 else 'target'} is not between 0 "
                "and 1; pass probabilities, or scores to binary_cross_entropy_with_logits"
            )
        if kind == 1:  # labels do not count from the end
            raise IndexingError(
                f"{names}: label {index} is out of range for {limit} classes; valid labels are 0 "
                f"to {limit - 1}"
            )
        raise IndexingError(
            f"{names}: index {index} is out of range for an axis of size {limit}; valid indices "
            f"are {-limit} to {limit - 1}"
        )


Device.make_faults = Faults
