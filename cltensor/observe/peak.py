"""What the device can do at most: floating-point rate and bandwidth of a copy, measured.

Each peak is the best of several kernels that do nothing else. The width of vectors that suits a
device is not asked from its driver, which often says 1: the widths are tried.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from cltensor.core.tensor import Tensor
from cltensor.dtypes import float32
from cltensor.ops.create import full
from cltensor.runtime.device import Device
from cltensor.runtime.kernel import Kernel, build

_WIDTHS = (1, 4, 8, 16)
#: Independent sums: more than latency times units of any device in use, and they fit in registers.
_CHAINS = 12
_COPIED = 1 << 24
#: Seconds of samples for each kernel: enough that some meet no other process.
_SPAN = 0.2
#: A sample of the arithmetic kernel lasts at least so many seconds.
_LASTS = 0.002


def measure(device: Device) -> dict[str, float]:
    """The peaks by unit of rate: single precision GFLOP/s, and GB/s read and written by a copy."""
    return {
        "GFLOP/s": max(_arithmetic(device, width) for width in _WIDTHS) / 1e9,
        "GB/s": max(_copy(device, width) for width in _WIDTHS) / 1e9,
    }


def _type(width: int) -> str:
    return "float" if width == 1 else f"float{width}"


def _best(device: Device, call: Callable[[], None], span: float) -> float:
    """The least seconds of the calls, each waited for, that fit in `span` (one at least)."""
    call()
    device.queue.finish()
    least, now = float("inf"), time.perf_counter()
    end = now + span
    while least == float("inf") or now < end:
        began = now
        call()
        device.queue.finish()
        now = time.perf_counter()
        least = min(least, now - began)
    return least


def fma_kernel(device: Device, width: int) -> Kernel:
    """Each work-item keeps sums of products in registers and writes what they add up to."""
    kind = _type(width)
    sums = [f"x{i}" for i in range(_CHAINS)]
    source = f"""
#pragma OPENCL FP_CONTRACT ON
__kernel void peak_fma(__global {kind}* out, const float a, const float b, const int rounds) {{
    const int id = get_global_id(0);
    {kind} {", ".join(f"{x} = id + {i}" for i, x in enumerate(sums))};
    for (int i = 0; i < rounds; ++i) {{
        {" ".join(f"{x} = {x} * a + b;" for x in sums)}
    }}
    out[id] = {" + ".join(sums)};
}}"""
    return build(device, "peak_fma", source, "the arithmetic peak")


def _arithmetic(device: Device, width: int) -> float:
    """Floating-point operations per second; a product and its sum are two."""
    group = 1 if device.is_cpu else min(256, device.max_work_group)
    items = device.compute_units * (4 if device.is_cpu else 32 * group)
    kernel = fma_kernel(device, width)
    out = Tensor.empty((items * width,), float32, device)

    def seconds(rounds: int, span: float) -> float:
        call = partial(kernel, (items,), (group,), out=out.buffer, a=0.5, b=1.0, rounds=rounds)
        return _best(device, call, span)

    rounds = 256
    while (taken := seconds(rounds, 0.0)) < _LASTS and rounds < 1 << 24:
        rounds *= max(2, round(1.2 * _LASTS / max(taken, 1e-5)))
    return 2.0 * rounds * _CHAINS * width * items / seconds(rounds, _SPAN)


def copy_kernel(device: Device, width: int) -> Kernel:
    """A work-item copies a block of `each` vectors on a CPU, one vector elsewhere."""
    kind = _type(width)
    source = f"""
__kernel void peak_copy(__global {kind}* restrict to_g, __global const {kind}* restrict from_g,
                        const int each) {{
    const int first = (int)get_global_id(0) * each;
    for (int i = first; i < first + each; ++i)
        to_g[i] = from_g[i];
}}"""
    return build(device, "peak_copy", source, "the bandwidth peak")


def _copy(device: Device, width: int) -> float:
    """Bytes read and written per second by a copy of 64 MiB."""
    vectors = _COPIED // width
    parts = 1 << (device.compute_units - 1).bit_length() + 3
    each = vectors // parts if device.is_cpu else 1
    group = 1 if device.is_cpu else min(256, device.max_work_group)
    kernel = copy_kernel(device, width)
    source = full((_COPIED,), 1.5, device=device).realize().data.buffer
    to = Tensor.empty((_COPIED,), float32, device).buffer
    copy = partial(kernel, (vectors // each,), (group,), to_g=to, from_g=source, each=each)
    seconds = _best(device, copy, _SPAN)
    return 8.0 * _COPIED / seconds
