"""Command buffers, on the devices that have them; tests/replay/test_jit.py has the results."""

import numpy as np
import pyopencl as cl
import pytest

import cltensor as ct
from cltensor.errors import KernelError
from cltensor.replay import command_buffer as commands
from cltensor.replay.command_buffer import CommandBuffer, are_worthwhile
from cltensor.runtime.copies import download
from cltensor.runtime.kernel import Counters
from cltensor.runtime.lane import upload

SOURCE = """__kernel void twice_and(__global int* x, int n) {
    int i = get_global_id(0);
    x[i] = x[i] * 2 + n;
}"""


@pytest.fixture
def with_buffers(device):
    if not are_worthwhile(device):
        pytest.skip(f"'{device}' ({device.title}) has no cl_khr_command_buffer that pays")
    return device


def launch_of(device, buffer, number):
    handle = cl.Kernel(cl.Program(device.context, SOURCE).build(), "twice_and")
    handle.set_arg(0, buffer.cl)
    handle.set_arg(1, np.int32(number))
    return handle, (4,), (4,)


@pytest.mark.filterwarnings("ignore::pyopencl.CompilerWarning")
def test_launches_run_in_order_every_time(with_buffers):
    device = with_buffers
    buffer = upload(device, np.arange(4, dtype=np.int32))
    launches = [launch_of(device, buffer, number) for number in (1, 10)]
    run = CommandBuffer(device, launches)
    expected = np.arange(4)
    for _ in range(3):  # without a wait between
        run()
        expected = (expected * 2 + 1) * 2 + 10
    np.testing.assert_array_equal(download(buffer, np.empty(4, np.int32)), expected)


def test_a_refusal_says_how_to_go_on_without(with_buffers, monkeypatch):
    refusing = {**commands._functions(with_buffers), "clFinalizeCommandBufferKHR": lambda _: -6}
    monkeypatch.setattr(commands, "_functions", lambda _: refusing)
    with pytest.raises(KernelError, match="OpenCL error -6; CLTENSOR_COMMAND_BUFFERS=0"):
        CommandBuffer(with_buffers, [])


def test_the_switch_and_the_extension_decide(device, monkeypatch):
    monkeypatch.setenv("CLTENSOR_COMMAND_BUFFERS", "0")
    assert not are_worthwhile(device)
    monkeypatch.delenv("CLTENSOR_COMMAND_BUFFERS")
    monkeypatch.setattr(device, "extensions", frozenset())
    assert not are_worthwhile(device)


@pytest.mark.parametrize("switch", ["0", "1"])
def test_a_replay_gives_the_same_with_and_without(device, monkeypatch, switch):
    monkeypatch.setenv("CLTENSOR_COMMAND_BUFFERS", switch)

    @ct.jit
    def chain(x, y):
        kept = x * 2
        kept.realize()
        other = kept + y
        other.realize()
        return (other.sum(axis=0), kept.max())

    for seed in range(4):
        x, y = (np.random.default_rng(seed + i).normal(size=(3, 5)).astype("f") for i in (0, 9))
        total, largest = chain(ct.tensor(x), ct.tensor(y))
        np.testing.assert_allclose(total.numpy(), (x * 2 + y).sum(0), rtol=1e-5, atol=1e-5)
        assert largest.item() == (x * 2).max()
    before = Counters.launches
    chain(ct.tensor(x), ct.tensor(y))
    assert Counters.launches - before == 4
