"""Whether a device computes with floats as IEEE 754 says, which results that are the same bits
everywhere rest upon: sums, products, quotients, roots and fused multiply-adds rounded once, to the
nearest, and numbers below the normal range kept. A trial on drawn numbers tells, once a process.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from cltensor.runtime.determinism import refuse
from cltensor.runtime.device import Device
from cltensor.runtime.memory import rescued
from cltensor.runtime.programs import built

_SOURCE = """
#pragma OPENCL FP_CONTRACT OFF
__kernel void fidelity(__global const float* x_g, __global float* out_g, const int n) {
    const int i = get_global_id(0);
    const float x = x_g[i], y = x_g[n + i], z = x_g[2 * n + i];
    out_g[i] = x * y + z;
    out_g[n + i] = x / y;
    out_g[2 * n + i] = sqrt(fabs(x));
    out_g[3 * n + i] = fma(x, y, z);
    out_g[4 * n + i] = x * 1e-30f * 1e-10f;
    out_g[5 * n + i] = fma(x, y * 1e-40f, 0.0f);
    out_g[6 * n + i] = fma(x * 1e-20f, y * 1e-20f, 0.0f);
}
"""
_WHAT = (
    "sums of products in two roundings",
    "quotients",
    "square roots",
    "fused multiply-adds",
    "numbers below the normal range",
    "fused multiply-adds of numbers below the normal range",
    "fused multiply-adds that end below the normal range",
)
_DRAWS = 1 << 12


def require_fidelity(device: Device) -> None:
    """Refuse a device that fails the trial."""
    if device.infidelities is None:
        device.infidelities = _found(device)
    if device.infidelities:
        what = ", ".join(device.infidelities)
        refuse(
            f"float32 on '{device.name}' ({device.title}), which does not round {what} as IEEE "
            "754 does,"
        )


def _found(device: Device) -> tuple[str, ...]:
    """What the device does not compute as IEEE 754 says."""
    import pyopencl as cl

    draw = np.random.default_rng(0)
    drawn = draw.standard_normal((3, _DRAWS)) * np.exp2(draw.integers(-3, 3, (3, _DRAWS)))
    x, y, z = drawn = drawn.astype(np.float32)
    tiny = np.float32(1e-20)
    wanted = np.stack(
        [
            x * y + z,
            x / y,
            np.sqrt(abs(x)),
            # Exact but for the last rounding: the product of two floats has at most 48 digits.
            (x.astype(np.float64) * y + z).astype(np.float32),
            x * np.float32(1e-30) * np.float32(1e-10),
            (x.astype(np.float64) * (y * np.float32(1e-40))).astype(np.float32),
            ((x * tiny).astype(np.float64) * (y * tiny)).astype(np.float32),
        ]
    )
    found = np.empty_like(wanted)
    # Not the pool's, nor launches that a recording would take for its own.
    given, taken = [
        _sure(device, cl.Buffer, device.context, cl.mem_flags.READ_WRITE, array.nbytes)
        for array in (drawn, found)
    ]
    kernel = cl.Kernel(built(device, _SOURCE), "fidelity")
    kernel.set_args(given, taken, np.int32(_DRAWS))
    with device.lock:
        _sure(device, device.copy_to, given, drawn, 0)
        _sure(device, cl.enqueue_nd_range_kernel, device.queue, kernel, (_DRAWS,), (1,))
        _sure(device, device.copy_from, taken, found, 0)
    wrong = (found.view(np.int32) != wanted.view(np.int32)).any(axis=1)
    return tuple([what for what, is_wrong in zip(_WHAT, wrong, strict=True) if is_wrong])


def _sure(device: Device, call: Callable[..., Any], *args: Any) -> Any:
    """call(*args), once more where the driver ran out of memory."""
    again = partial(call, *args)
    try:
        return again()
    except Exception as error:
        return rescued(device, error, again, "the trial of float32")
