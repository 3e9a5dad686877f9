"""Platforms and devices that nobody has, as pyopencl shows them."""

import types

import pyopencl as cl


def gpu(name, vendor, units, clock, shared=False, kind=cl.device_type.GPU):
    """A device; shared: its memory is the host's."""
    return types.SimpleNamespace(
        name=name,
        vendor=vendor,
        max_compute_units=units,
        max_clock_frequency=clock,
        host_unified_memory=shared,
        type=kind,
    )


def cpu(name, clock=2000):
    """A processor."""
    return gpu(name, "", 8, clock, True, cl.device_type.CPU)


def platform(name, *members):
    """A platform with these devices, none of which may be of another."""
    made = types.SimpleNamespace(name=name, version="OpenCL 3.0", get_devices=lambda: list(members))
    for member in members:
        member.platform = made
    return made
