"""DLPack, both ways."""

import numpy as np
import pytest

import cltensor as ct
from cltensor.errors import DTypeError


def test_numpy_both_ways(device):
    x = ct.tensor([[1, 2], [3, 4]])[:, 0]
    got = np.from_dlpack(x)
    assert (got.dtype, got.tolist()) == (np.int64, [1, 3])
    array = np.arange(6, dtype="float32").reshape(2, 3)[:, ::2]
    y = ct.from_dlpack(array)
    assert (y.dtype, y.tolist()) == (ct.float32, array.tolist())
    array[:] = 0
    assert y[0, 1].item() == 2
    for dtype in ("bool", "uint8", "complex64"):
        z = ct.from_dlpack(ct.ones(2, dtype=dtype).numpy())
        assert (z.dtype, z.tolist()) == (dtype, [1, 1])


def test_a_tensor_is_shared(device, other_device):
    x = ct.zeros(2)
    assert ct.from_dlpack(x) is x
    assert ct.from_dlpack(x, copy=False) is x
    copied = ct.from_dlpack(x, copy=True)
    copied[0] = 1
    assert x.tolist() == [0, 0]
    assert ct.from_dlpack(x, device=other_device).device is other_device
    with pytest.raises(ValueError, match="copy=False, and ext_tensor is on"):
        ct.from_dlpack(x, device=other_device, copy=False)


def test_what_cannot_be_kept(device):
    x = ct.ones(2)
    assert x.__dlpack_device__() == (1, 0)
    with pytest.raises(ValueError, match="stream is 1"):
        x.__dlpack__(stream=1)
    with pytest.raises(BufferError, match=r"dl_device is \(2, 0\)"):
        x.__dlpack__(dl_device=(2, 0))
    assert x.__dlpack__(max_version=(1, 0), dl_device=(1, 0), copy=True) is not None
    with pytest.raises(ValueError, match="elements must be copied"):
        ct.from_dlpack(np.ones(2), copy=False)
    with pytest.raises(DTypeError, match="a list, which does not speak DLPack"):
        ct.from_dlpack([1.0])


def test_torch_both_ways(device):
    torch = pytest.importorskip("torch")
    assert torch.from_dlpack(ct.tensor([1.0, 2.0])).tolist() == [1, 2]
    assert ct.from_dlpack(torch.arange(3)).tolist() == [0, 1, 2]


def test_bfloat16_has_no_capsule(device):
    with pytest.raises(BufferError, match=r"^__dlpack__: .*no bfloat16; use \.float\(\) first"):
        ct.ones(2, dtype="bfloat16").__dlpack__()


def test_what_numpy_does_not_read_is_named(device):
    class Brief:
        dtype = "bfloat16"

        def __dlpack_device__(self):
            return (1, 0)

        def __dlpack__(self, **keywords):
            raise BufferError("Unsupported dtype in DLTensor.")

    with pytest.raises(DTypeError, match="from_dlpack: .* of bfloat16 .*; cast it to float32"):
        ct.from_dlpack(Brief())
