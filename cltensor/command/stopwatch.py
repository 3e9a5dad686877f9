"""How long calls take: by the device's own clock where its driver has one, else by the host's.

The host's clock counts what a launch costs, too, and what else the machine does. On a GPU that
hides which of two kernels is faster; on a CPU device, starting threads is part of the work.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cltensor.errors import CLTensorError
from cltensor.runtime.device import Device
from cltensor.runtime.events import Launched, ignore, listen
from cltensor.runtime.timing import Timing, microseconds

#: The clocks of device and host may differ by so much, as a factor and in seconds.
_FACTOR, _SLACK = 1.5, 1e-4


class Stopwatch:
    """Times calls on `device`; clock: the host's."""

    def __init__(self, device: Device, clock: Callable[[], float]) -> None:
        self.device = device
        self.clock = clock
        #: Whether the device's clock is used, after `try_events`.
        self.by_events = False

    def try_events(self, call: Callable[[], Any]) -> str:
        """Use the device's clock from now on, if it can be believed of `call`; returns why not."""
        import pyopencl as cl

        self.by_events = False
        if self.device.is_cpu:
            return ""
        try:
            began = self.clock()
            seconds = self._of_device(call, 1)
            elapsed = self.clock() - began
        except (cl.Error, CLTensorError) as error:
            return f"the driver has no times of launches ({str(error).partition(chr(10))[0]})"
        if not 0 < seconds <= _FACTOR * elapsed + _SLACK:
            return f"the driver says {seconds:.3g} s of what took {elapsed:.3g} s"
        self.by_events = True
        return ""

    def seconds(self, call: Callable[[], Any], repeats: int) -> float:
        """Seconds of so many calls, one after the other."""
        if self.by_events:
            return self._of_device(call, repeats)
        self.device.synchronize()
        began = self.clock()
        for _ in range(repeats):
            call()
        self.device.synchronize()
        return self.clock() - began

    def _of_device(self, call: Callable[[], Any], repeats: int) -> float:
        """Seconds that the launches of so many calls ran, those of this device."""
        done: list[Any] = []

        def note(event: Launched) -> None:
            if event.kernel.device is self.device:
                done.append(event.done)

        Timing.begin()
        listen(note)
        try:
            for _ in range(repeats):
                call()
        finally:
            ignore(note)
            Timing.end()
            # What is launched next goes to another queue.
            self.device.wait_for(self.device.timed_queue.finish)
        self.device.synchronize()
        return sum(microseconds(event) for event in done) * 1e-6
