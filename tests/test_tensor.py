"""Tensor: facts, reading, printing, copies, views, and what Python's protocols give."""

import copy
import pickle

import numpy as np
import pytest

import cltensor as ct
from cltensor.autograd import Variable
from cltensor.errors import DTypeError, GradientError, ShapeError


@pytest.fixture
def x(device):
    return ct.tensor(np.arange(6, dtype="float32").reshape(2, 3))


def test_facts(x, device):
    assert x.shape == (2, 3)
    assert x.ndim == x.dim() == 2
    assert x.size == x.numel() == 6
    assert x.size() == (2, 3)
    assert x.size(0) == 2
    assert x.size(-1) == 3
    assert x.dtype == ct.float32
    assert x.nbytes == 24
    assert x.device is device
    assert x.strides == (3, 1)
    assert x.is_contiguous()
    assert not x.requires_grad
    assert x.grad is None


def test_reading(x):
    want = np.arange(6.0).reshape(2, 3)
    for array in (x.numpy(), np.asarray(x), np.array(x, copy=True)):
        np.testing.assert_array_equal(array, want)
        assert array.dtype == np.float32
    assert np.asarray(x, dtype="int8").dtype == np.int8
    assert x.tolist() == want.tolist()
    assert x[1, 2].item() == 5.0
    assert isinstance(x[1, 2].item(), float)
    assert isinstance(ct.tensor(3).item(), int)
    assert ct.tensor(True).item() is True


def test_numbers_out_of_tensors(x):
    one = ct.tensor([[2.75]])
    assert float(one) == 2.75
    assert int(one) == 2
    assert bool(one) is True
    assert not ct.tensor(0)
    assert range(10)[ct.tensor(3)] == 3
    assert f"{one.sum():.1f}" == "2.8"
    assert f"{one.sum()}" == "2.75"
    assert "%.3f" % ct.tensor(0.5) == "0.500"  # noqa: UP031
    for wrong in (float, int, bool, lambda t: t.item()):
        with pytest.raises(ShapeError, match=r"item: a tensor of shape \(2, 3\) has 6 elements"):
            wrong(x)
    with pytest.raises(DTypeError, match="a float32 tensor is no index"):
        range(10)[ct.tensor(3.0)]
    with pytest.raises(TypeError):
        f"{x:.2f}"


def test_sequences(x):
    assert len(x) == 2
    assert [row.tolist() for row in x] == x.tolist()
    a, b = x
    assert b.tolist() == [3, 4, 5]
    assert len(ct.zeros(0)) == 0
    assert list(ct.zeros(0)) == []
    for wrong in (len, iter):
        with pytest.raises(TypeError, match="zero-dimensional"):
            wrong(ct.tensor(1.0))
    assert sum(x).tolist() == [3, 5, 7]
    assert max(a).item() == 2


def test_tensors_are_hashed_by_identity(x):
    assert {x: 1}[x] == 1
    assert x in [x]
    assert hash(x) != hash(x.clone())


REPRS = [
    ([], "tensor([])"),
    (3.0, "tensor(3.)"),
    ([1, 2], "tensor([1, 2])"),
    ([True, False], "tensor([ True, False])"),
    ([[0.0, 1.0], [2.0, -3.0]], "tensor([[ 0.,  1.],\n        [ 2., -3.]])"),
    ([0.5, -1.25], "tensor([ 0.5000, -1.2500])"),
    ([1.5, 1e10], "tensor([1.5000e+00, 1.0000e+10])"),
    ([1e-5, 1e-4], "tensor([1.0000e-05, 1.0000e-04])"),
    ([float("nan"), float("inf"), 1.5], "tensor([   nan,    inf, 1.5000])"),
    (np.zeros((2, 0), "float32"), "tensor([], size=(2, 0))"),
    (np.arange(3, dtype="int8"), "tensor([0, 1, 2], dtype=int8)"),
    (np.arange(2000), "tensor([   0,    1,    2,  ..., 1997, 1998, 1999])"),
]


@pytest.mark.parametrize(("data", "text"), REPRS, ids=[r[1][:24] for r in REPRS])
def test_repr_is_like_pytorchs(device, data, text):
    assert repr(ct.tensor(data)) == text


def test_repr_names_another_device_and_computes_pending_values(device, other_device):
    assert repr(ct.ones(1, device=other_device)) == f"tensor([1.], device='{other_device}')"
    assert repr(ct.ones(2) + 1) == "tensor([2., 2.])"


def test_copies(x):
    for twin in (copy.deepcopy(x), copy.copy(x), pickle.loads(pickle.dumps(x)), x.clone()):
        assert twin.tolist() == x.tolist()
        assert twin.dtype == x.dtype
        assert twin.device is x.device
        if twin is not x:
            twin[0, 0] = 99.0
            assert x[0, 0].item() == 0
    pending = x + 1
    assert pickle.loads(pickle.dumps(pending)).tolist() == (x + 1).tolist()
    assert copy.deepcopy(pending.T).tolist() == (x + 1).T.tolist()


def test_views_share_a_buffer(x):
    for view in (x[1:], x.T, x.reshape(6), x[:, ::-1], x.expand(4, 2, 3)):
        assert view.buffer is x.buffer
    assert x[1:].offset == 3
    assert x[:, ::-1].strides == (3, -1)
    np.testing.assert_array_equal(x[:, ::-1].numpy(), x.numpy()[:, ::-1])


def test_variables_have_the_same_manners(x):
    v = Variable(x)
    assert v.shape == x.shape
    assert v.tolist() == x.tolist()
    assert repr(v) == repr(x)
    assert f"{v.sum():.1f}" == "15.0"
    assert [row.tolist() for row in v] == x.tolist()
    assert float(v[0, 1]) == 1
    assert v.T.shape == (3, 2)
    assert len(v) == 2


def test_a_zero_dimensional_tensor_works_like_the_others(device):
    x = ct.tensor(2.0)
    assert (x + 1).shape == ()
    assert x.sum().item() == x.mean().item() == x.max().item() == 2
    assert x.reshape(1, 1).tolist() == [[2]]
    assert x[None].shape == (1,)
    assert x[...].item() == 2
    assert x.T.item() == 2


@pytest.mark.parametrize("operation", ["backward", "requires_grad_"])
def test_a_tensor_has_no_graph_and_says_what_has(device, operation):
    with pytest.raises(GradientError, match=f"^{operation}: a Tensor records no operations"):
        getattr(ct.ones(2), operation)()
    x = ct.ones(2)
    assert x.requires_grad_(False) is x
