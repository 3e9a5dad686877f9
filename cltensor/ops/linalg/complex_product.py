"""Products of complex matrices by the kernels for real ones.

The parts of a lie side by side, so a (M, K) is a real matrix (M, 2 K) without a copy. Below each
row of b goes the row times i: a real matrix (2 K, 2 N). The product of the two is that of a and b,
its parts side by side again: one product with as many multiplications as four, and one copy of b.
"""

from __future__ import annotations

from collections.abc import Callable

from cltensor.core.declare import pointwise
from cltensor.core.tensor import Tensor
from cltensor.lazy.writes import write
from cltensor.ops.shape.copy import copy
from cltensor.ops.shape.parts import view_as_complex, view_as_real
from cltensor.ops.shape.view import matrix_transpose, reshape

_times_i = pointwise("times_i(x)", {"c": "cx_turned(x)"}, accepts="")
_times_i.public = False


def complex_product(product: Callable[[Tensor, Tensor], Tensor], a: Tensor, b: Tensor) -> Tensor:
    """a @ b for complex matrices or stacks of them, by `product` of real ones.

    Args:    a (..., M, K);  b (..., K, N), of one complex dtype; batch dimensions broadcast.
    Returns: (..., M, N).
    """
    if b.size > a.size:  # what is copied is the smaller one
        swapped = _product(product, matrix_transpose(b), matrix_transpose(a))
        return matrix_transpose(swapped)
    return _product(product, a, b)


def _product(product: Callable[[Tensor, Tensor], Tensor], a: Tensor, b: Tensor) -> Tensor:
    if a.realize().strides[-1] != 1:
        a = a.contiguous()
    parts = view_as_real(a)
    left = reshape(parts, (*a.shape[:-1], 2 * a.shape[-1]))
    out = product(left, _with_turned(b)).contiguous()
    return view_as_complex(reshape(out, (*out.shape[:-1], out.shape[-1] // 2, 2)))


def _with_turned(b: Tensor) -> Tensor:
    """Each row of b (..., K, N), and behind it the row times i, as real numbers (..., 2 K, 2 N)."""
    *batch, k, n = b.shape
    both = Tensor.empty((*batch, k, 2, n), b.dtype, b.device)
    strides = (*both.strides[:-2], 1)
    copy(both.window(tuple(b.shape), strides, 0), b)
    if b.size:
        write(both.window(tuple(b.shape), strides, n)._value, _times_i.run(b)._value, "matmul")
    return reshape(view_as_real(both), (*batch, 2 * k, 2 * n))
