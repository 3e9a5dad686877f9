"""Launches that are timed by the device itself.

While somebody times, kernels go to a second queue of their device, which notes when each begins and
ends, one at a time: when all that is queued is done, and before anything else is queued.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    import pyopencl as cl

    from cltensor.runtime.device import Device


class Timing:
    """Whether somebody times launches, in any thread."""

    users: ClassVar[int] = 0
    _lock = threading.Lock()

    @classmethod
    def begin(cls) -> None:
        """Time launches until `end`."""
        with cls._lock:
            cls.users += 1

    @classmethod
    def end(cls) -> None:
        """Undo one `begin`."""
        with cls._lock:
            cls.users -= 1


def timed_queue(device: Device) -> cl.CommandQueue:
    """The queue for the next launch, when all that `device` was given is done."""
    device.finish()
    return device.timed_queue


def waited(device: Device, done: Any) -> Any:
    """The event `done` of a launch to that queue, when it is done: whatever comes next may go to
    the other queue."""
    device.wait_for(done.wait)
    return done


def microseconds(done: Any) -> float:
    """How long the kernel of an event that is done took."""
    return (done.profile.end - done.profile.start) * 1e-3
