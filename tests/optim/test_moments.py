"""Running means: one step of each, by hand."""

import pytest

import cltensor as ct
from cltensor.optim.moments import correction, decayed, moments, toward

GROUP = {"betas": (0.5, 0.75), "rho": 0.25}


def test_means_go_one_step_on():
    old, new = ct.tensor([4.0]), ct.tensor([8.0])
    assert toward(old, new, GROUP, 0).tolist() == [6.0]
    assert decayed(old, new, GROUP, "rho").tolist() == [7.0]
    state = {"exp_avg": old, "exp_avg_sq": old}
    mean, square = moments(GROUP, state, new)
    assert (mean.tolist(), square.tolist()) == ([6.0], [0.75 * 4 + 0.25 * 64])
    assert state == {"exp_avg": mean, "exp_avg_sq": square}
    assert correction(GROUP, 1, 2) == pytest.approx(1 - 0.75**2)
