"""Custom functions: recorded as one operation, of one or several results, checked."""

import re
import weakref

import pytest
from leaves import Cube, leaf

import cltensor as ct
from cltensor.autograd.function import Function, once_differentiable
from cltensor.errors import GradientError, ShapeError


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
    with pytest.raises(GradientError, match="Nothing: forward must return tensors, not a NoneType"):
        Nothing.apply(x)


class SumAndProduct(ct.Function):
    """a + b and a * b; what backward gets is noted in `got`."""

    got = ()

    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return a + b, a * b

    @staticmethod
    def backward(ctx, g_sum, g_product):
        a, b = ctx.saved_tensors
        SumAndProduct.got = g_sum, g_product
        return g_sum + g_product * b, g_sum + g_product * a


def test_several_results(device):
    a, b = leaf([2.0, 3.0]), leaf([5.0, 7.0])
    total, product = SumAndProduct.apply(a, b)
    assert total.tolist() == [7, 10]
    (total * 10 + product).sum().backward()
    assert a.grad.tolist() == [15, 17]
    assert b.grad.tolist() == [12, 13]
    a.grad = b.grad = None
    SumAndProduct.apply(a, b)[1].sum().backward()
    assert SumAndProduct.got[0].tolist() == [0, 0]  # of the result that was not used
    assert a.grad.tolist() == [5, 7]


def test_results_that_nobody_differentiates(device):
    class Positive(ct.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.set_materialize_grads(False)
            mask = (x > 0).astype("float32")
            ctx.mark_non_differentiable(mask)
            ctx.save_for_backward(mask)
            return x * mask, mask, x * 2

        @staticmethod
        def backward(ctx, g, g_mask, g_twice):
            assert g_mask is None
            assert g_twice is None
            return g * ctx.saved_tensors[0]

    x = leaf([1.0, -2.0])
    y, mask, _ = Positive.apply(x)
    assert y.requires_grad
    assert not mask.requires_grad
    y.sum().backward()
    assert x.grad.tolist() == [1, 0]


def test_an_argument_changed_in_place_takes_a_new_place(device):
    class Double(ct.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.mark_dirty(x)
            return x.mul_(2)

        @staticmethod
        def backward(ctx, g):
            return g * 2

    x = leaf([1.0, 2.0])
    y = x + 1
    assert Double.apply(y) is y
    assert y.tolist() == [4, 6]
    assert y.grad_fn.op.name == "Double"
    y.sum().backward()
    assert x.grad.tolist() == [2, 2]


def test_an_argument_that_is_returned_keeps_its_own_place(device):
    class Same(ct.Function):
        forward = staticmethod(lambda ctx, x: x)
        backward = staticmethod(lambda ctx, g: g * 5)

    x = leaf([1.0, 2.0])
    y = Same.apply(x)
    assert y is not x
    assert x.is_leaf
    y.sum().backward()
    assert x.grad.tolist() == [5, 5]


def test_a_derivative_that_cannot_be_differentiated_again(device):
    class Square(ct.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        @once_differentiable
        def backward(ctx, g):
            return g * 2 * ctx.saved_tensors[0]

    x = leaf([1.0, 2.0])
    Square.apply(x).sum().backward()
    assert x.grad.tolist() == [2, 4]
    (g,) = ct.grad(Square.apply(x).sum(), x, create_graph=True)
    with pytest.raises(GradientError, match="Square is marked once_differentiable"):
        g.sum().backward()


def test_what_is_saved_are_tensors(device):
    class Saves(ct.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x, None, 3)
            return x * 3

    with pytest.raises(GradientError, match="Saves: save_for_backward takes tensors or None, not"):
        Saves.apply(leaf([1.0]))


def test_a_gradient_must_be_a_tensor(device):
    class Number(ct.Function):
        forward = staticmethod(lambda ctx, x: x * 3)
        backward = staticmethod(lambda ctx, g: 3.0)

    with pytest.raises(GradientError, match=r"Number: backward returned 3.0 as a gradient, not"):
        Number.apply(leaf([1.0])).backward()


class Given(Function):
    """Gives back what it is told to."""

    @staticmethod
    def forward(ctx, x, y, gradient):
        ctx.gradient = gradient
        return x * 2

    @staticmethod
    def backward(ctx, g):
        return ctx.gradient, ct.ones(7), None


@pytest.mark.parametrize("shape", [(2,), (), (3, 2), (4, 3)])
def test_a_gradient_has_the_shape_of_its_argument(device, shape):
    x = ct.ones(4, requires_grad=True)
    told = f"Given: backward returned a gradient of shape {shape} for argument 0, which has shape"
    with pytest.raises(ShapeError, match=re.escape(told)):
        Given.apply(x, ct.ones(2), ct.ones(shape)).sum().backward()
    assert x.grad is None
    Given.apply(x, ct.ones(2), ct.ones(3, 4)).sum().backward()  # a broadcast one is summed
    assert x.grad.tolist() == [3.0] * 4


def test_a_leaf_changed_in_place_is_refused():
    class A(ct.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.mark_dirty(x.mul_(3))
            return x

    with pytest.raises(GradientError, match="A: a leaf that requires a gradient"):
        A.apply(leaf([1.0, 2.0]))


def test_a_graph_with_a_saved_result_is_freed_at_once():
    class A(ct.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            y = x.exp()
            ctx.save_for_backward(y)
            return y

        @staticmethod
        def backward(ctx, g):
            return g * ctx.saved_tensors[0]

    ref = weakref.ref(A.apply(leaf([1.0, 2.0])).grad_fn)
    assert ref() is None


def test_what_a_function_saved_is_released_by_the_first_backward():
    x = leaf([2.0])
    y = Cube.apply(x, 1.0)
    y.sum().backward(retain_graph=True)
    y.sum().backward()
    assert x.grad.tolist() == [24]
    with pytest.raises(GradientError, match="Cube was already used.*retain_graph=True"):
        y.sum().backward()
    assert x.grad.tolist() == [24]
