"""The device that programs ask for without saying whose."""

import pytest

import cltensor as ct
from cltensor.errors import DeviceError
from cltensor.runtime.device import _lookup


def test_without_a_gpu():
    if ct.cuda.is_available():
        pytest.skip("there is a GPU")
    assert not ct.accelerator.is_available()
    assert ct.accelerator.device_count() == 0
    assert ct.accelerator.current_accelerator() is None
    with pytest.raises(DeviceError, match="no GPU was found"):
        ct.accelerator.current_device_index()


def test_with_a_gpu(device, monkeypatch):
    for number, found in enumerate(ct.devices()):
        monkeypatch.setattr(found, "kind", "gpu")
        monkeypatch.setitem(vars(found), "number", number)
    _lookup.cache_clear()
    try:
        assert ct.accelerator.current_accelerator().type == "gpu"
        assert ct.accelerator.device_count() == len(ct.devices())
        assert ct.accelerator.current_device_index() == ct.accelerator.current_device_idx()
        ct.accelerator.synchronize()
    finally:
        _lookup.cache_clear()
