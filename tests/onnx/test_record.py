import onnx_models as om
import pytest

import cltensor as ct
from cltensor import nn


class Of(nn.Module):
    """A module of a function of its input and a weight."""

    def __init__(self, function):
        super().__init__()
        self.function = function
        self.w = nn.Parameter(ct.tensor([[1.0, -2.0], [3.0, 4.0]]))

    def forward(self, x):
        return self.function(x, self.w)


X = ct.tensor([[0.5, -1.0], [2.0, 0.25]])


def changed(x, w):
    y = x * 2
    y += w
    y.relu_()
    return y


def shown(x, w):
    return x.exp().detach() * w


def test_changes_in_place_are_new_values():
    assert om.operators(om.written(Of(changed), X)) == ["Mul", "Add", "Relu"]


def test_the_same_elements_are_the_same_value():
    message = om.written(Of(shown), X)
    assert om.operators(message) == ["Exp", "Mul"]
    assert [t.name for t in message.graph.initializer] == ["w"]


def of_a_view(x, w):
    y = x * 2
    y[0].add_(1)
    return y + w


def of_a_key(x, w):
    y = x * 2
    y[0] = 1.0
    return y + w


def of_read(x, w):
    return w * float(x.sum())


def of_branch(x, w):
    return w if x.max() > 0 else x


def of_angle(x, w):
    return ct.atan2(x, w)


def of_random(x, w):
    return x + ct.rand(2, 2)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (of_a_view, "Mul_0 was changed in place by"),
        (of_a_key, "changed in place|in a way that ONNX has not"),
        (of_read, "ReduceSum_0 is read on the host"),
        (of_branch, "is read on the host"),
        (of_angle, "atan2 has no counterpart in ONNX"),
        (of_random, "rand draws random numbers"),
    ],
)
def test_what_a_file_cannot_say_is_refused_by_name(function, message):
    with pytest.raises(ct.DataError, match=f"onnx.export: .*({message})"):
        om.written(Of(function), X)


def test_nothing_is_recorded_afterwards():
    from cltensor.core.hooks import tracers, watchers

    with pytest.raises(ct.DataError):
        om.written(Of(of_angle), X)
    assert not tracers
    assert not watchers


@pytest.mark.parametrize(
    ("function", "told"),
    [
        (lambda x: x[x > 0], "Greater_0 is read on the host"),
        (lambda x: x.masked_select(x > 0), "Greater_0 is read on the host"),
        (lambda x: x.clone().scatter_(1, ct.tensor([[0], [1]]), 9.0), "changed in place by"),
        (lambda x: x.median(1)[0], "median has no counterpart"),
    ],
)
def test_what_would_be_wrong_is_refused_without_a_comparison(function, told):
    class Of(nn.Module):
        def forward(self, x):
            return function(x)

    with pytest.raises(ct.DataError, match=told):
        om.written(Of(), ct.tensor([[0.5, -1.0, 2.0], [3.0, -0.5, 1.0]]), verify=False)


def test_a_change_through_another_tensor_is_called_by_its_name():
    class Of(nn.Module):
        def forward(self, x):
            y = x.clone()
            y[ct.tensor([0])] = 1
            return y

    with pytest.raises(ct.DataError, match="changed in place by setitem"):
        om.written(Of(), ct.ones(2, 2))
