"""A GPU of given limits, played by the driver at hand.

    CLTENSOR_PLAYED="group=64 local=16K without=fp64,fp16" pytest tests/lazy

runs tests on it (conftest.py), with the kernels for GPUs alone. `group` counts the work-items of a
group, `local` the bytes of its memory, and what comes after `without` its kernels cannot use. What
asks for more is refused, as a driver does.

    python tests/played.py [more arguments of pytest]

runs the tests of kernels on one after another of `CONFIGURATIONS`, and prints what became of them.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from math import prod
from pathlib import Path
from typing import NamedTuple

import pyopencl as cl

from cltensor.runtime.device import Device, devices
from cltensor.runtime.settings import parse_size

#: Every limit on its own and the smallest together.
CONFIGURATIONS = (
    "group=64 local=16K",
    "group=128 local=32K",
    "group=256 local=64K",
    "group=384 local=32K",
    "group=64 local=64K",
    "group=384 local=16K",
    "group=256 local=32K without=fp64,fp16",
)
HERE = Path(__file__).parent
#: Where the tests are that launch kernels of every template.
SELECTION = ("lazy", "ops", "nn/test_recurrence.py", "nn/test_recurrent_launches.py", "optim")

_launch = cl.enqueue_nd_range_kernel
_asked = cl.Kernel.get_work_group_info
_WANTED = cl.kernel_work_group_info


class Limits(NamedTuple):
    """What a device takes: work-items of a group, and of those along each side; groups along the
    second and third dimension; bytes of local memory. And the extensions that it has not."""

    group: int
    sides: tuple[int, int, int]
    groups: int = 65535
    local: int = 32 << 10
    without: frozenset[str] = frozenset()


def read(text: str) -> Limits:
    """The limits that CLTENSOR_PLAYED names."""
    words = dict(word.split("=") for word in text.split())
    group = int(words.pop("group", 256))
    local = parse_size(words.pop("local", "32K"))
    without = frozenset(f"cl_khr_{name}" for name in words.pop("without", "").split(",") if name)
    if words:
        raise ValueError(f"CLTENSOR_PLAYED: {', '.join(words)}; it takes group, local, without")
    return Limits(group, (group, group, min(group, 64)), local=local, without=without)


def refusal(function: str, status: str) -> cl.Error:
    """What pyopencl raises."""
    kind = cl.MemoryError if status == "MEM_OBJECT_ALLOCATION_FAILURE" else cl.RuntimeError
    return kind(f"{function} failed: {status}")


class Playing:
    """Takes the place of pyopencl's functions that launch kernels, and ask what these need."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.devices = {d.cl_device.int_ptr: d for d in devices()}

    def most_of(self, kernel: cl.Kernel) -> int:
        """Work-items of a group that `kernel` takes, the same whoever asks."""
        return self.limits.group

    def info(self, kernel: cl.Kernel, wanted: int, device: cl.Device) -> int:
        """cl.Kernel.get_work_group_info."""
        if wanted != _WANTED.WORK_GROUP_SIZE:
            return _asked(kernel, wanted, device)
        return self.most_of(kernel)

    def launch(self, queue, kernel, sizes, local):
        """cl.enqueue_nd_range_kernel."""
        status = self.objection(queue.device, kernel, sizes, local)
        if status:
            raise self.refused("clEnqueueNDRangeKernel", status)
        return _launch(queue, kernel, sizes, local)

    def refused(self, function: str, status: str) -> cl.Error:
        """The error to raise."""
        return refusal(function, status)

    def objection(self, device, kernel, sizes, local) -> str:
        """The status with which a launch is refused, or nothing."""
        if self.devices[device.int_ptr].is_cpu:
            return ""
        if any(n > most for n, most in zip(local, self.limits.sides, strict=False)):
            return "INVALID_WORK_ITEM_SIZE"
        if prod(local) > self.info(kernel, _WANTED.WORK_GROUP_SIZE, device):
            return "INVALID_WORK_GROUP_SIZE"
        if any(n // of > self.limits.groups for n, of in zip(sizes[1:], local[1:], strict=True)):
            return "INVALID_GLOBAL_WORK_SIZE"
        if self.info(kernel, _WANTED.LOCAL_MEM_SIZE, device) > self.limits.local:
            return "OUT_OF_RESOURCES"
        return ""

    def install(self) -> None:
        """Have every device play from now on. No kernel may have been built."""
        cl.enqueue_nd_range_kernel = self.launch
        cl.Kernel.get_work_group_info = lambda kernel, *args: self.info(kernel, *args)
        for device in self.devices.values():
            self.limit(device)

    def limit(self, device: Device) -> None:
        """Have a device say what it takes."""
        limits = self.limits
        device.is_cpu = False
        device.max_work_group, device.max_work_items = limits.group, limits.sides
        device.max_groups, device.local_mem = limits.groups, limits.local
        device.caches_alone = False
        device.hidden |= limits.without
        device.extensions -= limits.without
        device.fp64 = "cl_khr_fp64" in device.extensions


def main(arguments: list[str]) -> int:
    """Run the selection on each device; returns the worst status."""
    worst, told = 0, []
    paths = [str(HERE / path) for path in SELECTION]
    chosen = os.environ.get("CLTENSOR_PLAYED")
    for text in [chosen] if chosen else CONFIGURATIONS:
        command = [sys.executable, "-m", "pytest", "-q", "-m", "not slow and not thorough"]
        done = subprocess.run(
            [*command, *paths, *arguments],
            env={**os.environ, "CLTENSOR_PLAYED": text},
            stdout=subprocess.PIPE,
            text=True,
        )
        print(done.stdout, flush=True)
        worst = max(worst, done.returncode)
        lines = [line for line in done.stdout.splitlines() if re.search(r" in [\d.]+s", line)]
        told.append(f"{text}: {lines[-1] if lines else done.returncode}")
    print(*told, sep="\n")
    return worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
