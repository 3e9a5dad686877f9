"""The functions that pyopencl generates for launches, kept instead of made anew."""

from cltensor.runtime.invokers import memoize_invokers
from cltensor.runtime.kernel import build

_COPY = """
__kernel void twice(__global float* out_g, __global const float* x_g, const int n, float k) {
    for (int i = get_global_id(0); i < n; i += get_global_size(0)) out_g[i] = x_g[i] * k;
}
"""


def test_kernel_objects_leave_nothing_behind(device):
    import linecache

    import pyopencl as cl

    twice = build(device, "twice", _COPY, "the test")
    cl.Kernel(twice.program, "twice").set_scalar_arg_dtypes(twice.scalars)
    before = len(linecache.cache)
    for _ in range(2000):
        cl.Kernel(twice.program, "twice").set_scalar_arg_dtypes(twice.scalars)
    assert len(linecache.cache) == before


def test_a_pyopencl_that_generates_nothing_is_left_as_it_is(monkeypatch):
    from pyopencl import invoker

    monkeypatch.delattr(invoker, "_generate_enqueue_and_set_args_module")
    memoize_invokers()
    assert not hasattr(invoker, "_generate_enqueue_and_set_args_module")
    calls = []
    monkeypatch.setattr(
        invoker, "_generate_enqueue_and_set_args_module", calls.append, raising=False
    )
    memoize_invokers()
    for argument in ([1], [1], (1,), (1,)):
        invoker._generate_enqueue_and_set_args_module(argument)
    assert calls == [[1], [1], (1,)]  # what cannot be a key is generated each time
