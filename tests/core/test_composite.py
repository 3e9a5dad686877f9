"""Declared functions: what @composite and @creator add to them."""

import types

import numpy as np
import pytest

import cltensor as ct
from cltensor.core.composite import composite, creator, gather, is_public
from cltensor.core.tensor import Tensor
from cltensor.errors import DTypeError, ShapeError


@composite
def scaled(x: Tensor, other: Tensor | None = None, axis: int = 0, *, factor: float = 2.0) -> Tensor:
    """factor * x, plus other."""
    return x * factor if other is None else x * factor + other


@composite(method=False)
def shaped(x: Tensor, *shape: int) -> tuple[int, ...]:
    """The sizes given."""
    return shape


@creator
def threes(*size: int) -> Tensor:
    """Threes."""
    return ct.full(size, 3.0)


def test_operands_that_are_no_tensors_are_refused_by_name(device):
    x = ct.ones(2)
    with pytest.raises(
        DTypeError, match=r"^scaled: x is \[1.0\]|^scaled: x is a list, not a tensor"
    ):
        scaled([1.0])
    with pytest.raises(DTypeError, match="^scaled: other is a list, not a tensor"):
        scaled(x, other=[1.0])
    assert scaled(x, None).tolist() == [2, 2]


def test_keywords_go_by_every_usual_name(device):
    x = ct.ones(2)
    assert scaled(input=x, other=x, dim=0, factor=3).tolist() == [4, 4]
    with pytest.raises(
        TypeError, match="^scaled: there is no keyword 'nonsense'; it takes x, other"
    ):
        scaled(x, nonsense=1)
    with pytest.raises(TypeError, match="^scaled: .*given twice"):
        scaled(x, x, 0, dim=1)
    assert shaped(x, shape=(1, 2)) == shaped(x, 1, 2) == (1, 2)


def test_results_are_written_into_out(device):
    x, out = ct.ones(2), ct.zeros(2)
    assert scaled(x, out=out) is out
    assert out.tolist() == [2, 2]
    with pytest.raises(ShapeError, match=r"^scaled: out has shape .*3.*, the result .*2"):
        scaled(x, out=ct.zeros(3))


def test_what_makes_tensors_takes_the_keywords_of_all_that_do(device):
    assert threes(2, requires_grad=True).requires_grad
    assert threes(size=(1, 2)).shape == (1, 2)
    out = ct.zeros(2)
    assert threes(2, out=out) is out
    assert out.tolist() == [3, 3]


def test_public_functions_are_gathered_under_their_names():
    module = types.ModuleType("m")
    vars(module).update(scaled_=scaled, _own=scaled, plain=len)
    assert gather([module]) == {"scaled": scaled}
    assert is_public(ct.exp)
    assert not is_public(len)
    other = types.ModuleType("n")
    other.scaled = shaped
    with pytest.raises(ValueError, match="n: scaled is declared twice"):
        gather([module, other])


def test_an_unknown_keyword_is_answered_with_all_that_there_are(device):
    x = ct.ones(2, 3)
    for call, accepted in (
        (lambda: ct.sum(x, dm=0), "x, axis, keepdims, dtype, out"),
        (lambda: x.exp(oot=x), "x, out"),
        (lambda: x.add(1, beta=2), "a, b, alpha, out"),
        (lambda: ct.softmax(x, dm=0), "x, axis, dtype, out"),
        (lambda: x.numel(axis=0), "x"),
        (lambda: ct.from_numpy(np.ones(2), dtype=1), "array, device, requires_grad, out"),
    ):
        with pytest.raises(
            TypeError, match=rf"there is no keyword '\w+'; it takes {accepted}(?!, out)"
        ):
            call()


def test_a_missing_argument_is_named_with_its_function():
    with pytest.raises(TypeError, match=r"^sum\(\) missing 1 required positional argument: 'x'"):
        ct.sum()
