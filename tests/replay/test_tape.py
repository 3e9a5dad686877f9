"""Recorders and tapes: what is noted, and what a replay runs."""

import numpy as np
import pytest

import cltensor as ct
from cltensor.errors import DeviceError
from cltensor.replay.tape import Recorder, Tape
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
    tape.put(tape.places(x.buffer), other.buffer)
    tape.put(tape.places(y.buffer), out.buffer)
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
    assert not tape.places(unused.buffer)
    tape.put(tape.places(unused.buffer), owned(6).buffer)
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
    tape.put(tape.places(x.buffer), owned(5, 6).buffer)
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
