"""Custom functions: recorded as one operation, differentiable twice, checked."""

import pytest
from leaves import Cube, leaf

import cltensor as ct
from cltensor.errors import GradientError


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
