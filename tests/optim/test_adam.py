"""Adam and AdamW: their rule by hand, and PyTorch where it is installed."""

import math

import numpy as np
import pytest
from optimizers import ADAMS, assert_as_pytorch, give_gradients, host, leaves, values

import cltensor as ct
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


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_a_step_of_16_bits_is_computed_in_float32(device, mode, dtype):
    start, grad = [1.0, -2.0, 0.5], [0.25, 0.0, -1e-4]
    param = ct.nn.Parameter(ct.tensor(start, dtype=dtype))
    optimizer = optim.Adam([param], lr=0.1)
    state = {"m": np.zeros(3, np.float32), "v": np.zeros(3, np.float32)}
    p = np.array(start, np.float32)
    g = ct.tensor(grad, dtype=dtype).float().numpy()

    def kept(x):
        return ct.tensor(np.float32(x)).to(dtype).float().numpy()

    for t in range(1, 6):
        param.grad = ct.tensor(grad, dtype=dtype)
        optimizer.step()
        m = state["m"] + np.float32(0.1) * (g - state["m"])
        v = np.float32(0.999) * state["v"] + np.float32(0.001) * g * g
        p = kept(p - 0.1 / (1 - 0.9**t) * m / (np.sqrt(v) / math.sqrt(1 - 0.999**t) + 1e-8))
        state = {"m": kept(m), "v": kept(v)}
    found = param.detach()
    assert found.dtype == optimizer.state_dict()["state"][0]["exp_avg"].dtype == dtype
    np.testing.assert_allclose(found.tolist(), p, rtol=2 * float(ct.finfo(dtype).eps))
    assert found[1].item() == -2.0  # where PyTorch divides 0 by an eps that is 0 in 16 bits
    again = optim.Adam([param], lr=0.1)
    again.load_state_dict(optimizer.state_dict())
