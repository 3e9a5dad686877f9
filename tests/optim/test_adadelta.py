"""Adadelta by its rule, and its options."""

import numpy as np
import pytest
from optimizers import assert_follows, leaves, mean, values

from cltensor import optim


def rule(p, g, t, s, lr=1.0, rho=0.9, eps=1e-6, decay=0.0):
    g = g + decay * p
    v = mean(s, "v", g * g, rho)
    d = np.sqrt(s.get("u", 0.0) + eps) / np.sqrt(v + eps) * g
    mean(s, "u", d * d, rho)
    return p - lr * d


def test_rule():
    assert_follows("Adadelta", rule)
    assert_follows(
        "Adadelta",
        lambda p, g, t, s: rule(p, -g, t, s, 0.5, 0.8, 1e-3, 0.1),
        lr=0.5, rho=0.8, eps=1e-3, weight_decay=0.1, maximize=True,
    )  # fmt: skip


def test_options_are_checked():
    with pytest.raises(ValueError, match=r"Adadelta: rho is 1.1; it must be in \[0, 1\]"):
        optim.Adadelta(leaves(values((2,))), rho=1.1)
