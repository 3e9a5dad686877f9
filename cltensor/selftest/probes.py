"""What the device does, as small kernels find it: its arithmetic, its memory, its groups."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyopencl as cl

import cltensor as ct
from cltensor.errors import KernelError
from cltensor.runtime.device import Device
from cltensor.runtime.kernel import build
from cltensor.selftest.checks import Family, Missing, floats, numbers, require_fp64, true

PROBES = Family("probes")


def launched(
    source: str,
    result: np.ndarray,
    *inputs: np.ndarray,
    items: tuple[int, ...] = (),
    group: tuple[int, ...] = (),
    **numbers: float,
) -> np.ndarray:
    """What the kernel `probe` of `source` writes to its first argument y; the others are the
    inputs, which it calls a, b and so on, and numbers. By default an item for each result."""
    device = ct.get_default_device()
    kernel = build(device, "probe", source, "a probe of the device")
    y = ct.tensor(result).realize().data.buffer
    given = {
        name: ct.tensor(x).realize().data.buffer for name, x in zip("abc", inputs, strict=False)
    }
    handles = {"y": y, **given}
    kernel(items or (result.size,), group or (1,), **handles, **numbers)
    out = np.empty_like(result)
    device.copy_from(y.cl, out.reshape(-1).view(np.uint8), 0)
    return out


def _called(arrays: Sequence[np.ndarray]) -> Iterator[tuple[str, np.ndarray]]:
    return zip("abc", arrays, strict=False)


def _one(type_: str, expression: str, values: Any, *others: Any, before: str = "") -> np.ndarray:
    """The expression of a (and b) for each of the values."""
    arrays = [np.asarray(v) for v in (values, *others)]
    operands = ", ".join(
        f"__global const {_C[a.dtype.name]} *{n}" for n, a in zip("abc", arrays, strict=False)
    )
    source = f"""{before}
__kernel void probe(__global {_C[type_]} *y, {operands}) {{
    const int i = get_global_id(0);
    y[i] = {expression};
}}"""
    return launched(source, np.zeros(arrays[0].shape, type_), *arrays)


_C = {
    "float32": "float", "float64": "double", "int32": "int", "uint32": "uint", "int64": "long",
    "uint64": "ulong", "int8": "char", "uint8": "uchar", "float16": "half", "uint16": "ushort",
}  # fmt: skip


def _device() -> Device:
    return ct.get_default_device()


@PROBES.check("numbers below the normal range: kept, or flushed to zero")
def subnormal_float32() -> str:
    got = _one("float32", "a[i] * 0.5f", floats(2e-38, 1e-40, -3e-39))
    kept = floats(2e-38, 1e-40, -3e-39) * np.float32(0.5)
    return "kept" if np.array_equal(got, kept) else "flushed" if not got[1] else f"odd: {got}"


@PROBES.check("fma(a, b, c) rounds once")
def fma() -> str:
    a = floats(1 + 2**-12, 1 - 2**-13)
    exact = (a.astype("float64") ** 2 - 1).astype("float32")
    fused = _one("float32", "fma(a[i], a[i], -1.0f)", a)
    plain = _one("float32", "a[i] * a[i] + -1.0f", a)
    how = "rounds once" if np.array_equal(fused, exact) else "rounds twice"
    contracted = np.array_equal(plain, exact)
    return f"{how}; a * b + c {'becomes one' if contracted else 'stays two operations'}"


@PROBES.check("the error of a division and of a square root, in units of the last place")
def division_and_root() -> dict[str, float]:
    a, b = np.abs(numbers(500)) + np.float32(0.01), np.abs(numbers(500, seed=1)) + np.float32(0.01)
    found = {}
    for name, expression, exact in (
        ("division", "a[i] / b[i]", a.astype("float64") / b),
        ("root", "sqrt(a[i])", np.sqrt(a.astype("float64"))),
    ):
        operands = (a, b) if "b" in expression.replace("sub", "") else (a,)
        got = _one("float32", expression, *operands)
        found[name] = float(np.max(np.abs(got - exact) / np.spacing(exact.astype("float32"))))
    return {name: round(error, 2) for name, error in found.items()}


@PROBES.check("NaN and infinity are told from numbers")
def nan_and_infinity() -> str:
    a = floats(np.nan, np.inf, -np.inf, 0, 1)
    got = _one("int32", "(a[i] != a[i]) + 2 * (isinf(a[i]) != 0) + 4 * (isnan(a[i]) != 0)", a)
    return "yes" if got.tolist() == [5, 2, 2, 0, 0] else f"no: {got.tolist()}"


@PROBES.check("what the driver's own minimum makes of NaN; cltensor defines its own")
def fmin_of_nan() -> str:
    got = _one("float32", "fmin(a[i], 1.0f)", floats(np.nan))
    return f"fmin(NaN, 1) is {got[0]:g}"


@PROBES.check("what the driver makes of casts out of range; cltensor defines its own")
def casts_out_of_range() -> str:
    got = _one("int32", "(int)a[i]", floats(np.nan, np.inf, -1e20))
    return "NaN, inf, -1e20 to int: " + ", ".join(map(str, got.tolist()))


@PROBES.check("arithmetic of half, beyond its storage")
def fp16() -> str:
    if "cl_khr_fp16" not in _device().extensions:
        return "none, by the driver; halves are stored and computed as float32"
    before = "#pragma OPENCL EXTENSION cl_khr_fp16 : enable"
    a = numbers(100, dtype="float16")
    b = numbers(100, dtype="float16", seed=1)
    try:
        # As bits: the storage of arguments is tried elsewhere.
        got = _one("uint16", "as_ushort((half)(as_half(a[i]) * as_half(b[i])))",
                   a.view("uint16"), b.view("uint16"), before=before)  # fmt: skip
    except KernelError as error:
        return f"promised, but does not build: {str(error).splitlines()[-1][:200]}"
    right = np.array_equal(got.view("float16"), a * b)
    return "right" if right else "promised, but its products are wrong"


@PROBES.check("floats of 64 bits")
def fp64() -> str:
    if not _device().fp64:
        return "none; float64 is refused with an error"
    require_fp64()
    before = "#pragma OPENCL EXTENSION cl_khr_fp64 : enable"
    a = numbers(100, dtype="float64")
    got = _one("float64", "a[i] / 3.0 + 1e-300", a, before=before)
    return "right" if np.allclose(got, a / 3 + 1e-300, 4e-16, 0) else "promised, but wrong"


@PROBES.check("products, quotients and shifts of 64-bit integers")
def int64() -> str:
    a = np.array([2**40 + 7, -(2**41) - 9, 2**62, -5], "int64")
    b = np.array([12345, 77, -3, 2], "int64")
    got = _one("int64", "a[i] * b[i] + a[i] / b[i] + a[i] % b[i] + (a[i] >> 3)", a, b)
    with np.errstate(over="ignore"):
        quotient = np.sign(a) * np.sign(b) * (np.abs(a) // np.abs(b))
        want = a * b + quotient + (a - quotient * b) + (a >> 3)
    return "right" if np.array_equal(got, want) else f"wrong: {got.tolist()}"


_REDUCE = """
__kernel void probe(__global int *y, __global const int *a, const int half_) {
    __local int part[%(words)d];
    const int l = get_local_id(0), n = get_local_size(0);
    for (int i = l; i < %(words)d; i += n) part[i] = i < n ? a[get_global_id(0)] : i;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int step = half_; step > 0; step /= 2) {
        if (l < step && l + step < n) part[l] += part[l + step];
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    if (l == 0) y[get_group_id(0)] = part[0];
}"""


@PROBES.check("the largest group that the driver promises reduces with barriers in local memory")
def largest_group() -> str:
    device = _device()
    found = []
    for size in sorted({64, 256, device.max_work_group}):
        if size > device.max_work_group:
            continue
        words = min(device.local_mem // 4, 4 * size)
        try:
            half = 1 << max(0, (size - 1).bit_length() - 1)
            a = np.arange(2 * size, dtype="int32")
            got = launched(_REDUCE % {"words": words}, np.zeros(2, "int32"), a,
                           items=(2 * size,), group=(size,), half_=half)  # fmt: skip
        except KernelError as error:
            found.append(f"{size} refused ({str(error).splitlines()[-1][:120]})")
            continue
        right = got.tolist() == [int(a[:size].sum()), int(a[size:].sum())]
        found.append(f"{size} {'right' if right else f'wrong: {got.tolist()}'}")
    return ", ".join(found)


@PROBES.check("all of the local memory that the driver promises can be used")
def whole_local_memory() -> str:
    device = _device()
    words = (device.local_mem - 256) // 4  # what drivers keep for arguments
    source = _REDUCE % {"words": words}
    group = min(64, device.max_work_group)
    a = np.arange(group, dtype="int32")
    try:
        got = launched(source, np.zeros(1, "int32"), a, items=(group,), group=(group,),
                       half_=1 << max(0, (group - 1).bit_length() - 1))  # fmt: skip
    except KernelError as error:
        return f"refused {4 * words} bytes ({str(error).splitlines()[-1][:160]})"
    return f"{4 * words} bytes, {'right' if got[0] == a.sum() else 'wrong'}"


@PROBES.check("additions of many items to one integer, in global memory")
def atomics() -> str:
    source = """
__kernel void probe(__global int *y) { atomic_add(y, (int)get_global_id(0)); }"""
    got = launched(source, np.zeros(1, "int32"), items=(5000,), group=(10,))
    return "right" if got[0] == 5000 * 4999 // 2 else f"wrong: {got[0]}"


@PROBES.check("more than 65535 groups along the second and third axis of a grid")
def long_grids() -> str:
    source = """
__kernel void probe(__global int *y) {
    if (get_global_id(1) + get_global_id(2) == 70000) y[0]++;
}"""
    found = []
    for axis in (1, 2):
        items = [1, 1, 1]
        items[axis] = 70001
        try:
            got = launched(source, np.zeros(1, "int32"), items=tuple(items), group=(1, 1, 1))
            found.append("right" if got[0] == 1 else "wrong")
        except KernelError as error:
            found.append(f"refused ({str(error).splitlines()[-1][:100]})")
    return f"y {found[0]}, z {found[1]}"


@PROBES.check("how the memory of device and host go together")
def mapped_memory() -> str:
    device = _device()
    unified = bool(device.cl_device.host_unified_memory)
    x = ct.tensor(numbers(1000)).realize()
    flags: Any = cl.map_flags.READ
    mapped = cl.enqueue_map_buffer(
        device.queue, x.data.buffer.cl, flags, 0, (1000,), np.dtype("float32")
    )[0]
    right = np.array_equal(mapped, numbers(1000))
    mapped.base.release(device.queue)
    shows = "shows" if right else "does NOT show"
    return f"{'shared' if unified else 'its own'}; a mapped buffer {shows} its elements"


@PROBES.check("groups of items in step")
def sub_groups() -> str:
    device = _device()
    names = sorted(n for n in device.extensions if "subgroup" in n)
    kernel = build(device, "probe", "__kernel void probe(__global int *y) { y[0] = 1; }", "a probe")
    handle = kernel.program.all_kernels()[0]
    multiple = handle.get_work_group_info(
        cl.kernel_work_group_info.PREFERRED_WORK_GROUP_SIZE_MULTIPLE, device.cl_device
    )
    return f"multiples of {multiple}; {', '.join(names) or 'no extension for sub-groups'}"


@PROBES.check("seconds to build a kernel that no cache has, and to launch one and wait")
def building_and_launching() -> dict[str, float]:
    device = _device()
    stamp = time.time_ns()
    source = f"__kernel void probe(__global int *y) {{ y[0] = {stamp % 1000003}; }}"
    began = time.perf_counter()
    program = cl.Program(device.context, source).build(["-w"])
    built = time.perf_counter() - began
    handle = cl.Kernel(program, "probe")
    memory = cl.Buffer(device.context, cl.mem_flags.READ_WRITE, 64)
    handle.set_args(memory)

    def launch() -> float:
        start = time.perf_counter()
        cl.enqueue_nd_range_kernel(device.queue, handle, (1,), (1,))
        device.queue.finish()
        return time.perf_counter() - start

    first = launch()
    return {
        "build": round(built, 4),
        "first launch": round(first, 4),
        "launch and wait": float(f"{min(launch() for _ in range(20)):.3g}"),
    }


@PROBES.check("profiling events tell the time that a kernel took")
def profiling() -> str:
    device = _device()
    try:
        queue = cl.CommandQueue(
            device.context, properties=cl.command_queue_properties.PROFILING_ENABLE
        )
    except cl.Error as error:
        raise Missing(f"no queue with profiling: {error}") from None
    memory = cl.Buffer(device.context, cl.mem_flags.READ_WRITE, 1 << 20)
    event = cl.enqueue_fill_buffer(queue, memory, np.full(1, 3, "uint8"), 0, 1 << 20)
    event.wait()
    spent = event.profile.end - event.profile.start
    true(0 <= spent < 10**10, f"an event of {spent} ns")
    return f"{spent / 1e3:.3g} us for filling 1 MiB"
