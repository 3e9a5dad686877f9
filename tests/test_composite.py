"""Declared functions: their operands, keywords, results, and where they are found."""

import types

import pytest

import cltensor as ct
from cltensor.composite import composite, creator, gather, is_public
from cltensor.errors import DTypeError
from cltensor.tensor import Tensor


@composite
def twice_(x: Tensor, axis: int = 0, weight: "Tensor | float" = 1) -> Tensor:
    """Twice x."""
    return x * 2 * weight


@composite(method="only")
def hidden(x: Tensor) -> Tensor:
    return x


@composite(method=False)
def of_two(x: Tensor, other: Tensor | None = None, *, reduction: str = "mean") -> str:
    return reduction


@creator
def made(n: int, device: object = None) -> Tensor:
    return ct.zeros(n)


@creator(method=True)
def made_like(x: Tensor) -> Tensor:
    return ct.zeros(x.shape)


def test_the_name_is_without_underscores():
    assert twice_.__name__ == "twice"
    assert twice_.is_method
    assert twice_.is_function
    assert hidden.is_method
    assert not hidden.is_function
    assert not of_two.is_method


def test_operands_are_checked_by_their_annotation(device):
    x = ct.ones(2)
    assert twice_(x, weight=3).tolist() == [6, 6]
    assert twice_(x, 0, x).tolist() == [2, 2]
    with pytest.raises(DTypeError, match="twice: x is 3, not a tensor"):
        twice_(3)
    with pytest.raises(DTypeError, match="of_two: other is 3, not a tensor"):
        of_two(x, 3)
    assert of_two(x, None) == "mean"


def test_keywords_go_by_any_name_once(device):
    x = ct.ones(2)
    assert twice_(input=x, dim=1).tolist() == [2, 2]
    with pytest.raises(
        TypeError, match="twice: there is no keyword 'bogus'; it takes x, axis, weight"
    ):
        twice_(x, bogus=1)
    with pytest.raises(TypeError, match=r"twice: 'axis' \(as 'dim'\) is given twice"):
        twice_(x, 0, dim=1)
    out = ct.zeros(2)
    assert twice_(x, out=out) is out
    assert out.tolist() == [2, 2]
    with pytest.warns(UserWarning, match="use reduction='sum'"):
        assert of_two(x, size_average=False) == "sum"


def test_creators_take_what_all_of_them_take(device):
    assert made(2, requires_grad=True, pin_memory=True, layout=ct.strided).requires_grad
    assert made_like.is_method
    assert not made.is_method
    out = ct.ones(2)
    assert made(2, out=out) is out
    assert out.tolist() == [0, 0]
    with pytest.raises(TypeError, match="made: names and layouts of storage are not supported"):
        made(2, names=("N",))
    with pytest.raises(TypeError, match="made: there is no keyword 'bogus'"):
        made(2, bogus=1)
    with pytest.raises(DTypeError, match="made_like: x is 3"):
        made_like(3)


def test_what_is_declared_is_gathered():
    module = types.ModuleType("somewhere")
    module.twice_, module._private, module.plain = twice_, hidden, len
    assert gather([module]) == {"twice": twice_}
    assert is_public(ct.exp)
    assert not is_public(len)
    other = types.ModuleType("elsewhere")
    other.twice = hidden
    with pytest.raises(ValueError, match="elsewhere: twice is declared twice"):
        gather([module, other])
