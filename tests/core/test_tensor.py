"""Tensor: facts, reading, printing, copies, views, and what Python's protocols give."""

import copy
import pickle

import numpy as np
import pytest
from leaves import leaf

import cltensor as ct
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
    for twin in (copy.deepcopy(x), pickle.loads(pickle.dumps(x)), x.clone()):
        assert twin.tolist() == x.tolist()
        assert twin.dtype == x.dtype
        assert twin.device is x.device
        if twin is not x:
            twin[0, 0] = 99.0
            assert x[0, 0].item() == 0
    pending = x + 1
    assert pickle.loads(pickle.dumps(pending)).tolist() == (x + 1).tolist()
    assert copy.deepcopy(pending.T).tolist() == (x + 1).T.tolist()


def test_copies_share_what_their_originals_share(device):
    x = ct.arange(4.0)
    whole, part, again, other = copy.deepcopy([x, x[1:3], x[1:3].view("int32"), ct.ones(2)])
    whole[1] = 9
    assert part.tolist() == [9, 2]
    assert again.view("float32").tolist() == [9, 2]
    assert other.tolist() == [1, 1]
    assert x.tolist() == [0, 1, 2, 3]
    param = ct.ones(3, requires_grad=True)
    whole, part = copy.deepcopy([param, param.data[1:]])
    assert whole.requires_grad
    part.fill_(5)
    assert whole.tolist() == [1, 5, 5]


def test_copies_have_the_strides_of_their_originals(device):
    x = ct.arange(24.0).reshape(2, 3, 4)
    for turned in (x.permute(2, 0, 1), x[0].t(), x[:, :, :1].transpose(0, 2)[0].t()):
        for twin in (copy.deepcopy(turned), pickle.loads(pickle.dumps(turned))):
            assert twin.tolist() == turned.tolist()
            if len(turned.shape) == 3 or turned.shape == (4, 3):
                assert twin.strides == turned.strides
    cut = pickle.loads(pickle.dumps(x[:, 1:]))
    assert cut.tolist() == x[:, 1:].tolist()
    assert cut.is_contiguous()
    assert copy.deepcopy(ct.ones(1).expand(3)).strides == (0,)
    assert copy.deepcopy(ct.ones(0, 2).t()).shape == (2, 0)
    x.requires_grad_().sum().backward()
    assert pickle.loads(pickle.dumps(x.requires_grad_(False))).grad is None


@pytest.mark.parametrize(
    ("dtype", "shown"),
    [
        ("float32", ""),
        ("int64", ", dtype=int64"),
        ("bool", ", dtype=bool"),
        ("complex64", ", dtype=complex64"),
        ("int32", ", dtype=int32"),
    ],
)
def test_what_has_no_elements_shows_its_dtype(device, dtype, shown):
    assert repr(ct.zeros(0, dtype=dtype)) == f"tensor([]{shown})"
    assert repr(ct.zeros(2, 0, dtype=dtype)) == f"tensor([], size=(2, 0){shown})"


def test_views_share_a_buffer(x):
    for view in (x[1:], x.T, x.reshape(6), x[:, ::-1], x.expand(4, 2, 3)):
        assert view.buffer is x.buffer
    assert x[1:].offset == 3
    assert x[:, ::-1].strides == (3, -1)
    np.testing.assert_array_equal(x[:, ::-1].numpy(), x.numpy()[:, ::-1])
    assert x[1:].is_contiguous()
    assert not x.T.is_contiguous()


def test_what_is_written_through_a_view_is_seen_by_all(x):
    row, column, turned = x[1], x[:, 0], x.T
    row.fill_(7.0)
    column[0] = -1.0
    turned[2] += 1
    assert x.tolist() == [[-1, 1, 3], [7, 7, 8]]
    assert row.tolist() == [7, 7, 8]
    assert column.tolist() == [-1, 7]


def test_the_version_counts_changes(x):
    before = x._version
    x.add_(1)
    x[0].zero_()
    assert x._version == before + 2
    assert x._changed_by == "zero_"


def test_data_is_shared(x):
    x.data.add_(1)
    assert x[0].tolist() == [1, 2, 3]
    other = ct.ones(2)
    x.data = other
    assert x.shape == (2,)
    other.fill_(5.0)
    assert x.tolist() == [5, 5]


def test_a_copy_shares_nothing(x):
    y, z = ct.tensor(x), x.clone()
    x.zero_()
    assert y.tolist() == z.tolist() == [[0, 1, 2], [3, 4, 5]]


def test_recorded_tensors_have_the_same_manners(x):
    v = x.clone().requires_grad_()
    assert v.shape == x.shape
    assert v.tolist() == x.tolist()
    assert repr(v) == repr(x).replace("]])", "]], requires_grad=True)")
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


def test_numpy_refuses_what_would_lose_the_graph(device):
    x = leaf([1.0])
    for attempt in (x.numpy, lambda: np.asarray(x)):
        with pytest.raises(GradientError, match=r"use \.detach\(\)\.numpy\(\)"):
            attempt()
    with ct.no_grad():
        assert x.numpy().tolist() == [1]


def test_only_a_tensor_can_be_the_data(device):
    x = ct.Variable([1.0])
    with pytest.raises(DTypeError, match="^data: what is assigned is a list, not a tensor"):
        x.data = [2.0]
    assert x.tolist() == [1]


def test_leaves_are_copied_and_pickled(device):
    x = leaf([1.0, 2.0])
    (x * 2).sum().backward()
    for twin in (copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert twin.requires_grad
        assert twin.detach().numpy().tolist() == [1, 2]
        with ct.no_grad():
            twin[0] = 9.0
        assert x.detach().numpy().tolist() == [1, 2]
    assert copy.deepcopy(x).grad.numpy().tolist() == [2, 2]
    for attempt in (copy.deepcopy, pickle.dumps):
        with pytest.raises(GradientError, match="only leaves can be"):
            attempt(x * 2)


def test_a_shallow_copy_shares_the_elements(device):
    x = ct.ones(3, requires_grad=True)
    x.note = "kept"
    y = copy.copy(x)
    assert y is not x
    assert (y.requires_grad, y.is_leaf, y.note, y.grad) == (True, True, "kept", None)
    with ct.no_grad():
        y += 1
    assert x.tolist() == [2, 2, 2]
    copied = copy.copy(x * 2)  # outside the graph, as PyTorch's
    assert (copied.is_leaf, copied.requires_grad, copied.tolist()) == (True, True, [4, 4, 4])
    weight = ct.nn.Parameter(ct.ones(2))
    assert type(copy.copy(weight)) is ct.nn.Parameter


def test_deep_copies_of_parameters_have_no_gradient():
    layer = ct.nn.Linear(1, 1)
    layer(ct.ones(1, 1)).sum().backward()
    copied = copy.deepcopy(layer)
    assert copied.weight.grad is None
    assert layer.weight.grad.tolist() == [[1]]
    x = ct.ones(1, requires_grad=True)
    x.sum().backward()
    assert copy.deepcopy(x).grad.tolist() == [1]
