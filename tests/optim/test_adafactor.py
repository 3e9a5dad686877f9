"""Adafactor by its rule, and its options."""

import numpy as np
import pytest
from optimizers import assert_follows, leaves, mean, values

import cltensor as ct
from cltensor import optim


def rms(x):
    return np.sqrt(np.mean(x * x))


def rule(p, g, t, s, lr=0.01, power=-0.8, eps=(1.1920929e-07, 1e-3), d=1.0, decay=0.0):
    rate = max(eps[1], rms(p)) * min(lr, t**-0.5)
    p, beta = p * (1 - lr * decay), 1 - t**power
    if g.ndim > 1:
        rows = mean(s, "r", np.mean(g * g, -1, keepdims=True), beta)
        columns = mean(s, "c", np.mean(g * g, -2, keepdims=True), beta)
        v = rows * columns / np.maximum(rows.mean(-2, keepdims=True), eps[0])
    else:
        v = mean(s, "v", g * g, beta)
    u = g / np.sqrt(np.maximum(v, eps[0] ** 2))
    return p - rate / max(1.0, rms(u) / d) * u


@pytest.mark.parametrize("shape", [(3, 4), (5,), (2, 3, 4)])
def test_rule(shape):
    assert_follows("Adafactor", rule, shape=shape)
    assert_follows(
        "Adafactor",
        lambda p, g, t, s: rule(p, -g, t, s, 0.1, -0.5, (1e-2, 0.1), 2.0, 0.1),
        shape=shape, lr=0.1, beta2_decay=-0.5, eps=(1e-2, 0.1), d=2.0, weight_decay=0.1,
        maximize=True,
    )  # fmt: skip


def test_options_are_checked():
    params = leaves(values((2,)))
    with pytest.raises(ValueError, match="Adafactor: d is 0; it must be at least 1"):
        optim.Adafactor(params, d=0)
    with pytest.raises(ValueError, match="Adafactor: beta2_decay is 0.8; it must not be above 0"):
        optim.Adafactor(params, beta2_decay=0.8)
    with pytest.raises(ValueError, match=r"Adafactor: eps\[0\] is -1; it must not be negative"):
        optim.Adafactor(params, eps=(-1, 1))


def test_parameters_that_share_elements_move_in_their_present_order(device):
    """As optimizers of their own do, one after the other."""

    def run(together):
        first = ct.tensor([0.5, -1.0, 2.0], requires_grad=True)
        second = first.detach()[:].requires_grad_()
        pair = [first, second]
        optimizers = [optim.Adafactor(pair, lr=0.1, d=2.0)]
        if not together:
            optimizers = [optim.Adafactor([p], lr=0.1, d=2.0) for p in pair]
        for turn in range(3):
            first.grad, second.grad = ct.tensor([1.0, 0.5, -2.0]), ct.tensor([-0.3, 4.0, 0.1])
            for optimizer in optimizers:
                optimizer.step()
            if turn == 0:
                optimizers.reverse()
                optimizers[0].param_groups[0]["params"].reverse()
        return first.tolist()

    assert run(True) == run(False)
