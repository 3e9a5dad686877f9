"""Clipping gradients by norm and by value."""

import math

import numpy as np
import pytest
from optimizers import give_gradients, leaves, values

import cltensor as ct
from cltensor import nn
from cltensor.autograd import Variable


def test_clip_grad_norm():
    params = leaves(values((3,), (2, 2), (1,)))
    grads = [g * 10 for g in values((3,), (2, 2))]
    give_gradients(params[:2], grads)
    norm = np.sqrt(sum((g.astype(np.float64) ** 2).sum() for g in grads))
    found = nn.utils.clip_grad_norm_(params, 2.0)
    np.testing.assert_allclose(found.item(), norm, rtol=1e-5)
    for p, g in zip(params[:2], grads, strict=True):
        np.testing.assert_allclose(p.grad.numpy(), g * 2 / norm, rtol=1e-4)
    found = nn.utils.clip_grad_norm_(params[0], 100.0, norm_type=math.inf)
    np.testing.assert_allclose(found.item(), np.abs(grads[0]).max() * 2 / norm, rtol=1e-4)
    np.testing.assert_allclose(params[0].grad.numpy(), grads[0] * 2 / norm, rtol=1e-4)
    found = nn.utils.clip_grad_norm_(params[:1], 100.0, norm_type=1)
    np.testing.assert_allclose(found.item(), np.abs(grads[0]).sum() * 2 / norm, rtol=1e-4)
    params[0].grad = Variable(ct.tensor([math.inf, 0, 0]))
    with pytest.raises(ct.GradientError, match="clip_grad_norm_: the norm of the gradients is inf"):
        nn.utils.clip_grad_norm_(params, 1.0, error_if_nonfinite=True)
    assert nn.utils.clip_grad_norm_(params[2:], 1.0) == 0


def test_clip_grad_value():
    params = leaves(values((3,)))
    give_gradients(params, [np.array([-3.0, 0.5, 2.0], np.float32)])
    nn.utils.clip_grad_value_(params, 1.0)
    np.testing.assert_array_equal(params[0].grad.numpy(), [-1, 0.5, 1])


@pytest.mark.parametrize(
    ("norm_type", "norm"),
    [(0, 2.0), (1, 7.0), (2, 5.0), (3, 91 ** (1 / 3)), (math.inf, 4.0), (-math.inf, 0.0)],
)
def test_norms_of_every_type(norm_type, norm):
    """Gradients (-4, 0) and (3,): the norm of their norms."""
    params = leaves([np.zeros(2, np.float32), np.zeros(1, np.float32)])
    give_gradients(params, [np.array([-4.0, 0.0], np.float32), np.array([3.0], np.float32)])
    found = nn.utils.clip_grad_norm_(iter(params), 1.0, norm_type=norm_type, foreach=True)
    np.testing.assert_allclose(found.item(), norm, rtol=1e-5)
    factor = min(1.0, 1 / (norm + 1e-6))
    np.testing.assert_allclose(params[0].grad.numpy(), [-4 * factor, 0], rtol=1e-5)


def test_gradients_are_changed_in_place():
    params = leaves(values((3,)))
    give_gradients(params, [np.array([-3.0, 0.0, 4.0], np.float32)])
    kept = params[0].grad
    nn.utils.clip_grad_norm_(params, 1.0)
    np.testing.assert_allclose(kept.numpy(), [-0.6, 0, 0.8], rtol=1e-5)
    nn.utils.clip_grad_value_(params[0], 0.5, foreach=False)
    np.testing.assert_allclose(kept.numpy(), [-0.5, 0, 0.5], rtol=1e-5)
    assert params[0].grad is kept


def test_without_gradients_the_norm_is_a_tensor():
    assert nn.utils.clip_grad_norm_([], 1.0).item() == 0.0


@pytest.mark.parametrize("name", ["clip_grad_norm_", "clip_grad_value_"])
def test_a_limit_that_is_no_number(name):
    weight = ct.ones(3, requires_grad=True)
    weight.grad = ct.ones(3)
    with pytest.raises(ct.DTypeError, match=f"{name}: .* is 'a'; give a number"):
        getattr(nn.utils, name)([weight], "a")
    assert weight.grad.tolist() == [1.0] * 3


def test_the_older_name_warns():
    params = leaves(values((3,)))
    give_gradients(params, [np.array([-3.0, 0.0, 4.0], np.float32)])
    with pytest.warns(FutureWarning, match="use nn.utils.clip_grad_norm_"):
        found = nn.utils.clip_grad_norm(params, 1.0)
    np.testing.assert_allclose(found.item(), 5, rtol=1e-6)
    np.testing.assert_allclose(params[0].grad.numpy(), [-0.6, 0, 0.8], rtol=1e-5)


def test_a_norm_and_scaling_by_it_apart():
    params = leaves(values((2,), (1,), (3,)))
    give_gradients(params[:2], [np.array([0.0, -3.0], np.float32), np.array([4.0], np.float32)])
    total = nn.utils.get_total_norm([p.grad for p in params[:2]])
    np.testing.assert_allclose(total.item(), 5, rtol=1e-6)
    assert nn.utils.get_total_norm(iter([params[0].grad]), math.inf).item() == 3
    assert nn.utils.get_total_norm(params[0].grad, 1.0).item() == 3
    assert nn.utils.get_total_norm([]).item() == 0
    assert nn.utils.clip_grads_with_norm_(iter(params), 10.0, total) is None
    assert params[1].grad.tolist() == [4]
    nn.utils.clip_grads_with_norm_(params, 1.0, total)
    np.testing.assert_allclose(params[0].grad.numpy(), [0, -0.6], rtol=1e-5)
    with pytest.raises(ct.GradientError, match="get_total_norm: the norm of the gradients is nan"):
        nn.utils.get_total_norm(ct.tensor([math.nan]), error_if_nonfinite=True)
    with pytest.raises(ct.DTypeError, match="clip_grads_with_norm_: total_norm is"):
        nn.utils.clip_grads_with_norm_(params, 1.0, 5.0)


def test_norms_of_complex_and_of_small_floats(device):
    found = nn.utils.get_total_norm([ct.tensor([3 + 4j, 0j]), ct.tensor([12.0])])
    assert found.dtype == ct.float32
    np.testing.assert_allclose(found.item(), 13, rtol=1e-6)
    for dtype in ("float16", "bfloat16"):
        found = nn.utils.get_total_norm(ct.full((4,), 300.0, dtype=dtype))
        assert found.dtype.name == dtype
        assert found.item() == 600
