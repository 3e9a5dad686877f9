"""Python's operators, and the methods that Tensor and Variable share."""

import operator

import numpy as np
import pytest

import cltensor as ct
from cltensor.errors import DTypeError, ShapeError


@pytest.fixture
def x(device):
    return ct.tensor(np.arange(6, dtype="float32").reshape(2, 3))


OPERATORS = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
    "<<": operator.lshift,
    ">>": operator.rshift,
}


@pytest.mark.parametrize("symbol", OPERATORS)
def test_python_operators_both_ways(device, symbol):
    function = OPERATORS[symbol]
    a, b = np.array([6, -7, 5, 2], "int32"), np.array([3, 2, -1, 2], "int32")
    if symbol in ("<<", ">>"):
        b = np.abs(b)
    x, y = ct.tensor(a), ct.tensor(b)
    want = function(a, b)
    for got in (function(x, y), function(ct.Variable(x), y), function(x, ct.Variable(y))):
        np.testing.assert_allclose(got.numpy(), want, rtol=1e-6)
    np.testing.assert_allclose(function(x, 2).numpy(), function(a, 2), rtol=1e-6)
    np.testing.assert_allclose(function(9, y).numpy(), function(9, b), rtol=1e-6)


def test_unary_operators(device):
    x = ct.tensor([-1.5, 0.0, 2.0])
    assert (-x).numpy().tolist() == [1.5, 0, -2]
    assert (+x).numpy().tolist() == [-1.5, 0, 2]
    assert abs(x).numpy().tolist() == [1.5, 0, 2]
    assert (~(x > 0)).numpy().tolist() == [True, True, False]
    assert (~ct.tensor([0, 5])).numpy().tolist() == [-1, -6]


def test_comparison_with_none_is_by_identity(device):
    x = ct.ones(2)
    assert (x == None) is False  # noqa: E711
    assert (x != None) is True  # noqa: E711
    assert None not in [x]
    with pytest.raises(DTypeError, match="less: cannot combine a tensor with a NoneType"):
        x < None  # noqa: B015


def test_membership_and_divmod(device):
    values = ct.tensor([7, -7, 3])
    assert 3 in values
    assert 4 not in values
    assert None not in values
    for quotient, rest in (divmod(values, 2), divmod(2, values), divmod(values, values)):
        assert isinstance(quotient, ct.Tensor)
        assert isinstance(rest, ct.Tensor)
    assert [part.tolist() for part in divmod(values, 2)] == [[3, -4, 1], [1, 1, 1]]
    assert [part.tolist() for part in divmod(2, values)] == [[0, -1, 0], [2, -5, 2]]


def test_numpy_leaves_operators_to_us(x):
    with pytest.raises(
        DTypeError, match=r"add: cannot combine a tensor with a ndarray .*ct\.tensor"
    ):
        np.ones(3) + x
    with pytest.raises(ValueError, match="copy=False is impossible"):
        x.__array__(copy=False)


def test_properties_that_transpose(x):
    assert x.T.tolist() == x.mT.tolist() == x.numpy().T.tolist()
    assert ct.ones(2, 3, 4).mT.shape == (2, 4, 3)
    assert not x.T.is_contiguous
    with pytest.raises(ShapeError, match="t: takes at most two dimensions"):
        ct.ones(2, 3, 4).T  # noqa: B018


def test_augmented_assignment_rebinds(device):
    x = ct.ones(2)
    y = x
    x += 1
    x *= ct.ones(3, 2)
    assert x.shape == (3, 2)
    assert y.tolist() == [1, 1]


def test_every_method_is_documented_and_a_function():
    from cltensor.operators import METHODS

    for name in METHODS:
        assert callable(getattr(ct.Tensor, name)), name
        assert getattr(ct.Tensor, name).__doc__, name
        assert getattr(ct.Variable, name) is getattr(ct.Tensor, name), name
