"""Pseudoinverses, ranks and least squares."""

import numpy as np
import pytest
from matrices import complex_stack, derivatives, stack_of

import cltensor as ct
from cltensor.errors import ShapeError


def of_rank_two(*shape):
    return (stack_of(*shape[:-1], 2) @ stack_of(*shape[:-2], 2, shape[-1], seed=1)).astype(
        "float32"
    )


@pytest.mark.parametrize("shape", [(4, 4), (2, 6, 3), (2, 3, 6)])
def test_pseudoinverses(skeleton, shape):
    a = stack_of(*shape, dtype="float32")
    np.testing.assert_allclose(ct.linalg.pinv(ct.tensor(a)).numpy(), np.linalg.pinv(a), atol=1e-3)
    low = of_rank_two(*shape)
    want = np.linalg.pinv(low, rcond=1e-4)
    got = ct.linalg.pinv(ct.tensor(low), rtol=1e-4).numpy()
    np.testing.assert_allclose(got, want, atol=1e-3)
    np.testing.assert_allclose(ct.pinverse(ct.tensor(low), 1e-4).numpy(), want, atol=1e-3)
    product = low @ low.swapaxes(-1, -2)
    got = ct.linalg.pinv(ct.tensor(product), hermitian=True, rtol=1e-4).numpy()
    np.testing.assert_allclose(got, np.linalg.pinv(product, 1e-4), atol=1e-2)


def test_ranks(skeleton):
    low = ct.tensor(of_rank_two(3, 5, 4))
    assert ct.linalg.matrix_rank(low).tolist() == [2, 2, 2]
    assert ct.linalg.matrix_rank(low @ low.mT, hermitian=True).tolist() == [2, 2, 2]
    x = ct.diag(ct.tensor([1.0, 2.0, 3.0]))
    assert ct.linalg.matrix_rank(x).dtype == "int64"
    assert ct.linalg.matrix_rank(x, atol=1.5).item() == 2
    assert ct.linalg.matrix_rank(x, rtol=0.8).item() == 1
    assert ct.linalg.matrix_rank(x, 2.5).item() == 1
    each = ct.linalg.matrix_rank(ct.stack([x, x]), atol=ct.tensor([0.0, 1.5]))
    assert each.tolist() == [3, 2]
    assert ct.linalg.matrix_rank(ct.ones(2, 0, 3)).tolist() == [0, 0]


@pytest.mark.parametrize("shape", [(6, 3), (3, 6), (4, 4), (70, 40), (40, 70)])
@pytest.mark.parametrize("driver", ["gels", "gelsd", None])
def test_least_squares(fp64, shape, driver):
    a, b = stack_of(2, *shape), stack_of(2, shape[0], 2, seed=1)
    found = ct.linalg.lstsq(ct.tensor(a), ct.tensor(b), driver=driver)
    for k in range(2):
        x, squares, rank, values = np.linalg.lstsq(a[k], b[k])
        np.testing.assert_allclose(found.solution[k].numpy(), x, rtol=1e-8, atol=1e-10)
        if shape[0] > shape[1] and driver:
            np.testing.assert_allclose(found.residuals[k].numpy(), squares, rtol=1e-8)
        if driver != "gels":
            assert found.rank[k].item() == rank
        if driver == "gelsd":
            np.testing.assert_allclose(found.singular_values[k].numpy(), values, rtol=1e-8)
    empty = (found.rank.shape == (0,)) == (driver == "gels")
    assert empty
    assert (found.singular_values.shape == (0,)) == (driver != "gelsd")


def test_least_squares_of_vectors_and_low_rank(skeleton):
    low, b = of_rank_two(6, 4), stack_of(6, dtype="float32")
    found = ct.linalg.lstsq(ct.tensor(low), ct.tensor(b), rcond=1e-4)
    np.testing.assert_allclose(found.solution.numpy(), np.linalg.lstsq(low, b, 1e-4)[0], atol=1e-3)
    assert found.rank.item() == 2
    assert found.residuals.shape == (0,)
    assert ct.linalg.lstsq(ct.ones(0, 3), ct.ones(0, 2)).solution.shape == (3, 2)


def test_derivatives():
    a, b = stack_of(3, 2), stack_of(3, 2, seed=1)
    derivatives(ct.linalg.pinv, a)
    derivatives(lambda x, y: ct.linalg.pinv(x @ y.mT), stack_of(3, 1), stack_of(2, 1))
    derivatives(lambda a, b: ct.linalg.lstsq(a, b).solution, a, b)
    derivatives(lambda a, b: ct.linalg.lstsq(a, b, driver="gels")[:2], a, b, second=False)


def test_wrong_arguments():
    with pytest.raises(ValueError, match="driver is 'qr'"):
        ct.linalg.lstsq(ct.ones(2, 2), ct.ones(2, 1), driver="qr")
    with pytest.raises(ShapeError, match="B needs 3 rows"):
        ct.linalg.lstsq(ct.ones(3, 2), ct.ones(2, 2))
    with pytest.raises(ShapeError, match="square"):
        ct.linalg.pinv(ct.ones(3, 2), hermitian=True)


def test_complex_matrices(device):
    a = complex_stack(2, 4, 3)
    a[1, :, 2] = a[1, :, 1] * 1j
    got = ct.linalg.pinv(ct.tensor(a), rtol=1e-4).numpy()
    np.testing.assert_allclose(got, np.linalg.pinv(a, rcond=1e-4), rtol=1e-3, atol=1e-4)
    assert ct.linalg.matrix_rank(ct.tensor(a), rtol=1e-4).tolist() == [3, 2]
    h = a[0].conj().T @ a[0]
    got = ct.linalg.pinv(ct.tensor(h), hermitian=True).numpy()
    np.testing.assert_allclose(got @ h, np.eye(3), atol=1e-3)
    assert ct.linalg.matrix_rank(ct.tensor(h), hermitian=True).item() == 3
    z = complex_stack(2, 3, dtype="complex128")
    derivatives(lambda z: ct.view_as_real(ct.linalg.pinv(z)), z, second=False)


@pytest.mark.parametrize("driver", ["gels", "gelsy", "gelsd"])
@pytest.mark.parametrize("shape", [(6, 4), (4, 4), (4, 6)])
def test_complex_least_squares(driver, shape):
    a, b = complex_stack(2, *shape), complex_stack(2, shape[0], 3, seed=1)
    found = ct.linalg.lstsq(ct.tensor(a), ct.tensor(b), driver=driver)
    for k in range(2):
        want, *_, values = np.linalg.lstsq(a[k], b[k], rcond=None)
        np.testing.assert_allclose(found.solution[k].numpy(), want, rtol=1e-3, atol=1e-4)
        if driver == "gelsd":
            assert found.singular_values.dtype == ct.float32
            np.testing.assert_allclose(found.singular_values[k].numpy(), values, rtol=1e-4)
        if driver != "gelsy" and shape == (6, 4):
            want = (np.abs(a[k] @ want - b[k]) ** 2).sum(0)
            assert found.residuals.dtype == ct.float32
            np.testing.assert_allclose(found.residuals[k].numpy(), want, rtol=1e-3)
    wide = [x.astype("complex128") for x in (a, b)]
    derivatives(lambda a, b: ct.linalg.lstsq(a, b, driver=driver).solution, *wide, second=False)
