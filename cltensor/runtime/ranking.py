"""In which order devices are listed, and so which one is the default.

Drivers come in no stable order; the names "cl:<index>" follow the one made here.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyopencl as cl

_KIND_RANK = {"gpu": 0, "accelerator": 1, "other": 2, "cpu": 3}
#: Simulators check kernels, some hundred times slower than a driver computes.
_SIMULATORS = ("oclgrind",)
#: Multiply-adds of a compute unit in a clock, by a word in the vendor's name: what OpenCL calls a
#: unit has 128 lanes with one maker and 8 with another.
_LANES = {"nvidia": 128, "intel": 8, "advanced micro": 64, "amd": 64}
_FEW_LANES = 32


def is_simulator(cl_device: cl.Device) -> bool:
    """Whether a program plays the device; nobody computes with one unless it is asked for."""
    return any(name in cl_device.platform.name.lower() for name in _SIMULATORS)


def kind_of(cl_device: cl.Device) -> str:
    """ "gpu", "accelerator", "cpu", or "other", which is found by its name alone: simulators say
    that they are everything at once."""
    import pyopencl as cl

    if is_simulator(cl_device):
        return "other"
    types = cl.device_type
    for kind, flag in (("gpu", types.GPU), ("accelerator", types.ACCELERATOR), ("cpu", types.CPU)):
        if cl_device.type & flag:
            return kind
    return "other"


def peak(cl_device: cl.Device) -> float:
    """Multiply-adds a second of a GPU, as far as its driver tells."""
    vendor = cl_device.vendor.lower()
    lanes = next((n for word, n in _LANES.items() if word in vendor), _FEW_LANES)
    return lanes * cl_device.max_compute_units * max(1, cl_device.max_clock_frequency) * 1e6


def ranked(
    platforms: list[Any], describe: Callable[[cl.Device, str], object] = lambda device, kind: None
) -> list[tuple[cl.Device, str]]:
    """The devices of all platforms, each with its kind, the one to prefer first. What does not
    answer, or not what `describe` asks it, is left out with a warning.

    Real drivers before simulators; GPUs before accelerators before CPUs; memory of its own before
    the host's, then what computes most, then by name.
    """
    import pyopencl as cl

    found: list[tuple[tuple[Any, ...], cl.Device, str]] = []
    seen: set[tuple[Any, ...]] = set()
    for platform in platforms:
        try:
            members = platform.get_devices()
            place = (platform.name, platform.version)
        except cl.Error:  # a platform may have no devices, or refuse to say
            continue
        ranks = [_rank(member, (*place, i), describe) for i, member in enumerate(members)]
        known = [(*rank, member) for rank, member in zip(ranks, members, strict=True) if rank]
        # The same driver can be listed by two loaders: equal platform, equal set of devices.
        fingerprint = (*place, tuple([member.name for *_, member in known]))
        if fingerprint in seen:
            continue
        seen.add(fingerprint)
        found += [(rank, member, kind) for rank, kind, member in known]
    found.sort(key=lambda entry: entry[0])
    return [(member, kind) for _, member, kind in found]


def _rank(
    member: cl.Device, place: tuple[Any, ...], describe: Callable[[cl.Device, str], object]
) -> tuple[tuple[Any, ...], str] | None:
    """What a device is sorted by, and its kind; None, with a warning, where its driver does not
    even say that."""
    import pyopencl as cl

    try:
        kind, name = kind_of(member), member.name
        power: tuple[Any, ...] = ()
        if kind == "gpu":
            power = (bool(member.host_unified_memory), -peak(member), name)
        describe(member, kind)
        # Drivers for one CPU have the same units; its clock changes from one look to the next.
        return (is_simulator(member), _KIND_RANK[kind], power, place), kind
    except cl.Error as error:
        warnings.warn(
            f"device: number {place[2]} of platform '{place[0]}' is left out, as its driver does "
            f"not say what it is: {error}",
            RuntimeWarning,
            stacklevel=2,
        )
        return None
