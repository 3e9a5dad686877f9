"""NAdam by its rule, and its options."""

import numpy as np
import pytest
from optimizers import assert_follows, leaves, mean, values

from cltensor import optim


def rule(p, g, t, s, lr=2e-3, beta1=0.9, beta2=0.999, eps=1e-8, decay=0.0, fall=4e-3):
    g = g + decay * p
    mu, after = [beta1 * (1 - 0.5 * 0.96 ** (k * fall)) for k in (t, t + 1)]
    s["mu"] = s.get("mu", 1.0) * mu
    m, v = mean(s, "m", g, beta1), mean(s, "v", g * g, beta2)
    step = (1 - mu) / (1 - s["mu"]) * g + after / (1 - s["mu"] * after) * m
    return p - lr * step / (np.sqrt(v / (1 - beta2**t)) + eps)


def test_rule():
    assert_follows("NAdam", rule)
    assert_follows(
        "NAdam",
        lambda p, g, t, s: rule(p, -g, t, s, 0.1, 0.8, 0.7, 0.1, 0.1, 0.2),
        lr=0.1, betas=(0.8, 0.7), eps=0.1, weight_decay=0.1, momentum_decay=0.2, maximize=True,
    )  # fmt: skip
    assert_follows(
        "NAdam",
        lambda p, g, t, s: rule(p * (1 - 0.1 * 0.5), g, t, s, 0.1),
        lr=0.1, weight_decay=0.5, decoupled_weight_decay=True,
    )  # fmt: skip


def test_options_are_checked():
    with pytest.raises(ValueError, match="NAdam: momentum_decay is -1; it must not be negative"):
        optim.NAdam(leaves(values((2,))), momentum_decay=-1)
