"""Adagrad by its rule, and its options."""

import numpy as np
import pytest
from optimizers import assert_follows, leaves, values

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


def test_options_are_checked():
    with pytest.raises(ValueError, match="Adagrad: lr_decay is -0.5; it must not be negative"):
        optim.Adagrad(leaves(values((2,))), lr_decay=-0.5)
