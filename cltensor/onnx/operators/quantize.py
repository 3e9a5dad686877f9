"""Changes of the element type, and integers that stand for floats."""

from __future__ import annotations

from typing import Any

import numpy as np

from cltensor.dtypes import float32, int32, uint8
from cltensor.onnx.functions import main as ct
from cltensor.onnx.narrow import Narrow, NarrowInteger, NarrowType
from cltensor.onnx.operators.network import convolved
from cltensor.onnx.table import Element, Value, operator


def _numbers(x: Any) -> Any:
    return x.decoded() if isinstance(x, Narrow) else x


def _type_of(x: Any) -> Any:
    return x.kind if isinstance(x, Narrow) else x.dtype


def cast(x: Any, to: Any, saturate: bool = True, rounding: str = "up") -> Any:
    """`x`, a tensor or narrow, with elements of the type `to`."""
    if _type_of(x) is to:
        return x
    if isinstance(to, NarrowType):
        return Narrow(to, to.encoded(_numbers(x), saturate, rounding))
    return ct.astype(_numbers(x), to)


@operator("Cast")
def _cast(x: Value, *, to: Element, saturate: bool = True, round_mode: str = "up"):
    return cast(x, to, saturate, round_mode)


@operator("CastLike", since=15)
def _cast_like(x: Value, like: Value, *, saturate: bool = True, round_mode: str = "up"):
    return cast(x, _type_of(like), saturate, round_mode)


@operator("BitCast", since=26)
def _bit_cast(x, *, to: Element):
    if isinstance(to, NarrowType) or to.itemsize != x.dtype.itemsize:
        raise ValueError(f"the bits of {x.dtype.name} as {to}")
    if x.dtype.kind == "b":
        return ct.astype(x, uint8).view(to)
    return x.view(uint8) != 0 if to.kind == "b" else x.view(to)


def _spread(scale: Any, x: Any, axis: int, block: int) -> Any:
    """A scale or zero point as it meets the elements of `x`: one, one for each place along an
    axis, or one for each block along it."""
    shape = tuple(x.shape)
    if scale.ndim == 0 or (scale.ndim == 1 and scale.shape[0] == 1):
        return ct.reshape(scale, ())
    if not block:
        at = axis % len(shape)
        return ct.reshape(scale, tuple(-1 if i == at else 1 for i in range(len(shape))))
    return ct.narrow(ct.repeat_interleave(scale, block, axis), axis, 0, shape[axis])


def _range_of(kind: Any) -> tuple[int, int]:
    if isinstance(kind, NarrowInteger):
        return kind.least, kind.most
    bounds = ct.iinfo(kind)
    return bounds.min, bounds.max


@operator("QuantizeLinear", since=10)
def _quantize(
    x, scale, zero: Value = None, *, axis: int = 1, block_size: int = 0,
    output_dtype: Element | None = None, precision: Element | None = None, saturate: bool = True,
):  # fmt: skip
    kind = _type_of(zero) if zero is not None else output_dtype or uint8
    inner = precision or scale.dtype
    at = _spread(scale, x, axis, block_size)
    quotient = ct.astype(x, inner) / ct.astype(at, inner)
    if not isinstance(kind, NarrowInteger) and (isinstance(kind, NarrowType) or kind.kind == "f"):
        if zero is not None:
            quotient = quotient + ct.astype(
                _spread(_numbers(zero), x, axis, block_size), quotient.dtype
            )
        return cast(quotient, kind, saturate)
    whole = ct.round(ct.astype(quotient, float32) if inner != np.dtype("float64") else quotient)
    if zero is not None:
        whole = whole + ct.astype(_spread(_numbers(zero), x, axis, block_size), whole.dtype)
    return cast(ct.clamp(whole, *_range_of(kind)), kind)


@operator("DequantizeLinear", since=10)
def _dequantize(
    x: Value, scale, zero: Value = None, *, axis: int = 1, block_size: int = 0,
    output_dtype: Element | None = None,
):  # fmt: skip
    dtype = output_dtype or scale.dtype
    whole = _numbers(x)
    if whole.dtype.kind in "iu":
        whole = ct.astype(whole, int32)
    if zero is not None:
        offset = _numbers(zero)
        offset = ct.astype(offset, int32) if offset.dtype.kind in "iu" else offset
        whole = whole - _spread(offset, whole, axis, block_size)
    return ct.astype(whole, dtype) * ct.astype(_spread(scale, whole, axis, block_size), dtype)


@operator("DynamicQuantizeLinear", since=11)
def _dynamic_quantize(x):
    low = ct.clamp(ct.amin(x), None, 0)
    high = ct.clamp(ct.amax(x), 0, None)
    scale = (high - low) / 255
    safe = ct.where(scale == 0, 1, scale)
    zero = ct.clamp(ct.round(-low / safe), 0, 255)
    y = ct.clamp(ct.round(x / safe) + zero, 0, 255)
    return ct.astype(y, uint8), scale, ct.astype(zero, uint8)


def _moved(x: Any, zero: Any, by_row: bool) -> Any:
    """Whole numbers less their zero point, int32: one, or one for each row or column."""
    x = ct.astype(x, int32)
    if zero is None:
        return x
    zero = ct.astype(zero, int32)
    if zero.ndim == 1 and by_row and zero.shape[0] > 1:
        zero = ct.unsqueeze(zero, -1)
    return x - zero


@operator("MatMulInteger", since=10)
def _matmul_integer(a, b, a_zero=None, b_zero=None):
    return ct.matmul(_moved(a, a_zero, True), _moved(b, b_zero, False))


def _requantized(whole: Any, scale: Any, zero: Any) -> Any:
    y = ct.round(ct.astype(whole, float32) * scale) + ct.astype(zero, float32)
    return ct.astype(ct.clamp(y, *_range_of(zero.dtype)), zero.dtype)


@operator("QLinearMatMul", since=10)
def _qlinear_matmul(a, a_scale, a_zero, b, b_scale, b_zero, y_scale, y_zero):
    whole = ct.matmul(_moved(a, a_zero, True), _moved(b, b_zero, False))
    a_scale, b_scale, y_scale = (ct.astype(s, float32) for s in (a_scale, b_scale, y_scale))
    if a_scale.ndim == 1 and a_scale.shape[0] > 1:
        a_scale = ct.unsqueeze(a_scale, -1)
    return _requantized(whole, a_scale * b_scale / y_scale, y_zero)


def _by_output(x: Any) -> Any:
    return ct.reshape(x, (-1, 1, 1, 1)) if x.ndim else x


def _whole_conv(x: Any, w: Any, bias: Any, **attributes: Any) -> Any:
    """A convolution of whole numbers, exact: in float64 where the device has it, else in float32
    where sums stay below 2**24."""
    most = 255 * 255
    for n in w.shape[1:]:
        most *= n
    wide = float32
    if most >= 1 << 24:
        wide = np.dtype("float64")
    found = convolved(
        ct.astype(x, wide), ct.astype(w, wide), None, attributes["kernel_shape"],
        attributes["strides"], attributes["pads"], attributes["dilations"],
        attributes["auto_pad"], attributes["group"],
    )  # fmt: skip
    whole = ct.astype(ct.round(found), int32)
    return whole if bias is None else whole + ct.reshape(bias, (-1, *[1] * (x.ndim - 2)))


@operator("ConvInteger", since=10)
def _conv_integer(
    x, w, x_zero=None, w_zero=None, *, auto_pad: str = "NOTSET",
    dilations: list[int] | None = None, group: int = 1, kernel_shape: list[int] | None = None,
    pads: list[int] | None = None, strides: list[int] | None = None,
):  # fmt: skip
    w_zero = w_zero if w_zero is None else _by_output(w_zero)
    return _whole_conv(
        _moved(x, x_zero, False), _moved(w, w_zero, False), None, auto_pad=auto_pad,
        dilations=dilations, group=group, kernel_shape=kernel_shape, pads=pads, strides=strides,
    )  # fmt: skip


@operator("QLinearConv", since=10)
def _qlinear_conv(
    x, x_scale, x_zero, w, w_scale, w_zero, y_scale, y_zero, bias=None, *,
    auto_pad: str = "NOTSET", dilations: list[int] | None = None, group: int = 1,
    kernel_shape: list[int] | None = None, pads: list[int] | None = None,
    strides: list[int] | None = None,
):  # fmt: skip
    whole = _whole_conv(
        _moved(x, x_zero, False), _moved(w, _by_output(w_zero), False), bias, auto_pad=auto_pad,
        dilations=dilations, group=group, kernel_shape=kernel_shape, pads=pads, strides=strides,
    )  # fmt: skip
    scale = x_scale * w_scale / y_scale
    if scale.ndim and scale.shape[0] > 1:
        scale = ct.reshape(scale, (-1, *[1] * (x.ndim - 2)))
    return _requantized(whole, scale, y_zero)
