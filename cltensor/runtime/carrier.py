"""Processes that only carry data: every name of a device is the memory of the host there."""

from __future__ import annotations


class _Carrier:
    """why is what an operation that computes says, and is empty in all other processes."""

    why = ""


carrier = _Carrier()


def only_carry(why: str) -> None:
    """No driver is asked for in this process, whatever device is named; see `carrier`.

    To be called before the first use of a device.
    """
    carrier.why = why
