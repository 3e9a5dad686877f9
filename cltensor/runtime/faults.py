"""Indices out of range, and other bad elements, that kernels meet: noted there, raised at the next
read, in the thread that launched the kernel, with the name of each operation that met one.

Every site, an operation and the axis that it indexes, has a region of its own in a buffer that each
thread has one of: what runs meanwhile, or is launched again by a replay, writes elsewhere.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, NoReturn

import numpy as np

from cltensor.errors import DeviceError, IndexingError
from cltensor.runtime.copies import download, write
from cltensor.runtime.device import Device, recording
from cltensor.runtime.memory import Buffer

#: Words of a region, 64-bit integers: whether there was a fault, the index, the size of its axis,
#: and one to spare, so that regions are aligned. Of two faults the first stays.
WORDS = 4
#: Regions of a buffer; as many sites there are at most.
ROOM = 1024

#: What may be bad: an index; a label of one of some classes, which does not count from the end; an
#: element of `input` (1) or `target` (2) that is no probability; or a parameter of a distribution.
INDEX, LABEL, PROBABILITY, PARAMETER = "index", "label", "probability", "parameter"

#: What is wrong with a parameter, by the number that the kernel notes.
_PARAMETERS = {
    1: "a parameter is below the least value that it may have, infinite or NaN; see the "
    "documentation of the distribution",
    2: "a chance is not between 0 and 1, or a count is negative or no whole number",
    3: "a chance is negative, infinite or NaN, or those of a row are all 0",
}


class Site(NamedTuple):
    """Where a kernel may meet a fault: what was called, and the axis of its operand, where it has
    one."""

    operation: str
    axis: int | None = None
    what: str = INDEX

    def error(self, index: int, size: int) -> Exception:
        """What is raised for a fault."""
        name, axis = self.operation, self.axis
        if self.what == PARAMETER:
            return ValueError(f"{name}: {_PARAMETERS[index]}")
        if self.what == PROBABILITY:
            return ValueError(
                f"{name}: an element of {'input' if index == 1 else 'target'} is not between 0 "
                "and 1; pass probabilities, or scores to binary_cross_entropy_with_logits"
            )
        if self.what == LABEL:
            along = "" if axis is None else f" along axis {axis}"
            return IndexingError(
                f"{name}: label {index} is out of range for {size} classes{along}; valid labels "
                f"are 0 to {size - 1}"
            )
        return IndexingError(
            f"{name}: index {index} is out of range for {'an axis' if axis is None else 'axis'} "
            f"{'' if axis is None else f'{axis} '}of size {size}; valid indices are {-size} to "
            f"{size - 1}"
        )


#: The region of each site, the same in every buffer: a replay may run in any thread.
_numbers: dict[Site, int] = {}
_lock = threading.Lock()


def _number(site: Site) -> int:
    found = _numbers.get(site)
    if found is None:
        with _lock:
            if len(_numbers) == ROOM:
                raise DeviceError(
                    f"{site.operation}: its faults along axis {site.axis} are one kind more than "
                    f"the {ROOM} that can be told apart; index along fewer different axes"
                )
            found = _numbers.setdefault(site, len(_numbers))
    return found


class _Thread(threading.local):
    """What one thread has noted: its buffer, and the sites that may have met a fault."""

    def __init__(self) -> None:
        self.buffer: Buffer | None = None
        self.sites: dict[Site, None] = {}
        #: What was asked for: the sites, where their regions will be, the event of the copy.
        self.asked: tuple[dict[Site, None], np.ndarray, Any] | None = None


class Faults:
    """Those of one device."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._own = _Thread()

    @property
    def buffer(self) -> Buffer:
        """Where kernels that this thread launches note faults."""
        if self._own.buffer is None:
            self._own.buffer = self._device.pool.root.allocate(ROOM * WORDS * 8)
            write(self._own.buffer, np.zeros(ROOM * WORDS, np.int64))
        return self._own.buffer

    def region(self, site: Site) -> int:
        """Note that a kernel of `site` runs; returns the number of its region in `buffer`."""
        number = _number(site)
        self._own.sites[site] = None
        if recording.current is not None:
            recording.current.sites[site] = None
        return number

    def note(self, sites: Iterable[Site]) -> None:
        """Note that kernels of `sites` run once more."""
        for site in sites:
            self._own.sites[site] = None

    def ask(self) -> None:
        """Have what was noted copied to the host behind what runs, for the next `check`: whoever
        waits for the device anyway then waits once."""
        own = self._own
        if own.sites and own.asked is None:
            found = np.empty((1 + max(map(_number, own.sites)), WORDS), np.int64)
            event = download(self.buffer, found, wait=False)
            own.asked, own.sites = (own.sites, found, event), {}

    def check(self) -> None:
        """Raise if kernels that this thread launched since the last look met faults: IndexingError
        for an index, ValueError for a value. The first says which; the others are named too."""
        own = self._own
        met: dict[Site, tuple[int, int]] = {}
        while own.asked is not None or own.sites:
            self.ask()
            assert own.asked is not None
            sites, found, event = own.asked
            if event is not None:  # the host's memory is read at once
                self.buffer.device.wait_for(event.wait)
            own.asked = None
            for site in sites:
                noted, index, size, _ = found[_number(site)].tolist()
                if noted:
                    met.setdefault(site, (index, size))
        if met:
            self._raise(met)

    def _raise(self, met: Mapping[Site, tuple[int, int]]) -> NoReturn:
        write(self.buffer, np.zeros(ROOM * WORDS, np.int64))
        first, *others = [site.error(*found) for site, found in met.items()]
        if others:
            raise type(first)("\n".join(map(str, [first, *others])))
        raise first


Device.make_faults = Faults
