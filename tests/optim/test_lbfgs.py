"""LBFGS: minima that are known, its options, and that it goes on from a saved state."""

import copy

import numpy as np
import pytest
from optimizers import leaves

import cltensor as ct
from cltensor import optim

MATRIX = np.array([[3.0, 1.0], [1.0, 2.0]], np.float32)
RIGHT = np.array([1.0, -1.0], np.float32)


def quadratic(optimizer, x, calls=None):
    def closure():
        if calls is not None:
            calls.append(1)
        optimizer.zero_grad()
        loss = 0.5 * (x * ct.tensor(MATRIX).matmul(x)).sum() - (ct.tensor(RIGHT) * x).sum()
        loss.backward()
        return loss

    return closure


@pytest.mark.parametrize("search", [None, "strong_wolfe"])
def test_a_quadratic_function_is_solved(search):
    (x,) = leaves([np.zeros(2, np.float32)])
    optimizer = optim.LBFGS([x], lr=0.5 if search is None else 1, line_search_fn=search)
    calls = []
    for _ in range(3):
        optimizer.step(quadratic(optimizer, x, calls))
    np.testing.assert_allclose(x.tolist(), np.linalg.solve(MATRIX, RIGHT), atol=1e-4)
    assert optimizer.state[x]["func_evals"] == len(calls)


def test_complex_parameters_and_groups():
    z = ct.tensor([1 + 1j], requires_grad=True)
    optimizer = optim.LBFGS([z], line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = (abs(z - (2 - 1j)) ** 2).sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    np.testing.assert_allclose(z.detach().numpy(), [2 - 1j], atol=1e-4)
    with pytest.raises(ValueError, match="LBFGS: there is one group"):
        optimizer.add_param_group({"params": leaves([np.ones(1, np.float32)])})
    with pytest.raises(ValueError, match="LBFGS: line_search_fn is 'other'; use None or"):
        optim.LBFGS([z], line_search_fn="other")


@pytest.mark.parametrize("search", [None, "strong_wolfe"])
def test_states_travel_to_pytorch_and_back(search):
    torch = pytest.importorskip("torch")
    start = np.float32([2.0, -1.0, 0.5])
    (x,), y = leaves([start]), torch.nn.Parameter(torch.tensor(start))
    options = {"lr": 0.5, "max_iter": 2, "line_search_fn": search}
    a, b = optim.LBFGS([x], **options), torch.optim.LBFGS([y], **options)

    def step(optimizer, p):
        def closure():
            optimizer.zero_grad()
            loss = (p**4 + p * p).sum()
            loss.backward()
            return loss

        optimizer.step(closure)

    def as_torch(value):
        if isinstance(value, list):
            return [as_torch(each) for each in value]
        return torch.tensor(value.numpy()) if isinstance(value, ct.Tensor) else value

    def both():
        step(a, x)
        step(b, y)
        np.testing.assert_allclose(x.detach().numpy(), y.detach().numpy(), rtol=1e-4, atol=1e-5)

    for _ in range(2):
        both()
    ours, its = [copy.deepcopy(each.state_dict()["state"][0]) for each in (a, b)]
    assert set(ours) == set(its)
    assert [np.shape(d) for d in ours["old_dirs"]] == [tuple(d.shape) for d in its["old_dirs"]]
    groups = a.state_dict()["param_groups"], b.state_dict()["param_groups"]
    assert set(groups[0][0]) == set(groups[1][0])
    a.load_state_dict({"state": {0: its}, "param_groups": groups[1]})
    b.load_state_dict({
        "state": {0: {name: as_torch(value) for name, value in ours.items()}},
        "param_groups": groups[1],
    })  # fmt: skip
    for _ in range(2):
        both()


def test_a_saved_state_goes_on():
    (x,) = leaves([np.zeros(2, np.float32)])
    optimizer = optim.LBFGS([x], lr=0.1, max_iter=3)
    optimizer.step(quadratic(optimizer, x))
    (y,) = leaves([x.detach().numpy()])
    other = optim.LBFGS([y])
    other.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    optimizer.step(quadratic(optimizer, x))
    other.step(quadratic(other, y))
    assert x.tolist() == y.tolist()
    # max_eval is 3 * 5 // 4: a step calls the closure three times, the first before it moves.
    assert other.state[y]["n_iter"] == 4
    assert other.state[y]["func_evals"] == 6
