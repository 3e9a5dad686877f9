"""Slices, windows and diagonals."""

import numpy as np
import pytest

import cltensor as ct
from cltensor.errors import ShapeError


def table():
    return ct.arange(6.0).reshape(2, 3)


def test_the_same_elements_in_other_shapes(device):
    x = table()
    assert x.ravel().tolist() == [0, 1, 2, 3, 4, 5]
    assert x.ravel().data_ptr() == x.data_ptr()
    assert x.reshape_as(ct.zeros(3, 2)).shape == (3, 2)
    assert x.swapdims(0, 1).shape == (3, 2)


def test_select_is_a_view(device):
    x = table()
    x.select(1, -1).zero_()
    assert x.tolist() == [[0, 1, 0], [3, 4, 0]]
    assert x.select(dim=0, index=1).tolist() == [3, 4, 0]
    with pytest.raises(ShapeError, match="select: index is 3; give an integer from -3 to 2"):
        x.select(1, 3)


def test_windows_are_a_view(device):
    x = table()
    windows = x.unfold(1, 2, 1)
    assert windows.tolist() == [[[0, 1], [1, 2]], [[3, 4], [4, 5]]]
    x[0, 1] = 9
    assert windows[0].tolist() == [[0, 9], [9, 2]]
    assert ct.arange(7).unfold(0, 3, 2).tolist() == [[0, 1, 2], [2, 3, 4], [4, 5, 6]]
    assert ct.tensor(5.0).unfold(0, 1, 1).tolist() == [5]  # as in PyTorch
    assert ct.arange(3).unfold(0, 0, 1).shape == (4, 0)
    with pytest.raises(ShapeError, match="unfold: windows of 4 elements do not fit axis 1 of"):
        x.unfold(1, 4, 1)
    with pytest.raises(ShapeError, match="unfold: step is 0"):
        x.unfold(1, 2, 0)


def test_gradients_of_windows_add_up(fp64):
    x = ct.tensor(np.arange(10.0).reshape(2, 5), requires_grad=True)
    x.unfold(1, 3, 1).sum().backward()
    assert x.grad.tolist() == [[1, 2, 3, 2, 1]] * 2
    y = ct.tensor(np.random.default_rng(1).normal(size=(2, 5, 2)), requires_grad=True)
    ct.testing.gradcheck(lambda t: t.unfold(1, 2, 2) ** 2, [y])
    ct.testing.gradgradcheck(lambda t: t.unfold(-2, 3, 1) ** 2, [y])


def test_diagonals(device):
    assert ct.diag(ct.tensor([1, 2])).tolist() == [[1, 0], [0, 2]]
    assert ct.tensor([1]).diag(1).tolist() == [[0, 1], [0, 0]]
    assert ct.tensor([1]).diag(diagonal=-1).tolist() == [[0, 0], [1, 0]]
    assert table().diag(1).tolist() == [1, 5]
    assert table().trace().item() == 4
    assert ct.tensor([[True]]).trace().dtype == ct.int64
    with pytest.raises(ShapeError, match="trace: needs a matrix"):
        ct.ones(2).trace()
    with pytest.raises(ShapeError, match="diag: needs a vector or a matrix"):
        ct.ones(1, 1, 1).diag()


def test_gradients_of_diagonals(fp64):
    x = ct.tensor(np.arange(9.0).reshape(3, 3), requires_grad=True)
    ct.testing.gradcheck(lambda t: t.diag(1) * t.trace(), [x])
    ct.testing.gradcheck(lambda t: ct.diag(t, -1) ** 2, [x[0].detach().requires_grad_()])
