"""The known bugs of drivers, each tried by a kernel of its own; a compiler that dies of one takes
this process with it, which tells as much.

A check gives (whether the bug is there, what was seen).
"""

from __future__ import annotations

import threading
import time

import numpy as np
import pyopencl as cl

import cltensor as ct
from cltensor.errors import KernelError
from cltensor.runtime.kernel import build
from cltensor.selftest.checks import Family, floats, numbers
from cltensor.selftest.probes import launched

BUGS = Family("known bugs")

Seen = tuple[bool, str]


def _int32(expression: str, values: list[int], kind: str = "int", name: str = "int32") -> list[int]:
    source = f"""
__kernel void probe(__global int *y, __global const {kind} *a) {{
    const int i = get_global_id(0);
    y[i] = {expression};
}}"""
    a = np.array(values, name)
    return [int(v) for v in launched(source, np.zeros(len(values), "int32"), a)]


def _compared(got: list[int], want: list[int]) -> Seen:
    return got != want, "right" if got == want else f"{got} in place of {want}"


@BUGS.check(
    "Mesa's llvmpipe leaves the loops of a work-item after 65535 rounds: long sums come out short "
    "and nothing says so. cltensor gives such a device the kernels for GPUs, whose items loop less"
)
def loops_end_after_65535_rounds() -> Seen:
    source = """
__kernel void probe(__global int *y, __global const int *a) {
    int sum = 0;
    for (int i = 0; i < a[0]; ++i) sum += a[1 + (i & 1)];
    y[0] = sum;
}"""
    got = launched(source, np.zeros(1, "int32"), np.array([100_001, 1, 3], "int32"))
    return _compared([int(got[0])], [200_001])


@BUGS.check(
    "Mesa 22: comparing a widened integer ignores its sign; cltensor computes integer powers and "
    "checks indices without such comparisons"
)
def comparing_a_widened_integer() -> Seen:
    return _compared(_int32("(long)a[i] < 0", [-1, 1, -(2**31)]), [1, 0, 1])


@BUGS.check(
    "division by a zero that stands in the source gives garbage with Mesa; no kernel of cltensor "
    "contains one"
)
def dividing_by_a_literal_zero() -> Seen:
    source = """
__kernel void probe(__global float *y, __global const float *a) {
    y[0] = a[0] / 0.0f;
    y[1] = a[1] / 0.0f;
}"""
    got = launched(source, np.zeros(2, "float32"), floats(1, -2), items=(1,))
    return got.tolist() != [np.inf, -np.inf], f"1 / 0.0f is {got[0]:g}, -2 / 0.0f {got[1]:g}"


@BUGS.check(
    "division by a zero that is not in the source must give infinity: a driver that fails here "
    "gives wrong gradients and losses"
)
def dividing_by_a_zero_of_memory() -> Seen:
    source = """
__kernel void probe(__global float *y, __global const float *a) {
    const int i = get_global_id(0);
    y[i] = a[i] / a[3];
}"""
    got = launched(source, np.zeros(3, "float32"), floats(1, -2, 0, 0))
    right = got[0] == np.inf and got[1] == -np.inf and np.isnan(got[2])
    return not right, f"1, -2, 0 by 0: {', '.join(f'{v:g}' for v in got)}"


@BUGS.check(
    "division of integers by zero differs between drivers, and PoCL takes a signal for each; "
    "cltensor defines the result and never lets the device divide so"
)
def dividing_integers_by_zero() -> Seen:
    began = time.perf_counter()
    got = _int32("a[i] / (a[i] - a[i])", [5, -5, 0])
    spent = time.perf_counter() - began
    return got != [0, 0, 0], f"5, -5, 0 by 0: {got}, {spent:.2g} s"


@BUGS.check(
    "the library of functions in PoCL from pip is not compiled for this processor: such a function "
    "is a call, which spills every register. cltensor defines the common ones itself on PoCL"
)
def built_in_functions_are_calls() -> Seen:
    source = """
__kernel void probe(__global float *y, __global const float *a, const int rounds) {
    float x0 = a[0], x1 = a[1], x2 = a[2], x3 = a[3];
    for (int i = 0; i < rounds; ++i) {
        x0 = %(f)s(x0 - 1.5f); x1 = %(f)s(x1 - 1.5f);
        x2 = %(f)s(x2 - 1.5f); x3 = %(f)s(x3 - 1.5f);
    }
    y[get_global_id(0)] = x0 + x1 + x2 + x3;
}"""
    own = "#define OWN(x) as_float(as_int(x) & 0x7fffffff)\n"
    device = ct.get_default_device()
    y = ct.zeros(64).realize().data.buffer
    a = ct.tensor(numbers(4)).realize().data.buffer
    spent = {}
    for function in ("fabs", "OWN"):
        kernel = build(device, "probe", own + source % {"f": function}, "a probe")
        kernel((64,), (1,), y=y, a=a, rounds=10)
        device.finish()
        spent[function] = 1e9
        for _ in range(3):
            began = time.perf_counter()
            kernel((64,), (1,), y=y, a=a, rounds=2000)
            device.finish()
            spent[function] = min(spent[function], time.perf_counter() - began)
    ratio = spent["fabs"] / spent["OWN"]
    return ratio > 2, f"fabs takes {ratio:.2g} times as long as clearing the sign"


@BUGS.check(
    "PoCL's compiler does not know this processor and builds nothing; cltensor names an older one "
    "with the same instructions, and a newer PoCL needs no such help"
)
def processor_without_a_name() -> Seen:
    device = ct.get_default_device()
    seen = device.is_pocl and device.cl_device.version.endswith("generic")
    return bool(seen), "it is called generic" if seen else "has a name"


@BUGS.check(
    "Mesa's newest cannot link exp, tanh and fma with the newest libclc: no network would run; an "
    "older libclc or another driver helps"
)
def functions_that_do_not_link() -> Seen:
    source = """
__kernel void probe(__global float *y, __global const float *a) {
    y[0] = exp(a[0]) + tanh(a[0]) + fma(a[0], a[0], a[0]);
}"""
    try:
        got = float(launched(source, np.zeros(1, "float32"), floats(0.5))[0])
    except KernelError as error:
        return True, str(error).splitlines()[-1][:200]
    want = np.exp(0.5) + np.tanh(0.5) + 0.75
    return bool(abs(got - want) > 1e-5), f"{got:.6f}, exactly {want:.6f}"


@BUGS.check(
    "a kernel that two threads share computes with the other's arguments; cltensor holds a lock "
    "from setting the arguments to the launch"
)
def kernels_shared_by_threads() -> Seen:
    device = ct.get_default_device()
    source = """
__kernel void probe(__global int *y, const int value) { y[get_global_id(0)] = value; }"""
    program = cl.Program(device.context, source).build(["-w"])
    handle = cl.Kernel(program, "probe")
    wrong = [0] * 4

    def work(number: int) -> None:
        queue = cl.CommandQueue(device.context)
        memory = cl.Buffer(device.context, cl.mem_flags.READ_WRITE, 64)
        out = np.zeros(16, "int32")
        for i in range(200):
            handle.set_args(memory, np.int32(1000 * number + i))
            cl.enqueue_nd_range_kernel(queue, handle, (16,), (1,))
            cl.enqueue_copy(queue, out, memory)
            wrong[number] += bool((out != 1000 * number + i).any())

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return any(wrong), f"{sum(wrong)} of 800 launches wrong"


@BUGS.check(
    "Intel's compiler for CPUs dies of nested choices around a cast of float to integer; cltensor "
    "saturates by convert_*_sat there"
)
def nested_choices_around_a_cast() -> Seen:
    source = """
__kernel void probe(__global char *y, __global const float *a) {
    const int i = get_global_id(0);
    const float x = a[i];
    y[i] = x != x ? (char)0 : x >= 127.0f ? (char)127 : x <= -129.0f ? (char)-128 : (char)x;
}"""
    a = floats(*[np.nan, 300, -300, 2.9, -2.9] * 13)
    got = launched(source, np.zeros(a.size, "int8"), a)
    return _compared(got[:5].tolist(), [0, 127, -128, 2, -2])


@BUGS.check(
    "Mesa's compiler dies of choosing 0 where a number of 8 bits is below it; cltensor writes relu "
    "the other way round"
)
def choosing_zero_for_8_bits() -> Seen:
    source = """
__kernel void probe(__global char *y, __global const char *a) {
    const int i = get_global_id(0);
    const char x = a[i];
    y[i] = x < 0 ? 0 : x;
}"""
    got = launched(source, np.zeros(3, "int8"), np.array([-3, 0, 7], "int8"))
    return _compared(got.tolist(), [0, 0, 7])


@BUGS.check(
    "Mesa's compiler dies of convert_char_sat, as seen in the tests of casts; cltensor's casts "
    "compare there"
)
def saturating_to_char() -> Seen:
    source = """
__kernel void probe(__global char *y, __global const float *a) {
    const int i = get_global_id(0);
    y[i] = convert_char_sat(a[i]);
}"""
    got = launched(source, np.zeros(3, "int8"), floats(-300, 5.5, 300))
    return _compared(got.tolist(), [-128, 5, 127])
