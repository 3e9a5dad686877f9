"""Activations, at extreme values too."""

import numpy as np
import pytest
from layers import host
from tabled import check_case

import cltensor as ct
from cltensor.autograd import Variable
from cltensor.errors import DTypeError, ShapeError
from cltensor.nn import functional as F

#: (call, shapes of its operands, results, gradients), PyTorch's.
CASES = [
    (
        lambda x: F.celu(x, 0.5),
        [(2, 3)],
        [[-0.4849, 0.75, -0.4849, -0.38843, -0.31606, -0.43233]],
        [[-0.052845, 0.75, -0.052845, -0.16735, -0.18394, -0.13534]],
    ),
    (
        lambda x: F.selu(x),
        [(2, 3)],
        [[-1.4526, 0.78803, -1.4526, -0.92763, -0.69176, -1.1113]],
        [[-0.53465, 0.78803, -0.53465, -0.62285, -0.53317, -0.64677]],
    ),
    (
        lambda x: F.hardshrink(x, 0.6),
        [(2, 3)],
        [[-1.75, 0.75, -1.75, -0.75, 0, -1]],
        [[-1.75, 0.75, -1.75, -0.75, 0, -1]],
    ),
    (
        lambda x: F.softshrink(x, 0.6),
        [(2, 3)],
        [[-1.15, 0.15, -1.15, -0.15, 0, -0.4]],
        [[-1.75, 0.75, -1.75, -0.75, 0, -1]],
    ),
    (
        lambda x: F.tanhshrink(x),
        [(2, 3)],
        [[-0.80862, 0.11485, -0.80862, -0.11485, -0.037883, -0.23841]],
        [[-1.5508, 0.30256, -1.5508, -0.30256, -0.10678, -0.58003]],
    ),
    (
        lambda x: F.softsign(x),
        [(2, 3)],
        [[-0.63636, 0.42857, -0.63636, -0.42857, -0.33333, -0.5]],
        [[-0.2314, 0.2449, -0.2314, -0.2449, -0.22222, -0.25]],
    ),
    (
        lambda x: F.hardsigmoid(x),
        [(2, 3)],
        [[0.20833, 0.625, 0.20833, 0.375, 0.41667, 0.33333]],
        [[-0.29167, 0.125, -0.29167, -0.125, -0.083333, -0.16667]],
    ),
    (
        lambda x: F.hardswish(x),
        [(2, 3)],
        [[-0.36458, 0.46875, -0.36458, -0.28125, -0.20833, -0.33333]],
        [[0.14583, 0.5625, 0.14583, -0.1875, -0.16667, -0.16667]],
    ),
    (
        lambda x: F.logsigmoid(x),
        [(2, 3)],
        [[-1.9102, -0.38687, -1.9102, -1.1369, -0.97408, -1.3133]],
        [[-1.4909, 0.24062, -1.4909, -0.50938, -0.31123, -0.73106]],
    ),
    (
        lambda x: F.mish(x),
        [(2, 3)],
        [[-0.27802, 0.61002, -0.27802, -0.27649, -0.22074, -0.3034]],
        [[0.16393, 0.73932, 0.16393, -0.12056, -0.14476, -0.059217]],
    ),
    (
        lambda x, y: F.prelu(x, y),
        [(2, 3, 2), (3,)],
        [[3.0625, 0.75, -1.3125, -0.5625, 0.875, 1.75, 2, 0, 1.5, -1.5, 3.5, 1.5]],
        [
            [3.0625, 0.75, -1.3125, -0.5625, 0.875, 1.75, 2, 0, 1.5, -1.5, 3.5, 1.5],
            [3.0625, 7.625, 5.25],
        ],
    ),
    (
        lambda x: F.rrelu(x),
        [(2, 3)],
        [[-0.40104, 0.75, -0.40104, -0.17188, -0.11458, -0.22917]],
        [[-0.40104, 0.75, -0.40104, -0.17188, -0.11458, -0.22917]],
    ),
    (
        lambda x: F.threshold(x, 0.5, 9.0),
        [(2, 3)],
        [[9, 0.75, 9, 9, 9, 9]],
        [[0, 0.75, 0, 0, 0, 0]],
    ),
    (
        lambda x: F.glu(x, 1),
        [(2, 4)],
        [[-0.25908, 0.24062, -0.4404, -0.5]],
        [[-0.25908, 0.24062, 0.38627, 0.12257, -1.5414, -0.375, 0.091869, 0.1875]],
    ),
    (
        lambda x: F.softmin(x, 1),
        [(2, 3)],
        [[0.48029, 0.039424, 0.48029, 0.3265, 0.25428, 0.41923]],
        [[0.047338, -0.094675, 0.047338, -0.013464, -0.074055, 0.087519]],
    ),
]


@pytest.mark.parametrize(("function", "shapes", "values", "gradients"), CASES)
def test_against_pytorchs_numbers(device, function, shapes, values, gradients):
    check_case(function, shapes, values, gradients)


def test_activations_at_extreme_values():
    x = np.array([-1e4, -100, -1e-3, 0, 1e-3, 100, 1e4, np.inf, -np.inf, np.nan], np.float32)
    v = Variable(ct.tensor(x[:-3]), requires_grad=True)
    for function in (F.relu, F.elu, F.leaky_relu, F.sigmoid, F.tanh, F.softplus, F.gelu, F.silu):
        out = function(v)
        assert np.isfinite(host(out)).all(), function.__name__
        v.grad = None
        out.sum().backward()
        assert np.isfinite(host(v.grad)).all(), function.__name__
    np.testing.assert_array_equal(host(F.relu(ct.tensor(x)))[-3:], [np.inf, 0, np.nan])
    np.testing.assert_array_equal(host(F.hardtanh(ct.tensor(x), -2, 2))[-3:], [2, -2, np.nan])


def test_softmax_of_large_scores():
    out = host(F.softmax(ct.tensor([[1000.0, 1000.0], [-1000.0, 1000.0]]), 1))
    np.testing.assert_allclose(out, [[0.5, 0.5], [0, 1]])


def test_activations_stop_at_their_bounds():
    for function, points, slopes in (
        (F.relu6, [0.0, 3.0, 6.0], [0, 1, 0]),
        (F.hardtanh, [-1.0, 0.0, 1.0], [0, 1, 0]),
        (lambda x: F.softplus(x, 2, -100), [-1.0, 1.0], [1, 1]),
        (lambda x: F.leaky_relu(x, 0.5), [0.0, float("inf"), -float("inf")], [0.5, 1, 0.5]),
    ):
        x = ct.tensor(points, requires_grad=True)
        function(x).sum().backward()
        assert x.grad.tolist() == slopes


def test_changing_the_input(device):
    for function in (F.celu, F.selu, F.hardsigmoid, F.hardswish, F.mish, F.rrelu):
        x = ct.tensor([-1.0, 0.5, 4])
        want = function(x).tolist()
        assert function(x, inplace=True) is x
        assert x.tolist() == want


def test_slopes_drawn_at_random(device):
    x = ct.full((1000,), -1.0)
    found = F.rrelu(x, 0.2, 0.4, training=True).numpy()
    assert -0.4 <= found.min() < -0.38
    assert -0.22 < found.max() <= -0.2


def test_arguments_that_do_not_fit(device):
    with pytest.raises(ShapeError, match="prelu: weight has shape"):
        F.prelu(ct.ones(2, 3), ct.ones(2))
    with pytest.raises(ShapeError, match="glu: axis"):
        F.glu(ct.ones(3))
    with pytest.raises(ValueError, match="softshrink: lambd"):
        F.softshrink(ct.ones(3), -1)


def test_softshrink_hands_the_gradient_of_nan_on(device):
    x = ct.tensor([float("nan"), 0.25, 1.0, -1.0], requires_grad=True)
    y = F.softshrink(x)
    assert y[1:].tolist() == [0, 0.5, -0.5]
    assert y[0].isnan().item()
    y.sum().backward()
    assert x.grad.tolist() == [1, 0, 1, 1]


@pytest.mark.parametrize("dtype", [ct.float32, ct.float16, ct.bfloat16])
def test_gumbel_softmax(device, dtype):
    ct.manual_seed(3)
    chances = ct.tensor([0.1, 0.6, 0.3])
    logits = chances.log().expand(4000, 3).contiguous().to(dtype).requires_grad_()
    hard = F.gumbel_softmax(logits, hard=True)
    assert hard.dtype == dtype
    np.testing.assert_allclose(hard.float().sum(1).tolist(), 1, atol=0.01)
    np.testing.assert_allclose(hard.float().mean(0).tolist(), chances.tolist(), atol=0.03)
    ct.manual_seed(3)
    again = F.gumbel_softmax(logits, 1, True)
    assert again.tolist() == hard.tolist()
    ct.manual_seed(3)
    soft = F.gumbel_softmax(logits)
    assert (soft.argmax(1) == hard.argmax(1)).all().item()
    weights = ct.arange(3.0).to(dtype)
    by_hard = ct.grad((hard * weights).sum(), logits)[0]
    by_soft = ct.grad((soft * weights).sum(), logits)[0]
    assert by_hard.tolist() == by_soft.tolist()
    assert ct.isfinite(by_soft).all().item()


def test_gumbel_softmax_takes_pytorchs_arguments():
    ct.manual_seed(1)
    logits = ct.zeros(5, 2)
    cold = F.gumbel_softmax(logits, tau=0.01, dim=0)
    np.testing.assert_allclose(cold.sum(0).tolist(), 1, rtol=1e-5)
    with pytest.warns(UserWarning, match="eps is deprecated"):
        F.gumbel_softmax(logits, 1, False, 1e-3, -1)
    with pytest.raises(ValueError, match="tau is 0; it must be positive"):
        F.gumbel_softmax(logits, 0)
    with pytest.raises(DTypeError, match="logits are int64"):
        F.gumbel_softmax(ct.arange(3))
    each = ct.func.vmap(lambda x: F.gumbel_softmax(x, hard=True), randomness="different")(logits)
    assert each.sum(1).tolist() == [1] * 5


def test_threshold_keeps_the_dtype():
    found = F.threshold(ct.tensor([1, 2, 3]), 2, 0.0)
    assert found.dtype == ct.int64
    assert found.tolist() == [0, 0, 3]
