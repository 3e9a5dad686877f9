"""What the tuner measures: calls that are computed by the class of kernels that they are for."""

import numpy as np
import pytest
from isa.stub import recording, stub
from tuning_rows import FLOAT

import cltensor as ct
from cltensor.command import tasks as module
from cltensor.command.tasks import tasks
from cltensor.runtime import tuning

TILES = ("gemm_gpu", "conv_gpu", "conv_grad_gpu")


@pytest.fixture
def no_numbers(monkeypatch):
    """Operands of zeros, which take no memory."""

    def draw(maker, *shape):
        return ct.empty(shape, dtype=maker.dtype), np.broadcast_to(0.0, shape)

    monkeypatch.setattr(module._Maker, "draw", draw)


def classes_asked(device, task):
    """The classes of its kind for which a task's calls ask."""
    device.tuned.clear()
    tuning.forget_plans()
    for call in task.calls():
        call.run().realize()
    return {name for kind, dtype, name in device.tuned if (kind, dtype) == (task.kind, task.dtype)}


@pytest.mark.parametrize("units", [2, 3, 5, 8, 20, 28, 60, 128])
@pytest.mark.parametrize(
    ("vendor", "group", "local"), [("nvidia", 1024, 48), ("mali", 64, 32), ("amd", 256, 16)]
)
def test_tasks_for_gpus_belong_to_their_class(units, vendor, group, local, no_numbers):
    device = stub(vendor, units=units, local=local << 10, group=group)
    with recording(device):
        found = list(tasks(device, FLOAT))
        for task in found:
            assert classes_asked(device, task) == {task.size_class}, task[:3]
    for kind in TILES:
        names = {task.size_class for task in found if task.kind == kind}
        assert names
        # A few units have enough to do with any gradient of filters.
        if group == 1024 and (units >= 20 or kind != "conv_grad_gpu"):
            assert names == {"small", "medium", "large"}


@pytest.mark.parametrize("dtype", ["float16", "float64"])
def test_tasks_for_other_dtypes(dtype, no_numbers):
    device = stub("amd", units=20, local=64 << 10, group=256)
    with recording(device):
        for task in tasks(device, np.dtype(dtype)):
            assert classes_asked(device, task) == {task.size_class}, task[:3]


def test_results_are_numpys(device):
    """Of the smallest task of each family."""
    seen = set()
    for task in tasks(device, FLOAT):
        if task.kind in seen:
            continue
        seen.add(task.kind)
        call = task.calls()[0]
        got, want = call.run().numpy(), call.expected()
        np.testing.assert_allclose(got, want, atol=1e-3 * max(1.0, np.abs(want).max()))
    assert {kind.partition("_")[0] for kind in seen} == {"gemm", "conv", "pointwise", "reduce"}
