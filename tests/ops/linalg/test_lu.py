"""LU factors: values, pivots, solutions, derivatives."""

import numpy as np
import pytest
from matrices import complex_stack, derivatives, residual, stack_of

import cltensor as ct
from cltensor.errors import DTypeError, LinAlgError, ShapeError

SHAPES = [(0, 0), (0, 3), (1, 1), (2, 3), (5, 5), (33, 20), (20, 33), (65, 65), (100, 70)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("batch", [(), (3,), (2, 2)])
def test_factors(skeleton, shape, batch):
    a = stack_of(*batch, *shape, dtype="float32")
    order, lower, upper = ct.linalg.lu(ct.tensor(a))
    assert residual((order @ lower @ upper).numpy(), a, "float32") < 20
    assert np.abs(lower.numpy()).max(initial=0) <= 1
    safe = a + 10 * np.eye(*shape, dtype="float32")
    order, lower, upper = ct.linalg.lu(ct.tensor(safe), pivot=False)
    assert order.shape == (0,)
    np.testing.assert_allclose((lower @ upper).numpy(), safe, atol=1e-3)


def test_pivots_are_the_rows_that_were_exchanged(skeleton):
    a = ct.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 10.0]])
    factors, pivots = ct.linalg.lu_factor(a)
    assert pivots.tolist() == [3, 3, 3]
    assert pivots.dtype == "int32"
    want = [[7.0, 8.0, 10.0], [1 / 7, 6 / 7, 11 / 7], [4 / 7, 0.5, -0.5]]
    np.testing.assert_allclose(factors.numpy(), want, rtol=1e-5)
    older, rows, info = a.lu(get_infos=True)
    np.testing.assert_array_equal(older.numpy(), factors.numpy())
    assert rows.tolist() == [3, 3, 3]
    assert info.item() == 0
    order, lower, upper = ct.lu_unpack(factors, pivots)
    np.testing.assert_allclose((order @ lower @ upper).numpy(), a.numpy(), rtol=1e-6)
    assert ct.lu_unpack(factors, pivots, unpack_data=False).L.shape == (0,)


def test_singular_matrices_have_factors_too(skeleton):
    a = ct.tensor([[[1.0, 2.0], [2.0, 4.0]], [[0.0, 0.0], [0.0, 0.0]]])
    found = ct.linalg.lu_factor_ex(a)
    assert found.info.tolist() == [2, 1]
    np.testing.assert_array_equal(found.LU[1].numpy(), np.zeros((2, 2)))
    with pytest.raises(LinAlgError, match="zero at place 2"):
        ct.linalg.lu_factor_ex(a, check_errors=True)


@pytest.mark.parametrize("n", [1, 5, 70])
def test_solutions(skeleton, n):
    a, b = stack_of(2, n, n, dtype="float32"), stack_of(n, 3, dtype="float32")
    factors, pivots = ct.linalg.lu_factor(ct.tensor(a))
    for adjoint in (False, True):
        matrix = a.swapaxes(-1, -2) if adjoint else a
        x = ct.linalg.lu_solve(factors, pivots, ct.tensor(b), adjoint=adjoint).numpy()
        np.testing.assert_allclose(matrix @ x, np.stack([b, b]), atol=2e-3)
        right = ct.tensor(b).mT
        x = ct.linalg.lu_solve(factors, pivots, right, left=False, adjoint=adjoint).numpy()
        np.testing.assert_allclose(x @ matrix, np.stack([b.T, b.T]), atol=2e-3)
    older = ct.lu_solve(ct.tensor(b), factors, pivots).numpy()
    np.testing.assert_allclose(a @ older, np.stack([b, b]), atol=2e-3)


@pytest.mark.parametrize("shape", [(3, 3), (2, 3), (3, 2)])
def test_derivatives(shape):
    a = stack_of(*shape)
    derivatives(lambda x: ct.linalg.lu_factor(x).LU, a)
    derivatives(lambda x: ct.linalg.lu(x)[1:], a, second=False)


def test_derivatives_of_solutions(fp64):
    factors, pivots = ct.linalg.lu_factor(ct.tensor(stack_of(2, 3, 3)))
    b = stack_of(3, 2)
    for options in ({}, {"adjoint": True}):
        derivatives(
            lambda f, b, o=options: ct.linalg.lu_solve(f, pivots, b, **o), factors.numpy(), b
        )
    derivatives(lambda f, b: ct.linalg.lu_solve(f, pivots, b.mT, left=False), factors.numpy(), b)


def test_pivots_of_another_kind_are_refused():
    with pytest.raises(ShapeError, match="give int32"):
        ct.linalg.lu_solve(ct.ones(2, 2), ct.tensor([1, 2]), ct.ones(2, 1))
    with pytest.raises(DTypeError, match="lu_unpack"):
        ct.lu_unpack(ct.ones(2, 2), ct.tensor([1.0, 2.0]))


def test_complex_factors(skeleton):
    for shape in ((5, 5), (3, 5), (70, 66)):
        a = complex_stack(2, *shape)
        p, lower, upper = [x.numpy() for x in ct.linalg.lu(ct.tensor(a))]
        assert residual(p @ lower @ upper, a, "complex64") < 20
        assert np.abs(lower).max() < 1 + 1e-6
