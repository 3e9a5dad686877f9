"""The schedule that follows a number, by hand and beside PyTorch."""

import numpy as np
import pytest

import cltensor as ct
from cltensor import nn, optim
from cltensor.optim import lr_scheduler


def optimizer_of(kind=optim.SGD, **options):
    params = [nn.Parameter(ct.zeros(1)) for _ in range(2)]
    return kind([{"params": params[:1]}, {"params": params[1:], "lr": 0.2}], lr=0.1, **options)


@pytest.mark.parametrize(
    "options",
    [{}, {"mode": "max", "patience": 1}, {"patience": 0, "cooldown": 2, "min_lr": [0.02, 0.001]},
     {"threshold": 0.3, "threshold_mode": "abs", "patience": 1, "factor": 0.5},
     {"threshold": 0.2, "patience": 1, "eps": 0.05}],
)  # fmt: skip
def test_plateau_as_pytorch(options):
    torch = pytest.importorskip("torch")
    ours = optimizer_of()
    params = [torch.nn.Parameter(torch.zeros(1)) for _ in range(2)]
    theirs = torch.optim.SGD([{"params": params[:1]}, {"params": params[1:], "lr": 0.2}], lr=0.1)
    a = lr_scheduler.ReduceLROnPlateau(ours, **options)
    b = torch.optim.lr_scheduler.ReduceLROnPlateau(theirs, **options)
    for number in [3, 2, 2, 2.5, 1, 1, 1, 0.9, 0.9, 5, 5, 4, 4, 4, 0.1, 0.1, 0.1, 0.1] * 2:
        a.step(number)
        b.step(number)
        np.testing.assert_allclose(a.get_last_lr(), b.get_last_lr(), rtol=1e-12)
        assert (a.num_bad_epochs, a.cooldown_counter, a.best, a.last_epoch) == (
            b.num_bad_epochs, b.cooldown_counter, b.best, b.last_epoch
        )  # fmt: skip


def test_plateau():
    optimizer = optimizer_of()
    schedule = lr_scheduler.ReduceLROnPlateau(optimizer, patience=1, factor=0.5)
    found = []
    for loss in (ct.tensor(3.0), 2, 2, 2, 2, 2, 1):
        schedule.step(loss)
        found.append(schedule.get_last_lr()[0])
    assert found == [0.1, 0.1, 0.1, 0.05, 0.05, 0.025, 0.025]
    resumed = lr_scheduler.ReduceLROnPlateau(optimizer)
    resumed.load_state_dict(schedule.state_dict())
    assert (resumed.best, resumed.patience, resumed.last_epoch) == (1.0, 1, 7)
