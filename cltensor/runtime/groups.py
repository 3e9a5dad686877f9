"""What work-groups a kernel can take, and what is done where it cannot take those planned.

A kernel that needs many registers takes fewer work-items than its device, which only its driver
knows, once it is built. Kernels that never ask for their group run in smaller ones as they are.
Where the group is part of the plan, `GroupError` says so before anything runs, and it is planned
anew: matrix kernels and recurrent ones are asked beforehand (`takes`), others note what they met
(`narrow`).
"""

from __future__ import annotations

import re
from math import prod
from typing import TYPE_CHECKING, Any

from cltensor.errors import KernelError
from cltensor.runtime.programs import built

if TYPE_CHECKING:
    import pyopencl as cl

    from cltensor.runtime.device import Device

#: Work-items of a group that every GPU takes, where a kernel needs nothing.
_SURE = 64
_ASKS = re.compile(r"\b(get_local_\w+|get_num_groups|barrier|reqd_work_group_size)\b")


class GroupError(KernelError):
    """A kernel cannot take groups as large as planned, but of `most` work-items. Nothing ran."""

    def __init__(self, message: str, device: Device, most: int) -> None:
        super().__init__(message)
        self.device = device
        self.most = most


def power_below(n: int) -> int:
    """The largest power of two that is not above n."""
    return 1 << (max(1, n).bit_length() - 1)


def most_items(device: Device, program: cl.Program, name: str) -> int:
    """Work-items of the largest group that the kernel `name` of a built program takes."""
    most = _told(device, program, name)
    if most < device.max_work_group and not _is_believed(device):
        return device.max_work_group
    return most


def _told(device: Device, program: cl.Program, name: str) -> int:
    """What the driver says of it."""
    import pyopencl as cl

    wanted = cl.kernel_work_group_info.WORK_GROUP_SIZE
    most: Any = cl.Kernel(program, name).get_work_group_info(wanted, device.cl_device)
    return int(most)


def _is_believed(device: Device) -> bool:
    """Whether the driver counts groups: Mesa 22.3's Rusticl tells the width of a subgroup, also of
    a kernel that it built for larger groups alone."""
    if device.counts_groups is None:
        sure = min(_SURE, power_below(device.max_work_group))
        text = f"__kernel __attribute__((reqd_work_group_size({sure}, 1, 1))) void one_group() {{}}"
        device.counts_groups = _told(device, built(device, text), "one_group") >= sure
    return device.counts_groups


def require_room(device: Device, handle: cl.Kernel, what: str) -> None:
    """Raise KernelError for a kernel that needs more local memory than the device has, of which
    drivers say that resources ran out. what: the launch that failed."""
    import pyopencl as cl

    wanted = cl.kernel_work_group_info.LOCAL_MEM_SIZE
    needed: Any = handle.get_work_group_info(wanted, device.cl_device)
    if needed > device.local_mem:
        raise KernelError(
            f"{what} failed: the kernel needs {needed} bytes of local memory for a group, and the "
            f"device has {device.local_mem}"
        )


def asks_for_group(text: str) -> bool:
    """Whether what a kernel of this text computes depends on how work-items are grouped."""
    return _ASKS.search(text) is not None


def shrunk(local: tuple[int, ...], most: int) -> tuple[int, ...]:
    """`local` with its longest sides halved until it has at most `most` work-items."""
    sides = list(local)
    while prod(sides) > most:
        longest = sides.index(max(sides))
        if sides[longest] % 2:
            return (1,) * len(sides)
        sides[longest] //= 2
    return tuple(sides)


def largest_group(device: Device, family: str, wanted: int) -> int:
    """`wanted` work-items, or the largest power of two of them that the device takes and that no
    kernel of `family` was found unable to."""
    return min(wanted, power_below(device.narrowed.get(family, device.max_work_group)))


def narrow(family: str, error: GroupError) -> None:
    """Let `largest_group` give no more than the kernel takes that raised `error`."""
    error.device.narrowed[family] = power_below(error.most)
