"""Values that an operation is not defined for: noted on the device, raised at the next read."""

import math

import numpy as np
import pytest

import cltensor as ct
from cltensor.ops.elementwise.bounds import require_probabilities


def check(x, y):
    require_probabilities("told", x, y)
    x.device.synchronize()


@pytest.mark.parametrize("bad", [-1e-6, 1.0001, math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("at", [0, 7, 9999])
def test_a_value_outside_is_found_wherever_it_is(skeleton, bad, at):
    good = ct.tensor(np.linspace(0, 1, 10_000, dtype="float32"))
    array = good.numpy()
    check(good, good)
    array[at] = bad
    wrong = ct.tensor(array)
    with pytest.raises(ValueError, match="^told: an element of input is not between 0 and 1"):
        check(wrong, good)
    with pytest.raises(ValueError, match="^told: an element of target is not between 0 and 1"):
        check(good, wrong)
    check(good, good)  # a fault is told once


def test_views_empty_tensors_and_integers(device):
    x = ct.tensor([[0.5, 9.0], [1.0, -9.0]])
    check(x[:, 0], ct.tensor([0, 1]))
    with pytest.raises(ValueError, match="of input"):
        check(x[:, 1], ct.tensor([0, 1]))
    with pytest.raises(ValueError, match="of target"):
        check(x[:, 0], ct.tensor([0, 2]))
    check(ct.zeros(0), ct.zeros(0))


def test_operands_are_on_one_device(device, other_device):
    with pytest.raises(ct.DeviceError, match="^told: operands are on"):
        require_probabilities("told", ct.zeros(2, device=device), ct.zeros(2, device=other_device))
