"""Recorders and tapes: what is noted, what a replay runs, and when it is out of date."""

import numpy as np
import pytest

import cltensor as ct
from cltensor.errors import DeviceError
from cltensor.program import Counters, Live
from cltensor.replay import Recorder, Tape


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
    tape = Tape(recorder, [x.buffer, y.buffer], [])
    tape.exchange(x.buffer, other.buffer)
    tape.exchange(y.buffer, out.buffer)
    tape.replay()
    assert Counters.launches - before == 2 * launches
    np.testing.assert_allclose(out.numpy(), np.sqrt([21, 41, 61]), rtol=1e-6)


def test_an_empty_recording_replays_nothing(device):
    with Recorder(device) as recorder:
        pass
    before = Counters.launches
    Tape(recorder, [], []).replay()
    assert Counters.launches == before


def test_a_buffer_that_no_launch_uses_may_be_exchanged(device):
    x = owned(1)
    recorder, _ = record(device, lambda: x + 1)
    tape = Tape(recorder, [x.buffer], [])
    tape.exchange(owned(5).buffer, owned(6).buffer)
    tape.replay()


def test_live_numbers_are_asked_at_every_replay(device):
    x, rate = owned(1, 2), [2.0]
    recorder, y = record(device, lambda: x * Live(lambda: rate[0]))
    assert y.tolist() == [2, 4]
    tape = Tape(recorder, [], [])
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
    Tape(recorder, [], []).replay()
    assert (first.item(), second.item()) == (2, 4)


def test_a_state_is_read_from_its_own_buffer(device):
    before, after = owned(1, 2), owned(30, 40)
    recorder, y = record(device, lambda: before + 1)
    Tape(recorder, [], [(before.buffer, after.buffer)]).replay()
    assert y.tolist() == [31, 41]


def test_a_tape_is_out_of_date_when_a_buffer_loses_its_owner(device):
    x = owned(1, 2)
    recorder, _ = record(device, lambda: x * 2)
    tape = Tape(recorder, [], [])
    tape.seal()
    assert tape.is_current()
    view = x[:1]
    assert tape.is_current()  # one owner more harms nobody: the launches only read
    del view
    x.fill_(7.0)
    assert not tape.is_current()


def test_what_launches_change_must_not_gain_an_owner(device):
    x = owned(1, 2)
    with Recorder(device) as recorder:
        y = (x * 2).realize()
        recorder.replaces(x.buffer)
    tape = Tape(recorder, [], [])
    tape.seal()
    assert tape.is_current()
    view = x[:1]
    assert not tape.is_current()
    assert view.item() * 2 == y[0].item()


def test_a_watched_holder_must_show_the_same_data(device):
    v = ct.Variable(owned(1, 2), requires_grad=True)
    with Recorder(device) as recorder:
        recorder.watch(v)
    tape = Tape(recorder, [], [])
    tape.seal()
    assert tape.is_current()
    v.data = owned(3, 4)
    assert not tape.is_current()


def test_one_recorder_at_a_time(device):
    pool = device.pool
    with Recorder(device) as recorder:
        inner = Recorder(device)
        with pytest.raises(DeviceError, match=r"jit: .* another jitted function"):
            inner.__enter__()
        assert device.recorder is recorder
        assert device.pool is recorder.pool
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


def test_the_first_state_of_a_holder_counts(device):
    a, b = owned(1), owned(2)
    with Recorder(device) as recorder:
        recorder.rebinds("key", a, lambda: a, lambda shown: None)
        recorder.rebinds("key", b, lambda: b, lambda shown: None)
    assert [state[0] for state in recorder.states.values()] == [a]
