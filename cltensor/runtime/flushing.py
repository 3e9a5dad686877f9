"""When a driver is told to begin.

Drivers of GPUs may keep launches until somebody waits; a device then idles while Python prepares
the next ones. Those for CPUs begin at once.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyopencl as cl

#: Launches after which the driver is told.
EVERY = 16


def flush(queue: cl.CommandQueue) -> None:
    """Have the driver begin what is queued."""
    import pyopencl as cl

    # Raised here, it would pass for the failure of a launch that is queued already, and that would
    # be launched again. Whoever waits is told.
    with suppress(cl.Error):
        queue.flush()


def flushing(enqueue: Callable[..., Any]) -> Callable[..., Any]:
    """`enqueue`, a function whose first argument is a queue, that flushes it now and then."""
    left = EVERY

    def launch(queue: cl.CommandQueue, *args: Any) -> Any:
        nonlocal left
        event = enqueue(queue, *args)
        left -= 1
        if left <= 0:
            left = EVERY
            flush(queue)
        return event

    return launch
