"""Windows given by strides, and copies with a part replaced."""

import numpy as np
import pytest
from arrays import check, check_both_orders

import cltensor as ct
from cltensor.errors import DTypeError, GradientError, ShapeError


def test_a_window_is_a_view_of_the_storage():
    a = np.arange(12, dtype="float32")
    x = ct.tensor(a)
    y = ct.as_strided(x, (3, 2), (3, 1), 2)
    check(y, np.lib.stride_tricks.as_strided(a[2:], (3, 2), (12, 4)))
    y[0, 0] = 50
    assert x[2].item() == 50
    check(x[4:].as_strided((2,), (1,)), np.float32([4, 5]))  # from where it begins
    check(x[4:].as_strided((2,), (1,), 0), np.float32([0, 1]))  # the storage's first elements
    check(x.reshape(3, 4).t().as_strided((2, 2), (4, 1), 1), np.float32([[1, 50], [5, 6]]))
    assert x.as_strided((0, 3), (1, 1), 12).shape == (0, 3)


def test_a_window_shown_in_place():
    x = ct.arange(6.0)
    assert x.as_strided_((2, 2), (1, 2)) is x
    check(x, np.float32([[0, 2], [1, 3]]))
    y = ct.arange(4.0)
    y.as_strided_((4,), (1,), 0)
    y = ct.arange(5.0)[:4]
    y.as_strided_((4,), (1,), 1)  # of the same sizes, elsewhere
    check(y, np.float32([1, 2, 3, 4]))


@pytest.mark.parametrize(
    "operation",
    [
        lambda x: ct.as_strided(x, (2, 3), (5, 2), 1),
        lambda x: ct.as_strided(x, (4, 4), (1, 1), 0),  # overlapping
        lambda x: ct.as_strided(x[1], (2, 3), (1, 1)),
        lambda x: ct.as_strided(x.t(), (3, 2), (1, 5), 2),  # of what x.t() is a view of
        lambda x: ct.as_strided_scatter(x, x[:2, :3], (2, 3), (5, 2), 1),
        lambda x: ct.select_scatter(x, x[1] * 2, 0, -1),
        lambda x: ct.slice_scatter(x, x[:, :2], 1, 0, 4, 2),
        lambda x: ct.diagonal_scatter(x, x[0, :3], 1),
    ],
)
def test_gradients_of_first_and_second_order(operation):
    check_both_orders(operation, np.random.default_rng(2).permutation(15).reshape(3, 5) / 7)


def test_the_gradient_of_a_window_of_what_is_not_dense():
    columns = ct.arange(6.0).reshape(3, 2).t().detach().requires_grad_()
    (columns.as_strided((2, 2), (1, 1)) * ct.tensor([[1.0, 10], [100, 1000]])).sum().backward()
    check(columns.grad, np.float32([[1, 1000, 0], [110, 0, 0]]))
    spaced = ct.arange(8.0)[1::3].detach().requires_grad_()  # elements 1, 4 and 7
    spaced.as_strided((3,), (2,), 2).sum().backward()  # 2, 4 and 6
    check(spaced.grad, np.float32([0, 1, 0]))
    nothing = ct.zeros(0, 2, requires_grad=True)
    nothing.as_strided((2, 0), (1, 1)).sum().backward()
    assert nothing.grad.shape == (0, 2)


def test_writing_through_a_window_is_recorded():
    x = ct.ones(4, requires_grad=True)
    y = x * 3
    y.as_strided((2,), (2,), 1).mul_(5)
    y.sum().backward()
    check(x.grad, np.float32([3, 15, 3, 15]))


def test_copies_with_a_part_replaced():
    x = ct.zeros(2, 3)
    check(ct.select_scatter(x, ct.ones(2), 1, 2), np.float32([[0, 0, 1]] * 2))
    check(x.slice_scatter(ct.ones(2, 2), 1, -2), np.float32([[0, 1, 1]] * 2))
    check(ct.slice_scatter(x, ct.ones(1, 3), start=1), np.float32([[0] * 3, [1] * 3]))
    check(ct.diagonal_scatter(x, ct.ones(2)), np.float32([[1, 0, 0], [0, 1, 0]]))
    check(ct.as_strided_scatter(x, ct.ones(2), (2,), (2,), 1), np.float32([[0, 1, 0], [1, 0, 0]]))
    check(x, np.zeros((2, 3), "float32"))
    check(ct.select_scatter(ct.zeros(2, dtype="int64"), ct.tensor(1), 0, 0), np.int64([1, 0]))


def test_faults():
    x = ct.arange(6.0)
    with pytest.raises(ShapeError, match="from 2 on reach element 6 of a storage of 6"):
        ct.as_strided(x, (5,), (1,), 2)
    with pytest.raises(ShapeError, match="give as many of both"):
        ct.as_strided(x, (5,), (1, 1))
    with pytest.raises(ShapeError, match="as_strided: stride is -1"):
        ct.as_strided(x, (2,), -1)
    y = x.reshape(6, 1).expand(6, 2).detach().requires_grad_()  # shows each element twice
    with pytest.raises(GradientError, match="has no gradient"):
        ct.as_strided(y, (2,), (1,))
    with pytest.raises(ShapeError, match=r"a source of shape \(3,\) for a part of shape \(2,\)"):
        ct.select_scatter(ct.zeros(2, 2), ct.ones(3), 0, 0)
    with pytest.raises(DTypeError, match="slice_scatter: x is int64 and the source float32"):
        ct.slice_scatter(ct.tensor([1, 2]), ct.ones(2))
