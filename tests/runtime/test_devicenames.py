"""`ct.device`: names, comparing, printing, and the default inside a `with` block."""

import threading

import pytest

import cltensor as ct
from cltensor.errors import DeviceError


def test_devices_are_instances(device):
    assert isinstance(device, ct.device)
    assert isinstance(ct.ones(1).device, ct.device)
    assert not isinstance("cpu", ct.device)
    assert ct.device() is device
    assert ct.device(device) is device


def test_the_default_device_can_be_asked_for(device, other_device):
    assert ct.get_default_device() is device is ct.ones(1).device
    with other_device:
        assert ct.get_default_device() is other_device


def test_names_and_numbers(device):
    kind = device.kind
    assert ct.device(kind) is ct.device(f"{kind}:0") is ct.device(kind, 0)
    assert ct.device(type=kind, index=0) == ct.device(kind)
    assert device.type == kind
    assert len({ct.device(kind), ct.device(kind, 0)}) == 1
    assert ct.device(kind) != kind
    assert ct.device(str(device)) is device
    with pytest.raises(TypeError, match="device: an index 1 beside 'cl:0'"):
        ct.device("cl:0", 1)
    with pytest.raises(DeviceError, match="device: there is no 'cpu:77'"):
        ct.device("cpu", 77)


def test_printing(device):
    if device.kind != "cpu":
        pytest.skip(f"'{device}' is no CPU")
    assert str(device) == "cpu"
    assert repr(device) == "device(type='cpu')"
    assert device.index is None


def test_the_default_inside_a_block(device, other_device):
    with other_device as entered:
        assert entered is other_device
        assert ct.ones(1).device is other_device
        with ct.device(device):
            assert ct.zeros(1).device is device
        assert ct.tensor(1).device is other_device
        seen = []
        thread = threading.Thread(target=lambda: seen.append(ct.ones(1).device))
        thread.start()
        thread.join()
        assert seen == [device]
    assert ct.ones(1).device is device
    with pytest.raises(ZeroDivisionError), other_device:
        raise ZeroDivisionError
    assert ct.ones(1).device is device
