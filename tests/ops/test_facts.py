"""What is said of a tensor without computing."""

import numpy as np
import pytest

import cltensor as ct
from cltensor.errors import DTypeError, ShapeError


def test_counts_strides_and_places(device):
    x = ct.zeros(2, 3, 4)
    assert x.dim() == x.ndim == 3
    assert x.numel() == x.nelement() == ct.numel(x) == 24
    assert x.stride() == (12, 4, 1)
    assert x.stride(1) == 4
    assert x.stride(dim=-1) == 1
    assert x.storage_offset() == 0
    assert x[1].storage_offset() == 12
    assert x.element_size() == x.itemsize == 4
    assert x.nbytes == 96
    assert x.is_contiguous()
    assert not x.transpose(0, 1).is_contiguous()
    assert x.is_contiguous(memory_format=ct.contiguous_format)
    assert not x.is_contiguous(memory_format=ct.channels_last)


def test_views_have_one_storage(device):
    x = ct.zeros(2, 3)
    assert x.data_ptr() == x.view(6).data_ptr()
    assert x[1].data_ptr() == x.data_ptr() + 12
    assert x.storage().data_ptr() == x[1].untyped_storage().data_ptr()
    assert x.clone().data_ptr() != x.data_ptr()
    assert ct.zeros(0).data_ptr() == 0
    assert x.storage().nbytes() == 24
    assert x.storage().size() == len(x.storage()) == 6


def test_kinds(device):
    x = ct.zeros(2)
    assert x.is_floating_point()
    assert not ct.is_floating_point(ct.tensor(1))
    assert not x.is_complex()
    assert ct.is_tensor(x)
    assert not ct.is_tensor(np.zeros(2))
    assert x.is_cuda == (device.kind == "gpu")
    assert x.layout == ct.strided
    assert not x.is_sparse
    assert x.real is x
    assert x.conj() is x
    assert x.pin_memory() is x
    assert not x.is_pinned()
    assert x.get_device() == (-1 if device.kind == "cpu" else device.number)
    assert x.type() == "cltensor.FloatTensor"
    assert x.H.shape == (2,)


def test_the_default_dtype(device):
    assert ct.get_default_dtype() == ct.float32
    whole = ct.tensor([1, 2])
    try:
        for dtype in ("float16", ct.bfloat16) + (("float64",) if device.fp64 else ()):
            ct.set_default_dtype(dtype)
            assert ct.get_default_dtype() == dtype
            pair = ct.complex128 if dtype == "float64" else ct.complex64
            assert ct.tensor(1j).dtype == pair
            made = [
                ct.tensor(1.5), ct.ones(2), ct.rand(2), ct.randn(2), ct.linspace(0, 1, 3),
                whole + 0.5, ct.exp(whole), whole.sqrt(), ct.eye(2), whole / 2,
                ct.nn.Linear(2, 2).weight, ct.Tensor([1, 2]), ct.full((2,), 0.5), ct.empty(2),
            ]  # fmt: skip
            assert {x.dtype for x in made} == {made[0].dtype}
            assert made[0].dtype == dtype
            assert repr(made[0]) == "tensor(1.5000)"
            assert ct.finfo().bits == 8 * made[0].dtype.itemsize
            assert ct.result_type(whole, 1.5) == dtype
        with pytest.raises(DTypeError, match="set_default_dtype: int64 is no floating-point dtype"):
            ct.set_default_dtype(ct.int64)
    finally:
        ct.set_default_dtype(ct.float32)
    assert (whole / 2).dtype == ct.tensor(1.5).dtype == ct.float32


def test_a_recorded_call_knows_the_default_dtype(device):
    half = ct.jit(lambda x: x / 2)
    x = ct.tensor([1, 2])
    try:
        for _ in range(4):
            assert half(x).dtype == ct.float32
        ct.set_default_dtype(ct.float16)
        for _ in range(4):
            assert half(x).dtype == ct.float16
    finally:
        ct.set_default_dtype(ct.float32)
    assert half(x).dtype == ct.float32


def test_limits_of_dtypes():
    assert ct.finfo(ct.float32).eps == 2.0**-23
    assert ct.finfo(ct.float16).max == 65504
    assert ct.iinfo(ct.int8).max == 127
    assert ct.iinfo("uint8").min == 0
    assert ct.pi == np.pi
    assert ct.inf == np.inf
    assert ct.nan != ct.nan
    assert ct.newaxis is None


def test_what_operands_have_in_common(device):
    x = ct.ones(2, dtype="int8")
    assert ct.promote_types("int64", ct.float16) == ct.float16
    assert ct.result_type(x, 1.5) == ct.result_type(1, 1.5) == ct.float32
    assert ct.result_type(x, ct.tensor(1, dtype="int64")) == ct.int8
    assert ct.result_type(x, ct.ones(1, dtype="int64")) == ct.int64
    assert ct.result_type(ct.ones(2), 1j) == ct.complex64
    assert ct.can_cast(ct.float64, ct.float32)
    assert ct.can_cast("int64", "int8")
    assert not ct.can_cast(ct.float32, ct.int64)
    assert not ct.can_cast(ct.int64, ct.bool_)
    with pytest.raises(DTypeError, match="uint64 and int8 have no common integer type"):
        ct.promote_types(ct.uint64, ct.int8)
    with pytest.raises(DTypeError, match="result_type: cannot tell of 'x'"):
        ct.result_type(x, "x")


def test_signs_and_sizes(device):
    x = ct.tensor([[-2.0]])
    assert x.ndimension() == 2
    assert x.is_nonzero()
    assert not ct.is_nonzero(ct.tensor(False))
    with pytest.raises(ShapeError, match="a tensor of shape \\(2,\\) has 2 elements, not one"):
        ct.ones(2).is_nonzero()
    assert x.is_signed()
    assert ct.tensor([1]).is_signed()
    assert not ct.tensor([1], dtype="uint8").is_signed()
    assert not ct.tensor([True]).is_signed()
    assert x.is_same_size(ct.zeros(1, 1, dtype="int64"))
    assert not x.is_same_size(ct.zeros(1))
