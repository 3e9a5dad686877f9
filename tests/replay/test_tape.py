"""Recorders and tapes: what is noted, and what a replay runs."""

import gc
from functools import partial

import numpy as np
import pyopencl as cl
import pytest

import cltensor as ct
from cltensor.errors import DeviceError, KernelError
from cltensor.nn.utils.rnn import pack_padded_sequence
from cltensor.replay.command_buffer import are_worthwhile
from cltensor.replay.tape import Recorder, Tape, _Launch
from cltensor.runtime.kernel import Counters, Live


def record(device, function):
    """The recorder of a call, and the computed result of it."""
    with Recorder(device) as recorder:
        result = function().realize()
    return recorder, result


def owned(*values):
    return ct.tensor([float(v) for v in values]).realize()


def test_a_replay_launches_the_same_on_other_buffers(device, mode):
    x, other, out = owned(1, 2, 3), owned(10, 20, 30), owned(0, 0, 0)
    before = Counters.launches
    recorder, y = record(device, lambda: (x * 2 + 1).sqrt())
    launches = Counters.launches - before
    tape = Tape(recorder, [x.buffer, y.buffer])
    tape.uses(x.buffer).put(other.buffer)
    tape.uses(y.buffer).put(out.buffer)
    tape.replay()
    assert Counters.launches - before == 2 * launches
    np.testing.assert_allclose(out.numpy(), np.sqrt([21, 41, 61]), rtol=1e-6)


def test_an_empty_recording_replays_nothing(device):
    with Recorder(device) as recorder:
        pass
    before = Counters.launches
    Tape(recorder, []).replay()
    assert Counters.launches == before


def test_a_buffer_that_no_launch_uses_may_be_exchanged(device):
    x, unused = owned(1), owned(5)
    recorder, y = record(device, lambda: x + 1)
    tape = Tape(recorder, [x.buffer, unused.buffer])
    assert not tape.uses(unused.buffer).arguments
    tape.uses(unused.buffer).put(owned(6).buffer)
    tape.replay()
    assert y.tolist() == [2]


def test_live_numbers_are_asked_at_every_replay(device):
    x, rate = owned(1, 2), [2.0]
    recorder, y = record(device, lambda: x * Live(lambda: rate[0]))
    assert y.tolist() == [2, 4]
    tape = Tape(recorder, [])
    rate[0] = 5.0
    tape.replay()
    assert y.tolist() == [5, 10]


def test_host_actions_keep_their_place(device):
    x, rate = owned(1), [1.0]
    with Recorder(device) as recorder:
        first = (x * Live(lambda: rate[0])).realize()
        recorder.host(lambda: rate.__setitem__(0, rate[0] * 2))
        second = (x * Live(lambda: rate[0])).realize()
    assert (first.item(), second.item()) == (1, 2)
    Tape(recorder, []).replay()
    assert (first.item(), second.item()) == (2, 4)


def test_what_a_recording_leaves_behind_has_bytes_of_its_own(device):
    x = owned(1, 2)
    with Recorder(device) as recorder:
        y = (x + 1).realize()
        z = (y * 10).realize()
    del y
    in_the_pool = z.buffer.cl
    assert recorder.give_away() == [z.buffer]
    assert z.buffer.pool is device.pool is recorder.outer_pool
    assert z.buffer.cl is not in_the_pool
    tape = Tape(recorder, [x.buffer])
    tape.uses(x.buffer).put(owned(5, 6).buffer)
    tape.replay()
    assert z.tolist() == [20, 30]  # the replay writes into the recording's own bytes


def test_what_a_call_reads_and_writes_outside_is_noted(device):
    x, total, unused = owned(1, 2), owned(10, 20), owned(7)
    with Recorder(device) as recorder:
        doubled = (x * 2).realize()
        total.add_(doubled)
        doubled.mul_(3)
    assert set(recorder.outside) == {id(x.buffer), id(total.buffer)}
    assert [(b, name) for b, name in recorder.written.values()] == [(total.buffer, "add_")]
    assert id(unused.buffer) not in recorder.outside
    Tape(recorder, []).replay()
    assert total.tolist() == [14, 28]  # changed in place again
    assert x.tolist() == [1, 2]


def test_what_the_host_uploaded_is_copied_anew_in_every_replay(device):
    x = owned(1, 2)
    with Recorder(device) as recorder:
        table = ct.ops.create.tensor([5.0, 6.0])
        table.mul_(x)
        y = (table + 0).realize()
    tape = Tape(recorder, [])
    for _ in range(2):
        tape.replay()
        assert y.tolist() == [5, 12]


def test_recording_takes_memory_of_its_own(device):
    pool = device.pool
    with Recorder(device) as recorder:
        assert device.recorder is recorder
        assert device.pool is recorder.pool
        assert device.pool.root is pool
    assert device.recorder is None
    assert device.pool is pool


def test_an_error_ends_the_recording(device):
    pool = device.pool
    with pytest.raises(ZeroDivisionError), Recorder(device):
        raise ZeroDivisionError
    assert device.recorder is None
    assert device.pool is pool
    assert (owned(1) + 1).item() == 2


def test_what_happens_on_the_host_is_refused(device):
    with Recorder(device) as recorder, pytest.raises(DeviceError, match="jit: this .*only once"):
        recorder.refuse("this")


def test_a_refusal_names_the_line_that_asked_for_it(device):
    lengths, x = ct.tensor([2, 1]), ct.ones(2, 2, 1)
    call = ct.jit(lambda: pack_padded_sequence(x, lengths).data)
    call()
    with pytest.raises(DeviceError, match=r"test_tape\.py:\d+: call = ct.jit\(lambda: pack"):
        call()
    namespace = {"x": x, "__name__": "somebody"}
    call = ct.jit(eval(compile("lambda: x.sum().item()", "<typed>", "eval"), namespace))
    call()
    with pytest.raises(DeviceError, match=r"pass the data as an argument \(<typed>:1\)$"):
        call()


# ------------------------------------------------------------------- drivers that refuse a replay


@pytest.fixture
def refusing(device, monkeypatch):
    """refusing(after, times, error): of the launches that replays enqueue, those after so many fail
    so often. Recordings made later are replayed launch by launch."""
    monkeypatch.setenv("CLTENSOR_COMMAND_BUFFERS", "0")
    left, actions = {"after": -1, "times": 0, "error": None}, _Launch.actions

    def refused(enqueue):
        if left["times"] and left["after"] == 0:
            left["times"] -= 1
            raise left["error"]
        left["after"] -= 1
        enqueue()

    def with_refusals(launch, device):
        *before, enqueue = actions(launch, device)
        return [*before, partial(refused, enqueue)]

    monkeypatch.setattr(_Launch, "actions", with_refusals)
    yield lambda after, times, error: left.update(after=after, times=times, error=error)
    left.clear()  # the error knows frames, and these the recordings of the test
    gc.collect()


def _no_resources():
    return cl.RuntimeError("clEnqueueNDRangeKernel failed: OUT_OF_RESOURCES")


def test_a_replay_that_finds_no_resources_goes_on_without_the_cache(device, refusing):
    x = owned(1, 2, 3)

    @ct.jit
    def step(x):
        return (x * 2).sum(), (x + 1).exp().max()

    want = [y.item() for y in step(x)]
    refusing(1, 1, _no_resources())
    assert [y.item() for y in step(x)] == want


def test_a_refused_replay_names_kernel_sizes_and_device_and_leaves_the_state(device, refusing):
    x, y = owned(1, 2, 3), owned(5, 6, 7)

    @ct.jit
    def step(x):
        y.add_(x)
        return x * 2

    for _ in range(3):  # the third call is a replay
        step(x)
    y.copy_(owned(6, 8, 10))
    version = y._version
    refusing(0, 1, cl.LogicError("clEnqueueNDRangeKernel failed: INVALID_KERNEL_ARGS"))
    with pytest.raises(KernelError) as caught:
        step(x)
    text = str(caught.value)
    assert text.startswith("jit: pointwise: the launch of (")
    assert f" on '{device.name}' ({device.title}) failed: " in text
    assert "INVALID_KERNEL_ARGS" in text
    assert (y.tolist(), y._version) == ([6, 8, 10], version)
    refusing(0, 2, _no_resources())
    with pytest.raises(ct.OutOfMemoryError, match="jit: pointwise: the launch of "):
        step(x)
    assert (y.tolist(), y._version) == ([6, 8, 10], version)
    assert step(x).tolist() == [2, 4, 6]
    assert y.tolist() == [7, 10, 13]


def test_what_a_replay_wrote_before_it_was_refused_counts_as_changed(device, refusing):
    x, y = owned(1, 2, 3), owned(5, 6, 7)

    @ct.jit
    def step(x):
        y.add_(x)
        y.mul_(x)

    for _ in range(3):
        step(x)
    version = y._version
    refusing(1, 1, cl.LogicError("clEnqueueNDRangeKernel failed: INVALID_KERNEL_ARGS"))
    with pytest.raises(KernelError):
        step(x)
    assert y._version > version


def test_a_refused_replay_keeps_gradients_that_nobody_has_asked_for(device, refusing):
    w, x = ct.ones(3, requires_grad=True), owned(1, 2, 3)

    @ct.jit
    def step(x):
        w.grad = None
        (w * x).sum().backward()

    for _ in range(3):
        step(x)
    refusing(0, 1, cl.LogicError("clEnqueueNDRangeKernel failed: INVALID_KERNEL_ARGS"))
    with pytest.raises(KernelError):
        step(x)
    assert w.grad.tolist() == [1, 2, 3]


def test_a_refused_command_buffer_names_its_first_launch(device, monkeypatch):
    if not are_worthwhile(device):
        pytest.skip(f"'{device}' ({device.title}) has no cl_khr_command_buffer that pays")
    x = owned(1, 2, 3)
    recorder, y = record(device, lambda: (x * 2).sum() + (x + 1).max())
    tape = Tape(recorder, [])
    (run,) = tape._actions
    enqueue, left = run._enqueue, [1]

    def refuse(*args):
        left[0] -= 1
        return -5 if left[0] >= 0 else enqueue(*args)

    monkeypatch.setattr(run, "_enqueue", refuse)
    tape.replay()  # the second try succeeds
    assert y.item() == 16
    left[0] = 2
    with pytest.raises(ct.OutOfMemoryError, match=r"jit: .*: the launch of .*OUT_OF_RESOURCES"):
        tape.replay()
