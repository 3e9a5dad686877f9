"""SGD: its rule by hand, momentum, and PyTorch where it is installed."""

import numpy as np
import pytest
from optimizers import SGDS, assert_as_pytorch, give_gradients, host, leaves, values

import cltensor as ct
from cltensor import optim


@pytest.mark.parametrize(("name", "options"), SGDS)
def test_as_pytorch(name, options):
    assert_as_pytorch(name, options)


def test_sgd_by_hand():
    params = leaves([np.array([1.0, 2.0], np.float32)])
    optimizer = optim.SGD(params, lr=0.5, momentum=0.5, weight_decay=1.0)
    give_gradients(params, [np.array([1.0, 0.0], np.float32)])
    optimizer.step()
    np.testing.assert_array_equal(host(params)[0], [0, 1])
    give_gradients(params, [np.array([1.0, 0.0], np.float32)])
    optimizer.step()
    # The velocity was (2, 2): it becomes 0.5 * (2, 2) + (1, 1).
    np.testing.assert_array_equal(host(params)[0], [-1, 0])


def test_the_first_velocity_is_not_the_callers_gradient():
    params = leaves([np.zeros(2, np.float32)])
    optimizer = optim.SGD(params, lr=1.0, momentum=1.0)
    give_gradients(params, [np.ones(2, np.float32)])
    optimizer.step()
    params[0].grad.data[0] = 100.0
    give_gradients(params, [np.zeros(2, np.float32)])
    optimizer.step()
    np.testing.assert_array_equal(host(params)[0], [-2, -2])


def test_arguments_are_checked():
    params = leaves(values((2,)))
    with pytest.raises(ValueError, match="SGD: lr is -1; it must not be negative"):
        optim.SGD(params, lr=-1)
    with pytest.raises(ValueError, match="SGD: momentum is -1"):
        optim.SGD(params, momentum=-1)
    with pytest.raises(ValueError, match="SGD: nesterov needs"):
        optim.SGD(params, nesterov=True)


def test_complex_parameters_move_part_by_part(device):
    values = np.array([1 + 2j, -0.5j, 3.0])
    z = ct.tensor(values, dtype="complex64", requires_grad=True)
    parts = ct.view_as_real(z.detach()).clone().requires_grad_()
    for param, function in ((z, lambda: z), (parts, lambda: ct.view_as_complex(parts))):
        optimizer = ct.optim.SGD([param], lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01)
        for _ in range(3):
            optimizer.zero_grad()
            abs(function() ** 2 - 1j).sum().backward()
            optimizer.step()
    np.testing.assert_allclose(ct.view_as_real(z.detach()).numpy(), parts.detach().numpy(), 1e-5)


def test_a_replay_moves_complex_parameters(device):
    z = ct.tensor([1 + 2j, -0.5j], requires_grad=True)
    w = z.detach().clone().requires_grad_()
    first, second = optim.SGD([z], lr=0.1), optim.SGD([w], lr=0.1)

    def step(param, optimizer):
        optimizer.zero_grad()
        abs(param * param - 1).sum().backward()
        optimizer.step()

    replayed = ct.jit(lambda: step(z, first))
    for k in range(5):
        for optimizer in (first, second):
            optimizer.param_groups[0]["lr"] = 0.1 / (k + 1)
        replayed()
        step(w, second)
    np.testing.assert_allclose(z.detach().numpy(), w.detach().numpy(), rtol=1e-5)


def test_optimizers_that_are_not_linear_refuse_complex_parameters(device):
    with pytest.raises(TypeError, match=r"^Adam: a parameter is complex64, .*view_as_complex"):
        ct.optim.Adam([ct.tensor([1j], requires_grad=True)])
