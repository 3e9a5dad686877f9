"""Adam and AdamW: their rule by hand, and PyTorch where it is installed."""

import math

import numpy as np
import pytest
from optimizers import ADAMS, assert_as_pytorch, give_gradients, host, leaves, values

from cltensor import optim


@pytest.mark.parametrize(("name", "options"), ADAMS)
def test_as_pytorch(name, options):
    assert_as_pytorch(name, options)


def test_adam_first_step_is_lr_whatever_the_gradient():
    params = leaves([np.array([1.0, 1.0, 1.0], np.float32)])
    optimizer = optim.Adam(params, lr=0.1)
    give_gradients(params, [np.array([1e-3, -1.0, 1e3], np.float32)])
    optimizer.step()
    np.testing.assert_allclose(host(params)[0], [0.9, 1.1, 0.9], rtol=1e-5)


def test_adam_by_hand_over_many_steps():
    start, grads = values((4,))[0], [values((4,))[0] for _ in range(6)]
    params = leaves([start])
    optimizer = optim.Adam(params, lr=0.01)
    p, m, v = start.astype(np.float64), 0.0, 0.0
    for t, g in enumerate(grads, 1):
        give_gradients(params, [g])
        optimizer.step()
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g.astype(np.float64) ** 2
        p = p - 0.01 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    np.testing.assert_allclose(host(params)[0], p, rtol=1e-5)


def test_arguments_are_checked():
    params = leaves(values((2,)))
    with pytest.raises(ValueError, match=r"AdamW: betas\[1\] is 1"):
        optim.AdamW(params, betas=(0.9, 1.0))
    with pytest.raises(ValueError, match="Adam: eps is nan"):
        optim.Adam(params, eps=math.nan)
