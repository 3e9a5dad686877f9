"""ASGD by its rule, its mean of the weights, and its options."""

import numpy as np
import pytest
from optimizers import assert_follows, leaves, values

import cltensor as ct
from cltensor import optim


def rule(p, g, t, s, lr=0.01, lambd=1e-4, alpha=0.75, t0=1e6, decay=0.0):
    g = g + decay * p
    eta, mu = s.get("eta", lr), s.get("mu", 1.0)
    p = p * (1 - lambd * eta) - eta * g
    s["ax"] = s.get("ax", 0.0) + mu * (p - s.get("ax", 0.0))
    s["eta"], s["mu"] = lr / (1 + lambd * lr * t) ** alpha, 1 / max(1, t - t0)
    return p


def test_rule():
    assert_follows("ASGD", rule)
    assert_follows(
        "ASGD",
        lambda p, g, t, s: rule(p, -g, t, s, 0.1, 0.5, 0.6, 2, 0.1),
        lr=0.1, lambd=0.5, alpha=0.6, t0=2, weight_decay=0.1, maximize=True,
    )  # fmt: skip


def test_the_mean_is_in_the_state():
    (start,), s = values((3,)), {}
    params = leaves([start])
    optimizer = optim.ASGD(params, lr=0.1, t0=2)
    p = start.astype(np.float64)
    for t in range(1, 7):
        (g,) = values((3,))
        params[0].grad = ct.tensor(g)
        optimizer.step()
        p = rule(p, g, t, s, lr=0.1, t0=2)
    np.testing.assert_allclose(optimizer.state[params[0]]["ax"].numpy(), s["ax"], rtol=1e-5)
    assert optimizer.state[params[0]]["mu"] == 0.25


def test_options_are_checked():
    with pytest.raises(ValueError, match="ASGD: weight_decay is -1; it must not be negative"):
        optim.ASGD(leaves(values((2,))), weight_decay=-1)
