"""LAMB by its rule, and its options."""

import numpy as np
import pytest
from optimizers import assert_follows, leaves, mean, values

import cltensor as ct
from cltensor import optim


def rule(p, g, t, s, lr=1e-3, betas=(0.9, 0.999), eps=1e-6, decay=0.01, correct=True):
    m, v = mean(s, "m", g, betas[0]), mean(s, "v", g * g, betas[1])
    if correct:
        m, v = m / (1 - betas[0] ** t), v / (1 - betas[1] ** t)
    u = m / (np.sqrt(v) + eps) + decay * p
    lengths = np.linalg.norm(p), np.linalg.norm(u)
    return p - lr * (lengths[0] / lengths[1] if all(lengths) else 1.0) * u


def test_rule():
    assert_follows("LAMB", rule, shape=(3, 4))
    assert_follows(
        "LAMB",
        lambda p, g, t, s: rule(p, -g, t, s, 0.1, (0.8, 0.7), 0.1, 0.0, False),
        lr=0.1, betas=(0.8, 0.7), eps=0.1, weight_decay=0, bias_correction=False, maximize=True,
    )  # fmt: skip


def test_weights_of_zero_move():
    (param,) = leaves([np.zeros(3, np.float32)])
    param.grad = ct.ones(3)
    optim.LAMB([param], lr=0.1).step()
    np.testing.assert_allclose(param.tolist(), [-0.1] * 3, rtol=1e-4)


def test_options_are_checked():
    with pytest.raises(ValueError, match="LAMB: eps is -1; it must not be negative"):
        optim.LAMB(leaves(values((2,))), eps=-1)
    with pytest.raises(TypeError, match=r"LAMB: a parameter is complex64, .*view_as_complex"):
        optim.LAMB([ct.tensor([1j], requires_grad=True)])
