"""Schedules that rise and fall, by literal values (beside PyTorch: test_optim_lr_scheduler)."""

import numpy as np
import pytest

import cltensor as ct
from cltensor import nn, optim
from cltensor.optim import lr_scheduler


def optimizer_of(kind=optim.SGD, **options):
    params = [nn.Parameter(ct.zeros(1)) for _ in range(2)]
    return kind([{"params": params[:1]}, {"params": params[1:], "lr": 0.2}], lr=0.1, **options)


def test_one_cycle_moves_momentum_the_other_way():
    optimizer = optimizer_of(optim.Adam)
    schedule = lr_scheduler.OneCycleLR(optimizer, 1.0, total_steps=10, pct_start=0.5)
    first = dict(optimizer.param_groups[0])
    assert first["betas"] == (0.95, 0.999)
    assert first["lr"] == pytest.approx(1.0 / 25)
    optimizer.step()
    for _ in range(4):
        schedule.step()
    assert optimizer.param_groups[0]["lr"] == pytest.approx(1.0)
    assert optimizer.param_groups[0]["betas"][0] == pytest.approx(0.85)
    for _ in range(5):
        schedule.step()
    np.testing.assert_allclose(optimizer.param_groups[0]["lr"], 1 / 25 / 1e4)
    assert optimizer.param_groups[0]["betas"][0] == pytest.approx(0.95)
    schedule.step()  # the one after the last batch, which the usual loop takes
    after = [schedule.last_epoch, schedule.get_last_lr(), dict(optimizer.param_groups[0])]
    with pytest.raises(ValueError, match="called 11 times for a cycle of 10 steps"):
        schedule.step()
    assert after == [schedule.last_epoch, schedule.get_last_lr(), dict(optimizer.param_groups[0])]


def test_one_cycle_moves_the_momentum_of_sgd():
    optimizer = optimizer_of(momentum=0.9)
    schedule = lr_scheduler.OneCycleLR(
        optimizer, 1.0, total_steps=5, pct_start=0.4, anneal_strategy="linear", div_factor=10
    )
    found = []
    for _ in range(5):
        found.append([optimizer.param_groups[1][key] for key in ("lr", "momentum")])
        optimizer.step()
        schedule.step()
    lowest = 0.1 / 1e4
    wanted = [[0.1, 0.95], [1, 0.85], [2 / 3 + lowest / 3, 0.85 + 0.1 / 3],
              [1 / 3 + lowest * 2 / 3, 0.85 + 0.2 / 3], [lowest, 0.95]]  # fmt: skip
    np.testing.assert_allclose(found, wanted, rtol=1e-9)


def test_one_cycle_without_a_rise_starts_at_the_top():
    optimizer = optimizer_of(momentum=0.9)
    lr_scheduler.OneCycleLR(optimizer, 1.0, total_steps=10, pct_start=0.1)
    assert optimizer.param_groups[0]["lr"] == 1.0


def test_cyclic_goes_to_and_fro():
    optimizer = optimizer_of(optim.Adam)
    schedule = lr_scheduler.CyclicLR(optimizer, 0.1, 0.5, step_size_up=2, mode="triangular2")
    found = []
    for _ in range(9):
        group = optimizer.param_groups[1]
        found.append([group["lr"], group["betas"][0]])
        optimizer.step()
        schedule.step()
    wanted = [[0.1, 0.9], [0.3, 0.85], [0.5, 0.8], [0.3, 0.85], [0.1, 0.9], [0.2, 0.875],
              [0.3, 0.85], [0.2, 0.875], [0.1, 0.9]]  # fmt: skip
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_cyclic_refuses():
    with pytest.raises(ValueError, match="CyclicLR: mode is 'square'; use 'triangular'"):
        lr_scheduler.CyclicLR(optimizer_of(), 0.1, 1.0, mode="square")
    with pytest.raises(ValueError, match="CyclicLR: 3 values for 2 parameter groups"):
        lr_scheduler.CyclicLR(optimizer_of(), 0.1, [1, 2, 3])


def test_warm_restarts_take_parts_of_epochs():
    optimizer = optimizer_of()
    schedule = lr_scheduler.CosineAnnealingWarmRestarts(optimizer, T_0=2, T_mult=2)
    for epoch, part in ((0.5, 0.25), (1, 0.5), (2, 0.0), (4.0, 0.5), (5.5, 0.875), (6, 0.0)):
        schedule.step(epoch)
        wanted = 0.1 * (1 + np.cos(np.pi * part)) / 2
        np.testing.assert_allclose(optimizer.param_groups[0]["lr"], wanted, rtol=1e-12)
        assert schedule.last_epoch == int(epoch)
    optimizer.step()
    schedule.step()
    assert (schedule.last_epoch, schedule.T_cur, schedule.T_i) == (7, 1, 8)
    for options in ({"T_0": 0}, {"T_0": 2.5}, {"T_0": 2, "T_mult": 0}):
        with pytest.raises(ValueError, match="give an integer of 1 or more"):
            lr_scheduler.CosineAnnealingWarmRestarts(optimizer, **options)
    with pytest.raises(ValueError, match="epoch is -1; give a number of 0 or more"):
        schedule.step(-1)
