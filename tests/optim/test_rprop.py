"""Rprop by its rule, and its options."""

import numpy as np
import pytest
from optimizers import assert_follows, leaves, values

from cltensor import optim


def rule(p, g, t, s, lr=0.01, etas=(0.5, 1.2), sizes=(1e-6, 50)):
    sign = np.sign(g * s.get("g", 0.0))
    size = s.get("size", lr) * np.where(sign > 0, etas[1], np.where(sign < 0, etas[0], 1.0))
    s["size"] = np.clip(size, *sizes)
    s["g"] = np.where(sign < 0, 0.0, g)
    return p - s["size"] * np.sign(s["g"])


def test_rule():
    assert_follows("Rprop", rule, shape=(20,))
    assert_follows(
        "Rprop",
        lambda p, g, t, s: rule(p, -g, t, s, 0.1, (0.2, 3.0), (0.05, 0.5)),
        shape=(20,), lr=0.1, etas=(0.2, 3.0), step_sizes=(0.05, 0.5), maximize=True,
    )  # fmt: skip


def test_options_are_checked():
    params = leaves(values((2,)))
    with pytest.raises(ValueError, match=r"Rprop: etas is \(1.0, 0.5\); the first must be in"):
        optim.Rprop(params, etas=(1.0, 0.5))
    with pytest.raises(TypeError, match="Rprop: step_sizes is 3; give two numbers"):
        optim.Rprop(params, step_sizes=3)
