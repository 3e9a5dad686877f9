"""Lion by its rule, and its options."""

import numpy as np
import pytest
from optimizers import assert_follows, leaves, mean, values

from cltensor import optim


def rule(p, g, t, s, lr=1e-4, betas=(0.9, 0.99), decay=0.0):
    m = s.get("m", 0.0)
    mean(s, "m", g, betas[1])
    return p * (1 - lr * decay) - lr * np.sign(betas[0] * m + (1 - betas[0]) * g)


def test_rule():
    assert_follows("Lion", rule)
    assert_follows(
        "Lion",
        lambda p, g, t, s: rule(p, -g, t, s, 0.1, (0.8, 0.7), 0.5),
        lr=0.1, betas=(0.8, 0.7), weight_decay=0.5, maximize=True,
    )  # fmt: skip


def test_options_are_checked():
    with pytest.raises(ValueError, match=r"Lion: betas\[0\] is -1; it must be in"):
        optim.Lion(leaves(values((2,))), betas=(-1, 0.9))
