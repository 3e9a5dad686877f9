"""The recorded graph: walking it, releasing it, and what it saved for the backward pass."""

import pytest
from leaves import Cube, leaf

import cltensor as ct
from cltensor.errors import GradientError


def test_graph_can_be_walked():
    x = ct.ones(2, requires_grad=True)
    y = (x * 2).sum()
    assert repr(y.grad_fn) == "<sum>"
    assert repr(y.grad_fn.next_functions[0][0]) == "<multiply>"


def test_retain_graph_allows_a_second_pass(mode):
    x = leaf([1.0, 2.0])
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.numpy().tolist() == [4, 8]
    with pytest.raises(GradientError, match=r"already used and released.*retain_graph=True"):
        y.backward()
    assert x.grad.numpy().tolist() == [4, 8]


def test_a_part_of_a_released_graph_is_an_error_too(device):
    x = leaf([1.0, 2.0])
    shared = x.exp()
    (shared * 2).sum().backward()
    with pytest.raises(GradientError, match="graph of exp was already used"):
        (shared * 3).sum().backward()


CHANGES = {
    "setitem": lambda v: v.data.__setitem__(0, 9.0),
    "mul_": lambda v: v.mul_(2),
    "copy_": lambda v: v[1:].copy_(ct.ones(1)),
    "add_": lambda v: v.data.add_(1),
    "zero_": lambda v: v.detach().zero_(),
}


@pytest.mark.parametrize("change", CHANGES)
def test_an_in_place_change_of_a_saved_value_is_an_error(device, change, mode):
    x = leaf([1.0, 2.0])
    for make in (lambda v: v * v, ct.exp, lambda v: Cube.apply(v, 1.0)):
        y = x * 1
        z = make(y)
        CHANGES[change](z if make is ct.exp else y)
        message = rf"{change} changed it in place since.*\.clone\(\)"
        with pytest.raises(GradientError, match=message):
            z.sum().backward()
        assert x.grad is None


def test_a_change_of_what_nobody_saved_is_fine(device):
    x = leaf([1.0, 2.0])
    y = x + 1
    z = y * 2
    y.data.zero_()
    z.sum().backward()
    assert x.grad.numpy().tolist() == [2, 2]


def test_an_error_names_both_operations(device):
    x = leaf([1.0, 2.0])
    y = x.exp()
    y.add_(1)
    with pytest.raises(GradientError) as caught:
        y.sum().backward()
    assert str(caught.value) == (
        "backward: exp saved 'out' (shape (2,), version 0) for its derivative, and add_ changed it "
        "in place since (version 1); change a copy (.clone()) instead"
    )
