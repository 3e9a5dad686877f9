"""Schedules made of schedules, by literal values and beside PyTorch."""

import numpy as np
import pytest

import cltensor as ct
from cltensor import nn, optim
from cltensor.optim import lr_scheduler


def optimizer_of(kind=optim.SGD, **options):
    params = [nn.Parameter(ct.zeros(1)) for _ in range(2)]
    return kind([{"params": params[:1]}, {"params": params[1:], "lr": 0.2}], lr=0.1, **options)


def run(optimizer, schedule, steps):
    found = []
    for _ in range(steps):
        found.append([group["lr"] for group in optimizer.param_groups])
        optimizer.step()
        schedule.step()
    return np.array(found)


def sequential(module, optimizer):
    parts = [module.LinearLR(optimizer, 0.1, total_iters=3), module.ExponentialLR(optimizer, 0.5),
             module.CosineAnnealingLR(optimizer, 4)]  # fmt: skip
    return module.SequentialLR(optimizer, parts, [3, 6])


def chained(module, optimizer):
    parts = [module.ConstantLR(optimizer, 0.1, 2), module.ExponentialLR(optimizer, 0.9)]
    return module.ChainedScheduler(parts)


def test_one_after_the_other():
    optimizer = optimizer_of()
    found = run(optimizer, sequential(lr_scheduler, optimizer), 9)[:, 0]
    cosine = 0.1 * (1 + np.cos(np.pi * np.arange(3) / 4)) / 2
    wanted = [0.01, 0.04, 0.07, 0.1, 0.05, 0.025, *cosine]
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_all_at_once():
    optimizer = optimizer_of()
    found = run(optimizer, chained(lr_scheduler, optimizer), 4)[:, 0]
    np.testing.assert_allclose(found, [0.01, 0.009, 0.081, 0.0729], rtol=1e-12)


@pytest.mark.parametrize("make", [sequential, chained])
def test_as_pytorch(make):
    torch = pytest.importorskip("torch")
    params = [torch.nn.Parameter(torch.zeros(1)) for _ in range(2)]
    theirs = torch.optim.SGD([{"params": params[:1]}, {"params": params[1:], "lr": 0.2}], lr=0.1)
    ours = optimizer_of()
    wanted = run(theirs, make(torch.optim.lr_scheduler, theirs), 12)
    np.testing.assert_allclose(run(ours, make(lr_scheduler, ours), 12), wanted, rtol=1e-12)


@pytest.mark.parametrize("make", [sequential, chained])
def test_a_saved_one_goes_on(make):
    whole, first, second = optimizer_of(), optimizer_of(), optimizer_of()
    wanted = run(whole, make(lr_scheduler, whole), 10)
    schedule = make(lr_scheduler, first)
    run(first, schedule, 4)
    resumed = make(lr_scheduler, second)
    resumed.load_state_dict(schedule.state_dict())
    second.load_state_dict(first.state_dict())
    np.testing.assert_allclose(run(second, resumed, 6), wanted[4:], rtol=1e-12)


def test_what_cannot_be_joined():
    optimizer = optimizer_of()
    one = lr_scheduler.ExponentialLR(optimizer, 0.5)
    plateau = lr_scheduler.ReduceLROnPlateau(optimizer)
    other = lr_scheduler.ExponentialLR(optimizer_of(), 0.5)
    with pytest.raises(ValueError, match="SequentialLR: no schedule was given"):
        lr_scheduler.SequentialLR(optimizer, [], [])
    with pytest.raises(ValueError, match="SequentialLR: 2 milestones for 2 schedules"):
        lr_scheduler.SequentialLR(optimizer, [one, one], [1, 2])
    with pytest.raises(ValueError, match=r"schedule 1 is a ReduceLROnPlateau, whose step\(\)"):
        lr_scheduler.ChainedScheduler([one, plateau])
    with pytest.raises(ValueError, match="schedule 1, a ExponentialLR, belongs to another"):
        lr_scheduler.ChainedScheduler([one, other])
    for schedule in (sequential(lr_scheduler, optimizer), chained(lr_scheduler, optimizer)):
        with pytest.raises(ValueError, match=r"step\(\) takes no epoch"):
            schedule.step(3)
