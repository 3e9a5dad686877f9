"""gradcheck and gradgradcheck: they pass right rules and name what is wrong."""

import pytest
from leaves import leaf

import cltensor as ct
from cltensor.errors import GradientError
from cltensor.op import OPERATIONS, pointwise
from cltensor.testing import gradcheck, gradgradcheck


def test_a_wrong_rule_is_found(fp64):
    try:
        wrong = pointwise("wrong_square(x)", "x * x", dx=lambda g, x: g * x * 2.02)
        with pytest.raises(GradientError, match=r"gradcheck: input 0 at \(0,\)"):
            gradcheck(wrong, [leaf([1.0, 2.0], "float64")])
        hidden = pointwise("wrong_second(x)", "x * x", dx=lambda g, x: g * 2 * x.detach())
        x = leaf([1.0, 2.0], "float64")
        assert gradcheck(hidden, [x])
        with pytest.raises(GradientError, match="gradcheck"):
            gradgradcheck(hidden, [x])
    finally:
        OPERATIONS.pop("wrong_square", None)
        OPERATIONS.pop("wrong_second", None)


def test_gradcheck_needs_an_input_to_check(device):
    with pytest.raises(GradientError, match="no input requires a gradient"):
        gradcheck(ct.exp, [ct.ones(2)])
