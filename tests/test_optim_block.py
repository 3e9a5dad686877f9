"""Parameters in one buffer: one launch for all, and nobody's copy changes."""

import pytest
from optimizers import OPTIMIZERS, give_gradients, leaves, values

import cltensor as ct
from cltensor import nn, optim


@pytest.mark.parametrize(("name", "options"), OPTIMIZERS)
def test_a_step_is_one_launch_for_all_parameters_and_builds_nothing_new(
    name, options, device, deferred, monkeypatch
):
    from cltensor.program import Kernel

    launches = []
    launch = Kernel.__call__

    def counted(self, *args, **kwargs):
        launches.append(self)
        return launch(self, *args, **kwargs)

    monkeypatch.setattr(Kernel, "__call__", counted)
    params = leaves(values((7,), (9,)))
    optimizer = getattr(optim, name)(params, **options)
    for _ in range(3):
        give_gradients(params, values((7,), (9,)))
        optimizer.step()
    built = len(device.kernels)
    for _ in range(3):
        give_gradients(params, values((7,), (9,)))
        launches.clear()
        optimizer.step()
        assert len(launches) == 1
    assert len(device.kernels) == built


def test_backward_with_old_weights_after_a_step():
    weight, optimizer = None, None
    weight = nn.Parameter(ct.tensor([2.0]))
    optimizer = optim.SGD([weight], lr=1.0)
    loss = (weight * weight).sum()
    loss.backward(retain_graph=True)
    optimizer.step()
    assert weight.data.item() == -2
    optimizer.zero_grad()
    loss.backward()
    assert weight.grad.item() == 4  # of the weight that the loss was computed with
