"""Hooks of optimizers: around steps, saving and loading; with them nothing is replayed."""

import copy

import numpy as np
import pytest
from optimizers import leaves

import cltensor as ct
from cltensor import optim
from cltensor.optim import hooks


def made():
    (x,) = leaves([np.zeros(1, np.float32)])
    x.grad = ct.ones(1)
    return x, optim.SGD([x], lr=1.0)


def test_hooks_of_a_step_come_in_order_and_go():
    x, optimizer = made()
    seen = []
    before = optimizer.register_step_pre_hook(lambda o, a, k: seen.append(("before", a, x.item())))
    after = optimizer.register_step_post_hook(lambda o, a, k: seen.append(("after", k, x.item())))
    with hooks.register_optimizer_step_pre_hook(lambda *a: seen.append("all")):
        optimizer.step()
    assert seen == ["all", ("before", (optimizer,), 0.0), ("after", {}, -1.0)]
    before.remove()
    after.remove()
    optimizer.step()
    assert len(seen) == 3


def test_a_hook_may_change_the_arguments():
    _x, optimizer = made()
    optimizer.register_step_pre_hook(lambda o, a, k: ((o, lambda: 7), {}))
    assert optimizer.step() == 7
    optimizer.register_step_pre_hook(lambda o, a, k: 3)
    with pytest.raises(TypeError, match=r"SGD.step: a hook returned a int; return None"):
        optimizer.step()


def test_a_subclass_with_a_step_of_its_own_has_them():
    class Mine(optim.Optimizer):
        def step(self, closure=None):
            return "mine"

    optimizer, seen = Mine(leaves([np.zeros(1, np.float32)]), {"lr": 0.1}), []
    optimizer.register_step_post_hook(lambda *a: seen.append(a))
    assert optimizer.step() == "mine"
    assert len(seen) == 1


def test_replays_stop_where_hooks_begin():
    x, optimizer = made()
    step, seen = ct.jit(lambda: optimizer.step()), []
    for _ in range(3):
        step()
    handle = optimizer.register_step_post_hook(lambda *a: seen.append(1))
    step()
    step()
    assert x.item() == -5
    handle.remove()
    step()
    assert seen == [1, 1]
    assert x.item() == -6


def test_hooks_of_saving_and_loading():
    _x, optimizer = made()
    seen = []
    optimizer.register_state_dict_pre_hook(lambda o: seen.append("save"))
    optimizer.register_state_dict_post_hook(lambda o, s: {**s, "more": 1})
    optimizer.register_state_dict_post_hook(lambda o, s: seen.append(sorted(s)), prepend=True)
    saved = optimizer.state_dict()
    assert saved["more"] == 1
    assert seen == ["save", ["param_groups", "state"]]

    def change(o, s):
        s["param_groups"] = [{**s["param_groups"][0], "lr": 0.5}]

    optimizer.register_load_state_dict_pre_hook(change)
    optimizer.register_load_state_dict_post_hook(lambda o: seen.append(o.param_groups[0]["lr"]))
    optimizer.load_state_dict(saved)
    assert seen[-1] == 0.5
    assert saved["param_groups"][0]["lr"] == 1.0
    assert copy.deepcopy(optimizer).state_dict().keys() == {"state", "param_groups"}
