"""Checks of stacks of matrices, and what is made of them."""

import numpy as np
import pytest
from matrices import stack_of

import cltensor as ct
from cltensor.errors import DTypeError, LinAlgError, ShapeError
from cltensor.ops.linalg import stack


def test_operands_are_floating_point_matrices_of_one_kind():
    with pytest.raises(DTypeError, match="op: A is int64; it takes float32 and float64"):
        stack.require_matrices("op", ct.tensor(np.ones((2, 2), "int64")))
    with pytest.raises(ShapeError, match=r"op: A has shape \(2,\); it takes matrices"):
        stack.require_matrices("op", ct.ones(2))
    with pytest.raises(ShapeError, match="it takes square matrices"):
        stack.require_matrices("op", ct.ones(2, 3), square=True)
    with pytest.raises(DTypeError, match="op: B is .*not a tensor"):
        stack.require_matrices("op", ct.ones(2, 2), np.ones((2, 2)))


def test_operands_of_two_types_are_refused(fp64):
    with pytest.raises(DTypeError, match="operands are float32 and float64; cast one"):
        stack.require_matrices("op", ct.ones(2, 2), ct.ones(2, 2, dtype="float64"))


def test_a_working_copy_is_dense_and_its_own():
    x = ct.tensor(stack_of(3, 4, 5, dtype="float32"))
    work = stack.working(x.mT)
    assert work.is_contiguous()
    assert work.buffer is not x.buffer
    assert work.offset == 0
    np.testing.assert_array_equal(work.numpy(), x.mT.numpy())


def test_a_product_is_subtracted_where_the_elements_are():
    x = stack_of(2, 6, 6, dtype="float32")
    t = ct.tensor(x)
    corner = stack.window(t, (2, 6), (2, 6))
    stack.subtract_product(
        corner, stack.window(t, (2, 6), (0, 2)), stack.window(t, (0, 2), (2, 6))
    )  # fmt: skip
    want = x.copy()
    want[:, 2:, 2:] -= x[:, 2:, :2] @ x[:, :2, 2:]
    np.testing.assert_allclose(t.numpy(), want, atol=1e-5)


def test_errors_name_the_first_matrix_that_fails():
    with pytest.raises(LinAlgError, match=r"op: zero at 7 \(matrix \(1, 0\) of the stack\)"):
        stack.raise_at("op", ct.tensor([[0, 0], [7, 3]], dtype="int32"), "zero at {info}")
    with pytest.raises(LinAlgError, match="op: zero at 7$"):
        stack.raise_at("op", ct.tensor(7, dtype="int32"), "zero at {info}")
    stack.raise_at("op", ct.tensor([0, 0], dtype="int32"), "")


def test_diagonals_go_both_ways():
    x = ct.tensor(stack_of(2, 3, dtype="float32"))
    np.testing.assert_array_equal(stack.diagonals(stack.on_diagonal(x)).numpy(), x.numpy())
