"""Plans: which buffers, offsets and numbers each launch gets, and in which order."""

import numpy as np
import pyopencl as cl
import pytest

import cltensor as ct
from cltensor.ops.kernels.plan import Launch, Plan, execute
from cltensor.runtime.kernel import Kernel

FLOAT = np.dtype("float32")


class Noted:
    """Stands for a kernel and notes how it is called."""

    def __init__(self):
        self.calls = []

    def __call__(self, *args):
        self.calls.append(args)


def test_arguments_come_in_order(device):
    run = Noted()
    a, b = ct.ones(2, 3).realize(), ct.arange(8).realize()[3:]
    launch = Launch(run, (6,), (1,), (0, 2, 1), ((2, 0), (1, 5), (0, 7)), (42, 43))
    out = execute(Plan((2, 3), FLOAT, (launch,)), a, b)
    assert (out.shape, out.dtype, out.device) == ((2, 3), FLOAT, device)
    buffers = (out.buffer, b.buffer, a.buffer)
    assert run.calls == [((6,), (1,), *buffers, 3, 5, 7, 42, 43)]


def test_launches_share_scratch_of_the_results_type(device):
    first, second = Noted(), Noted()
    launches = (
        Launch(first, (1,), (1,), (2, 1), (), ()),
        Launch(second, (1,), (1,), (0, 2, 3), (), ()),
    )
    out = execute(Plan((4,), np.dtype("int16"), launches, scratch=(10, 20)), ct.ones(1).realize())
    (_, _, written, _), (_, _, result, read, other) = first.calls[0], second.calls[0]
    assert result is out.buffer
    assert written is read
    assert len({id(b) for b in (result, read, other)}) == 3
    assert written.nbytes >= 20
    assert other.nbytes >= 40


def test_without_launches_the_result_is_there(device):
    assert execute(Plan((0, 2), FLOAT, ()), ct.ones(1)).numpy().shape == (0, 2)


@pytest.mark.filterwarnings("ignore::pyopencl.CompilerWarning")
def test_a_pending_operand_is_computed_and_a_view_read_from_its_place(device):
    source = """__kernel void twice(__global float* y, __global const float* x, int at) {
        y[get_global_id(0)] = 2 * x[at + get_global_id(0)];
    }"""
    program = cl.Program(device.context, source).build()
    run = Kernel(device, program, "twice", [None, None, np.int32], source)
    plan = Plan((2,), FLOAT, (Launch(run, (2,), (1,), (0, 1), ((1, 1),), ()),))
    x = ct.tensor([1.0, 2.0, 3.0, 4.0, 5.0])
    assert execute(plan, x).tolist() == [4, 6]
    assert execute(plan, x[2:]).tolist() == [8, 10]
    assert execute(plan, x * 10).tolist() == [40, 60]
