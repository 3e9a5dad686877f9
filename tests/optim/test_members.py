"""The guard of a recorded call that went through an optimizer's parameters."""

import numpy as np
from optimizers import leaves

from cltensor import optim
from cltensor.optim.members import Members, is_of


def test_it_holds_while_groups_and_parameters_are_those_of_the_call():
    a, b = leaves([np.ones(1, np.float32)] * 2)
    optimizer = optim.SGD([a], lr=1.0)
    guard = Members(optimizer)
    assert guard()
    assert is_of(guard, optimizer)
    assert not is_of(guard, optim.SGD([b]))
    optimizer.param_groups[0]["params"].append(b)
    assert not guard()
    optimizer.param_groups[0]["params"].pop()
    assert guard()
    with optimizer.register_step_post_hook(lambda *a: None):
        assert not guard()
    optimizer.add_param_group({"params": [b]})
    assert not guard()
