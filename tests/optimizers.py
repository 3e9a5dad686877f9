"""The optimizers under test with their options, parameters for them, and PyTorch beside them."""

import numpy as np
import pytest

import cltensor as ct
from cltensor import nn, optim

SHAPES = ((3, 4), (5,), ())

RANDOM = np.random.default_rng(8)

SGDS = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.01}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "maximize": True}),
]
ADAMS = [
    ("Adam", {}),
    ("Adam", {"lr": 0.05, "betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.1}),
    ("Adam", {"lr": 0.05, "amsgrad": True}),
    ("Adam", {"lr": 0.05, "maximize": True}),
    ("AdamW", {"lr": 0.05}),
    ("AdamW", {"lr": 0.05, "weight_decay": 0.2, "amsgrad": True}),
]
OTHERS = [
    ("Adadelta", {"weight_decay": 0.1}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.1, "initial_accumulator_value": 0.5}),
    ("Adamax", {"lr": 0.05, "weight_decay": 0.1}),
    ("NAdam", {"lr": 0.05, "momentum_decay": 0.1, "weight_decay": 0.1}),
    ("RAdam", {"lr": 0.05, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("RMSprop", {"momentum": 0.9, "centered": True, "eps": 1e-3}),
    ("Rprop", {"maximize": True}),
    ("ASGD", {"t0": 2, "lambd": 0.1}),
]
#: What PyTorch has not.
OWN = [("Lion", {"weight_decay": 0.1})]
OPTIMIZERS = SGDS + ADAMS + OTHERS + OWN
#: Those whose steps look at whole parameters.
WHOLE = [("Adafactor", {"weight_decay": 0.1}), ("LAMB", {"lr": 0.1})]


def values(*shapes):
    return [RANDOM.standard_normal(s).astype(np.float32) for s in shapes]


def leaves(arrays):
    return [nn.Parameter(ct.tensor(a)) for a in arrays]


def give_gradients(params, arrays):
    for param, array in zip(params, arrays, strict=True):
        param.grad = ct.tensor(array)


def host(params):
    return [p.detach().numpy() for p in params]


def assert_close(found, wanted, **tolerance):
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_allclose(a, b, **tolerance)


def assert_follows(name, rule, shape=(4,), steps=7, **options):
    """The steps are those of rule(p, g, t, state), in double precision; a copy that was resumed
    from the saved state in the middle goes the same way."""
    (start,) = values(shape)
    params, p, state = leaves([start]), start.astype(np.float64), {}
    optimizer = getattr(optim, name)(params, **options)
    for t in range(1, steps + 1):
        (g,) = values(shape)
        give_gradients(params, [g])
        optimizer.step()
        p = rule(p, g.astype(np.float64), t, state)
        if t == steps // 2:
            saved, params = optimizer.state_dict(), leaves(host(params))
            optimizer = getattr(optim, name)(params, **options)
            optimizer.load_state_dict(saved)
    np.testing.assert_allclose(host(params)[0], p, rtol=2e-5, atol=2e-6)


def mean(state, name, new, beta):
    """A running mean in `state` that begins at 0, one step on."""
    state[name] = beta * state.get(name, 0.0) + (1 - beta) * new
    return state[name]


def assert_as_pytorch(name, options, shapes=SHAPES):
    """Steps and states are those of PyTorch's optimizer of this name."""
    torch = pytest.importorskip("torch")
    start = values(*shapes)
    ours = leaves(start)
    theirs = [torch.nn.Parameter(torch.tensor(a)) for a in start]
    a = getattr(optim, name)(ours, **options)
    b = getattr(torch.optim, name)(theirs, **options)
    known = set(a.param_groups[0])
    assert known <= set(b.param_groups[0])
    assert all(a.param_groups[0][k] == b.param_groups[0][k] for k in known - {"params"})

    def step(count):
        for _ in range(count):
            grads = values(*shapes)
            give_gradients(ours, grads)
            for p, g in zip(theirs, grads, strict=True):
                p.grad = torch.tensor(g)
            a.step()
            b.step()
        wanted = [p.detach().numpy() for p in theirs]
        assert_close(host(ours), wanted, rtol=1e-5, atol=1e-6)

    step(5)
    # States travel both ways in the same layout.
    saved, other = a.state_dict(), b.state_dict()
    assert set(saved) == set(other)
    assert list(saved["state"]) == list(other["state"])
    for number, state in saved["state"].items():
        assert set(state) == set(other["state"][number])
        for key, value in state.items():
            its = other["state"][number][key]
            assert np.shape(value) == np.shape(its)
            np.testing.assert_allclose(np.asarray(value), its, rtol=1e-5, atol=1e-6)
    a = getattr(optim, name)(ours, lr=99.0)
    a.load_state_dict(other)
    step(3)
    as_torch = {
        number: {
            k: torch.tensor(v.numpy()) if isinstance(v, ct.Tensor) else v for k, v in s.items()
        }
        for number, s in a.state_dict()["state"].items()
    }
    b.load_state_dict({"state": as_torch, "param_groups": b.state_dict()["param_groups"]})
    step(2)
