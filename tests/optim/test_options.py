"""Options of optimizers that are no numbers: named, with the value, before anything is done."""

import copy
import inspect

import numpy as np
import pytest
from optimizers import OPTIMIZERS, WHOLE, assert_close, give_gradients, host, leaves, values

import cltensor as ct
from cltensor import optim
from cltensor.errors import DTypeError


@pytest.mark.parametrize("bad", ["a", None, [0.1], 1j, ct.ones(2)])
@pytest.mark.parametrize(
    ("kind", "name"),
    [
        *[(optim.SGD, name) for name in ("lr", "momentum", "dampening", "weight_decay")],
        *[(kind, n) for kind in (optim.Adam, optim.AdamW) for n in ("lr", "eps", "weight_decay")],
    ],
)
def test_what_is_no_number_is_named(kind, name, bad):
    x = ct.ones(1, requires_grad=True)
    with pytest.raises(DTypeError, match=f"{kind.__name__}: {name} is .*; give a number"):
        kind([x], **{name: bad})
    optimizer = kind([x])
    with pytest.raises(DTypeError, match=f"{kind.__name__}: {name} is"):
        optimizer.add_param_group({"params": [ct.ones(1)], name: bad})
    assert len(optimizer.param_groups) == 1


@pytest.mark.parametrize("bad", [0.9, None, (0.9,), (0.9, 0.9, 0.9), "ab", ("a", 0.9), (0.9, None)])
def test_betas_are_two_numbers(bad):
    with pytest.raises(DTypeError, match=r"Adam: betas(\[[01]\])? is .*; give"):
        optim.Adam([ct.ones(1)], betas=bad)
    with pytest.raises(ValueError, match=r"Adam: betas\[0\] is -1; it must be in"):
        optim.Adam([ct.ones(1)], betas=(-1, 0.9))


def test_numbers_of_numpy_and_flags_of_any_kind_are_taken():
    x = ct.tensor([1.0], requires_grad=True)
    x.grad = ct.ones(1)
    optim.SGD([x], lr=np.float32(0.5), momentum=np.int64(0)).step()
    assert x.tolist() == [0.5]
    optimizer = optim.Adam([x], lr=0.0, amsgrad="yes", betas=[0.5, 0.5])
    optimizer.step()
    assert set(optimizer.state[x]) == {"step", "exp_avg", "exp_avg_sq", "max_exp_avg_sq"}


CHANGES = {"lr": 0.02, "weight_decay": 0.05, "maximize": True, "betas": (0.5, 0.9), "eps": 1e-2}


@pytest.mark.parametrize("wrap", [lambda f: f, ct.jit])
@pytest.mark.parametrize(("name", "options"), OPTIMIZERS + WHOLE)
def test_options_that_change_in_the_middle_are_those_of_the_next_step(name, options, wrap):
    """An optimizer made with the new options goes the same way from the same state."""
    kind, shapes = getattr(optim, name), ((3, 2), (4,))
    params = leaves(values(*shapes))
    optimizer, options = kind(params, **options), dict(options)
    step = wrap(lambda: optimizer.step())
    group = optimizer.param_groups[0]
    changes = [(key, group[key]) for key in CHANGES if key in group]  # and back at the end
    changes = [(key, CHANGES[key] if key != "eps" or name != "Adafactor" else (1e-2, 1e-2))
               for key, _ in changes] + changes  # fmt: skip
    for key, value in [("lr", group["lr"]), *changes]:
        group[key] = options[key] = value
        others = leaves(host(params))
        other = kind(others, **options)
        state = copy.deepcopy(optimizer.state_dict()["state"])
        other.load_state_dict({"state": state, "param_groups": other.state_dict()["param_groups"]})
        for _ in range(2):
            grads = values(*shapes)
            for each, run in ((params, step), (others, other.step)):
                give_gradients(each, grads)
                run()
        assert_close(host(params), host(others), rtol=1e-6, atol=1e-7)


def test_how_a_step_is_computed_is_not_asked_for():
    x = ct.ones(1, requires_grad=True)
    optimizer = optim.Adam([x], foreach=True, fused=False, capturable=True, differentiable=False)
    assert "fused" not in optimizer.param_groups[0]
    for kind in (optim.Adam, optim.LBFGS, optim.Lion):
        with pytest.raises(TypeError, match=f"{kind.__name__}: differentiable=True is not"):
            kind([x], differentiable=True)
    with pytest.raises(TypeError, match="Adam: differentiable=True is not supported"):
        optim.Adam([{"params": [x], "differentiable": True}])


def schedules(optimizer, **options):
    """A schedule of each kind, by kind, made with those of `options` that it takes."""
    L = optim.lr_scheduler
    needed = {
        L.StepLR: {"step_size": 2}, L.MultiStepLR: {"milestones": [1]},
        L.ExponentialLR: {"gamma": 0.5}, L.CosineAnnealingLR: {"T_max": 5}, L.LinearLR: {},
        L.ConstantLR: {}, L.PolynomialLR: {}, L.ReduceLROnPlateau: {},
        L.OneCycleLR: {"max_lr": 0.1, "total_steps": 5}, L.CyclicLR: {"base_lr": 0, "max_lr": 1},
        L.CosineAnnealingWarmRestarts: {"T_0": 2},
    }  # fmt: skip
    for kind, own in needed.items():
        takes = inspect.signature(kind).parameters
        for name, value in options.items():
            if name in takes:
                yield kind, name, lambda k=kind, o=own, n=name, v=value: k(optimizer, **{**o, n: v})


NUMBERS = (
    "step_size", "gamma", "T_max", "eta_min", "start_factor", "end_factor", "total_iters", "factor",
    "power", "patience", "threshold", "cooldown", "min_lr", "eps", "max_lr", "total_steps",
    "pct_start", "base_momentum", "max_momentum", "div_factor", "final_div_factor", "base_lr",
    "step_size_up", "step_size_down", "last_epoch",
)  # fmt: skip


@pytest.mark.parametrize("bad", ["a", 1j, ct.ones(2)])
def test_what_is_no_number_of_a_schedule_is_named(bad):
    optimizer = optim.SGD([ct.ones(1)], lr=0.1, momentum=0.9)
    tried = set()
    for kind, name, make in schedules(optimizer, **dict.fromkeys(NUMBERS, bad)):
        tried.add(name)
        with pytest.raises(DTypeError, match=f"^{kind.__name__}: {name} is .*; give a number"):
            make()
    assert tried == set(NUMBERS)


def test_functions_milestones_and_lists_of_numbers_of_schedules():
    optimizer = optim.SGD([ct.ones(1)], lr=0.1, momentum=0.9)
    L = optim.lr_scheduler
    with pytest.raises(TypeError, match="LambdaLR: lr_lambda is 'a'; give a function"):
        L.LambdaLR(optimizer, "a")
    with pytest.raises(TypeError, match="MultiStepLR: milestones is 3; give a list"):
        L.MultiStepLR(optimizer, 3)
    with pytest.raises(DTypeError, match="MultiStepLR: milestones is 'a'; give a number"):
        L.MultiStepLR(optimizer, ["a"])
    with pytest.raises(DTypeError, match="OneCycleLR: max_lr is None; give a number"):
        L.OneCycleLR(optimizer, [None], 5)
    L.MultiStepLR(optimizer, [0.5 * 30, 22])
    L.CyclicLR(optimizer, [0.1], (0.2,), step_size_down=None)


@pytest.mark.parametrize(
    ("kind", "args"),
    [
        (optim.RMSprop, (0.1, 0.9, 1e-8, 0, 0, False, False, None, True)),
        (optim.ASGD, (0.1, 1e-4, 0.75, 1e6, 0, None, True, False, True)),
        (optim.Adadelta, (0.1, 0.9, 1e-6, 0, True)),
        (optim.Adagrad, (0.1, 0, 0, 0, 1e-10, False)),
        (optim.Adamax, (0.1, (0.9, 0.99), 1e-8, 0, None)),
    ],
)
def test_pytorchs_options_by_position(kind, args):
    group = kind([ct.ones(2, requires_grad=True)], *args).param_groups[0]
    assert group["lr"] == 0.1
    assert group["maximize"] == (len(args) > 7)
    assert not {"foreach", "capturable", "differentiable"} & group.keys()


def test_what_is_not_done_by_position():
    with pytest.raises(TypeError, match="RMSprop: differentiable=True is not supported"):
        optim.RMSprop([ct.ones(1, requires_grad=True)], 0.1, 0.9, 0, 0, 0, False, False, None,
                      False, True)  # fmt: skip
