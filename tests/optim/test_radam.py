"""RAdam by its rule, and its options."""

import numpy as np
import pytest
from optimizers import assert_follows, give_gradients, leaves, mean, values

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


def test_a_square_past_the_range_does_not_matter_before_it_is_used():
    (x,) = leaves([np.zeros(2, np.float32)])
    optimizer = optim.RAdam([x], lr=1e-20)
    for _ in range(5):  # the squares of five gradients are too few for the defaults
        give_gradients([x], [np.float32([2e20, 1.0])])
        optimizer.step()
    assert optimizer.state[x]["exp_avg_sq"].tolist()[0] == np.inf
    np.testing.assert_allclose(x.tolist(), [-10.0, -5e-20], rtol=1e-5)
    give_gradients([x], [np.float32([2e20, 1.0])])
    optimizer.step()  # the first that divides: by infinity, as in PyTorch
    np.testing.assert_allclose(x[0].item(), -10.0, rtol=1e-5)


def test_options_are_checked():
    with pytest.raises(ValueError, match="RAdam: eps is -1; it must not be negative"):
        optim.RAdam(leaves(values((2,))), eps=-1)
