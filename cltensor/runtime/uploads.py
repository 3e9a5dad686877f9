"""Small uploads, for which nobody waits.

A blocking copy waits for all that is queued before it. A small array is copied on the host instead,
and the driver copies from there in its turn; an event of pyopencl keeps the array until then.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyopencl as cl

#: Bytes of an array that is copied on the host.
SMALL = 1 << 16
#: Uploads that may be under way at a time.
_MOST = 64


class Uploads:
    """The small uploads of one device, each call with the device's lock held."""

    def __init__(self) -> None:
        self._events: deque[cl.Event] = deque()

    def add(self, queue: cl.CommandQueue, handle: Any, array: Any, offset: int) -> None:
        """Copy a dense small array into memory of the device, from byte `offset` on, behind what is
        queued already."""
        import pyopencl as cl

        events, done = self._events, cl.command_execution_status.COMPLETE
        while events and events[0].command_execution_status == done:
            events.popleft()
        if len(events) >= _MOST:
            events.popleft().wait()
        events.append(
            cl.enqueue_copy(queue, handle, array.copy(), dst_offset=offset, is_blocking=False)
        )
