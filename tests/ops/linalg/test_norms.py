"""Norms, condition numbers, distances, beside NumPy's."""

import math

import numpy as np
import pytest
from matrices import complex_stack, derivatives, stack_of

import cltensor as ct
from cltensor.errors import DTypeError, ShapeError

ORDERS = ["fro", "nuc", 1, -1, 2, -2, math.inf, -math.inf]


@pytest.mark.parametrize("order", ORDERS)
def test_matrix_norms(order):
    a = stack_of(3, 4, 5, dtype="float32")
    want = np.linalg.norm(a, order, axis=(-2, -1))
    np.testing.assert_allclose(ct.linalg.matrix_norm(ct.tensor(a), order).numpy(), want, rtol=1e-5)
    want = np.linalg.norm(a, order, axis=(0, 2), keepdims=True)
    got = ct.linalg.norm(ct.tensor(a), order, (0, 2), keepdim=True)
    np.testing.assert_allclose(got.numpy(), want, rtol=1e-4)
    want = np.linalg.norm(a, order, axis=(2, 0))
    got = ct.linalg.matrix_norm(ct.tensor(a), order, dim=(2, 0))
    np.testing.assert_allclose(got.numpy(), want, rtol=1e-4)


@pytest.mark.parametrize("order", ORDERS)
def test_derivatives_of_matrix_norms(order):
    derivatives(lambda x: ct.linalg.matrix_norm(x, order), stack_of(3, 2))


@pytest.mark.parametrize("order", [2, 0, 1, 3, -1, math.inf, -math.inf, 0.5])
def test_vector_norms(order):
    a = stack_of(3, 4, dtype="float32")
    want = np.linalg.norm(a.ravel(), order)
    np.testing.assert_allclose(ct.linalg.vector_norm(ct.tensor(a), order).item(), want, rtol=1e-4)
    got = ct.linalg.norm(ct.tensor(a), order, 1).numpy()
    np.testing.assert_allclose(got, np.linalg.norm(a, order, axis=1), rtol=1e-4)


def test_norms_of_everything_and_of_two_axes():
    a = stack_of(2, 3, 4, dtype="float32")
    x = ct.tensor(a)
    assert ct.linalg.norm(x).item() == pytest.approx(np.linalg.norm(a), rel=1e-5)
    assert ct.linalg.norm(x[0], 2).item() == pytest.approx(np.linalg.norm(a[0], 2), rel=1e-5)
    assert ct.norm(x[0], "nuc").item() == pytest.approx(np.linalg.norm(a[0], "nuc"), rel=1e-5)
    assert ct.norm(x, "nuc", dim=(0, 2)).shape == (3,)
    with pytest.raises(ShapeError, match="give dim"):
        ct.linalg.norm(x, 2)
    with pytest.raises(ShapeError, match="name two axes"):
        ct.norm(x, "nuc")


def test_norms_of_nothing():
    assert ct.linalg.matrix_norm(ct.ones(0, 3)).item() == 0
    assert ct.linalg.matrix_norm(ct.ones(5, 0), math.inf).item() == 0
    for order in (1, 2):
        with pytest.raises(ShapeError, match="an extreme of nothing"):
            ct.linalg.matrix_norm(ct.ones(5, 0), order)
    with pytest.raises(ShapeError, match="vector_norm"):
        ct.linalg.vector_norm(ct.ones(0), math.inf)


def test_wrong_arguments():
    for call in (
        lambda: ct.linalg.matrix_norm(ct.ones(2, 2), 3),
        lambda: ct.linalg.vector_norm(ct.ones(2), "fro"),
    ):
        with pytest.raises(ValueError, match="ord is"):
            call()
    with pytest.raises(ShapeError, match="takes matrices"):
        ct.linalg.matrix_norm(ct.ones(2))
    with pytest.raises(ShapeError, match="twice"):
        ct.linalg.matrix_norm(ct.ones(2, 2), dim=(0, -2))
    with pytest.raises(DTypeError, match="no narrower"):
        ct.linalg.vector_norm(ct.ones(2), dtype="int64")


@pytest.mark.parametrize("order", [None, 2, -2, 1, -1, math.inf, -math.inf, "fro", "nuc"])
def test_condition_numbers(order):
    a = stack_of(2, 4, 4, dtype="float32")
    got = ct.linalg.cond(ct.tensor(a), order).numpy()
    np.testing.assert_allclose(got, np.linalg.cond(a, order), rtol=1e-3)
    singular = ct.linalg.cond(ct.ones(2, 2) * 0 + ct.eye(2)[:1], order).item()
    assert singular > 1e6 or order == -2


def test_derivatives_of_condition_numbers():
    derivatives(ct.linalg.cond, stack_of(3, 3))
    derivatives(lambda x: ct.linalg.cond(x, 1), stack_of(3, 3), second=False)


@pytest.mark.parametrize("p", [0, 1, 1.5, 2, 3, math.inf])
def test_distances(p):
    a, b = stack_of(2, 4, 3, dtype="float32"), stack_of(5, 3, dtype="float32", seed=1)
    want = np.linalg.norm(a[:, :, None] - b, p, axis=-1)
    np.testing.assert_allclose(ct.cdist(ct.tensor(a), ct.tensor(b), p).numpy(), want, rtol=1e-5)
    want = np.linalg.norm((a[0] - b[:4]).ravel(), p)
    assert ct.dist(ct.tensor(a[0]), ct.tensor(b[:4]), p).item() == pytest.approx(want, rel=1e-5)


def test_derivatives_of_distances():
    a, b = stack_of(2, 3), stack_of(3, 3, seed=1)
    for p in (1, 2, 3):
        derivatives(lambda a, b, p=p: ct.cdist(a, b, p), a, b)
    # Where rows are equal, there is no direction, and the gradient is 0.
    x = ct.ones(2, 3, requires_grad=True)
    ct.cdist(x, x.detach()).sum().backward()
    assert not x.grad.numpy().any()


def test_distances_of_what_does_not_fit():
    assert ct.cdist(ct.ones(2, 0), ct.ones(3, 0)).tolist() == [[0.0] * 3] * 2
    with pytest.raises(ShapeError, match="cdist: the last sizes"):
        ct.cdist(ct.ones(2, 3), ct.ones(2, 4))
    with pytest.raises(ValueError, match="p is -1"):
        ct.cdist(ct.ones(2, 3), ct.ones(2, 3), -1)
    with pytest.raises(DTypeError, match="int64"):
        ct.cdist(ct.tensor([[1]]), ct.tensor([[1]]))


@pytest.mark.parametrize("p", [None, -2, 1, float("inf"), "fro", "nuc"])
def test_condition_of_complex_matrices(p):
    a = complex_stack(3, 4, 4)
    got = ct.linalg.cond(ct.tensor(a), p)
    assert got.dtype == ct.float32
    np.testing.assert_allclose(got.numpy(), [np.linalg.cond(x, p) for x in a], rtol=1e-3)
    wide = complex_stack(2, 3, 3, dtype="complex128")
    derivatives(lambda a: ct.linalg.cond(a, p), wide, second=False)


def test_condition_of_nothing():
    for p in (None, 1):
        assert ct.linalg.cond(ct.ones(2, 0, 0), p).tolist() == [0, 0]
