"""Eigenvalues and eigenvectors of symmetric matrices."""

import numpy as np
import pytest
from matrices import complex_stack, derivatives, residual, stack_of

import cltensor as ct
from cltensor.errors import LinAlgError, ShapeError


def symmetric(*shape, dtype="float64"):
    x = stack_of(*shape, dtype=dtype)
    return x + x.swapaxes(-1, -2)


def check(a):
    dtype = a.dtype.name
    values, vectors = [x.numpy() for x in ct.linalg.eigh(ct.tensor(a))]
    turned = vectors.swapaxes(-1, -2)
    assert residual(vectors * values[..., None, :] @ turned, a, dtype) < 20
    assert residual(turned @ vectors, np.eye(a.shape[-1], dtype=dtype), dtype) < 20
    assert np.array_equal(values, np.sort(values))
    alone = ct.linalg.eigvalsh(ct.tensor(a)).numpy()
    scale = np.abs(values).max(initial=1e-30)
    np.testing.assert_allclose(alone / scale, values / scale, atol=100 * np.finfo(dtype).eps)


@pytest.mark.parametrize("n", [1, 2, 5, 33, 70])
@pytest.mark.parametrize("batch", [(), (2, 2)])
def test_values_and_vectors(skeleton, n, batch):
    check(symmetric(*batch, n, n, dtype="float32"))


def test_float64(fp64):
    a = symmetric(60, 60)
    check(a)
    np.testing.assert_allclose(
        ct.linalg.eigvalsh(ct.tensor(a)).numpy(), np.linalg.eigvalsh(a), atol=1e-12
    )


@pytest.mark.parametrize(
    "a",
    [
        np.eye(7), np.zeros((3, 3)), np.ones((7, 7)), np.diag([1.0, 2, 3, 1e-20, 1e20]),
        np.eye(5) * 1e-30, np.ones((40, 40)) * 1e30, np.diag(np.arange(9.0)),
        np.diag(np.arange(9.0) - 4) + np.ones((9, 9)) * 1e-9,
    ],
)  # fmt: skip
def test_equal_and_extreme_values(skeleton, a):
    check(a.astype("float32"))


def test_one_triangle_is_read(skeleton):
    a = symmetric(5, 5, dtype="float32")
    want = np.linalg.eigvalsh(a)
    for side, keep in (("L", np.tril), ("U", np.triu), ("u", np.triu)):
        got = ct.linalg.eigvalsh(ct.tensor(keep(a)), side).numpy()
        np.testing.assert_allclose(got, want, atol=1e-5)
    with pytest.raises(ValueError, match="UPLO is 'X'"):
        ct.linalg.eigh(ct.tensor(a), "X")


def test_nothing_and_what_is_no_number():
    assert ct.linalg.eigh(ct.ones(0, 0)).eigenvectors.shape == (0, 0)
    assert ct.linalg.eigvalsh(ct.ones(0, 3, 3)).shape == (0, 3)
    with pytest.raises(LinAlgError, match=r"linalg.eigh: no convergence"):
        ct.linalg.eigh(ct.ones(3, 3) * float("nan"))
    with pytest.raises(ShapeError, match="square"):
        ct.linalg.eigh(ct.ones(2, 3))


def test_derivatives():
    a = stack_of(3, 3)
    derivatives(lambda a: ct.linalg.eigvalsh(a + a.mT), a)
    derivatives(lambda a: ct.linalg.eigh(a + a.mT).eigenvectors.abs(), a)
    derivatives(lambda a: ct.linalg.eigvalsh(a + a.mT, "U").sum(), a, second=False)

    def both(a):
        values, vectors = ct.linalg.eigh(a + a.mT)
        return values, vectors**2

    derivatives(both, a)


@pytest.mark.parametrize("n", [1, 5, 40])
def test_hermitian_matrices(skeleton, n):
    a = complex_stack(2, n, n)
    want = np.tril(a, -1) + np.tril(a, -1).conj().swapaxes(-1, -2)
    want += np.eye(n) * np.diagonal(a, axis1=-2, axis2=-1).real[:, None]
    for uplo, given in (("L", a), ("U", np.triu(want) + np.tril(a, -1))):
        values, vectors = [x.numpy() for x in ct.linalg.eigh(ct.tensor(given), uplo)]
        assert values.dtype == np.float32
        made = (vectors * values[:, None]) @ vectors.conj().swapaxes(-1, -2)
        assert residual(made, want, "complex64") < 20
        turned = vectors.conj().swapaxes(-1, -2) @ vectors
        assert residual(turned, np.eye(n), "complex64") < 20
    np.testing.assert_allclose(
        ct.linalg.eigvalsh(ct.tensor(a)).numpy(), np.linalg.eigvalsh(want), atol=1e-3
    )


def test_derivatives_of_hermitian_matrices():
    def found(a):
        values, vectors = ct.linalg.eigh(a + a.mH)
        whole = (vectors * ct.exp(values).unsqueeze(-2)) @ vectors.mH
        return ct.cat([values, vectors.abs().reshape(-1), ct.view_as_real(whole).reshape(-1)])

    derivatives(found, complex_stack(3, 3, dtype="complex128") / 2, second=False)
