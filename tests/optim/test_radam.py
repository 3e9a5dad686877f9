"""RAdam by its rule, and its options."""

import numpy as np
import pytest
from optimizers import assert_follows, leaves, mean, values

from cltensor import optim


def rule(p, g, t, s, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, decay=0.0):
    g = g + decay * p
    m, v = mean(s, "m", g, beta1) / (1 - beta1**t), mean(s, "v", g * g, beta2)
    most = 2 / (1 - beta2) - 1
    r = most - 2 * t * beta2**t / (1 - beta2**t)
    if r <= 5:
        return p - lr * m
    scale = np.sqrt((r - 4) * (r - 2) * most / ((most - 4) * (most - 2) * r))
    return p - lr * m * scale * np.sqrt(1 - beta2**t) / (np.sqrt(v) + eps)


def test_rule():
    assert_follows("RAdam", rule, steps=12)
    assert_follows(
        "RAdam",
        lambda p, g, t, s: rule(p, -g, t, s, 0.1, 0.8, 0.95, 0.1, 0.1),
        lr=0.1, betas=(0.8, 0.95), eps=0.1, weight_decay=0.1, maximize=True, steps=12,
    )  # fmt: skip


def test_options_are_checked():
    with pytest.raises(ValueError, match="RAdam: eps is -1; it must not be negative"):
        optim.RAdam(leaves(values((2,))), eps=-1)
