"""Eigenvalues and eigenvectors of square matrices of any kind."""

from __future__ import annotations

from typing import Any

import numpy as np

from cltensor import return_types
from cltensor.core.composite import composite
from cltensor.core.op import Op, primitive
from cltensor.core.tensor import Tensor
from cltensor.dtypes import complex_of
from cltensor.errors import LinAlgError
from cltensor.ops.elementwise.cast import as_gradient
from cltensor.ops.linalg.matmul import matmul
from cltensor.ops.linalg.solve import solve
from cltensor.ops.linalg.stack import diagonals, identity, mH, on_diagonal, require_matrices
from cltensor.ops.shape.parts import real
from cltensor.ops.shape.view import unsqueeze


def _run(a: Tensor) -> tuple[Tensor, Tensor]:
    dtype = complex_of(a.dtype)
    try:
        values, vectors = np.linalg.eig(a.numpy())
    except np.linalg.LinAlgError as error:
        raise LinAlgError(
            f"linalg.eig: {error}; the matrices hold infinities or NaN, or it did not converge"
        ) from None
    made = [Tensor.from_numpy(x.astype(dtype), a.device) for x in (values, vectors)]
    return made[0], made[1]


def _rule(g: Any, out: Any, a_dtype: Any) -> Any:
    """V^-H (diag(gL) + (V^H gV - V^H V diag(re(V^H gV))) / conj(L_j - L_i)) V^H, of vectors of
    length 1 (Boeddeker et al., On the computation of complex-valued gradients, 2017)."""
    (values, vectors), (of_values, of_vectors) = out, g
    if of_values is None and of_vectors is None:
        return None
    turned = mH(vectors)
    inner = None if of_values is None else on_diagonal(of_values)
    if of_vectors is not None:
        along = matmul(turned, of_vectors)
        kept = unsqueeze(real(diagonals(along)), -2)
        gaps = unsqueeze(values, -2) - unsqueeze(values, -1) + identity(values.shape[-1], values)
        between = (along - matmul(turned, vectors) * kept) / gaps.conj()
        between = between - on_diagonal(diagonals(between))
        inner = between if inner is None else inner + between
    return as_gradient(solve(turned, matmul(inner, turned)), a_dtype)


_eig: Op = primitive("eig(a)", _run, takes_halves=True, da=_rule)


def _of_any(operation: str, A: Any) -> Any:
    require_matrices(operation, A, square=True, kinds="fc")
    return _eig(A)


@composite(space="linalg")
def eig(A: Tensor) -> return_types.eig:
    """Eigenvalues and eigenvectors of square matrices: A V = V diag(L), both complex.

    Computed by NumPy on the host: this waits for the device, and copies there and back. For
    symmetric matrices `linalg.eigh` is faster, and stays on the device.

    Args:    A (..., n, n), real or complex.
    Returns: L (..., n), in no order; V (..., n, n), the vectors as columns, of length 1.
    Raises:  LinAlgError where it does not converge, as for NaN. The gradient is finite for matrices
             without equal eigenvalues only, and means something only where a result does not depend
             on the phases of the vectors.

    >>> values, vectors = ct.linalg.eig(ct.tensor([[0.0, -1.0], [1.0, 0.0]]))
    >>> values.imag.sort().values
    tensor([-1.,  1.])
    """
    return return_types.eig(*_of_any("linalg.eig", A))


@composite(space="linalg")
def eigvals(A: Tensor) -> Tensor:
    """The eigenvalues of `linalg.eig` alone.

    >>> ct.linalg.eigvals(ct.tensor([[2.0, 0.0], [0.0, 3.0]])).real.sort().values
    tensor([2., 3.])
    """
    return _of_any("linalg.eigvals", A)[0]
