"""Whether a device computes with floats as IEEE 754 says, which results that are the same bits
everywhere rest upon: sums, products, quotients, roots and fused multiply-adds rounded once, to the
nearest, and numbers below the normal range kept. A trial on drawn numbers tells, once a process.
"""

from __future__ import annotations

import numpy as np

from cltensor.runtime.determinism import refuse
from cltensor.runtime.device import Device
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
    flags = cl.mem_flags
    given = cl.Buffer(device.context, flags.READ_ONLY | flags.COPY_HOST_PTR, hostbuf=drawn)
    taken = cl.Buffer(device.context, flags.WRITE_ONLY, found.nbytes)
    kernel = cl.Kernel(built(device, _SOURCE), "fidelity")
    kernel.set_args(given, taken, np.int32(_DRAWS))
    with device.lock:
        cl.enqueue_nd_range_kernel(device.queue, kernel, (_DRAWS,), None)
        cl.enqueue_copy(device.queue, found, taken)
    wrong = (found.view(np.int32) != wanted.view(np.int32)).any(axis=1)
    return tuple([what for what, is_wrong in zip(_WHAT, wrong, strict=True) if is_wrong])
