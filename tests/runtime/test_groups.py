"""Groups that kernels can take."""

import pytest

import cltensor as ct
from cltensor.errors import KernelError, OutOfMemoryError
from cltensor.runtime.device import Kernels
from cltensor.runtime.groups import (
    GroupError,
    asks_for_group,
    largest_group,
    most_items,
    narrow,
    power_below,
    shrunk,
)
from cltensor.runtime.kernel import build, kernel

FREE = """
__kernel void free_of_groups(__global float* x_g, const int n) {
    for (int i = get_global_id(0); i < n; i += get_global_size(0)) x_g[i] += 1;
}
"""
BOUND = """
__kernel void bound_to_groups(__global float* x_g, const int n) {
    if (get_global_id(0) < n) x_g[get_global_id(0)] += get_local_size(0);
}
"""


@pytest.fixture
def few(device, monkeypatch):
    """few(source, name, most) builds a kernel that takes so many work-items, of a GPU."""
    import pyopencl as cl

    def make(source, name, most):
        monkeypatch.setattr(device, "is_cpu", False)
        monkeypatch.setattr(device, "kernels", Kernels())
        monkeypatch.setattr(device, "counts_groups", None)
        real = cl.Kernel.get_work_group_info
        monkeypatch.setattr(
            cl.Kernel,
            "get_work_group_info",
            lambda self, *args: most if self.function_name == name else real(self, *args),
        )
        return build(device, name, source, "the test")

    return make


@pytest.mark.parametrize(
    ("local", "most", "want"),
    [
        ((256,), 256, (256,)),
        ((256,), 255, (128,)),
        ((256,), 1, (1,)),
        ((1, 1, 64), 16, (1, 1, 16)),
        ((32, 8), 64, (8, 8)),
        ((96, 1), 50, (48, 1)),
        ((96, 1), 2, (1, 1)),
    ],
)
def test_a_group_is_halved_where_it_is_longest(local, most, want):
    assert shrunk(local, most) == want


def test_powers_of_two():
    assert [power_below(n) for n in (0, 1, 2, 3, 255, 256, 257)] == [1, 1, 2, 2, 128, 256, 256]


def test_which_kernels_ask_for_their_group():
    assert not asks_for_group(FREE)
    assert asks_for_group(BOUND)
    assert asks_for_group("__kernel __attribute__((reqd_work_group_size(8, 8, 1))) void f() {}")


def test_a_driver_is_asked(device):
    run = build(device, "free_of_groups", FREE, "the test")
    assert most_items(device, run.program, run.name) >= 1


def test_a_driver_that_does_not_count_is_not_believed(device, monkeypatch):
    import pyopencl as cl

    monkeypatch.setattr(device, "is_cpu", False)
    monkeypatch.setattr(device, "counts_groups", None)
    run = build(device, "bound_to_groups", BOUND, "the test")
    asked = []
    monkeypatch.setattr(
        cl.Kernel, "get_work_group_info", lambda self, *args: asked.append(self.function_name) or 32
    )
    for _ in range(2):  # the width of a subgroup, as Mesa's Rusticl says of every kernel
        assert most_items(device, run.program, run.name) == device.max_work_group
    assert asked == ["bound_to_groups", "one_group", "bound_to_groups"]


def test_a_kernel_that_does_not_ask_runs_in_smaller_groups(device, few):
    run = few(FREE, "free_of_groups", 16)
    x = ct.zeros(100).realize()
    launches = ct.explain(lambda: run((256,), (64,), x_g=x.buffer, n=100))
    assert [(each.global_size, each.local_size) for each in launches] == [((256,), (16,))]
    assert x.tolist() == [1] * 100
    assert run.takes((16,))
    assert not run.takes((32,))
    assert not run.takes((8, 4))


def test_a_kernel_that_asks_says_what_it_takes_before_it_runs(device, few):
    run = few(BOUND, "bound_to_groups", 16)
    x = ct.zeros(64).realize()
    with pytest.raises(GroupError, match=r"bound_to_groups: .*\(64,\).*takes groups of up to 16"):
        run.by_name(("n", "x_g"))((64,), (64,), (64, x.buffer))
    assert x.tolist() == [0] * 64
    run((64,), (16,), x_g=x.buffer, n=64)
    assert x.tolist() == [16] * 64


def test_a_recording_keeps_the_groups_that_ran(device, few):
    run = few(FREE, "free_of_groups", 16)
    x = ct.zeros(64).realize()

    @ct.jit
    def step():
        run((64,), (64,), x_g=x.buffer, n=64)

    for _ in range(5):
        step()
    assert x.tolist() == [5] * 64


def test_a_kernel_that_needs_too_much_local_memory_is_named(device, monkeypatch):
    import pyopencl as cl

    source = """
__kernel void roomy(__global float* x_g) {
    __local float words[1024];
    words[get_local_id(0)] = x_g[0];
    x_g[0] = words[0];
}
"""

    def refuse(*args):
        raise cl.RuntimeError("clEnqueueNDRangeKernel failed: OUT_OF_RESOURCES")

    run = build(device, "roomy", source, "the test")
    monkeypatch.setattr(run, "_enqueue", refuse)
    x = ct.zeros(1).realize()._value.buffer
    with pytest.raises(OutOfMemoryError):
        run((1,), (1,), x_g=x)
    monkeypatch.setattr(device, "local_mem", 4095)
    with pytest.raises(KernelError, match="needs 4096 bytes of local memory.*device has 4095"):
        run((1,), (1,), x_g=x)


def test_sides_of_a_group_have_limits_of_their_own(device, monkeypatch):
    run = kernel(device, "copy", T="uint", rank=1, index="int", cpu=False, scalar=True,
                 to_table=-1, source_table=-1, to_unit=True, source_unit=True)  # fmt: skip
    monkeypatch.setattr(device, "max_work_items", (256, 256, 4))
    monkeypatch.setattr(device, "max_work_group", 256)
    assert run.takes((1, 16, 4))
    assert not run.takes((1, 16, 8))
    assert not run.takes((256, 2))


def test_a_family_is_narrowed(device, monkeypatch):
    monkeypatch.setattr(device, "narrowed", {})
    monkeypatch.setattr(device, "max_work_group", 1000)
    assert largest_group(device, "rows", 256) == 256
    assert largest_group(device, "rows", 1024) == 512
    narrow("rows", GroupError("no", device, 96))
    assert largest_group(device, "rows", 256) == 64
    assert largest_group(device, "reduce_gpu", 256) == 256
