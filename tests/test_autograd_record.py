"""Recording: what is recorded, views of what is, and what in-place changes make of both."""

import pytest
from leaves import leaf

import cltensor as ct
from cltensor.autograd import Variable
from cltensor.errors import GradientError
from cltensor.op import OPERATIONS, Op


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


def test_a_view_that_is_changed_changes_its_base(device):
    x = leaf([1.0, 2.0, 3.0, 4.0])
    y = x * 1
    head, tail = y[:2], y[2:]
    head.mul_(10)
    assert y.tolist() == [10, 20, 3, 4]
    assert y.grad_fn.op.name == "view_write"
    (y * y + tail.sum()).sum().backward()
    assert x.grad.tolist() == [200, 400, 10, 12]


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
