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

import played
import pyopencl as cl

from cltensor.runtime.device import Device

LIMITS = played.Limits(256, (256, 256, 64), groups=64, local=32 << 10)
#: Multiply-adds a second: products of 500,000 of them take too long.
PEAK = 1e7
#: Of so many calls that need memory, one is refused.
RARITY = 60

#: Parts of names of tests that leave out such a device: they count the launches of products, or
#: expect kernels that want more local memory, or the CPU's.
LEFT_OUT = (
    "an_expression_over_a_product_is_in_its_kernel",
    "an_expression_over_a_convolution_is_in_its_kernel",
    "a_product_that_nobody_holds_takes_no_memory_beside_the_result",
    "each_launch_of_a_replay_is_timed",
    "the_way_for_a_shape[conv_wino",
    "the_way_for_a_shape[conv_cpu",
    "the_switch",
    # What calls the driver itself, once.
    "a_probe_answers_in_plain_data",
    "a_bug_is_tried",
    # Processes of their own, and clocks that tests turn.
    "info_lists_every_device",
    "times_that_cannot_be_believed",
    "defaults_that_are_best_give_a_row",
    # The same bits again, where kernels are planned anew in between.
    "the_same_gradients_and_random_numbers",
)

#: How often what was refused.
refused: Counter[str] = Counter()
_real = {name: getattr(cl, name) for name in ("Buffer", "enqueue_copy", "enqueue_map_buffer")}


class _Turn(threading.local):
    """Whether this thread was just refused memory."""

    refused = False


class Refusing(played.Playing):
    """Takes the place of pyopencl's functions."""

    def __init__(self, seed: int) -> None:
        super().__init__(LIMITS)
        self.seed = seed
        self.draw = random.Random(seed)
        self.turn = _Turn()

    def most_of(self, kernel: cl.Kernel) -> int:
        """Work-items of a group that `kernel` takes, another number for each."""
        found = getattr(kernel, "_refusing_most", None)
        if found is None:
            text = f"{self.seed} {kernel.function_name} {kernel.program.source}"
            found = (64, 128, LIMITS.group)[zlib.crc32(text.encode()) % 3]
            kernel._refusing_most = found
        return found

    def refused(self, function: str, status: str) -> cl.Error:
        """The error to raise, counted."""
        refused[status] += 1
        return super().refused(function, status)

    def need_memory(self, on: cl.Device, function: str) -> None:
        """Raise now and then; not twice, but for a pool that kept its memory."""
        device = self.devices[on.int_ptr]
        spare = device.pool.root.cached if "_pool" in vars(device) else 0
        if self.turn.refused:
            self.turn.refused = False
            if spare:
                raise self.refused(function, "OUT_OF_HOST_MEMORY")
        elif spare and self.draw.random() * RARITY < 1:
            self.turn.refused = True
            names = ("MEM_OBJECT_ALLOCATION_FAILURE", "OUT_OF_RESOURCES")
            raise self.refused(function, self.draw.choice(names))

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
        if not self.objection(queue.device, kernel, sizes, local):
            self.need_memory(queue.device, "clEnqueueNDRangeKernel")
        return super().launch(queue, kernel, sizes, local)

    def install(self) -> None:
        """See Playing."""
        super().install()
        cl.Buffer = self.buffer
        cl.enqueue_copy, cl.enqueue_map_buffer = self.copy, self.show

    def limit(self, device: Device) -> None:
        """See Playing."""
        super().limit(device)
        device.is_integrated = device.flushes = True
        device.peak = PEAK
