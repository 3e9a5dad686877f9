"""Devices, their memory, and the kernels that are built for them."""

from cltensor.runtime import faults, host
