"""Elementwise functions of three operands, and closeness."""

from __future__ import annotations

from typing import Any

from cltensor.core.composite import composite
from cltensor.core.op import require_tensor, same_dtype
from cltensor.core.tensor import Tensor
from cltensor.dtypes import FRACTIONAL, float32, float64
from cltensor.errors import DTypeError
from cltensor.ops.elementwise.arithmetic import add, divide, multiply, require_whole
from cltensor.ops.elementwise.cast import astype
from cltensor.ops.elementwise.compare import eq, isfinite, isnan, less_equal
from cltensor.ops.elementwise.rounding import abs_
from cltensor.ops.reduce.fold import all


@composite
def lerp(x: Any, end: Any, weight: Tensor | float) -> Any:
    """x + weight * (end - x); weight is a number or a tensor.

    >>> ct.lerp(ct.tensor([0.0, 10.0]), ct.tensor([1.0, 20.0]), 0.5)
    tensor([ 0.5000, 15.0000])
    """
    require_tensor("lerp", "end", end)
    same_dtype("lerp", x, end, *([weight] if isinstance(weight, Tensor) and weight.ndim else []))
    return add(x, multiply(end - x, weight))


@composite
def addcmul(x: Any, tensor1: Any, tensor2: Any, value: float = 1) -> Any:
    """x + value * tensor1 * tensor2.

    >>> ct.addcmul(ct.ones(2), ct.tensor([1.0, 2.0]), ct.tensor([3.0, 4.0]))
    tensor([4., 9.])
    """
    require_whole("addcmul", "value", value, x, tensor1, tensor2)
    product = multiply(tensor1, tensor2)
    return add(x, product if value == 1 else product * value)


@composite
def addcdiv(x: Any, tensor1: Any, tensor2: Any, value: float = 1) -> Any:
    """x + value * tensor1 / tensor2. Raises DTypeError for integers, as PyTorch.

    >>> ct.addcdiv(ct.ones(2), ct.tensor([1.0, 2.0]), ct.tensor([2.0, 4.0]), value=2)
    tensor([2., 2.])
    """
    for operand in (tensor1, tensor2):
        require_tensor("addcdiv", "an operand", operand)
    if not {tensor1.dtype.kind, tensor2.dtype.kind} & {*FRACTIONAL}:
        raise DTypeError("addcdiv: it divides integers; cast one with .float()")
    ratio = divide(tensor1, tensor2)
    return add(x, ratio if value == 1 else ratio * value)


@composite
def isclose(
    x: Any, other: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Any:
    """Where |x - other| <= atol + rtol * |other|, or both are the same infinity; with equal_nan,
    or both are NaN.

    >>> ct.isclose(ct.tensor([1.0, 2.0]), ct.tensor([1.0 + 1e-9, 2.1]))
    tensor([ True, False])
    """
    if x.dtype != other.dtype:
        raise DTypeError(
            f"isclose: operands are {x.dtype.name} and {other.dtype.name}; cast one of them"
        )
    found = eq(x, other)
    if x.dtype.kind in FRACTIONAL:
        near = less_equal(abs_(x - other), abs_(other) * rtol + atol)
        found = found | (near & isfinite(x) & isfinite(other))
        if equal_nan:
            found = found | (isnan(x) & isnan(other))
    elif x.dtype.kind != "b":
        wide = float64 if x.device.fp64 else float32
        near = less_equal(astype(abs_(x - other), wide), astype(abs_(other), wide) * rtol + atol)
        found = found | near
    return found


@composite
def allclose(
    x: Any, other: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> bool:
    """Whether `isclose` holds everywhere. Waits for the device.

    >>> ct.allclose(ct.tensor([1.0]), ct.tensor([1.0 + 1e-9]))
    True
    """
    return bool(all(isclose(x, other, rtol, atol, equal_nan)).item())
