"""Plans: which buffers, offsets and numbers each launch gets, by name."""

import numpy as np
import pytest

import cltensor as ct
from cltensor.errors import KernelError
from cltensor.ops.kernels.plan import Elements, Launch, Plan, Recipe, Start, execute
from cltensor.runtime.kernel import build, kernel

FLOAT = np.dtype("float32")


class Noted:
    """Stands for a kernel and notes how it is launched."""

    def __init__(self):
        self.calls = []

    def by_name(self, names):
        return lambda grid, local, values: self.calls.append(
            (grid, local, dict(zip(names, values, strict=True)))
        )


def test_arguments_go_by_name(device):
    run = Noted()
    a, b = ct.ones(2, 3).realize(), ct.arange(8).realize()[3:]
    launch = Launch(
        run, (6,), (1,), y_g=Elements(0), n=42, b_g=Elements(2), b_start=Start(2), m=43,
        a_g=Elements(1), a_start=Start(1, 5), y_start=Start(0, 7),
    )  # fmt: skip
    out = execute(Plan((2, 3), FLOAT, (launch,)), a, b)
    assert (out.shape, out.dtype, out.device) == ((2, 3), FLOAT, device)
    buffers = {"y_g": out.buffer, "a_g": a.buffer, "b_g": b.buffer}
    starts = {"y_start": 7, "a_start": 5, "b_start": 3}
    assert run.calls == [((6,), (1,), {**buffers, **starts, "n": 42, "m": 43})]


def test_launches_share_scratch_of_the_results_type(device):
    first, second = Noted(), Noted()
    launches = (
        Launch(first, (1,), (1,), to_g=Elements(2), x_g=Elements(1)),
        Launch(second, (1,), (1,), y_g=Elements(0), from_g=Elements(2), other_g=Elements(3)),
    )
    out = execute(Plan((4,), np.dtype("int16"), launches, scratch=(10, 20)), ct.ones(1).realize())
    written, (_, _, read) = first.calls[0][2]["to_g"], second.calls[0]
    assert read["y_g"] is out.buffer
    assert read["from_g"] is written
    assert len({id(b) for b in read.values()}) == 3
    assert written.nbytes >= 20
    assert read["other_g"].nbytes >= 40


@pytest.mark.parametrize("lazily", [False, True])
def test_a_wrong_name_is_told_when_the_kernel_is_there(device, lazily):
    params = {"T": "float", "run": 16, "floating": True, "descending": False}
    wrong = {"y_g": Elements(0), "x_g": Elements(1), "x_start": Start(1), "count": 2, "runs": 1}
    message = "sort_runs: arguments missing: n, items; unknown: count; the kernel's parameters are "
    if lazily:  # as all recipes
        recipe = Recipe(device, "gemm_gpu", TI="float", TA="float", TO="float", DM=8, DN=8, RM=2,
                        RN=2, KW=8)  # fmt: skip
        launch = Launch(recipe, (8, 8, 1), (8, 8, 1), c_g=Elements(0), rows=3)
        with pytest.raises(KernelError, match="gemm_gpu: arguments missing: a_g, .*unknown: rows;"):
            execute(Plan((2, 2), FLOAT, (launch,)), ct.ones(2, 2))
    else:
        with pytest.raises(KernelError, match=message + "y_g, x_g, x_start, n, runs, items"):
            Launch(kernel(device, "sort_runs", **params), (1,), (1,), **wrong)


def test_without_launches_the_result_is_there(device):
    assert execute(Plan((0, 2), FLOAT, ()), ct.ones(1)).numpy().shape == (0, 2)


def test_a_pending_operand_is_computed_and_a_view_read_from_its_place(device):
    source = """__kernel void twice(__global float* y, __global const float* x, int at) {
        y[get_global_id(0)] = 2 * x[at + get_global_id(0)];
    }"""
    run = build(device, "twice", source, "the test")
    launch = Launch(run, (2,), (1,), y=Elements(0), x=Elements(1), at=Start(1, 1))
    plan = Plan((2,), FLOAT, (launch,))
    x = ct.tensor([1.0, 2.0, 3.0, 4.0, 5.0])
    assert execute(plan, x).tolist() == [4, 6]
    assert execute(plan, x[2:]).tolist() == [8, 10]
    assert execute(plan, x * 10).tolist() == [40, 60]
