"""Anomaly mode: what it tells, and that it is gone when it is off."""

import traceback

import numpy as np
import pytest

import cltensor as ct
from cltensor.autograd.engine import Pass
from cltensor.autograd.graph import Node
from cltensor.core.hooks import Hooks


def line_of(error):
    """All that is printed of an error."""
    return "".join(traceback.format_exception(error))


def test_a_nan_names_the_operation_and_the_line():
    with ct.autograd.detect_anomaly():
        x = ct.tensor([1.0, 0.0], requires_grad=True)
        y = x.sqrt()  # the culprit
        z = (y * 0).sum()
        with pytest.raises(ct.GradientError) as caught:
            z.backward()
    message = str(caught.value)
    assert "sqrt gave NaN in the gradient of 'x'" in message
    assert __file__ in message
    assert "y = x.sqrt()  # the culprit" in message
    assert "test_a_nan_names_the_operation_and_the_line" in line_of(caught.value)


def test_a_loss_that_is_nan_while_no_derivative_is():
    x = ct.tensor([-1.0, 2.0], requires_grad=True)
    with ct.autograd.detect_anomaly(check_nan=False):
        x.log().sum().backward()
    with ct.autograd.detect_anomaly():
        loss = x.log().sum()  # this line
        with pytest.raises(ct.GradientError, match="the loss is NaN; sum was .*# this line"):
            loss.backward()
        x.log().backward(ct.tensor([0.0, 1.0]))  # of several outputs some may not count


def test_without_the_check_a_nan_passes():
    with ct.autograd.detect_anomaly(check_nan=False):
        assert ct.is_anomaly_enabled()
        assert not ct.is_anomaly_check_nan_enabled()
        x = ct.tensor([1.0, 0.0], requires_grad=True)
        (x.sqrt() * 0).sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), [0.0, np.nan])
    assert ct.is_anomaly_check_nan_enabled()


class Broken(ct.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, g):
        raise KeyError("broken")


@pytest.mark.parametrize("check_nan", [True, False])
def test_an_error_keeps_its_type_and_notes_the_line(check_nan):
    with ct.autograd.set_detect_anomaly(True, check_nan):
        x = ct.ones(3, requires_grad=True)
        y = Broken.apply(x).sum()  # here it was used
        with pytest.raises(KeyError) as caught:
            y.backward()
    text = line_of(caught.value)
    assert "Broken was recorded at" in text
    assert "y = Broken.apply(x).sum()  # here it was used" in text


class Picking(ct.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 1

    @staticmethod
    def backward(ctx, g):
        return g[ct.tensor([0, 1, 7])]


def test_a_fault_that_the_device_meets_is_told_where_it_is_met():
    with ct.autograd.detect_anomaly(check_nan=False):
        x = ct.ones(3, requires_grad=True)
        y = Picking.apply(x)  # whose derivative picks what is not there
        with pytest.raises(ct.IndexingError, match="index 7 is out of range") as caught:
            y.sum().backward()
        assert "# whose derivative picks what is not there" in line_of(caught.value)
        picked = x[ct.tensor([0, 7])].sum()
        with pytest.raises(ct.IndexingError, match="index 7 is out of range") as caught:
            picked.backward()
    assert not hasattr(caught.value, "__notes__")  # it was met before


def test_in_a_second_derivative_both_lines_are_told():
    with ct.autograd.detect_anomaly():
        x = ct.tensor(0.0, requires_grad=True)
        y = ct.pow(x, 1.5)  # the first line
        (g,) = ct.autograd.grad(y, x, create_graph=True)  # the second line
        with pytest.raises(ct.GradientError) as caught:
            ct.autograd.grad(g * 0, x)
    message = str(caught.value)
    assert "# the second line" in message
    assert "in the backward of: pow" in message
    assert "# the first line" in message


def test_what_was_recorded_before_is_said_to_be():
    x = ct.tensor(0.0, requires_grad=True)
    y = x.sqrt() * 0
    with (
        ct.autograd.detect_anomaly(),
        pytest.raises(ct.GradientError, match="recorded before anomaly mode was on"),
    ):
        y.backward()


def test_it_is_off_afterwards_and_nests():
    made = Node.__init__
    assert not ct.is_anomaly_enabled()
    with ct.autograd.detect_anomaly():
        assert Node.__init__ is not made
        with ct.autograd.set_detect_anomaly(False):
            assert not ct.is_anomaly_enabled()
            assert Node.__init__ is made
        assert ct.is_anomaly_enabled()
    assert not ct.is_anomaly_enabled()
    assert Node.__init__ is made
    assert Pass.watched is None
    ct.autograd.set_detect_anomaly(True)
    try:
        assert ct.is_anomaly_enabled()
    finally:
        ct.autograd.set_detect_anomaly(False)
    with pytest.raises(ZeroDivisionError), ct.autograd.detect_anomaly():
        raise ZeroDivisionError
    assert not ct.is_anomaly_enabled()


@pytest.mark.parametrize(
    "context", [ct.autograd.detect_anomaly, lambda: ct.autograd.set_detect_anomaly(True)]
)
def test_threads_leave_it_in_any_order(context):
    made, observed = Node.__init__, Hooks.observed
    first, second = context(), context()
    first.__enter__()
    second.__enter__()
    assert ct.is_anomaly_enabled()
    first.__exit__(None, None, None)
    assert ct.is_anomaly_enabled()
    second.__exit__(None, None, None)
    assert not ct.is_anomaly_enabled()
    assert (Node.__init__, Hooks.observed) == (made, observed)


def test_turning_it_on_inside_a_context_ends_with_that():
    with ct.autograd.set_detect_anomaly(False):
        ct.autograd.set_detect_anomaly(True)
        assert ct.is_anomaly_enabled()
    assert not ct.is_anomaly_enabled()


def test_nodes_are_made_as_their_class_says():
    assert Node.__init__.__code__.co_filename.endswith("graph.py")  # nothing around it


def test_gradients_are_those_without_it():
    x = ct.tensor([0.5, 2.0], requires_grad=True)
    y = ct.tensor([3, 4])  # integers among the operands have no gradient
    with ct.autograd.detect_anomaly():
        values, _ = (x * y).exp().sort()
        values.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), [3 * np.exp(1.5), 4 * np.exp(8.0)], rtol=1e-6)


def test_inside_vmap():
    with ct.autograd.detect_anomaly():
        rows = ct.func.jacrev(ct.sin)(ct.tensor([0.5, 1.0]))
        np.testing.assert_allclose(rows.numpy(), np.diag(np.cos([0.5, 1.0])), rtol=1e-6)
        with pytest.raises(ct.GradientError, match="sqrt gave NaN"):
            ct.func.vmap(ct.func.grad(lambda x: x.sqrt() * 0))(ct.tensor([1.0, 0.0]))
