"""Muon by its rule in float32, and its options."""

import numpy as np
import pytest
from optimizers import leaves, mean, values

import cltensor as ct
from cltensor import optim


def orthogonal(x, a=3.4445, b=-4.775, c=2.0315):
    tall = x.shape[0] > x.shape[1]
    x = (x.T if tall else x) / np.linalg.norm(x)
    for _ in range(5):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if tall else x


@pytest.mark.parametrize("kind", [None, "match_rms_adamw"])
@pytest.mark.parametrize("shape", [(3, 4), (6, 2)])
def test_rule(shape, kind):
    (start,), s = values(shape), {}
    (param,), p = leaves([start]), start.astype(np.float64)
    optimizer = optim.Muon([param], lr=0.1, adjust_lr_fn=kind)
    ratio = 0.2 * max(shape) ** 0.5 if kind else max(1, shape[0] / shape[1]) ** 0.5
    for _ in range(3):
        (g,) = values(shape)
        param.grad = ct.tensor(g)
        optimizer.step()
        m = mean(s, "m", g.astype(np.float64), 0.95)
        u = 0.05 * g + 0.95 * m
        p = p * (1 - 0.1 * 0.1) - 0.1 * ratio * orthogonal(u)
    np.testing.assert_allclose(param.detach().numpy(), p, atol=0.02)  # X is in bfloat16


def test_options_are_checked():
    with pytest.raises(ValueError, match=r"Muon: a parameter has shape \(2,\); give matrices"):
        optim.Muon(leaves(values((2,))))
    params = leaves(values((2, 2)))
    with pytest.raises(ValueError, match="Muon: ns_steps is 100; it must be below 100"):
        optim.Muon(params, ns_steps=100)
    with pytest.raises(ValueError, match="Muon: adjust_lr_fn is 'other'; use one of"):
        optim.Muon(params, adjust_lr_fn="other")
