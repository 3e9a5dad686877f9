"""Tensors on other devices, and of other dtypes."""

import numpy as np
import pytest

import cltensor as ct
from cltensor.autograd import Variable
from cltensor.errors import DeviceError, DTypeError


def test_like_another_tensor(device):
    x, whole = ct.tensor([1.5, 2.0]), ct.zeros(1, dtype="int16")
    for like in (x.to(whole), x.type_as(whole), Variable(x).type_as(whole), x.to(Variable(whole))):
        assert like.dtype == ct.int16
        assert like.tolist() == [1, 2]
    assert x.type_as(ct.ones(3)) is x
    for wrong in (np.zeros(1, "int16"), [1], None):
        with pytest.raises(DTypeError, match="^type_as: other is a .* not a tensor; wrap it"):
            x.type_as(wrong)
    with pytest.raises(DTypeError, match="^dtype: "):
        x.to(np.zeros(1, "int16"))


def test_a_recorded_call_names_a_move_between_devices(device, other_device):
    moved = ct.jit(lambda x: (x + 1).to(other_device))
    assert moved(ct.ones(2)).tolist() == [2, 2]
    with pytest.raises(
        DeviceError, match=f"jit: moving a tensor from .*{device}.* to .*{other_device}"
    ):
        moved(ct.ones(2))


def test_to_moves_and_casts(device, other_device):
    x = ct.tensor([1.0, 2.0])
    assert x.to(device) is x
    y = x.to(other_device, "int8")
    assert y.device is other_device
    assert y.dtype == ct.int8
    assert x.to(y).device is other_device
    assert x.to(y).dtype == ct.int8
    assert x.to(device=str(other_device), dtype=ct.int32).numpy().tolist() == [1, 2]
    assert ct.tensor([1], device=other_device).to(device).device is device
    with pytest.raises(DeviceError, match="there is no 'nowhere'"):
        x.to("nowhere")


def test_to_takes_what_programs_pass(device):
    x = ct.ones(2)
    assert x.to(device, non_blocking=True) is x
    copied = x.to(device, copy=True)
    assert copied is not x
    assert copied.data_ptr() != x.data_ptr()
    assert x.to(device, ct.float32, True).data_ptr() == x.data_ptr()
    assert x.to(other=ct.tensor(1)).dtype == ct.int64
    assert x.to(memory_format=ct.channels_last) is x
