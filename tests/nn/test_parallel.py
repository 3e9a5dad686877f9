"""PyTorch's names for modules on several devices."""

import pytest

import cltensor as ct
from cltensor import nn
from cltensor.errors import DeviceError


def test_data_parallel_is_the_module():
    inner = nn.Linear(2, 3)
    model = nn.DataParallel(inner, device_ids=[0])
    assert model.module is inner
    assert list(model.state_dict()) == ["module.weight", "module.bias"]
    x = ct.ones(4, 2)
    assert ct.equal(model(x), inner(x))
    assert ct.equal(nn.DataParallel(inner)(input=x), inner(x))


def test_several_devices_are_refused():
    with pytest.raises(DeviceError, match=r"\[0, 1\], but a module is on one device"):
        nn.DataParallel(nn.Identity(), [0, 1])
    with pytest.raises(DeviceError, match="there is one process"):
        nn.parallel.DistributedDataParallel(nn.Identity(), device_ids=[0])


def test_data_parallel_as_a_function():
    inner = nn.Linear(2, 3)
    x = ct.ones(4, 2)
    assert ct.equal(nn.parallel.data_parallel(inner, x, [0]), inner(x))
    assert ct.equal(nn.parallel.data_parallel(inner, (x,)), inner(x))
    with pytest.raises(DeviceError, match="a module is on one device"):
        nn.parallel.data_parallel(inner, x, [0, 1])
