"""Custom functions, and values that change after an operation saved them."""

import pytest

import cltensor as ct
from cltensor.errors import GradientError


def leaf(data):
    return ct.tensor(data, requires_grad=True)


# -------------------------------------------------------------------------- custom functions


class Cube(ct.Function):
    @staticmethod
    def forward(ctx, x, scale):
        ctx.save_for_backward(x)
        ctx.scale = scale
        return x * x * x * scale

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * 3 * x * x * ctx.scale, None


def test_a_custom_function_is_recorded_as_one_operation(device):
    x = leaf([1.0, 2.0])
    y = Cube.apply(x, 2.0)
    assert y.grad_fn.op.name == "Cube"
    y.sum().backward()
    assert x.grad.numpy().tolist() == [6, 24]
    with ct.no_grad():
        assert not Cube.apply(x, 1.0).requires_grad
    assert not Cube.apply(x.detach(), 1.0).requires_grad


def test_a_custom_function_is_differentiable_twice(device):
    x = leaf([1.0, 2.0])
    (g,) = ct.grad(Cube.apply(x, 1.0).sum(), x, create_graph=True)
    g.sum().backward()
    assert x.grad.numpy().tolist() == [6, 12]


def test_a_custom_function_must_answer_for_each_argument(device):
    class Short(ct.Function):
        forward = staticmethod(lambda ctx, a, b: a * b)
        backward = staticmethod(lambda ctx, g: g)

    class Nothing(ct.Function):
        forward = staticmethod(lambda ctx, a: None)

    x = leaf([1.0])
    with pytest.raises(GradientError, match="Short: backward returned 1 gradients for 2"):
        Short.apply(x, x).backward()
    with pytest.raises(GradientError, match="Nothing: forward must return one tensor"):
        Nothing.apply(x)


# ------------------------------------------------------------------- values that change


CHANGES = {
    "item": lambda v: v.data.__setitem__(0, 9.0),
    "in place": lambda v: v.data.mul_(2),
    "add": lambda v: v.data.add_(1),
    "zero": lambda v: v.data.zero_(),
}


@pytest.mark.parametrize("change", CHANGES)
def test_an_in_place_change_of_a_saved_value_is_an_error(device, change, mode):
    x = leaf([1.0, 2.0])
    for make in (lambda v: v * v, ct.exp, lambda v: Cube.apply(v, 1.0)):
        y = x * 1
        z = make(y)
        CHANGES[change](z if make is ct.exp else y)
        with pytest.raises(GradientError, match=r"changed in place since.*\.clone\(\)"):
            z.sum().backward()
        assert x.grad is None


def test_a_change_of_what_nobody_saved_is_fine(device):
    x = leaf([1.0, 2.0])
    y = x + 1
    z = y * 2
    y.data.zero_()
    z.sum().backward()
    assert x.grad.numpy().tolist() == [2, 2]


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


def test_each_gradient_owns_its_elements(device, mode):
    x, y, seed = leaf([1.0, 2.0]), leaf([3.0, 4.0]), ct.tensor([5.0, 6.0])
    (x + y).backward(seed)
    x.grad.zero_()
    x.grad.data[0] = 7.0
    assert x.grad.numpy().tolist() == [7, 0]
    assert y.grad.numpy().tolist() == [5, 6]
    assert seed.numpy().tolist() == [5, 6]
