"""Hooks of modules: keywords and order of those around forward, and those in backward."""

import copy
import pickle
from typing import NamedTuple

import numpy as np
import pytest

import cltensor as ct
from cltensor import nn


class Product(nn.Module):
    def forward(self, x, y, times=1.0):
        return x * y * times


def test_hooks_with_keywords_and_in_front():
    net, seen = Product(), []
    net.register_forward_pre_hook(lambda m, args: seen.append("second"))
    net.register_forward_pre_hook(lambda m, args: seen.append("first"), prepend=True)
    x = ct.tensor([2.0])
    with net.register_forward_pre_hook(
        lambda m, args, kwargs: (args, {**kwargs, "times": kwargs["times"] + 1}), with_kwargs=True
    ):
        assert net(x, x, times=1.0).tolist() == [8]
    assert seen == ["first", "second"]
    with net.register_forward_hook(
        lambda m, args, kwargs, out: out + kwargs["times"], with_kwargs=True, prepend=True
    ):
        assert net(x, x, times=3.0).tolist() == [15]
    assert net(x, y=x).tolist() == [4]
    with (
        net.register_forward_pre_hook(lambda m, args, kwargs: args, with_kwargs=True),
        pytest.raises(RuntimeError, match="Product: a hook before forward with keywords returned"),
    ):
        net(x)


def test_a_full_backward_hook_sees_and_replaces():
    net, seen = Product(), []
    x, y = ct.tensor([2.0], requires_grad=True), ct.tensor([5.0])

    def note(module, grad_input, grad_output):
        assert module is net
        seen.append(([g if g is None else g.tolist() for g in grad_input], grad_output[0].tolist()))

    with net.register_full_backward_hook(note):
        (net(x, y) * 3).backward()
        (net(x, 7.0) * 0).backward()
    assert seen.pop() == ([[0], None], [0])
    assert seen == [([[15], [0]], [3])]
    assert x.grad.tolist() == [15]
    x.grad = None
    with net.register_full_backward_hook(lambda m, gin, gout: (gin[0] * 2, gin[1])):
        out = net(x, y)
        out.backward(retain_graph=True)
        out.backward()
    assert x.grad.tolist() == [20]
    (net(x, y)).backward()
    assert x.grad.tolist() == [25]
    assert len(seen) == 1


def test_a_full_backward_pre_hook_replaces_the_gradient_of_the_output():
    layer, order = nn.Linear(2, 1, bias=False), []
    nn.init.ones_(layer.weight)
    layer.register_full_backward_hook(lambda m, gin, gout: order.append(gout[0].tolist()))
    layer.register_full_backward_pre_hook(lambda m, gout: (gout[0] + 1,))
    layer.register_full_backward_pre_hook(lambda m, gout: gout[0] * 10, prepend=True)
    x = ct.tensor([[1.0, 2.0]], requires_grad=True)
    layer(x).sum().backward()
    assert order == [[[11]]]
    assert x.grad.tolist() == [[11, 11]]
    assert layer.weight.grad.tolist() == [[11, 22]]


def test_several_outputs_and_second_derivatives():
    class Pair(NamedTuple):
        a: object
        b: object
        name: str

    class Two(nn.Module):
        def forward(self, x):
            return Pair(x * x, x + 1, "two")

    net, seen = Two(), []
    net.register_full_backward_hook(lambda m, gin, gout: seen.append(gout))
    x = ct.tensor([3.0], requires_grad=True)
    found = net(x)
    assert isinstance(found, Pair)
    assert found.name == "two"
    (g,) = ct.autograd.grad(found.a, x, create_graph=True)
    assert g.tolist() == [6]
    assert [v if v is None else v.tolist() for v in seen[0]] == [[1], None, None]
    (h,) = ct.autograd.grad(g, x)
    assert h.tolist() == [2]


def test_without_gradients_of_the_inputs_the_hook_is_called_at_the_outputs():
    layer, seen = nn.Linear(2, 1), []
    layer.register_full_backward_hook(lambda m, gin, gout: seen.append((gin, gout[0].tolist())))
    with pytest.warns(UserWarning, match="Linear: no argument of forward requires a gradient"):
        layer(ct.ones(1, 2)).sum().backward()
    assert seen == [((None,), [[1]])]
    with ct.no_grad():
        layer(ct.ones(1, 2))
    layer.register_full_backward_hook(lambda m, gin, gout: (ct.ones(1, 2),))
    with (
        pytest.warns(UserWarning, match="no argument"),
        pytest.raises(ct.GradientError, match="Linear: a full backward hook returned gradients"),
    ):
        layer(ct.ones(1, 2)).sum().backward()


def test_what_hooks_in_backward_refuse():
    net = nn.Identity()
    net.register_full_backward_hook(lambda m, gin, gout: (gin[0], gin[0]))
    x = ct.tensor([1.0], requires_grad=True)
    with pytest.raises(ct.GradientError, match="Identity: a full backward hook returned 2 gradien"):
        net(x).backward()

    class Lists(nn.Module):
        def forward(self, x):
            return [x]

    lists = Lists()
    lists.register_full_backward_pre_hook(lambda m, gout: None)
    with pytest.raises(ct.GradientError, match="Lists: forward returned a list; hooks"):
        lists(x)
    with pytest.raises(NotImplementedError, match="use register_full_backward_hook"):
        net.register_backward_hook(print)


def test_an_input_with_a_hook_is_not_changed_in_place():
    net = nn.ReLU(inplace=True)
    net.register_full_backward_hook(lambda m, gin, gout: None)
    x = ct.tensor([-1.0, 1.0], requires_grad=True) * 1
    with pytest.raises(ct.GradientError, match="in place"):
        net(x)


def double(module, grad_input, grad_output):
    return (grad_input[0] * 2,)


def test_hooks_in_backward_are_copied_saved_and_recorded():
    net = nn.Sequential(nn.Identity())
    x = ct.tensor([1.0], requires_grad=True)

    @ct.jit
    def step():
        x.grad = None
        net(x * 1).sum().backward()
        return x.grad

    assert [step().tolist() for _ in range(3)] == [[1.0]] * 3
    handle = net[0].register_full_backward_hook(double)
    assert [step().tolist() for _ in range(3)] == [[2.0]] * 3
    for other in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        x.grad = None
        other(x).sum().backward()
        assert x.grad.tolist() == [2]
    handle.remove()
    assert [step().tolist() for _ in range(3)] == [[1.0]] * 3
    np.testing.assert_array_equal(net(x).detach().numpy(), [1])


class Fails(nn.Module):
    def forward(self, x, fails=True):
        if fails:
            raise RuntimeError("forward failed")
        return x


def test_a_hook_that_is_always_called():
    net, seen, x = Fails(), [], ct.ones(1)
    net.register_forward_hook(lambda m, args, out: seen.append("never"))
    net.register_forward_hook(lambda m, args, out: seen.append((args, out)), always_call=True)
    net.register_forward_hook(
        lambda m, args, kwargs, out: seen.append(kwargs), always_call=True, with_kwargs=True
    )
    with pytest.raises(RuntimeError, match="forward failed"):
        net(x, fails=True)
    assert seen == [((x,), None), {"fails": True}]
    seen.clear()
    assert net(x, fails=False) is x
    assert seen == ["never", ((x,), x), {"fails": False}]

    def raises(module, args, output):
        raise ValueError("hook failed")

    # One that failed itself is not called again; one that fails after an error is a warning.
    other = Fails()
    with other.register_forward_hook(raises, always_call=True):
        with pytest.raises(ValueError, match="hook failed"):
            other(x, fails=False)
        with (
            pytest.warns(UserWarning, match="Fails: a hook with always_call=True .*hook failed"),
            pytest.raises(RuntimeError, match="forward failed"),
        ):
            other(x)
