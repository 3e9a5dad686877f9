"""Adamax by its rule, and its options."""

import numpy as np
import pytest
from optimizers import assert_follows, leaves, mean, values

from cltensor import optim


def rule(p, g, t, s, lr=2e-3, beta1=0.9, beta2=0.999, eps=1e-8, decay=0.0):
    g = g + decay * p
    m = mean(s, "m", g, beta1)
    s["u"] = np.maximum(beta2 * s.get("u", 0.0), abs(g) + eps)
    return p - lr / (1 - beta1**t) * m / s["u"]


def test_rule():
    assert_follows("Adamax", rule)
    assert_follows(
        "Adamax",
        lambda p, g, t, s: rule(p, -g, t, s, 0.1, 0.8, 0.7, 0.1, 0.1),
        lr=0.1, betas=(0.8, 0.7), eps=0.1, weight_decay=0.1, maximize=True,
    )  # fmt: skip


def test_options_are_checked():
    with pytest.raises(ValueError, match=r"Adamax: betas\[1\] is 1; it must be in"):
        optim.Adamax(leaves(values((2,))), betas=(0.9, 1))
