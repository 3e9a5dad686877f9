"""What all schedules share: the warnings of PyTorch's, and steps that fail."""

import pytest

import cltensor as ct
from cltensor import nn, optim
from cltensor.optim import lr_scheduler


def test_what_pytorch_warns_of():
    class Noting(optim.SGD):
        _opt_called = False

        def step(self, closure=None):
            self._opt_called = True
            return super().step(closure)

    def optimizer():
        return Noting([nn.Parameter(ct.ones(1))], lr=1.0)

    early = lr_scheduler.ExponentialLR(optimizer(), 0.5)
    with pytest.warns(UserWarning, match=r"ExponentialLR: step\(\) was called before optimizer"):
        early.step()
    early.step()  # said once
    chosen = optimizer()
    schedule = lr_scheduler.ExponentialLR(chosen, 0.5)
    chosen.step()
    schedule.step()
    with pytest.warns(UserWarning, match=r"get_lr\(\) computes the rates of the next step"):
        schedule.get_lr()


def test_a_step_that_fails_is_none():
    class Failing(lr_scheduler.LRScheduler):
        def get_lr(self):
            if self.last_epoch == 2:
                raise RuntimeError("no rate")
            return [1.0 / (1 + self.last_epoch)]

    optimizer = optim.SGD([nn.Parameter(ct.ones(1))], lr=1.0)
    schedule = Failing(optimizer)
    optimizer.step()
    schedule.step()
    before = schedule.state_dict()["last_epoch"], optimizer.param_groups[0]["lr"]
    with pytest.raises(RuntimeError, match="no rate"):
        schedule.step()
    assert (schedule.last_epoch, optimizer.param_groups[0]["lr"]) == before == (1, 0.5)


def test_the_base_has_no_rates():
    optimizer = optim.SGD([nn.Parameter(ct.ones(1))], lr=1.0)
    with pytest.raises(NotImplementedError, match=r"the class defines no get_lr\(\)"):
        lr_scheduler.LRScheduler(optimizer)


def test_states_are_plain_values():
    optimizer = optim.SGD([nn.Parameter(ct.ones(1))], lr=1.0, momentum=0.9)
    state = lr_scheduler.OneCycleLR(optimizer, 1.0, total_steps=3).state_dict()
    assert not {"optimizer", "_initial", "_within_step"} & state.keys()
    assert state["last_epoch"] == 0
