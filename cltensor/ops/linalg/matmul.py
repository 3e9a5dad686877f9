"""Matrix products of every rank, dtype and memory order; `ops.gemm` has the kernels."""

from __future__ import annotations

from typing import Any

from cltensor.core.batched import Batched
from cltensor.core.batching import Batch
from cltensor.core.composite import composite
from cltensor.core.op import OPERATIONS, Op, primitive, require_tensor, same_device, same_dtype
from cltensor.core.tensor import Tensor
from cltensor.core.wide import in_float32
from cltensor.dtypes import SHORT, bool_, float32, int32, promote
from cltensor.errors import DTypeError, ShapeError
from cltensor.ops.elementwise.arithmetic import multiply, require_whole
from cltensor.ops.elementwise.cast import astype, conj, full
from cltensor.ops.elementwise.compare import not_equal
from cltensor.ops.kernels.plan import pending
from cltensor.ops.linalg import gemm
from cltensor.ops.linalg.complex_product import complex_product
from cltensor.ops.linalg.fixed import product as _fixed_product
from cltensor.ops.linalg.unit_choice import takes_halves
from cltensor.ops.precision import precision as _precision
from cltensor.ops.shape.view import matrix_transpose, reshape
from cltensor.runtime.determinism import is_deterministic


def _run_matmul(a: Tensor, b: Tensor) -> Tensor:
    device, dtype = a.device, a.dtype
    if b.device is not device:
        same_device("matmul", a, b)
    if b.dtype is not dtype:
        same_dtype("matmul", a, b)
        try:
            dtype = promote(a.dtype, b.dtype)
        except DTypeError as error:
            raise DTypeError(f"matmul: {error}") from None
        a, b = astype.run(a, dtype), astype.run(b, dtype)
    left, right = a._value.shape, b._value.shape
    if dtype is not float32 and dtype in SHORT and not takes_halves(device, dtype, left, right):
        return _widened(a, b)  # after a look at what was given
    if dtype is bool_:
        return not_equal.run(_run_matmul(astype.run(a, int32), astype.run(b, int32)), 0)
    if left[-1] == right[-2] == 1:
        # Nothing to add up. A pointwise product may become part of what uses it.
        gemm.batch_shape(left, right)
        return multiply.run(a, b)
    if dtype.kind == "c":
        shape = (*gemm.batch_shape(left, right), left[-2], right[-1])
        if 0 in (*shape, left[-1]):
            return full(shape, 0, dtype, device)
        return complex_product(_run_matmul, a, b)
    if dtype.kind == "f" and is_deterministic():
        return _fixed_product(a, b, gemm.batch_shape(left, right))
    asked = "" if device.is_cpu else _precision()
    plan = gemm.plan(device, device.is_cpu, dtype, left, a.strides, right, b.strides, False, asked)
    if plan is None:
        shape = (*gemm.batch_shape(left, right), left[-2], right[-1])
        return full(shape, 0, dtype, device)
    out = pending(plan, a, b)
    if len(plan.shape) > max(len(left), len(right)):  # parts of the sums
        out = out.sum(axis=0)
    return out if out.dtype is dtype else astype.run(out, dtype)


_widened = in_float32(_run_matmul, OPERATIONS)
_matmul: Op = primitive(
    "matmul(a, b)",
    _run_matmul,
    takes_halves=True,
    da=lambda g, b: _matmul(g, matrix_transpose(b)),
    db=lambda g, a: _matmul(matrix_transpose(a), g),
)


@_matmul.batched
def _matmul_batched(op: Op, batch: Batch, a: Any, b: Any) -> Any:
    """Stacks of matrices, or one tall product where only the left operand is a batch."""
    rank = max(a.ndim, b.ndim)
    return matmul(batch.thin(a, rank), batch.thin(b, rank))


def _operands(operation: str, *operands: Any) -> None:
    for x in operands:
        require_tensor(operation, "an operand", x)
        if x.ndim == 0:
            raise ShapeError(
                f"{operation}: an operand of shape () has no matrix dimension; use * for scalars"
            )


@composite(method=True)
def matmul(a: Any, b: Any) -> Any:
    """Multiply matrices, stacks of matrices and vectors.

        out[..., i, j] = sum_k a[..., i, k] * b[..., k, j]

    Args:    a (..., M, K) or (K,);  b (..., K, N) or (K,); batch dimensions broadcast.
    Returns: (..., M, N); the dimension that a one-dimensional operand lacks is left out.
    Raises:  ShapeError if inner sizes differ or batches do not broadcast, or for a scalar;
             DTypeError for different dtypes with a float among them, as in PyTorch.

    >>> ct.matmul(ct.tensor([[1.0, 2.0]]), ct.tensor([[3.0], [4.0]]))
    tensor([[11.]])
    """
    _operands("matmul", a, b)
    if a.ndim == 1 and b.ndim == 1:
        return dot(a, b)
    if a.ndim == 1:
        out = _matmul(reshape(a, (1, a.shape[0])), b)
        return reshape(out, (*out.shape[:-2], out.shape[-1]))
    if b.ndim == 1:
        out = matmul(a, reshape(b, (b.shape[0], 1)))
        return reshape(out, out.shape[:-1])
    if a.ndim > 2 and b.ndim == 2 and a.shape[-1] == b.shape[0] and a.size:
        # One tall product instead of a batch; the gradient of b then sums in the product too.
        out = _matmul(reshape(a, (-1, a.shape[-1])), b)
        return reshape(out, (*a.shape[:-1], b.shape[1]))
    return _matmul(a, b)


def _require_rank(operation: str, names: str, *pairs: tuple[Any, int]) -> None:
    _operands(operation, *[x for x, _ in pairs])
    if any(x.ndim != rank for x, rank in pairs):
        shapes = " and ".join(f"{x.shape}" for x, _ in pairs)
        raise ShapeError(f"{operation}: needs {names}, got shapes {shapes}; matmul takes any rank")


@composite(method=True)
def mm(a: Any, b: Any) -> Any:
    """The product of two matrices, (M, K) and (K, N). Raises ShapeError for other ranks.

    >>> ct.mm(ct.eye(2), ct.ones(2, 1))
    tensor([[1.],
            [1.]])
    """
    _require_rank("mm", "two matrices", (a, 2), (b, 2))
    return _matmul(a, b)


@composite(method=True)
def bmm(a: Any, b: Any) -> Any:
    """Products of two equal stacks of matrices, (B, M, K) and (B, K, N).

    Raises ShapeError for other ranks or different B.

    >>> ct.bmm(ct.ones(2, 1, 3), ct.ones(2, 3, 1)).flatten()
    tensor([3., 3.])
    """
    _require_rank("bmm", "two stacks of matrices", (a, 3), (b, 3))
    if a.shape[0] != b.shape[0]:
        raise ShapeError(
            f"bmm: stacks of {a.shape[0]} and {b.shape[0]} matrices differ in length; matmul "
            "broadcasts them"
        )
    return _matmul(a, b)


@composite(method=True)
def mv(a: Any, b: Any) -> Any:
    """The product of a matrix (M, K) and a vector (K,). Raises ShapeError for other ranks.

    >>> ct.mv(ct.eye(2), ct.tensor([1.0, 2.0]))
    tensor([1., 2.])
    """
    _require_rank("mv", "a matrix and a vector", (a, 2), (b, 1))
    return matmul(a, b)


@composite(method=True)
def dot(a: Any, b: Any) -> Any:
    """The inner product of two vectors of one length, in their own dtype.

    Raises ShapeError for other ranks, DTypeError for different dtypes with a float among them.

    >>> ct.dot(ct.tensor([1, 2]), ct.tensor([3, 4]))
    tensor(11)
    """
    _require_rank("dot", "two vectors", (a, 1), (b, 1))
    if a.shape != b.shape:
        raise ShapeError(f"dot: lengths {a.shape[0]} and {b.shape[0]} differ; slice the longer one")
    same_dtype("dot", a, b)
    product = multiply(a, b)
    return astype(product.sum(axis=0), product.dtype)


@composite(method=True)
def vdot(a: Any, b: Any) -> Any:
    """The inner product of two vectors of one length, the first conjugated. Raises as `dot`.

    >>> ct.vdot(ct.tensor([1j]), ct.tensor([1j]))
    tensor(1.+0.j)
    """
    require_tensor("vdot", "an operand", a)
    return dot(conj(a), b)


@composite(method=True)
def outer(a: Any, b: Any) -> Any:
    """All products of the elements of two vectors: (M,) and (N,) give (M, N).

    >>> ct.outer(ct.tensor([1, 2]), ct.tensor([3, 4]))
    tensor([[3, 4],
            [6, 8]])
    """
    _require_rank("outer", "two vectors", (a, 1), (b, 1))
    return multiply(reshape(a, (a.shape[0], 1)), reshape(b, (1, b.shape[0])))


@composite(method=True)
def addmm(c: Any, a: Any, b: Any, beta: float = 1, alpha: float = 1) -> Any:
    """beta * c + alpha * (a @ b) for matrices a (M, K) and b (K, N); c broadcasts to (M, N).

    Raises as `mm`, and DTypeError for a c of another dtype.

    >>> ct.addmm(ct.ones(2, 2), ct.eye(2), ct.eye(2), beta=2)
    tensor([[3., 2.],
            [2., 3.]])
    """
    product = mm(a, b)
    same_dtype("addmm", product, c)
    require_whole("addmm", "alpha", alpha, c)
    require_whole("addmm", "beta", beta, c)
    product = product if alpha == 1 else product * alpha
    if beta == 0:
        return product
    return product + (c if beta == 1 else c * beta)


def _rows(x: Any) -> Any:
    return x if x.ndim == 2 else reshape(x, (-1, x.shape[-1]))


def _run_linear(x: Tensor, w: Tensor) -> Tensor:
    value = w.realize()._value
    turned = w.window(value.shape[::-1], value.strides[::-1], value.offset)
    return (_run_matmul if x.ndim > 1 else matmul)(x, turned)


#: x @ w.mT for x (..., K) and w (N, K). Matmul's rule would give the gradient of w as a transposed
#: view; this one gives it in w's own memory order, as optimizers read it.
linear: Op = primitive(
    "linear(x, w)",
    _run_linear,
    dx=lambda g, w: (_matmul if g.ndim == 2 else matmul)(g, w),
    dw=lambda g, x: _matmul(matrix_transpose(_rows(g)), _rows(x)),
)


@linear.batched
def _linear_batched(op: Op, batch: Batch, x: Any, w: Any) -> Any:
    """A product with one matrix, or with one for each example."""
    if not isinstance(w, Batched):
        return op(batch.full(x), w)
    vector = x.ndim == 1
    rows = reshape(x, (1, *x.shape)) if vector else x
    out = matmul(batch.thin(rows), matrix_transpose(batch.thin(w, rows.ndim)))
    return reshape(out, (*out.shape[:-2], out.shape[-1])) if vector else out
