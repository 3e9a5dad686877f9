"""The parts of complex numbers as views: what is written to a part is written to the number."""

from __future__ import annotations

from typing import Any

import numpy as np

from cltensor.core.composite import composite
from cltensor.core.op import Op, view_op
from cltensor.core.tensor import Tensor
from cltensor.dtypes import SHORT, complex_of, real_of
from cltensor.errors import DTypeError, ShapeError
from cltensor.lazy.codegen import Shape
from cltensor.lazy.values import stored
from cltensor.ops.elementwise.arithmetic import multiply
from cltensor.ops.elementwise.cast import astype
from cltensor.ops.shape.view import matrix_transpose


def _seen(x: Tensor, dtype: np.dtype, shape: Shape, strides: Shape, offset: int) -> Tensor:
    """A view of the buffer of x as elements of `dtype`; strides and offset in those."""
    shown = stored(shape, dtype, x.device, x.buffer)
    shown.strides, shown.offset = strides, offset
    return Tensor(shown)


def _part(x: Tensor, offset: int) -> Tensor:
    value = x.realize()._value
    strides = tuple([2 * s for s in value.strides])
    return _seen(x, real_of(x.dtype), value.shape, strides, 2 * value.offset + offset)


_real: Op = view_op("real(x)", lambda x: _part(x, 0), dx=lambda g, x_dtype: astype(g, x_dtype))
_imag: Op = view_op(
    "imag(x)", lambda x: _part(x, 1), dx=lambda g, x_dtype: multiply(astype(g, x_dtype), 1j)
)


def _run_as_real(x: Tensor) -> Tensor:
    value = x.realize()._value
    strides = (*[2 * s for s in value.strides], 1)
    return _seen(x, real_of(x.dtype), (*value.shape, 2), strides, 2 * value.offset)


def _run_as_complex(x: Tensor) -> Tensor:
    value = x.realize()._value
    strides = tuple([s // 2 for s in value.strides[:-1]])
    return _seen(x, complex_of(x.dtype), value.shape[:-1], strides, value.offset // 2)


_as_real: Op = view_op("view_as_real(x)", _run_as_real, dx=lambda g: _paired(g))
_as_complex: Op = view_op("view_as_complex(x)", _run_as_complex, dx=lambda g: _as_real(g))


def _paired(x: Any) -> Any:
    """`view_as_complex`, of a copy where strides do not allow a view."""
    return _as_complex(x if _pairs(x) else x.clone())  # what is dense may begin at an odd place


def _pairs(x: Any) -> bool:
    """Whether each real part lies in front of its imaginary part, and at an even place."""
    value = x.realize()._value
    outer = zip(value.shape[:-1], value.strides[:-1], strict=True)
    return (
        value.strides[-1] == 1
        and value.offset % 2 == 0
        and all(s % 2 == 0 for n, s in outer if n > 1)
    )


@composite(method=False)
def real(x: Any) -> Any:
    """The real parts, a view; x itself where it is real.

    >>> ct.real(ct.tensor([1 + 2j]))
    tensor([1.])
    """
    return _real(x) if x.dtype.kind == "c" else x


@composite(method=False)
def imag(x: Any) -> Any:
    """The imaginary parts, a view. Raises DTypeError for real x.

    >>> ct.imag(ct.tensor([1 + 2j]))
    tensor([2.])
    """
    if x.dtype.kind != "c":
        raise DTypeError(
            f"imag: {x.dtype.name} numbers have no imaginary parts to be seen; cast with .cfloat()"
        )
    return _imag(x)


@composite(method=False)
def view_as_real(x: Any) -> Any:
    """Complex numbers (...) as their parts (..., 2), a view. Raises DTypeError for real x.

    >>> ct.view_as_real(ct.tensor([1 + 2j]))
    tensor([[1., 2.]])
    """
    if x.dtype.kind != "c":
        raise DTypeError(f"view_as_real: {x.dtype.name} is not complex")
    return _as_real(x)


@composite(method=False)
def view_as_complex(x: Any) -> Any:
    """Pairs of parts (..., 2) as complex numbers (...), a view.

    Raises DTypeError for other dtypes than float32 and float64, ShapeError where the last axis
    has not two neighbours, each pair at an even place.

    >>> ct.view_as_complex(ct.tensor([[1.0, 2.0]]))
    tensor([1.+2.j])
    """
    if x.dtype.kind != "f" or x.dtype in SHORT:
        raise DTypeError(f"view_as_complex: {x.dtype.name} is neither float32 nor float64")
    if not x.ndim or x.shape[-1] != 2 or not _pairs(x):
        raise ShapeError(
            f"view_as_complex: shape {tuple(x.shape)} with strides {x.strides} does not end in "
            "pairs of neighbours at even places; use .contiguous(), or ct.complex(real, imag)"
        )
    return _as_complex(x)


@composite
def adjoint(x: Any) -> Any:
    """Each matrix of the stack transposed and conjugated, as `.mH`.

    >>> ct.adjoint(ct.tensor([[1 + 1j, 2.0]]))
    tensor([[1.-1.j],
            [2.-0.j]])
    """
    return matrix_transpose(x).conj()
