"""What a Tensor says and takes of differentiation: requires_grad, grad, hooks, detaching."""

import copy

import pytest
from leaves import leaf

import cltensor as ct
from cltensor.errors import DeviceError, DTypeError, GradientError, ShapeError


def test_facts_of_leaves_and_results(device):
    x = leaf([1.0])
    y = x * 2
    assert x.is_leaf
    assert x.grad_fn is None
    assert not y.is_leaf
    assert y.grad_fn.op.name == "multiply"
    assert y.grad is None
    assert repr(x) == "tensor([1.], requires_grad=True)"
    assert repr(y) == "tensor([2.], grad_fn=<multiply>)"
    assert x.requires_grad_(False) is x
    assert not x.requires_grad
    with pytest.raises(GradientError, match=r"only a leaf can stop .*\.detach\(\)"):
        y.requires_grad = False


def test_only_floats_have_gradients(device):
    with pytest.raises(GradientError, match="a int64 tensor has no gradient"):
        leaf([1, 2])


def test_detach_cuts_the_graph(device):
    x = leaf([2.0, 3.0])
    (x * x.detach()).sum().backward()
    assert x.grad.numpy().tolist() == [2, 3]
    assert not x.detach().requires_grad
    assert x.detach().numpy().tolist() == [2, 3]


def test_retain_grad_keeps_inner_gradients(device):
    x = leaf([1.0, 2.0])
    y = x * 3
    y.retain_grad()
    (y * y).sum().backward()
    assert y.grad.numpy().tolist() == [6, 12]


def test_retain_grad_keeps_gradients_of_every_pass(device):
    x = leaf([1.0, 2.0])
    y = x * 3
    y.retain_grad()
    loss = (y * 2).sum()
    (found,) = ct.autograd.grad(loss, [x], retain_graph=True)
    assert (found.tolist(), y.grad.tolist(), x.grad) == ([6, 6], [2, 2], None)
    (found,) = ct.autograd.grad(loss, [y], retain_graph=True)
    found.zero_()
    assert y.grad.tolist() == [4, 4]
    loss.backward(inputs=[x], retain_graph=True)
    loss.backward(inputs=[y], retain_graph=True)
    assert (y.grad.tolist(), x.grad.tolist()) == ([8, 8], [6, 6])
    weights = ct.eye(2)
    (found,) = ct.autograd.grad(y, [x], weights, retain_graph=True, is_grads_batched=True)
    assert found.tolist() == [[3, 0], [0, 3]]
    assert y.grad.tolist() == [8, 8]  # a batch of them is not of its shape


def test_a_gradient_assigned_must_fit(device):
    x = leaf([1.0, 2.0])
    x.grad = ct.tensor([3.0, 4.0])
    x.sum().backward()
    assert x.grad.numpy().tolist() == [4, 5]
    with pytest.raises(ShapeError, match=r"shape \(3,\) does not fit .* \(2,\)"):
        x.grad = ct.ones(3)
    with pytest.raises(DTypeError, match="grad: a gradient of int32 does not fit .* of float32"):
        x.grad = ct.ones(2, dtype="int32")
    with pytest.raises(DTypeError, match="grad: list is no gradient; assign a tensor or None"):
        x.grad = [1.0, 2.0]
    assert x.grad.tolist() == [4, 5]


def test_a_gradient_is_on_the_device_of_its_tensor(device, other_device):
    x = leaf([1.0, 2.0])
    with pytest.raises(DeviceError, match=rf"grad: the gradient is on .{other_device}."):
        x.grad = ct.ones(2, device=other_device)
    assert x.grad is None


def test_a_tensor_that_requires_no_gradient_may_have_one(device):
    x = ct.ones(2)
    assert x.grad is None
    x.grad = ct.tensor([3.0, 4.0])
    assert x.grad.tolist() == [3, 4]
    x.requires_grad_()
    (x * 2).sum().backward()
    assert x.grad.tolist() == [5, 6]
    x.requires_grad = False
    assert x.grad.tolist() == [5, 6]
    x.grad = None
    assert x.grad is None


def test_which_tensors_keep_their_gradient(device):
    x = leaf([1.0, 2.0])
    y = x * 3
    assert not x.retains_grad
    assert not y.retains_grad
    y.retain_grad()
    assert y.retains_grad
    for attempt in (lambda t: t.retain_grad(), lambda t: t.register_hook(print)):
        with pytest.raises(GradientError, match="this tensor does not require a gradient"):
            attempt(ct.ones(2))


def test_a_hook_is_taken_out(device):
    x, seen = leaf([1.0]), []
    handle = x.register_hook(lambda g: seen.append(g.item()))
    (x * 2).backward()
    handle.remove()
    handle.remove()
    (x * 2).backward()
    assert seen == [2]


def test_a_hook_that_is_there_twice_is_taken_out_where_its_handle_put_it(device):
    x, seen = leaf([1.0]), []

    def hook(g):
        seen.append(g.item())
        return g + 1

    def double(g):
        return g * 2

    x.register_hook(hook)
    x.register_hook(double)
    with x.register_hook(hook) as handle:
        (x * 2).backward()
    assert (seen, x.grad.item()) == ([2, 6], 7)
    handle.remove()
    x.grad = None
    (x * 2).backward()
    assert (seen, x.grad.item()) == ([2, 6, 2], 6)


def test_what_is_detached_shares_the_elements(device):
    x = leaf([1.0, 2.0])
    apart = x.detach()
    assert apart.is_leaf
    assert apart.buffer is x.buffer
    apart.mul_(5)
    assert x.tolist() == [5, 10]
    y = x * 2
    y.detach().zero_()
    assert y.tolist() == [0, 0]


def test_leaving_the_graph(device):
    x = leaf([1.0, 2.0])
    y = x * 2
    assert y.detach_() is y
    assert y.is_leaf
    assert not y.requires_grad
    assert y.tolist() == [2, 4]
    with pytest.raises(GradientError, match=r"detach_: this is a view; use \.detach\(\)"):
        (x * 2).realize()[0].detach_()


def test_what_leaves_the_graph_keeps_its_gradient_and_hooks(device):
    x, seen = leaf([1.0, 2.0]), []
    x.register_hook(lambda g: seen.append(g.tolist()))
    (x * 2).sum().backward()
    assert x.detach_().grad.tolist() == [2, 2]
    x.requires_grad_()
    (x * 3).sum().backward()
    assert x.grad.tolist() == [5, 5]
    x.requires_grad_(False).requires_grad_()
    x.sum().backward()
    assert x.grad.tolist() == [6, 6]
    assert seen == [[2, 2], [3, 3], [1, 1]]
    y = x * 2
    y.retain_grad()
    y.sum().backward()
    assert y.detach_().grad.tolist() == [1, 1]


def test_what_was_made_of_a_leaf_that_is_frozen_gives_it_nothing(device):
    x = leaf([1.0, 2.0])
    y, view = x * 2, x.view(2, 1)
    x.requires_grad_(False)
    assert y.requires_grad
    assert view.requires_grad
    y.sum().backward()
    view.sum().backward(retain_graph=True)
    assert x.grad is None
    x.requires_grad_()
    view.sum().backward()
    assert x.grad.tolist() == [1, 1]
    assert copy.deepcopy(x).requires_grad_(False).grad.tolist() == [1, 1]
    x.grad = None
    x.requires_grad_(False).data = ct.ones(3)
    x.requires_grad_()
    (x * 2).sum().backward()
    assert x.grad.tolist() == [2, 2, 2]


def test_what_backward_says_without_a_graph(device):
    with pytest.raises(GradientError, match="backward: this value does not depend on any tensor"):
        ct.ones(2).backward()
    x = ct.ones(2)
    assert x.requires_grad_(False) is x
    assert x.requires_grad_() is x
    assert x.requires_grad
