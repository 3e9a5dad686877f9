"""What is seen of a call while it is recorded."""

import threading

import cltensor as ct
from cltensor import nn
from cltensor.core.hooks import watchers
from cltensor.replay.guards import Surroundings
from cltensor.replay.watch import UNREAD, Watch


def nothing():
    pass


def watch(*tensors):
    return Watch(Surroundings(nothing, []), tensors)


def test_operands_are_seen_views_by_their_base(device):
    x, y = ct.ones(3), ct.ones(3)
    part = y[1:]
    seen = watch()
    seen.start()
    x * 2
    ct.cat([x, part])
    seen.stop()
    assert {id(x), id(y)} <= set(seen.seen)
    assert id(part) not in seen.seen
    assert seen.seen[id(y)]() is y
    before = len(seen.seen)
    ct.ones(2) + 1
    assert len(seen.seen) == before


def test_modules_are_noted(device):
    layer, surroundings = nn.Linear(2, 2), Surroundings(nothing, [])
    seen = Watch(surroundings, [])
    seen.start()
    layer(ct.ones(1, 2))
    seen.stop()
    assert surroundings.knows(layer)


def test_gradients_that_are_read_and_those_that_are_set(device):
    x, y, z = [ct.ones(2, requires_grad=True) for _ in range(3)]
    y.grad = ct.ones(2)
    seen = watch(x, y)
    seen.start()
    x.grad = ct.zeros(2)
    found = y.grad
    assert z.grad is None
    seen.stop()
    of = {id(g.node): g for g in seen.grads.values()}
    first, second, third = of[id(x._node)], of[id(y._node)], of[id(z._node)]
    assert first.before is UNREAD
    assert second.before is found
    assert third.before is None
    assert [g.argument for g in (first, second, third)] == [0, 1, -1]


def test_gradients_outside_the_graph(device):
    x, y = ct.ones(2), ct.ones(2)
    y.grad = ct.ones(2)
    seen = watch()
    seen.start()
    assert x.grad is None
    assert not seen.has_kept_gradient
    assert y.grad is not None
    seen.stop()
    assert seen.has_kept_gradient
    assert id(x) in seen.without


def test_other_threads_are_not_seen_and_stopping_twice_does_nothing(device):
    x = ct.ones(3)
    seen = watch()
    seen.start()
    thread = threading.Thread(target=lambda: (x * 2).realize())
    thread.start()
    thread.join()
    assert not seen.seen
    seen.stop()
    seen.stop()
    assert seen.operands not in watchers
