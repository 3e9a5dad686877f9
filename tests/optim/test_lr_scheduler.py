"""Learning-rate schedules against their formulas, and PyTorch where it is installed."""

import math

import numpy as np
import pytest

import cltensor as ct
from cltensor import nn, optim
from cltensor.optim import lr_scheduler

SCHEDULES = [
    ("StepLR", {"step_size": 3, "gamma": 0.5}),
    ("MultiStepLR", {"milestones": [2, 5, 5, 9], "gamma": 0.3}),
    ("ExponentialLR", {"gamma": 0.9}),
    ("CosineAnnealingLR", {"T_max": 5, "eta_min": 0.01}),
    ("CosineAnnealingLR", {"T_max": 20}),
    ("LambdaLR", {"lr_lambda": lambda epoch: 0.95**epoch}),
    ("LambdaLR", {"lr_lambda": [lambda epoch: 0.9**epoch, lambda epoch: 1 / (1 + epoch)]}),
    ("OneCycleLR", {"max_lr": 1.0, "total_steps": 20}),
    ("OneCycleLR", {"max_lr": [1.0, 2.0], "epochs": 4, "steps_per_epoch": 5,
                    "anneal_strategy": "linear", "pct_start": 0.4}),
    ("OneCycleLR", {"max_lr": 1.0, "total_steps": 20, "three_phase": True, "div_factor": 10}),
    ("OneCycleLR", {"max_lr": 1.0, "total_steps": 20, "pct_start": 0.0}),
    ("MultiplicativeLR", {"lr_lambda": lambda epoch: 0.9 + epoch / 100}),
    ("LinearLR", {}),
    ("LinearLR", {"start_factor": 0.5, "end_factor": 0.1, "total_iters": 8}),
    ("ConstantLR", {"factor": 0.25, "total_iters": 4}),
    ("PolynomialLR", {"total_iters": 10, "power": 2.0}),
    ("CosineAnnealingWarmRestarts", {"T_0": 4, "eta_min": 0.001}),
    ("CosineAnnealingWarmRestarts", {"T_0": 3, "T_mult": 2}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": [0.1, 0.3], "step_size_up": 3}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 3, "step_size_down": 2,
                  "mode": "triangular2", "base_momentum": [0.7, 0.8]}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 4, "mode": "exp_range",
                  "gamma": 0.9, "cycle_momentum": False}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 4, "scale_fn": abs}),
]  # fmt: skip


CHAINABLE = ["StepLR", "MultiStepLR", "ExponentialLR", "CosineAnnealingLR", "LinearLR",
             "ConstantLR", "PolynomialLR"]  # fmt: skip


def optimizer_of(kind=optim.SGD, **options):
    params = [nn.Parameter(ct.zeros(1)) for _ in range(2)]
    return kind([{"params": params[:1]}, {"params": params[1:], "lr": 0.2}], lr=0.1, **options)


def rates(optimizer, schedule, steps):
    found = []
    for _ in range(steps):
        found.append([group["lr"] for group in optimizer.param_groups])
        optimizer.step()
        schedule.step()
    return np.array(found)


@pytest.mark.parametrize(("name", "options"), SCHEDULES)
def test_as_pytorch(name, options):
    torch = pytest.importorskip("torch")
    ours = optimizer_of(momentum=0.9)
    params = [torch.nn.Parameter(torch.zeros(1)) for _ in range(2)]
    groups = [{"params": params[:1]}, {"params": params[1:], "lr": 0.2}]
    theirs = torch.optim.SGD(groups, lr=0.1, momentum=0.9)
    a = getattr(lr_scheduler, name)(ours, **options)
    b = getattr(torch.optim.lr_scheduler, name)(theirs, **options)
    for _ in range(21):  # the rate after the last step, which is one more, is compared, too
        np.testing.assert_allclose(a.get_last_lr(), b.get_last_lr(), rtol=1e-12)
        assert a.last_epoch == b.last_epoch
        for mine, other in zip(ours.param_groups, theirs.param_groups, strict=True):
            np.testing.assert_allclose(mine["lr"], other["lr"], rtol=1e-12)
            np.testing.assert_allclose(mine["momentum"], other["momentum"], rtol=1e-12)
        if a.last_epoch == 20:
            break
        ours.step()
        theirs.step()
        a.step()
        b.step()
    assert a.last_epoch == 20


def test_step_lr():
    optimizer = optimizer_of()
    found = rates(optimizer, lr_scheduler.StepLR(optimizer, 2), 5)
    np.testing.assert_allclose(found[:, 0], [0.1, 0.1, 0.01, 0.01, 0.001])
    np.testing.assert_allclose(found[:, 1], 2 * found[:, 0])


def test_cosine_falls_and_rises_again():
    optimizer = optimizer_of()
    found = rates(optimizer, lr_scheduler.CosineAnnealingLR(optimizer, 4, 0.02), 17)
    wanted = 0.02 + (0.1 - 0.02) * (1 + np.cos(math.pi * np.arange(17) / 4)) / 2
    np.testing.assert_allclose(found[:, 0], wanted, rtol=1e-9)


def test_schedules_combine_and_respect_a_rate_set_by_hand():
    optimizer = optimizer_of()
    one = lr_scheduler.ExponentialLR(optimizer, 0.5)
    two = lr_scheduler.StepLR(optimizer, 2, gamma=0.1)
    for _ in range(2):
        optimizer.step()
        one.step()
        two.step()
    np.testing.assert_allclose(optimizer.param_groups[0]["lr"], 0.1 * 0.25 * 0.1)
    optimizer.param_groups[0]["lr"] = 8.0
    one.step()
    assert one.get_last_lr()[0] == 4.0


@pytest.mark.parametrize("name", CHAINABLE)
def test_resuming_by_last_epoch_takes_the_rate_that_was_loaded(name):
    options = dict(SCHEDULES)[name]
    make = getattr(lr_scheduler, name)
    whole = optimizer_of()
    wanted = rates(whole, make(whole, **options), 12)
    first = optimizer_of()
    rates(first, make(first, **options), 6)
    second = optimizer_of()
    second.load_state_dict(first.state_dict())
    found = rates(second, make(second, **options, last_epoch=5), 6)
    np.testing.assert_allclose(found, wanted[6:], rtol=1e-12)


@pytest.mark.parametrize("name", CHAINABLE)
def test_a_step_to_a_given_epoch(name):
    options = dict(SCHEDULES)[name]
    optimizer = optimizer_of()
    schedule = getattr(lr_scheduler, name)(optimizer, **options)
    wanted = rates(optimizer, schedule, 8)[7]
    with pytest.warns(UserWarning, match=rf"{name}: step\(epoch\) is deprecated"):
        schedule.step(7)
    np.testing.assert_allclose(schedule.get_last_lr(), wanted, rtol=1e-12)
    assert schedule.last_epoch == 7


class Decay:
    """A function with a state of its own."""

    def __init__(self, base):
        self.base = base

    def __call__(self, epoch):
        return self.base**epoch


def test_callable_objects_of_lambda_lr_are_saved():
    first, second = optimizer_of(), optimizer_of()
    saved = lr_scheduler.LambdaLR(first, Decay(0.5)).state_dict()
    assert saved["lr_lambdas"] == [{"base": 0.5}] * 2
    resumed = lr_scheduler.LambdaLR(second, Decay(0.9))
    resumed.load_state_dict(saved)
    second.step()
    resumed.step()
    np.testing.assert_allclose(resumed.get_last_lr(), [0.05, 0.1])


@pytest.mark.parametrize(("name", "options"), SCHEDULES)
def test_a_saved_schedule_goes_on(name, options):
    def make(optimizer):
        return getattr(lr_scheduler, name)(optimizer, **options)

    whole = optimizer_of(momentum=0.5)
    wanted = rates(whole, make(whole), 12)
    first = optimizer_of(momentum=0.5)
    schedule = make(first)
    rates(first, schedule, 5)
    state = schedule.state_dict()
    assert "optimizer" not in state
    second = optimizer_of(momentum=0.5)
    resumed = make(second)
    resumed.load_state_dict(state)
    second.load_state_dict(first.state_dict())
    np.testing.assert_allclose(rates(second, resumed, 7), wanted[5:], rtol=1e-12)


def test_arguments_are_checked():
    optimizer = optimizer_of()
    with pytest.raises(TypeError, match="StepLR: optimizer is a list"):
        lr_scheduler.StepLR([], 2)
    with pytest.raises(KeyError, match="group 0 has no 'initial_lr'"):
        lr_scheduler.StepLR(optimizer, 2, last_epoch=3)
    with pytest.raises(ValueError, match="LambdaLR: 1 functions for 2"):
        lr_scheduler.LambdaLR(optimizer, [lambda epoch: 1])
    with pytest.raises(ValueError, match="OneCycleLR: give total_steps"):
        lr_scheduler.OneCycleLR(optimizer, 1.0)
    with pytest.raises(ValueError, match="OneCycleLR: total_steps is 0"):
        lr_scheduler.OneCycleLR(optimizer, 1.0, total_steps=0)
    with pytest.raises(ValueError, match="OneCycleLR: pct_start is 2"):
        lr_scheduler.OneCycleLR(optimizer, 1.0, total_steps=5, pct_start=2)
    with pytest.raises(ValueError, match="OneCycleLR: anneal_strategy is 'sine'"):
        lr_scheduler.OneCycleLR(optimizer, 1.0, total_steps=5, anneal_strategy="sine")
    with pytest.raises(ValueError, match="OneCycleLR: 3 values for 2 parameter groups"):
        lr_scheduler.OneCycleLR(optimizer, [1.0] * 3, total_steps=5)
    with pytest.raises(ValueError, match=r"LinearLR: start_factor is 0; it must be in \(0, 1\]"):
        lr_scheduler.LinearLR(optimizer, 0)
    with pytest.raises(ValueError, match="LinearLR: end_factor is 2"):
        lr_scheduler.LinearLR(optimizer, end_factor=2)
    with pytest.raises(ValueError, match="ConstantLR: factor is -1"):
        lr_scheduler.ConstantLR(optimizer, -1)
    with pytest.raises(ValueError, match="ReduceLROnPlateau: factor is 1"):
        lr_scheduler.ReduceLROnPlateau(optimizer, factor=1)
    with pytest.raises(ValueError, match="ReduceLROnPlateau: mode is 'low'"):
        lr_scheduler.ReduceLROnPlateau(optimizer, "low")
    with pytest.raises(ValueError, match="ReduceLROnPlateau: threshold_mode is 'x'"):
        lr_scheduler.ReduceLROnPlateau(optimizer, threshold_mode="x")
    with pytest.raises(ValueError, match="ReduceLROnPlateau: 3 values for 2 parameter groups"):
        lr_scheduler.ReduceLROnPlateau(optimizer, min_lr=[0, 0, 0])


def test_a_constant_factor_of_zero_is_undone():
    optimizer = optimizer_of()
    found = rates(optimizer, lr_scheduler.ConstantLR(optimizer, 0, total_iters=2), 4)
    np.testing.assert_allclose(found, [[0, 0], [0, 0], [0.1, 0.2], [0.1, 0.2]])


@pytest.mark.parametrize(
    "make",
    [
        lambda o: lr_scheduler.StepLR(o, 0),
        lambda o: lr_scheduler.CosineAnnealingLR(o, 0),
        lambda o: lr_scheduler.CyclicLR(o, 0.1, 0.2, step_size_up=0),
    ],
)
def test_periods_of_no_length(make):
    with pytest.raises(ValueError, match=r"(step_size\w*|T_max) is 0"):
        make(optim.SGD([ct.ones(3, requires_grad=True)], lr=0.1))
