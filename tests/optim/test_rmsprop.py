"""RMSprop by its rule, and its options."""

import numpy as np
import pytest
from optimizers import assert_follows, leaves, mean, values

from cltensor import optim


def rule(p, g, t, s, lr=0.01, alpha=0.99, eps=1e-8, decay=0.0, momentum=0.0, centered=False):
    g = g + decay * p
    v = mean(s, "v", g * g, alpha)
    if centered:
        v = v - mean(s, "a", g, alpha) ** 2
    s["b"] = momentum * s.get("b", 0.0) + g / (np.sqrt(v) + eps)
    return p - lr * s["b"]


def test_rule():
    assert_follows("RMSprop", rule)
    assert_follows(
        "RMSprop",
        lambda p, g, t, s: rule(p, -g, t, s, 0.1, 0.8, 0.1, 0.1, 0.9, True),
        lr=0.1, alpha=0.8, eps=0.1, weight_decay=0.1, momentum=0.9, centered=True, maximize=True,
    )  # fmt: skip


def test_options_are_checked():
    with pytest.raises(ValueError, match="RMSprop: momentum is -1; it must not be negative"):
        optim.RMSprop(leaves(values((2,))), momentum=-1)
