"""autograd/record.py: the graph of views and of changes in place."""

import gc
import weakref

import numpy as np
import pytest

import cltensor as ct
from cltensor.errors import GradientError, ShapeError
from cltensor.testing import gradcheck

A = np.array([[0.3, -0.7, 0.5], [0.9, 0.2, -0.4]])
B = np.array([[0.4, 0.6, -0.3], [-0.8, 0.7, 0.9]])

CHANGES = {
    "add_": lambda y, z: y.add_(z),
    "add_ itself": lambda y, z: y.add_(y),
    "mul_": lambda y, z: y.mul_(z),
    "mul_ itself": lambda y, z: y.mul_(y),
    "div_": lambda y, z: y.div_(z),
    "pow_": lambda y, z: y.pow_(3),
    "square_": lambda y, z: y.square_(),
    "sin_": lambda y, z: y.sin_(),
    "exp_": lambda y, z: y.exp_(),
    "tanh_": lambda y, z: y.tanh_(),
    "sigmoid_": lambda y, z: y.sigmoid_(),
    "relu_": lambda y, z: y.relu_(),
    "clamp_": lambda y, z: y.clamp_(-0.45, 0.6),
    "cumsum_": lambda y, z: y.cumsum_(0),
    "masked_fill_": lambda y, z: y.masked_fill_(y.detach() > 0.25, 2.0),
    "copy_": lambda y, z: y.copy_(z),
    "zero_": lambda y, z: y.zero_(),
    "x[0] = y": lambda y, z: y.__setitem__(0, z[1]),
    "x[:, list] = y": lambda y, z: y.__setitem__((..., [1, 0]), z[..., :2]),
    "x[mask] = y": lambda y, z: y.__setitem__(y.detach() > 0.25, z.sum()),
    "x[list] += y": lambda y, z: add_at(y, [0], z[:1]),
    "x[::-1] = x": lambda y, z: y.__setitem__(slice(None, None, -1), y),
    "x[1:] = x[:-1]": lambda y, z: y.__setitem__(slice(1, None), y[:-1] * 2),
}


def add_at(y, key, z):
    y[key] += z


VIEWS = {
    "all": lambda t: t,
    "columns": lambda t: t[:, :2],
    "transposed": lambda t: t.T,
    "flat": lambda t: t.reshape(-1)[1:5].reshape(2, 2),
}


@pytest.mark.parametrize(
    ("part", "pending"),
    [("all", 1), ("all", 0), ("columns", 0), ("transposed", 1), ("flat", 0)],
)
@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.usefixtures("fp64")
def test_changes_in_place_are_differentiable(name, part, pending):
    def function(x, z):
        base = x * 1.5
        if not pending:
            base.realize()
        earlier = base[:, 1]
        CHANGES[name](VIEWS[part](base), VIEWS[part](z))
        return (base.sin() + earlier.sum() * base[1:]).sum(0)

    x, z = ct.tensor(A, requires_grad=True), ct.tensor(B, requires_grad=True)
    assert gradcheck(function, (x, z))


@pytest.mark.parametrize("pending", [True, False])
def test_a_changed_operand_names_both_operations(pending):
    x = ct.tensor([1.0, 2.0], requires_grad=True)
    y = x * 2
    if not pending:
        y.realize()
    z = y * y
    y[0].add_(1)
    with pytest.raises(GradientError, match=r"multiply saved .*add_ changed it in place"):
        z.sum().backward()


def test_what_is_replaced_has_a_gradient_of_zeros():
    for change in (
        lambda y: y.zero_(),
        lambda y: y.fill_(3),
        lambda y: y.copy_(ct.ones((2,))),
        lambda y: y.__setitem__(slice(None), 1.0),
        lambda y: y.__setitem__([0, 1], 1.0),
    ):
        x = ct.tensor([1.0, 2.0], requires_grad=True)
        y = x * 2
        change(y)
        assert y.requires_grad
        assert not y.is_leaf
        y.sum().backward()
        assert x.grad.tolist() == [0, 0]


def test_retain_grad_follows_the_tensor():
    x = ct.tensor([1.0, 2.0], requires_grad=True)
    y = x * 3
    y.retain_grad()
    y.mul_(2)
    (y * 5).sum().backward()
    assert y.grad.tolist() == [5, 5]
    assert x.grad.tolist() == [30, 30]


def test_an_expanded_tensor_is_written_through_one_row_only():
    x = ct.tensor([1.0, 2.0], requires_grad=True)
    y = x * 1
    wide = y.expand(3, 2)
    with pytest.raises(ShapeError, match="one place in memory"):
        wide.add_(1)
    wide[1].mul_(5)
    assert wide.tolist() == [[5, 10]] * 3
    assert y.tolist() == [5, 10]
    y.sum().backward()
    assert x.grad.tolist() == [5, 5]


def test_a_key_that_changes_later_was_taken_as_it_was():
    x = ct.tensor([1.0, 2.0, 3.0], requires_grad=True)
    y, key = x * 1, np.array([0, 1])
    y[key] = 0.0
    key[:] = 2
    y.sum().backward()
    assert x.grad.tolist() == [0, 0, 1]


def test_a_value_with_more_axes_than_the_place():
    x, w = ct.zeros((3,)), ct.ones((1, 2), requires_grad=True)
    x[[0, 2]] = w
    (x * 2).sum().backward()
    assert w.grad.tolist() == [[2, 2]]


def test_a_graph_of_changed_views_is_freed_at_once():
    x = ct.tensor([1.0, 2.0], requires_grad=True)
    y = x * 2
    y[0].mul_(3)
    y[[1]] = 4.0
    ref = weakref.ref(y)
    gc.disable()
    try:
        del y
        assert ref() is None
    finally:
        gc.enable()


def test_what_changes_nothing_is_its_argument():
    x = ct.tensor([1.0, 2.0], requires_grad=True)
    y = (x * 2).realize()
    for same in (y.contiguous(), y.to("float32"), y.float(), y.to(y.device)):
        assert same is y
