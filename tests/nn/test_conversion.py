"""Modules given another dtype, or moved to another device."""

import numpy as np
import pytest
from networks import Net

import cltensor as ct
from cltensor import nn
from cltensor.errors import DeviceError, DTypeError


def test_to_dtype_casts_floats_only_and_training_goes_on(fp64):
    net = Net()
    net(ct.randn(5, 4)).sum().backward()
    assert net.double() is net
    assert net.scale.dtype == net.shift.dtype == net.scale.grad.dtype == ct.float64
    assert net.rest[1].num_batches_tracked.dtype == ct.int64
    net.zero_grad()
    net(ct.randn(5, 4, dtype=ct.float64)).sum().backward()
    assert net.scale.grad.dtype == ct.float64
    assert net.float().scale.dtype == ct.float32
    assert net.to(dtype=np.float64).scale.dtype == ct.float64


def test_to_device_moves_parameters_buffers_and_gradients(other_device):
    net = Net()
    parameter = net.scale
    net(ct.randn(5, 4)).sum().backward()
    assert net.to(other_device.name) is net
    assert net.scale is parameter
    assert all(p.device is p.grad.device is other_device for p in net.parameters())
    assert all(b.device is other_device for b in net.buffers())
    net.zero_grad()
    net(ct.randn(5, 4, device=other_device)).sum().backward()
    assert net.scale.grad.device is other_device
    with pytest.raises(ct.DeviceError, match="operands are on"):
        net(ct.randn(5, 4))
    layer = nn.Linear(2, 2, device=other_device)
    assert layer.weight.device is layer.bias.device is other_device
    state = nn.Linear(2, 2).state_dict()
    layer.load_state_dict(state)
    assert layer.weight.device is other_device


def test_to_takes_what_pytorchs_does(device):
    layer, kind = nn.Linear(2, 2), ct.float32
    for call in (
        lambda: layer.to("cpu", non_blocking=True),
        lambda: layer.to(kind, True),
        lambda: layer.to("float32"),
        lambda: layer.to(device, kind),
        lambda: layer.to(ct.ones(1, device=device)),
        lambda: layer.to(tensor=ct.ones(1, device=device)),
        lambda: layer.to(memory_format=ct.channels_last),
        lambda: layer.to(device=device, dtype=kind, non_blocking=False),
        layer.cpu,
    ):
        assert call() is layer
        assert layer.weight.dtype == kind
    for wanted in (ct.int64, "int64", ct.arange(2)):
        with pytest.raises(DTypeError, match="to: modules take a floating-point dtype, not int64"):
            layer.to(wanted)
    if not ct.cuda.is_available():
        with pytest.raises(DeviceError, match="no GPU was found"):
            layer.cuda()


def test_floats_of_16_bits(device):
    layer = nn.Linear(2, 3)
    for convert, dtype in ((layer.half, "float16"), (layer.bfloat16, "bfloat16")):
        assert convert() is layer
        assert layer.weight.dtype == layer.bias.dtype == dtype
        out = layer(ct.ones(4, 2, dtype=dtype)).sum()
        out.backward()
        assert layer.weight.grad.dtype == out.dtype == dtype
        assert layer.weight.grad.tolist() == [[4, 4]] * 3
        layer.weight.grad = layer.bias.grad = None
    assert layer.to("bfloat16").to(ct.bfloat16).float().weight.dtype == ct.float32


def test_to_empty_and_shared_memory(other_device):
    net = Net()
    weight = net.scale
    assert net.to_empty(device=other_device) is net
    assert net.scale is weight
    assert all(x.device is other_device for x in (*net.parameters(), *net.buffers()))
    net = Net()
    net.to_empty(device=other_device, recurse=False)
    assert net.scale.device is other_device
    assert net.first.weight.device is not other_device
    with pytest.raises(DeviceError, match=r"share_memory: .*ct\.multiprocessing\.Queue"):
        net.share_memory()


def test_type_casts_integers_too():
    net = Net()
    assert net.type(ct.float16) is net
    assert net.scale.dtype == net.rest[1].num_batches_tracked.dtype == ct.float16
    with pytest.raises(DTypeError, match="type: modules take a floating-point dtype, not int64"):
        net.type(ct.int64)
