"""Recording: what is recorded, views of what is, and what in-place changes make of both."""

import gc
import weakref

import numpy as np
import pytest
from leaves import leaf

import cltensor as ct
from cltensor.autograd import Variable
from cltensor.core.op import OPERATIONS, Op
from cltensor.errors import GradientError, ShapeError
from cltensor.testing import gradcheck


def test_only_what_depends_on_a_leaf_is_recorded(device):
    x, plain = leaf([2.0]), ct.tensor([5.0])
    assert not plain.requires_grad
    assert not (plain * 2).requires_grad
    y = plain * x
    assert y.requires_grad
    y.backward()
    assert x.grad.item() == 5
    with ct.no_grad():
        assert not (plain * x).requires_grad


def test_variable_gives_a_tensor_and_every_tensor_is_one(device):
    data = ct.tensor([1.0, 2.0])
    x = Variable(data, requires_grad=True)
    assert type(x) is ct.Tensor
    assert x.buffer is data.buffer
    assert x.requires_grad
    assert not Variable([1.0]).requires_grad
    assert isinstance(x, Variable)
    assert isinstance(data * 2, Variable)
    assert issubclass(ct.nn.Parameter, Variable)
    assert not isinstance([1.0], Variable)


def test_results_without_a_gradient_are_not_recorded(device):
    x = leaf([2.0, -1.0])
    for result in (x > 0, x.argmax(), x.to("int32"), ct.isnan(x)):
        assert isinstance(result, ct.Tensor)
        assert not result.requires_grad
    (x * (x > 0)).sum().backward()
    assert x.grad.numpy().tolist() == [1, 0]


def test_assignment_to_elements_is_recorded(device):
    x, v = leaf([1.0, 2.0, 3.0]), leaf([10.0])
    y = x * 2
    y[1:2] = v
    (y * y).sum().backward()
    assert x.grad.numpy().tolist() == [8, 0, 24]
    assert v.grad.numpy().tolist() == [20]


def test_a_leaf_cannot_be_changed_in_place_while_recording(device):
    x = leaf([1.0, 2.0])
    for change in (lambda: x.__setitem__(0, 5.0), lambda: x.mul_(2), lambda: x.zero_()):
        with pytest.raises(GradientError, match=r"a leaf that requires a gradient"):
            change()
    assert x.detach().numpy().tolist() == [1, 2]
    with ct.no_grad():
        x[0] = 5.0
        x.mul_(2)
    assert x.detach().numpy().tolist() == [10, 4]
    assert x.is_leaf
    assert x.requires_grad


def test_a_leaf_does_not_take_another_shape_even_where_it_is_the_same(device):
    with pytest.raises(GradientError, match="squeeze_: a leaf that requires a gradient cannot be"):
        leaf([1.0, 2.0]).squeeze_()


def test_a_view_that_is_changed_changes_its_base(device):
    x = leaf([1.0, 2.0, 3.0, 4.0])
    y = x * 1
    head, tail = y[:2], y[2:]
    head.mul_(10)
    assert y.tolist() == [10, 20, 3, 4]
    assert y.grad_fn.op.name == "view_write"
    (y * y + tail.sum()).sum().backward()
    assert x.grad.tolist() == [200, 400, 10, 12]


def test_a_view_names_its_base(device):
    base = ct.ones(2, 2)
    assert base._base is None
    assert base[0]._base is base
    assert base[0][1:]._base is base
    assert (base * 2)._base is None
    assert base.detach()._base is None


def test_a_view_of_a_view(device):
    x = leaf([[1.0, 2.0], [3.0, 4.0]])
    y = x * 1
    y.T[0][1:].copy_(ct.tensor([7.0]))
    y[0, 1].fill_(5.0)
    assert y.tolist() == [[1, 5], [7, 4]]
    (y * y).sum().backward()
    assert x.grad.tolist() == [[2, 0], [0, 8]]


def test_a_base_that_is_changed_gives_its_views_another_place(device):
    x = leaf([1.0, 2.0])
    y = x * 1
    view = y[:1]
    y.mul_(3)
    assert view.tolist() == [3]
    view.sum().backward()
    assert x.grad.tolist() == [3, 0]


def test_a_base_that_leaves_the_graph_leaves_its_views_there(device):
    x, other = leaf([1.0, 2.0]), leaf([1.0])
    base = x * 2
    view = base[0]
    base.detach_()
    assert not base.requires_grad
    (view + other).sum().backward()
    assert x.grad.tolist() == [2, 0]
    assert other.grad.tolist() == [1]
    with pytest.raises(GradientError, match="mul_: the base of this view left the graph after"):
        view.mul_(3)
    base.mul_(3)  # the view shows what no longer depends on x
    assert not view.requires_grad
    assert view.item() == 6


def test_a_base_that_is_made_a_leaf_does_not_take_earlier_views_with_it(device):
    base = ct.zeros(2)
    view = base[:1]
    base.requires_grad_()
    assert not view.requires_grad
    with pytest.raises(GradientError, match="does not depend on any tensor"):
        view.sum().backward()
    with pytest.raises(GradientError, match="a view of a leaf that requires a gradient"):
        view.mul_(2)
    assert base[0].requires_grad


def test_views_of_a_base_that_takes_another_shape(device):
    x = leaf([[1.0, 2.0], [3.0, 4.0]])
    base = (x * 1).realize()
    row = base[0]
    base.t_()
    (row * ct.tensor([1.0, 5.0])).sum().backward()
    assert x.grad.tolist() == [[1, 5], [0, 0]]
    base.mul_(2)
    with pytest.raises(GradientError, match=r"base of this view of shape \(2,\) took the shape"):
        row.sum()
    plain, written = ct.ones(2, 3), leaf([1.0, 2.0, 3.0])
    row = plain[0]
    plain.t_()
    with pytest.raises(GradientError, match="mul_: the base of this view .* make the view again"):
        row.mul_(written)
    plain[:, 0].mul_(written)
    plain.sum().backward()
    assert written.grad.tolist() == [1, 1, 1]


def test_a_view_that_takes_another_shape_stays_one(device):
    for base in (ct.ones(2, 3), (leaf([[1.0] * 3] * 2) * 1).realize()):
        written = leaf([[2.0], [3.0], [4.0]])
        view = base[:1]
        view.t_()
        view.mul_(written)
        assert base.tolist() == [[2, 3, 4], [1, 1, 1]]
        base.sum().backward()
        assert written.grad.tolist() == [[1], [1], [1]]


def test_what_is_written_into_a_plain_tensor_gives_it_a_place(device):
    x, plain = leaf([5.0]), ct.zeros(3)
    row = plain[1:]
    plain[1:2] = x
    assert plain.requires_grad
    assert row.requires_grad
    (row * row).sum().backward()
    assert x.grad.tolist() == [10]


def test_views_of_leaves_are_not_changed_while_recording(device):
    x = leaf([1.0, 2.0])
    with pytest.raises(GradientError, match="mul_: a view of a leaf that requires a gradient"):
        x[:1].mul_(2)
    with ct.no_grad():
        view = x[:1]
        view.mul_(2)
    assert x.tolist() == [2, 2]
    y = leaf([1.0, 2.0]) * 1
    with ct.no_grad():
        view = y.realize()[:1]
    with pytest.raises(GradientError, match="mul_: this view was made under no_grad"):
        view.mul_(2)


@pytest.fixture
def both():
    """An operation with two results, a + b and a * b."""

    def rule(g, a, b):
        g_sum, g_product = [0 if x is None else x for x in (*g, None)[:2]]
        return g_sum + g_product * b, g_sum + g_product * a

    yield Op("sum_and_product(a, b)", lambda a, b: (a + b, a * b), {"da_b": rule})
    del OPERATIONS["sum_and_product"]


def test_several_results_have_a_place_each(device, both):
    a, b = leaf([2.0, 3.0]), leaf([5.0, 7.0])
    total, product = both(a, b)
    assert repr(total.grad_fn.next_functions[0][0]) == "<sum_and_product>"
    (total * 10 + product).sum().backward()
    assert a.grad.tolist() == [15, 17]
    assert b.grad.tolist() == [12, 13]
    for used, wanted in ((0, [1, 1]), (1, [5, 7])):
        assert ct.grad(both(a, b)[used].sum(), a)[0].tolist() == wanted


def test_indices_among_the_results_have_no_place(device):
    x = leaf([3.0, 1.0, 2.0])
    values, order = x.topk(3, largest=False)
    assert values.requires_grad
    assert not order.requires_grad
    (values * ct.tensor([1.0, 10.0, 100.0])).sum().backward()
    assert x.grad.tolist() == [100, 1, 10]


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


def test_retain_grad_keeps_what_there_was_before_a_change_in_place():
    x = ct.tensor([1.0, 2.0], requires_grad=True)
    y = x * 3
    view = y[:1]
    for each in (y, view):
        each.retain_grad()
    (y.sum() + view.sum()).backward(retain_graph=True)
    for change in (lambda: y.mul_(2), lambda: view.mul_(2)):
        change()
        assert (y.grad.tolist(), view.grad.tolist()) == ([2, 1], [1])
    (y[0] * 5).backward()
    assert y.grad.tolist() == [7, 1]


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
