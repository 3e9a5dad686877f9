"""A hook on the gradients of several tensors."""

import pytest

import cltensor as ct
from cltensor.autograd.graph import register_multi_grad_hook


def three():
    return [ct.tensor([float(k)], requires_grad=True) for k in (1, 2, 3)]


def test_all_gradients_come_at_once_for_each_pass():
    a, b, c = three()
    seen = []
    register_multi_grad_hook([c, a, b], seen.append)
    y = (a * b).sum()
    y.backward(retain_graph=True)
    assert [None if g is None else g.item() for g in seen[0]] == [None, 2.0, 1.0]
    (y * c).sum().backward()
    assert [g.item() for g in seen[1]] == [2.0, 6.0, 3.0]
    assert len(seen) == 2


def test_only_what_is_asked_for_is_waited_for():
    a, b, c = three()
    seen = []
    register_multi_grad_hook((a, b, c), seen.append)
    ct.autograd.grad((a * b * c).sum(), [b])
    assert [None if g is None else g.item() for g in seen[0]] == [None, 3.0, None]


def test_any_comes_with_the_first():
    a, b, _ = three()
    middle = a * 2
    seen = []
    register_multi_grad_hook([a, middle, b], seen.append, mode="any")
    (middle * b).sum().backward()
    assert len(seen) == 1
    assert seen[0].item() == 2.0


def test_the_handle_takes_it_away():
    a, b, _ = three()
    seen = []
    with register_multi_grad_hook([a, b], seen.append) as handle:
        (a * b).sum().backward()
    (a * b).sum().backward()
    handle.remove()
    assert len(seen) == 1


def test_wrong_arguments():
    a, b, _ = three()
    with pytest.raises(ValueError, match="mode is 'some'"):
        register_multi_grad_hook([a], print, mode="some")
    with pytest.raises(ct.GradientError, match="tensor 1 does not require"):
        register_multi_grad_hook([a, b.detach()], print)
