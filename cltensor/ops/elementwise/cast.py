"""Constants, casts and copies: each element of another type, or stored anew."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from cltensor import dtypes
from cltensor.core.checks import check_scalar, largest
from cltensor.core.composite import composite
from cltensor.core.declare import pointwise
from cltensor.core.op import Op
from cltensor.core.tensor import Tensor, require_dtype
from cltensor.halves import cast_array
from cltensor.lazy import fusion
from cltensor.lazy.codegen import Shape
from cltensor.lazy.kinds import Pointwise
from cltensor.runtime.device import Device

_constant = Pointwise("constant", ("k",), "k")


def scalar_of(operation: str, value: Any, dtype: np.dtype) -> Any:
    """The number `value` as an element of `dtype`; what is behind an integer's point is left out.

    Raises DTypeError for what `dtype` does not hold.
    """
    if dtype.kind == "b":
        return bool(value)
    if dtype.kind == "c":
        part = dtypes.real_of(dtype)
        return complex(*[scalar_of(operation, v, part) for v in (value.real, value.imag)])
    if isinstance(value, (complex, np.complexfloating)):
        raise dtypes.DTypeError(
            f"{operation}: {value} does not fit {dtype.name}; use its real part, or a complex dtype"
        )
    if dtype.kind == "f":
        if math.fabs(value) > largest(dtype) and not math.isinf(value):
            raise dtypes.DTypeError(
                f"{operation}: {value} does not fit {dtype.name}; use a wider dtype"
            )
        return float(value)
    if not math.isfinite(value):
        raise dtypes.DTypeError(
            f"{operation}: {value} does not fit {dtype.name}; use a floating-point dtype"
        )
    check_scalar(operation, int(value), dtype)
    return int(value)


def full(shape: Shape, value: complex, dtype: np.dtype, device: Device) -> Tensor:
    """A constant of `shape`: an expression without operands, stored only if somebody needs it."""
    require_dtype("full", dtype, device)
    if dtype.kind != "f":
        value = scalar_of("full", value, dtype)
    if device.is_host:
        return Tensor.from_numpy(cast_array(np.full(shape, value), dtype), device)
    return Tensor(fusion.pointwise(_constant, (value,), shape, dtype, dtype, device))


def flat(g: Any) -> Tensor:
    """Zeros like g: as a derivative's rule, that of what is flat."""
    return full(g.shape, 0, g.dtype, g.device)


def _saturating(target: np.dtype) -> dict[str, str]:
    """C text that casts to an integer type; out-of-range floats saturate and NaN becomes 0.

    Drivers differ on such casts, so the result is defined here.
    """
    limits, name = np.iinfo(target), dtypes.C_NAMES[target]
    suffix = "UL" if target.kind == "u" else "L"
    low = f"({limits.min + 1}L - 1L)" if target.kind == "i" else "0"
    high = f"{limits.max}{suffix}"
    saturated = f"CT_SATURATE({name}, x, (T){low}, (T){high}, {low}, {high})"
    return {**dict.fromkeys("iub", f"({name})x"), "f": saturated}


def _text(target: np.dtype) -> str | dict[str, str]:
    """C text that casts to `target`, of complex numbers only to another complex type or to bool."""
    if target.kind in "iu":
        return _saturating(target)
    name = dtypes.C_NAMES[target]
    if target.kind == "c":
        return {**dict.fromkeys("biuf", f"({name})(x, CT_NOTHING)"), "c": f"({name})(x.s0, x.s1)"}
    return {**dict.fromkeys("biuf", "x"), "c": "x.s0 != 0 || x.s1 != 0"}


_CASTS = {target: Pointwise("astype", ("x",), _text(target)) for target in dtypes.ALL}


def _astype(x: Tensor, dtype: np.dtype) -> Tensor:
    """x cast to another dtype. Out-of-range floats saturate and NaN becomes 0, on every device.
    Of complex numbers a real type takes the real parts; a warning says so, as in PyTorch.

    >>> ct.astype(ct.tensor([1.7, -2.2]), ct.int32)
    tensor([ 1, -2], dtype=int32)
    """
    target = dtypes.as_dtype(dtype)
    value = x._value
    if target == value.dtype:
        return x
    require_dtype("astype", target, value.device)
    if value.dtype.kind == "c" and target.kind not in "bc":
        warnings.warn(
            f"astype: {target.name} has no imaginary parts, they are lost; x.real says so",
            stacklevel=3,
        )
        return _astype(real_part.run(x), target)
    return Tensor(
        fusion.pointwise(_CASTS[target], (value,), value.shape, value.dtype, target, value.device)
    )


astype: Op = Op(
    "astype(x, dtype)",
    _astype,
    {"dx": lambda g, x_dtype: as_gradient(g, x_dtype)},
    public=True,
    takes_halves=True,
)
#: The real parts of complex numbers, as new elements (`real` is a view of them).
real_part: Op = pointwise(
    "real_part(x)", {"c": "x.s0"}, "real", accepts="", dx=lambda g, x_dtype: astype(g, x_dtype)
)
real_part.public = False
conj_physical: Op = pointwise(
    "conj_physical(x)",
    {**dict.fromkeys("biuf", "x"), "c": "cx_conj(x)"},
    dx=lambda g: conj_physical(g),
)


@composite
def conj(x: Any) -> Any:
    """The complex conjugates; a real x itself.

    >>> ct.conj(ct.tensor([1 + 2j]))
    tensor([1.-2.j])
    """
    return conj_physical(x) if x.dtype.kind == "c" else x


def as_gradient(g: Any, dtype: np.dtype) -> Any:
    """g as the gradient of something of `dtype`: what is real has a real one."""
    if g.dtype.kind == "c" and dtype.kind != "c":
        g = real_part(g)
    return g if g.dtype == dtype else astype(g, dtype)


_identity = Pointwise("contiguous", ("x",), "x")


def _contiguous(x: Tensor) -> Tensor:
    """The same elements in row-major order without gaps; x itself when it is so already.

    >>> ct.arange(4).reshape(2, 2).T.contiguous().stride()
    (2, 1)
    """
    if x.is_pending or x._value.is_contiguous():
        return x
    return _copy(x)


def _copy(x: Tensor) -> Tensor:
    """A copy in a buffer of its own.

    >>> ct.clone(ct.arange(2))
    tensor([0, 1])
    """
    return _apart(x).realize()


def _apart(x: Tensor) -> Tensor:
    """What shows the elements of another tensor as a result of its own: a copy, which waits until
    it is needed, as any pointwise result."""
    value = x._value
    if value.device.is_host:
        return Tensor.from_numpy(x._stored(), value.device)
    args = (value.shape, value.dtype, value.dtype, value.device)
    return Tensor(fusion.pointwise(_identity, (value,), *args))


contiguous = Op("contiguous(x)", _contiguous, {"dx": lambda g: g}, public=True, takes_halves=True)
clone = Op("clone(x)", _copy, {"dx": lambda g: g}, public=True, takes_halves=True)
apart = Op("apart(x)", _apart, {"dx": lambda g: g}, takes_halves=True)


@contiguous.option("memory_format")
def _contiguous_as(x: Any, memory_format: Any) -> Any:
    """PyTorch's keyword: elements are in row-major order whatever it says."""
    return contiguous(x)


@clone.option("memory_format")
def _clone_as(x: Any, memory_format: Any) -> Any:
    """PyTorch's keyword: elements are in row-major order whatever it says."""
    return clone(x)
