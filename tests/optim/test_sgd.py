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


@pytest.mark.parametrize("name", ["Adam", "Rprop", "ASGD", "Adagrad", "Lion"])
@pytest.mark.parametrize("whole", [True, False])
def test_optimizers_move_complex_numbers_as_their_parts(device, name, whole):
    values = ct.tensor([1 + 2j, -0.5j, 3.0, 1.0])
    z = values.clone() if whole else values[::2]  # a part of a buffer stays where it is
    parts = ct.view_as_real(z).clone().requires_grad_()
    z.requires_grad_()
    found = []
    for param, function in ((z, lambda: z), (parts, lambda: ct.view_as_complex(parts))):
        optimizer = getattr(optim, name)([param], lr=0.1)
        for _ in range(4):
            optimizer.zero_grad()
            abs(function() ** 2 - 1j).sum().backward()
            optimizer.step()
        found.append(optimizer.state[param])
    assert ct.view_as_real(z.detach()).tolist() == parts.detach().tolist()
    for key, value in found[0].items():
        if isinstance(value, ct.Tensor):
            assert value.dtype == "complex64"
            assert ct.view_as_real(value).tolist() == found[1][key].tolist()


def test_a_parameter_that_is_frozen_moves_by_the_gradient_it_has(device):
    x, y = ct.ones(2, requires_grad=True), ct.ones(2, requires_grad=True)
    optimizer = ct.optim.SGD([x, y], lr=0.5)
    (x * 2 + y * 4).sum().backward()
    x.requires_grad_(False)
    optimizer.step()
    assert (x.tolist(), y.tolist()) == ([0, 0], [-1, -1])
    optimizer.zero_grad()
    assert x.grad is None
    optimizer.step()
    assert x.tolist() == [0, 0]
