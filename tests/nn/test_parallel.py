"""PyTorch's names for modules on several devices."""

import numpy as np
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


def test_data_parallel_as_a_function():
    inner = nn.Linear(2, 3)
    x = ct.ones(4, 2)
    assert ct.equal(nn.parallel.data_parallel(inner, x, [0]), inner(x))
    assert ct.equal(nn.parallel.data_parallel(inner, (x,)), inner(x))
    with pytest.raises(DeviceError, match="a module is on one device"):
        nn.parallel.data_parallel(inner, x, [0, 1])


def test_arguments_go_to_the_one_device_and_results_come_together():
    x = ct.arange(6.0).reshape(3, 2)
    (share,) = nn.parallel.scatter({"x": (x, "name"), "n": [2]}, ["cpu"])
    assert share["x"][0] is x
    assert share["x"][1] == "name"
    assert share["n"] == [2]
    inputs, named = nn.parallel.scatter_kwargs((x,), {"scale": 3}, [x.device])
    assert inputs == ((x,),)
    assert named == ({"scale": 3},)
    results = [(x, {"loss": x.sum()}, None), (x + 1, {"loss": x[0, 0]}, None)]
    found = nn.parallel.gather(results, x.device)
    np.testing.assert_array_equal(found[0].numpy(), np.concatenate([x.numpy(), x.numpy() + 1]))
    assert found[1]["loss"].tolist() == [15, 0]
    assert found[2] is None
    assert nn.parallel.gather([x, x], x.device, 1).shape == (3, 4)
    with pytest.raises(TypeError, match=r"\['int', 'int'\] cannot be joined"):
        nn.parallel.gather([1, 2], "cpu")
    with pytest.raises(DeviceError, match="scatter: target_gpus are"):
        nn.parallel.scatter(x, [0, 1])


def test_replicas_are_the_module_and_run_in_turn():
    inner, x = nn.Linear(2, 3), ct.ones(4, 2)
    assert nn.parallel.replicate(inner, [0]) == [inner]
    with pytest.raises(DeviceError, match="replicate: devices are"):
        nn.parallel.replicate(inner, [0, 1])
    found = nn.parallel.parallel_apply([inner, nn.Identity()], [(x,), x])
    assert ct.equal(found[0], inner(x))
    assert found[1] is x
    (named,) = nn.parallel.parallel_apply([inner], [()], [{"input": x}], [0])
    assert ct.equal(named, inner(x))
    with pytest.raises(ValueError, match="1 modules, 2 inputs, 1 kwargs"):
        nn.parallel.parallel_apply([inner], [x, x])
