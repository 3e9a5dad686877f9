"""Variables: facts, mixing with Tensors, detaching, assignment, copies and files."""

import copy
import pickle

import numpy as np
import pytest
from leaves import leaf

import cltensor as ct
from cltensor.autograd import Variable
from cltensor.errors import DTypeError, GradientError, ShapeError


def test_facts_of_leaves_and_results(device):
    x = leaf([1.0])
    y = x * 2
    assert x.is_leaf
    assert x.grad_fn is None
    assert not y.is_leaf
    assert y.grad_fn.op.name == "multiply"
    assert y.grad is None
    assert repr(x) == "tensor([1.], requires_grad=True)"
    assert repr(y) == "tensor([2.], grad_fn=<multiply>)"
    assert x.requires_grad_(False) is x
    assert not x.requires_grad
    with pytest.raises(GradientError, match=r"only a leaf can stop .*\.detach\(\)"):
        y.requires_grad = False


def test_only_floats_have_gradients(device):
    with pytest.raises(GradientError, match="a int64 tensor has no gradient"):
        leaf([1, 2])


def test_tensors_record_nothing_and_mix_with_variables(device):
    x, plain = leaf([2.0]), ct.tensor([5.0])
    assert type(plain * 2) is ct.Tensor
    assert not plain.requires_grad
    y = plain * x
    assert isinstance(y, Variable)
    y.backward()
    assert x.grad.item() == 5
    assert not (Variable(plain) * plain).requires_grad


def test_results_without_a_gradient_are_not_recorded(device):
    x = leaf([2.0, -1.0])
    for result in (x > 0, x.argmax(), x.to("int32"), ct.isnan(x)):
        assert isinstance(result, Variable)
        assert not result.requires_grad
    (x * (x > 0)).sum().backward()
    assert x.grad.numpy().tolist() == [1, 0]


def test_detach_cuts_the_graph(device):
    x = leaf([2.0, 3.0])
    (x * x.detach()).sum().backward()
    assert x.grad.numpy().tolist() == [2, 3]
    assert not x.detach().requires_grad
    assert x.detach().numpy().tolist() == [2, 3]


def test_retain_grad_keeps_inner_gradients(device):
    x = leaf([1.0, 2.0])
    y = x * 3
    y.retain_grad()
    (y * y).sum().backward()
    assert y.grad.numpy().tolist() == [6, 12]


def test_numpy_refuses_what_would_lose_the_graph(device):
    x = leaf([1.0])
    for attempt in (x.numpy, lambda: np.asarray(x)):
        with pytest.raises(GradientError, match=r"use \.detach\(\)\.numpy\(\)"):
            attempt()
    with ct.no_grad():
        assert x.numpy().tolist() == [1]


def test_a_gradient_assigned_must_fit(device):
    x = leaf([1.0, 2.0])
    x.grad = ct.tensor([3.0, 4.0])
    x.sum().backward()
    assert x.grad.numpy().tolist() == [4, 5]
    with pytest.raises(ShapeError, match=r"shape \(3,\) does not fit .* \(2,\)"):
        x.grad = ct.ones(3)
    with pytest.raises(GradientError, match="does not require a gradient"):
        Variable(ct.ones(1)).grad = ct.ones(1)


def test_only_a_tensor_can_be_the_data(device):
    x = ct.Variable([1.0])
    with pytest.raises(DTypeError, match="^data: what is assigned is a list, not a tensor"):
        x.data = [2.0]
    assert x.tolist() == [1]


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


def test_leaves_are_copied_and_pickled(device):
    x = leaf([1.0, 2.0])
    (x * 2).sum().backward()
    for twin in (copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert twin.requires_grad
        assert twin.detach().numpy().tolist() == [1, 2]
        with ct.no_grad():
            twin[0] = 9.0
        assert x.detach().numpy().tolist() == [1, 2]
    assert copy.deepcopy(x).grad.numpy().tolist() == [2, 2]
    for attempt in (copy.deepcopy, pickle.dumps):
        with pytest.raises(GradientError, match="only leaves can be"):
            attempt(x * 2)
