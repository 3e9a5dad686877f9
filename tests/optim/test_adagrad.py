"""Adagrad by its rule, and its options."""

import numpy as np
import pytest
from optimizers import assert_follows, leaves, values

import cltensor as ct
from cltensor import optim


def rule(p, g, t, s, lr=0.01, lr_decay=0.0, decay=0.0, first=0.0, eps=1e-10):
    g = g + decay * p
    s["sum"] = s.get("sum", first) + g * g
    return p - lr / (1 + (t - 1) * lr_decay) * g / (np.sqrt(s["sum"]) + eps)


def test_rule():
    assert_follows("Adagrad", rule)
    assert_follows(
        "Adagrad",
        lambda p, g, t, s: rule(p, -g, t, s, 0.1, 0.2, 0.1, 0.5, 1e-3),
        lr=0.1, lr_decay=0.2, weight_decay=0.1, initial_accumulator_value=0.5, eps=1e-3,
        maximize=True,
    )  # fmt: skip


def test_the_state_is_there_before_the_first_step():
    x, z = ct.ones(2, requires_grad=True), ct.zeros(1, dtype="complex64", requires_grad=True)
    optimizer = optim.Adagrad([x], lr=1.0, initial_accumulator_value=3.0, eps=0)
    optimizer.add_param_group({"params": z, "initial_accumulator_value": 0.5})
    saved = optimizer.state_dict()["state"]
    assert [state["step"] for state in saved.values()] == [0, 0]
    assert [state["sum"].tolist() for state in saved.values()] == [[3, 3], [0.5 + 0.5j]]
    saved[0]["sum"].fill_(8.0)
    x.grad = ct.ones(2)
    optimizer.step()
    assert optimizer.state[x]["sum"].tolist() == [9, 9]
    assert [optimizer.state[p]["step"] for p in (x, z)] == [1, 0]
    np.testing.assert_allclose(x.tolist(), [1 - 1 / 3] * 2, rtol=1e-6)


def test_options_are_checked():
    with pytest.raises(ValueError, match="Adagrad: lr_decay is -0.5; it must not be negative"):
        optim.Adagrad(leaves(values((2,))), lr_decay=-0.5)
