"""Eigenvalues and eigenvectors of matrices of any kind."""

import numpy as np
import pytest
from matrices import complex_stack, derivatives, stack_of

import cltensor as ct
from cltensor.errors import DTypeError, LinAlgError, ShapeError


@pytest.mark.parametrize("make", [stack_of, complex_stack])
def test_values_and_vectors(device, make):
    a = make(2, 3, 4, 4).astype("float32" if make is stack_of else "complex64")
    values, vectors = ct.linalg.eig(ct.tensor(a))
    assert values.dtype == vectors.dtype == ct.complex64
    v = vectors.numpy()
    np.testing.assert_allclose(a @ v, v * values.numpy()[..., None, :], atol=1e-4)
    np.testing.assert_array_equal(ct.linalg.eigvals(ct.tensor(a)).numpy(), values.numpy())
    assert ct.linalg.eig(ct.zeros(0, 0)).eigenvectors.shape == (0, 0)


def test_derivatives():
    def found(a):
        values, vectors = ct.linalg.eig(a)  # the phases of the vectors are arbitrary
        sizes = vectors.abs() ** 2 * values.abs().unsqueeze(-2)
        return ct.cat([(values * values).real.sum().reshape(1), sizes.sum(-1).reshape(-1)])

    derivatives(found, stack_of(3, 3), second=False)
    derivatives(found, complex_stack(3, 3, dtype="complex128"), second=False)


def test_what_has_no_eigenvalues(device):
    with pytest.raises(LinAlgError, match="infinities or NaN"):
        ct.linalg.eig(ct.tensor([[float("nan")]]))
    with pytest.raises(ShapeError, match="square"):
        ct.linalg.eig(ct.zeros(2, 3))
    with pytest.raises(DTypeError, match=r"eigvals: A is int64; it takes .* or complex"):
        ct.linalg.eigvals(ct.ones(2, 2, dtype="int64"))
