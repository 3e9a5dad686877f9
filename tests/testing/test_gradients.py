"""gradcheck and gradgradcheck: right rules pass, wrong ones are named by input and element."""

import numpy as np
import pytest
from leaves import leaf

import cltensor as ct
from cltensor.core.declare import pointwise
from cltensor.core.op import OPERATIONS
from cltensor.errors import GradientError
from cltensor.testing import gradcheck, gradgradcheck


@pytest.fixture
def declare():
    """declare(signature, formula, rule, ...) makes an elementwise operation for one test."""
    names = []

    def make(signature, *args, **rules):
        names.append(signature.partition("(")[0])
        return pointwise(signature, *args, **rules)

    yield make
    for name in names:
        OPERATIONS.pop(name, None)


def test_right_rules_pass(device):
    dtype = "float64" if device.fp64 else "float32"
    x, y = leaf([[0.5, 2.0]], dtype), leaf(1.5, dtype)
    assert gradcheck(lambda a, b: a * b + a, [x, y]) is True
    assert gradgradcheck(lambda a, b: a * a * b, [x, y]) is True
    assert x.grad is None
    assert y.grad is None


def test_a_wrong_rule_is_found(fp64, declare):
    wrong = declare("wrong_square(x)", "x * x", dx=lambda g, x: g * x * 2.02)
    with pytest.raises(GradientError, match=r"gradcheck: input 0 at \(0,\)"):
        gradcheck(wrong, [leaf([1.0, 2.0], "float64")])
    hidden = declare("wrong_second(x)", "x * x", dx=lambda g, x: g * 2 * x.detach())
    x = leaf([1.0, 2.0], "float64")
    assert gradcheck(hidden, [x])
    with pytest.raises(GradientError, match="gradcheck"):
        gradgradcheck(hidden, [x])


def test_the_input_the_element_and_both_derivatives_are_named(fp64, declare):
    odd = declare(
        "odd_product(x, y)", "x * y", dx=lambda g, y: g * y, dy=lambda g, x: g * x * (x < 3) * 1.0
    )
    inputs = [leaf([[1.0, 2.0], [3.0, 1.0]], "float64"), leaf([[1.0, 1.0], [1.0, 1.0]], "float64")]
    message = r"gradcheck: input 1 at \(1, 0\): the derivative is 0, differences give [\d.]+$"
    with pytest.raises(GradientError, match=message):
        gradcheck(odd, inputs)


def test_an_operation_that_loses_its_input_is_found(fp64):
    x, y = leaf([1.0, 2.0], "float64"), leaf([3.0, 4.0], "float64")
    with pytest.raises(GradientError, match=r"gradcheck: input 1 at \(0,\): the derivative is 0"):
        gradcheck(lambda a, b: a * b.detach(), [x, y])
    assert gradcheck(lambda a, b: a * 2, [x, y])  # independent of b, and so say the differences


def test_plain_inputs_are_passed_on_and_not_checked(device):
    seen = []

    def function(x, factor, shift):
        seen.append((factor, shift.shape))
        return x * factor + shift.detach()

    dtype = "float64" if device.fp64 else "float32"
    frozen = ct.Variable(ct.ones(2, dtype=dtype))
    assert gradcheck(function, [leaf([1.0, 2.0], dtype), 3, frozen])
    assert set(seen) == {(3, (2,))}


def test_zero_dimensional_and_empty_inputs(device):
    dtype = "float64" if device.fp64 else "float32"
    assert gradcheck(lambda x: x * x, [leaf(1.5, dtype)])
    assert gradcheck(lambda x: x * x, [leaf(np.zeros((0, 2)), dtype)])


def test_tolerances_may_be_given(fp64, declare):
    rough = declare("rough_triple(x)", "x * 3", dx=lambda g: g * 3.01)
    x = leaf([1.0], "float64")
    with pytest.raises(GradientError):
        gradcheck(rough, [x])
    assert gradcheck(rough, [x], rtol=0.01)
    assert gradcheck(rough, [x], atol=0.1)
    steep = lambda x: x**3  # noqa: E731
    with pytest.raises(GradientError):
        gradcheck(steep, [x], eps=0.5)


def test_float32_is_checked_coarsely(device, declare):
    assert gradcheck(lambda x: x * x, [leaf([1.0, -2.0])])
    wrong = declare("wrong_double(x)", "x * 2", dx=lambda g: g * 2.5)
    with pytest.raises(GradientError, match="input 0"):
        gradcheck(wrong, [leaf([1.0])])


@pytest.mark.parametrize("tool", [gradcheck, gradgradcheck])
def test_gradcheck_needs_an_input_to_check(device, tool):
    for inputs in ([], [ct.ones(2)], [ct.Variable(ct.ones(2))]):
        with pytest.raises(GradientError, match="no input requires a gradient"):
            tool(ct.exp, inputs)


def test_a_bare_tensor_is_one_input(fp64):
    x = leaf([0.5, 2.0], "float64")
    assert gradcheck(ct.exp, x) is True
    assert gradgradcheck(ct.exp, x) is True


def test_all_outputs_of_floating_types_are_checked(fp64, declare):
    x = leaf([0.5, 2.0], "float64")
    assert gradcheck(lambda x: (x * x, ct.argmax(x), ct.exp(x)), x)
    assert gradgradcheck(lambda x: (x * x * x, ct.exp(x)), (x,))
    wrong = declare("wrong_triple(x)", "x * 3", dx=lambda g: g * 3.1)
    with pytest.raises(GradientError, match="input 0"):
        gradcheck(lambda x: (x * x, wrong(x)), x)
    # The two errors cancel if both outputs have the same weight.
    other = declare("other_triple(x)", "x * 3", dx=lambda g: g * 2.9)
    with pytest.raises(GradientError, match="input 0"):
        gradcheck(lambda x: (wrong(x), other(x)), x)


def test_wrong_derivatives_may_be_an_answer(fp64, declare):
    wrong = declare("wrong_half(x)", "x * 0.5", dx=lambda g: g)
    x = leaf([1.0], "float64")
    assert gradcheck(wrong, x, raise_exception=False) is False
    assert gradcheck(ct.exp, x, eps=1e-6, atol=1e-5, rtol=1e-3, nondet_tol=0.0) is True
    bent = declare("bent_square(x)", "x * x", dx=lambda g, x: g * 2 * x.detach())
    assert gradgradcheck(bent, x, raise_exception=False) is False


def test_second_derivatives_in_a_given_direction(fp64):
    x = leaf([1.0, 3.0], "float64")
    direction = ct.tensor(np.array([2.0, 0.0]))
    assert gradgradcheck(lambda x: x * x * x, x, direction)
    assert gradgradcheck(lambda x: (x * x, ct.exp(x)), x, (direction, direction))


def test_a_second_pass_that_differs_is_found(fp64, declare):
    factors = iter((1.0, 1.0, 1.5))
    shaky = declare("shaky(x)", "x", dx=lambda g: g * next(factors))
    x = leaf([1.0], "float64")
    assert gradcheck(shaky, x)
    with pytest.raises(GradientError, match=r"two backward passes differ by 0\.\d+ .* input 0"):
        gradcheck(shaky, x, nondet_tol=1e-3)


def test_gradcheck_is_in_autograd_too():
    assert ct.autograd.gradcheck is gradcheck
    assert ct.autograd.gradgradcheck is ct.testing.gradgradcheck
