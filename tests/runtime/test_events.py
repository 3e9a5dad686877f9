"""Events: who is told of launches, and what."""

import threading

import cltensor as ct
from cltensor.replay.tape import Recorder
from cltensor.runtime.events import Listeners, ignore, listen


def test_every_launch_is_told_to_all_who_listen_until_they_do_no_more(device):
    first, second = [], []
    listen(first.append)
    listen(second.append)
    try:
        x = ct.arange(3, dtype="float32").realize()
        (x + 1).realize()
        ignore(second.append)
        (x * 2).realize()
    finally:
        ignore(first.append)
        ignore(second.append)
    (x - 1).realize()
    assert len(first) == len(second) + 1
    event = second[-1]
    assert (event.kernel.name, event.kernel.device) == ("pointwise", device)
    assert len(event.args) == len(event.kernel.names)
    assert event.args[event.kernel.names.index("n")] == 3
    assert x.buffer in event.args
    assert Listeners.present == ()


def test_a_listener_that_leaves_while_others_are_told_takes_nobody_along(device):
    told = []

    def leaving(event):
        told.append("leaving")
        ignore(leaving)

    listen(leaving)
    listen(told.append)
    try:
        (ct.ones(2) + 1).realize()
        assert told[0] == "leaving"
        assert told[1].kernel.name == "pointwise"
    finally:
        ignore(leaving)
        ignore(told.append)


def test_a_replay_tells_of_its_launches(device):
    @ct.jit
    def step(x):
        return (x * 2).sum()

    x, told = ct.ones(5).realize(), []
    step(x)
    listen(told.append)
    try:
        step(x)
    finally:
        ignore(told.append)
    assert [event.kernel.name for event in told][-1].startswith("reduce_")
    assert all(len(event.args) == len(event.kernel.names) for event in told)


def test_a_recording_notes_the_launches_of_its_own_thread(device, mode):
    x = ct.ones(4).realize()
    with Recorder(device) as recorder:
        other = threading.Thread(target=lambda: (ct.ones(7) * 3).realize())
        other.start()
        other.join()
        y = (x + 1).realize()
    assert y.tolist() == [2, 2, 2, 2]
    assert [step.kernel.name for step in recorder.steps] == ["pointwise"]
    assert Listeners.present == ()
