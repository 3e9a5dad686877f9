"""What is seen of a call while it is recorded."""

import threading

import pytest

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


# ------------------------------------------------- leaves that the call makes, with their gradients

ROWS = (4, 3)


def leaf_of_an_argument(w, x):
    z = x.detach().requires_grad_()
    (z * z * w).sum().backward()
    return z.grad


def leaf_of_what_it_reaches(w, x):
    z = w.detach().requires_grad_()
    (z * z * x).sum().backward()
    return z.grad


def penalty(w, x):
    z = (x * 1).requires_grad_()
    (g,) = ct.autograd.grad((z * z * w).sum(), z, create_graph=True)
    ((g - 1) ** 2).sum().backward()
    return z.grad


def leaf_with_a_hook_that_is_moved(w, x):
    z = x.detach().requires_grad_()
    z.register_hook(lambda g: g * 3)
    for _ in range(2):
        z.grad = None
        (z * z * w).sum().backward()
        with ct.no_grad():
            z -= 0.125 * z.grad
    return z.detach(), x * 1


def kept_in_the_middle(w, x):
    leaf = x.detach().requires_grad_()
    y = leaf * w
    y.retain_grad()
    (y * y).sum().backward()
    return y.grad


def parameter_toggled(w, x):
    w.requires_grad_()
    (x * w * w).sum().backward()
    found, w.grad = w.grad, None
    w.requires_grad_(False)
    return found


def leaf_returned_with_its_gradient(w, x):
    z = x.detach().requires_grad_()
    (z * z * w).sum().backward()
    return z


def left_the_graph_with_its_gradient(w, x):
    z = leaf_returned_with_its_gradient(w, x)
    return z.requires_grad_(False)


def argument_toggled(w, x):
    x.requires_grad_()
    (x * x * w).sum().backward()
    x.requires_grad_(False)
    return x * 1


def marked(w, x):
    z = x * w
    z.factor = 3
    return z


REPLAYED = [
    leaf_of_an_argument, leaf_of_what_it_reaches, penalty, leaf_with_a_hook_that_is_moved,
    kept_in_the_middle, parameter_toggled,
]  # fmt: skip
NOT = [leaf_returned_with_its_gradient, left_the_graph_with_its_gradient, argument_toggled, marked]


def everything(t):
    grad = None if t.grad is None else t.grad.tolist()
    return t.detach().tolist(), grad, t.requires_grad, getattr(t, "factor", None)


def observed(function, through):
    w = ct.tensor([[1.0, 2.0, 3.0]] * 4)
    call = through(lambda x: function(w, x))
    found = []
    for k in range(6):
        x = ct.full(ROWS, 1.0 + k)
        out = call(x)
        found.append([everything(t) for t in (*(out if type(out) is tuple else (out,)), w, x)])
    return found


@pytest.mark.parametrize("function", [*REPLAYED, *NOT])
def test_leaves_that_the_call_makes(device, counts, function):
    expected = observed(function, lambda f: f)
    assert observed(function, ct.jit) == expected
    assert counts["replay"] == (4 if function in REPLAYED else 0)
