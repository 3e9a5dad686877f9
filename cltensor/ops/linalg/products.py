"""Products made of matmul: over named axes, of many matrices, added to something, powers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import prod
from typing import Any

from cltensor.core.checks import MOST, axis_of, whole, wholes
from cltensor.core.composite import composite
from cltensor.core.op import require_tensor, same_dtype
from cltensor.core.tensor import Tensor
from cltensor.errors import DTypeError, ShapeError
from cltensor.ops.elementwise.arithmetic import multiply, require_whole
from cltensor.ops.elementwise.cast import astype, conj
from cltensor.ops.linalg.matmul import bmm, matmul, mv, outer
from cltensor.ops.reduce.fold import sum
from cltensor.ops.shape.join import roll
from cltensor.ops.shape.view import broadcast_to, permute, reshape


def _axes_of(operation: str, dims: Any, a: Any, b: Any) -> tuple[list[int], list[int]]:
    if isinstance(dims, Tensor):
        dims = dims.tolist()
    if isinstance(dims, (tuple, list)):
        if len(dims) != 2:
            raise ShapeError(f"{operation}: dims is {dims}; give a number or two lists of axes")
        of_a, of_b = [list(wholes(operation, "dims", each, -MOST)) for each in dims]
    else:
        count = whole(operation, "dims", dims)
        if count > min(a.ndim, b.ndim):
            raise ShapeError(
                f"{operation}: dims is {count} for shapes {a.shape} and {b.shape}; there are fewer"
            )
        of_a, of_b = list(range(a.ndim - count, a.ndim)), list(range(count))
    of_a = [axis_of(operation, d, a.ndim) for d in of_a]
    of_b = [axis_of(operation, d, b.ndim) for d in of_b]
    if len(of_a) != len(of_b) or len(set(of_a)) != len(of_a) or len(set(of_b)) != len(of_b):
        raise ShapeError(f"{operation}: axes {of_a} and {of_b} do not pair up, each named once")
    return of_a, of_b


@composite(method=False)
def tensordot(a: Any, b: Any, dims: Any = 2) -> Any:
    """The sum of products over pairs of axes; the other axes of a, then those of b remain.

    Args:    dims: how many of the last axes of a go with the first of b; or two lists of axes.
             Of a pair, an axis of size 1 goes with any other: it is summed up first.
    Raises:  ShapeError for sizes that differ; DTypeError as matmul.

    >>> ct.tensordot(ct.ones(2, 3), ct.ones(3, 2), 1)
    tensor([[3., 3.],
            [3., 3.]])
    """
    for name, x in (("a", a), ("b", b)):
        require_tensor("tensordot", name, x)
    of_a, of_b = _axes_of("tensordot", dims, a, b)
    for i, j in zip(of_a, of_b, strict=True):
        m, n = a.shape[i], b.shape[j]
        if m == 1 and n != 1:
            b = astype(sum(b, j, True), b.dtype)
        elif n == 1 and m != 1:
            a = astype(sum(a, i, True), a.dtype)
        elif m != n:
            raise ShapeError(
                f"tensordot: axis {i} of shape {a.shape} and axis {j} of {b.shape} differ in size"
            )
    free_a = [d for d in range(a.ndim) if d not in of_a]
    free_b = [d for d in range(b.ndim) if d not in of_b]
    shape = (*[a.shape[d] for d in free_a], *[b.shape[d] for d in free_b])
    depth = prod([a.shape[d] for d in of_a])
    left = reshape(permute(a, (*free_a, *of_a)), (prod([a.shape[d] for d in free_a]), depth))
    right = reshape(permute(b, (*of_b, *free_b)), (depth, prod([b.shape[d] for d in free_b])))
    return reshape(matmul(left, right), shape)


@composite
def kron(x: Tensor, other: Tensor) -> Tensor:
    """The Kronecker product: blocks x[i, j] * other; missing axes in front are of size 1.

    >>> ct.kron(ct.tensor([1, 2]), ct.tensor([1, 10]))
    tensor([ 1, 10,  2, 20])
    """
    ndim = max(x.ndim, other.ndim)
    a = (1,) * (ndim - x.ndim) + tuple(x.shape)
    b = (1,) * (ndim - other.ndim) + tuple(other.shape)
    left = reshape(x, tuple([n for size in a for n in (size, 1)]))
    right = reshape(other, tuple([n for size in b for n in (1, size)]))
    return reshape(multiply(left, right), tuple([m * n for m, n in zip(a, b, strict=True)]))


def _crossed(operation: str, x: Any, other: Any, axis: int) -> Any:
    if x.ndim != other.ndim:
        raise ShapeError(
            f"{operation}: shapes {x.shape} and {other.shape} differ in rank; give them one"
        )
    axis = axis_of(operation, axis, x.ndim)
    for each in (x, other):
        if not each.ndim or each.shape[axis] != 3:
            raise ShapeError(
                f"{operation}: axis {axis} of shapes {x.shape} and {other.shape} must be of size 3"
            )
    a, b = roll(x, -1, axis), roll(x, -2, axis)
    return a * roll(other, -2, axis) - b * roll(other, -1, axis)


@composite(method=False, space="linalg")
def cross(x: Tensor, other: Tensor, *, dim: int = -1) -> Tensor:
    """The cross product of vectors of three elements along an axis; the other axes broadcast.

    >>> ct.linalg.cross(ct.tensor([1, 0, 0]), ct.tensor([0, 1, 0]))
    tensor([0, 0, 1])
    """
    return _crossed("linalg.cross", x, other, dim)


@composite
def cross_(x: Tensor, other: Tensor, dim: int | None = None) -> Tensor:
    """`linalg.cross` along `dim`: for None the first axis of size 3.

    >>> ct.linalg.cross(ct.tensor([1, 0, 0]), ct.tensor([0, 1, 0]))
    tensor([0, 0, 1])
    """
    if dim is None:
        shape = broadcast_shape(x, other)
        if 3 not in shape:
            raise ShapeError(f"cross: no axis of {x.shape} and {other.shape} is of size 3")
        dim = shape.index(3)
    return _crossed("cross", x, other, dim)


def broadcast_shape(x: Any, other: Any) -> tuple[int, ...]:
    """The shape of both where they are of one rank, else that of x."""
    if x.ndim != other.ndim:
        return tuple(x.shape)
    return tuple([max(m, n) for m, n in zip(x.shape, other.shape, strict=True)])


@composite(method=False, space="linalg")
def vecdot(x: Tensor, y: Tensor, *, dim: int = -1) -> Tensor:
    """The inner products of vectors along an axis; the other axes broadcast.

    out = sum_k conj(x[..., k]) * y[..., k]

    >>> ct.linalg.vecdot(ct.tensor([[1.0, 2.0], [3.0, 4.0]]), ct.tensor([1.0, 1.0]))
    tensor([3., 7.])
    """
    if x.ndim and y.ndim and x.shape[dim] != y.shape[dim]:
        raise ShapeError(
            f"linalg.vecdot: axis {dim} of shapes {x.shape} and {y.shape} differs in size"
        )
    same_dtype("linalg.vecdot", x, y)
    product = multiply(conj(x), y)
    return astype(sum(product, dim), product.dtype)


@composite
def inner(a: Tensor, other: Tensor) -> Tensor:
    """Sums of products over the last axes of both; a number multiplies the other operand.

    >>> ct.inner(ct.tensor([1, 2]), ct.tensor([3, 4]))
    tensor(11)
    """
    if not a.ndim or not other.ndim:
        return multiply(a, other)
    if a.shape[-1] != other.shape[-1]:
        raise ShapeError(
            f"inner: the last sizes of shapes {a.shape} and {other.shape} differ; they are summed"
        )
    return tensordot(a, other, ([-1], [-1]))


@composite
def ger(a: Tensor, b: Tensor) -> Tensor:
    """PyTorch's older name of `outer`.

    >>> ct.ger(ct.tensor([1, 2]), ct.tensor([3, 4]))
    tensor([[3, 4],
            [6, 8]])
    """
    return outer(a, b)


# ----------------------------------------------------------------- products added to something


def _added(operation: str, c: Any, product: Any, beta: Any, alpha: Any) -> Any:
    """beta * c + alpha * product; without c, as it is not read then, for beta 0."""
    same_dtype(operation, product, c)
    require_whole(operation, "alpha", alpha, product)
    require_whole(operation, "beta", beta, product)
    try:
        c = broadcast_to(c, product.shape)
    except ShapeError:
        raise ShapeError(
            f"{operation}: input of shape {c.shape} does not broadcast to the product's "
            f"{product.shape}"
        ) from None
    product = product if alpha == 1 else product * alpha
    if beta == 0:
        return product
    return product + (c if beta == 1 else c * beta)


@composite
def addmv(c: Tensor, a: Tensor, b: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """beta * c + alpha * (a @ b) for a matrix a (M, K) and a vector b (K,).

    >>> ct.addmv(ct.ones(2), ct.eye(2), ct.tensor([1.0, 2.0]))
    tensor([2., 3.])
    """
    return _added("addmv", c, mv(a, b), beta, alpha)


@composite
def addr(c: Tensor, vec1: Tensor, vec2: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """beta * c + alpha * outer(vec1, vec2) for vectors (M,) and (N,).

    >>> ct.addr(ct.zeros(2, 2), ct.tensor([1.0, 2.0]), ct.tensor([3.0, 4.0]))
    tensor([[3., 4.],
            [6., 8.]])
    """
    product = outer(vec1, vec2)
    if c.dtype != product.dtype:
        raise DTypeError(f"addr: input is {c.dtype.name}, the product {product.dtype.name}; cast")
    if product.dtype.kind == "b":
        product = product & bool(alpha)
        return product | (broadcast_to(c, product.shape) & bool(beta))
    return _added("addr", c, product, beta, alpha)


@composite
def baddbmm(c: Tensor, a: Tensor, b: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """beta * c + alpha * bmm(a, b) for stacks (B, M, K) and (B, K, N).

    >>> ct.baddbmm(ct.ones(1, 2, 2), ct.ones(1, 2, 3), ct.ones(1, 3, 2))
    tensor([[[4., 4.],
             [4., 4.]]])
    """
    return _added("baddbmm", c, bmm(a, b), beta, alpha)


@composite
def addbmm(c: Tensor, a: Tensor, b: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """beta * c + alpha * sum_i a[i] @ b[i] for stacks (B, M, K) and (B, K, N).

    >>> ct.addbmm(ct.zeros(2, 2), ct.ones(3, 2, 1), ct.ones(3, 1, 2))
    tensor([[3., 3.],
            [3., 3.]])
    """
    product = bmm(a, b)
    return _added("addbmm", c, astype(sum(product, 0), product.dtype), beta, alpha)


# ------------------------------------------------------------------------- several matrices


def _best_order(sizes: Sequence[int]) -> dict[tuple[int, int], int]:
    """Where to cut the products of matrices i to j, sizes[i] x sizes[i + 1] each, for the fewest
    multiplications (Cormen et al., Introduction to Algorithms, 15.2)."""
    n = len(sizes) - 1
    cost = {(i, i): 0 for i in range(n)}
    cut: dict[tuple[int, int], int] = {}
    for length in range(1, n):
        for i in range(n - length):
            j = i + length
            choices = [
                (cost[i, k] + cost[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1], k)
                for k in range(i, j)
            ]
            cost[i, j], cut[i, j] = min(choices)
    return cut


def _product_of(operation: str, tensors: Sequence[Any]) -> Any:
    """The product of two or more matrices in the order of fewest multiplications."""
    for left, right in pairwise(tensors):
        if left.shape[1] != right.shape[0]:
            raise ShapeError(
                f"{operation}: shapes {left.shape} and {right.shape} of neighbours do not fit"
            )
    cut = _best_order([tensors[0].shape[0], *[x.shape[1] for x in tensors]])

    def product(i: int, j: int) -> Any:
        if i == j:
            return tensors[i]
        k = cut[i, j]
        return matmul(product(i, k), product(k + 1, j))

    return product(0, len(tensors) - 1)


@composite(method=False, space="linalg")
def multi_dot(tensors: Sequence[Tensor]) -> Tensor:
    """The product of two or more matrices, in the order of fewest multiplications.

    The first and the last may be vectors, a row and a column. Raises ShapeError for other ranks.

    >>> ct.linalg.multi_dot([ct.ones(2, 3), ct.ones(3, 4), ct.ones(4, 1)])
    tensor([[12.],
            [12.]])
    """
    name = "linalg.multi_dot"
    tensors = list(tensors)
    if len(tensors) < 2:
        raise ShapeError(f"{name}: {len(tensors)} operands; give two or more")
    for k, x in enumerate(tensors):
        require_tensor(name, "an operand", x)
        end = k in (0, len(tensors) - 1)
        if x.ndim != 2 and not (end and x.ndim == 1):
            raise ShapeError(
                f"{name}: operand {k} has shape {x.shape}; it takes matrices, and vectors as the "
                "first and the last"
            )
    first, last = tensors[0].ndim == 1, tensors[-1].ndim == 1
    if first:
        tensors[0] = reshape(tensors[0], (1, -1))
    if last:
        tensors[-1] = reshape(tensors[-1], (-1, 1))
    out = _product_of(name, tensors)
    return reshape(out, out.shape[int(first) : 2 - int(last)])


@composite(method=False)
def chain_matmul(*matrices: Tensor) -> Tensor:
    """The product of matrices, in the order of fewest multiplications.

    >>> ct.chain_matmul(ct.ones(1, 2), ct.ones(2, 3), ct.ones(3, 1))
    tensor([[6.]])
    """
    for x in matrices:
        require_tensor("chain_matmul", "an operand", x)
        if x.ndim != 2:
            raise ShapeError(f"chain_matmul: an operand has shape {x.shape}; it takes matrices")
    if not matrices:
        raise ShapeError("chain_matmul: no operands; give one or more")
    return matrices[0] if len(matrices) == 1 else _product_of("chain_matmul", matrices)
