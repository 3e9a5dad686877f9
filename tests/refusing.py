"""A GPU that refuses what drivers of GPUs refuse, played by the driver at hand.

    CLTENSOR_REFUSALS=1 pytest tests/lazy

runs tests on it (conftest.py); the number seeds what is drawn. Each kernel takes groups of a size
of its own, up to 256 work-items, few of them along the third dimension, and grids of few groups
along the second and third. Local memory is 32 KiB. The chip is an integrated one and slow, so that
products are cut. Launches, copies and allocations are refused for want of memory now and then, as
NVIDIA's driver does, which allocates when it launches: what follows passes if the pool was emptied.
"""

from __future__ import annotations

import random
import threading
import zlib
from collections import Counter
from math import prod

import pyopencl as cl

from cltensor.runtime.device import devices

MOST_ITEMS, ITEMS, GROUPS, LOCAL_MEMORY = 256, (256, 256, 64), 64, 32 << 10
#: Multiply-adds a second: products of 500,000 of them take too long.
PEAK = 1e7
#: Of so many calls that need memory, one is refused.
RARITY = 60

#: Parts of names of tests that leave out such a device: they count the launches of products, or
#: expect kernels that want more local memory.
LEFT_OUT = (
    "an_expression_over_a_product_is_in_its_kernel",
    "the_way_for_a_shape[conv_wino",
    "the_switch",
)

#: How often what was refused.
refused: Counter[str] = Counter()
_real = {
    name: getattr(cl, name)
    for name in ("Buffer", "enqueue_nd_range_kernel", "enqueue_copy", "enqueue_map_buffer")
}
_asked = cl.Kernel.get_work_group_info
_WANTED = cl.kernel_work_group_info


class _Turn(threading.local):
    """Whether this thread was just refused memory."""

    refused = False


def most_of(kernel: cl.Kernel, seed: int) -> int:
    """Work-items of a group that `kernel` takes, the same whoever asks."""
    text = f"{seed} {kernel.function_name} {kernel.program.source}"
    return (64, 128, MOST_ITEMS)[zlib.crc32(text.encode()) % 3]


def _error(function: str, status: str) -> cl.Error:
    refused[status] += 1
    kind = cl.MemoryError if status == "MEM_OBJECT_ALLOCATION_FAILURE" else cl.RuntimeError
    return kind(f"{function} failed: {status}")


class Refusing:
    """Takes the place of pyopencl's functions."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.draw = random.Random(seed)
        self.turn = _Turn()
        self.devices = {d.cl_device.int_ptr: d for d in devices()}

    def need_memory(self, on: cl.Device, function: str) -> None:
        """Raise now and then; not twice, but for a pool that kept its memory."""
        device = self.devices[on.int_ptr]
        spare = device.pool.root.cached if "_pool" in vars(device) else 0
        if self.turn.refused:
            self.turn.refused = False
            if spare:
                raise _error(function, "OUT_OF_HOST_MEMORY")
        elif spare and self.draw.random() * RARITY < 1:
            self.turn.refused = True
            names = ("MEM_OBJECT_ALLOCATION_FAILURE", "OUT_OF_RESOURCES")
            raise _error(function, self.draw.choice(names))

    def buffer(self, context, *args):
        """cl.Buffer."""
        self.need_memory(context.devices[0], "clCreateBuffer")
        return _real["Buffer"](context, *args)

    def copy(self, queue, *args, **options):
        """cl.enqueue_copy."""
        self.need_memory(queue.device, "clEnqueueCopyBuffer")
        return _real["enqueue_copy"](queue, *args, **options)

    def show(self, queue, *args, **options):
        """cl.enqueue_map_buffer."""
        self.need_memory(queue.device, "clEnqueueMapBuffer")
        return _real["enqueue_map_buffer"](queue, *args, **options)

    def launch(self, queue, kernel, sizes, local):
        """cl.enqueue_nd_range_kernel."""
        name = "clEnqueueNDRangeKernel"
        if not self.devices[queue.device.int_ptr].is_cpu:
            if any(n > most for n, most in zip(local, ITEMS, strict=False)):
                raise _error(name, "INVALID_WORK_ITEM_SIZE")
            if prod(local) > self.info(kernel, _WANTED.WORK_GROUP_SIZE, queue.device):
                raise _error(name, "INVALID_WORK_GROUP_SIZE")
            if any(n // of > GROUPS for n, of in zip(sizes[1:], local[1:], strict=True)):
                raise _error(name, "INVALID_GLOBAL_WORK_SIZE")
            if self.info(kernel, _WANTED.LOCAL_MEM_SIZE, queue.device) > LOCAL_MEMORY:
                raise _error(name, "OUT_OF_RESOURCES")
        self.need_memory(queue.device, name)
        return _real["enqueue_nd_range_kernel"](queue, kernel, sizes, local)

    def info(self, kernel, wanted, device):
        """cl.Kernel.get_work_group_info."""
        if wanted != _WANTED.WORK_GROUP_SIZE:
            return _asked(kernel, wanted, device)
        found = getattr(kernel, "_refusing_most", None)
        if found is None:
            found = kernel._refusing_most = most_of(kernel, self.seed)
        return found


def install(seed: int) -> Refusing:
    """Have every device refuse from now on. No kernel may have been built."""
    playing = Refusing(seed)
    cl.Buffer = playing.buffer
    cl.enqueue_copy, cl.enqueue_map_buffer = playing.copy, playing.show
    cl.enqueue_nd_range_kernel = playing.launch
    cl.Kernel.get_work_group_info = lambda kernel, *args: playing.info(kernel, *args)
    for device in devices():
        device.is_cpu = False
        device.is_integrated = device.flushes = True
        device.max_work_group, device.max_work_items = MOST_ITEMS, ITEMS
        device.max_groups, device.local_mem = GROUPS, LOCAL_MEMORY
        device.peak = PEAK
    return playing
