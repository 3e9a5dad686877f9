"""Element types of ONNX of 8 bits and less that are no dtype: floats of 8 and fewer bits, integers
of 4 and 2. Their elements are kept as codes, one in a byte; what computes with them decodes them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from cltensor.dtypes import float32, int32, uint8
from cltensor.onnx.functions import main as ct


class NarrowType:
    """What the codes of such a type stand for. values: a number for each code."""

    def __init__(self, name: str, bits: int, values: np.ndarray) -> None:
        self.name, self.bits, self.values = name, bits, values

    def __repr__(self) -> str:
        return self.name

    def unpacked(self, content: np.ndarray, shape: tuple[int, ...]) -> Narrow:
        """The codes in the bytes of a file, several in one, the first in the lowest bits."""
        if self.bits in (2, 4):
            shifts = np.arange(0, 8, self.bits, dtype=np.uint8)
            content = ((content[:, None] >> shifts) & ((1 << self.bits) - 1)).ravel()
        elif self.bits == 6:
            bits = np.unpackbits(content, bitorder="little")
            rows = bits[: len(bits) // 6 * 6].reshape(-1, 6)
            content = np.packbits(rows, axis=1, bitorder="little").ravel()
        return Narrow(self, content[: math.prod(shape)].reshape(shape).astype(np.uint8))

    def decoded(self, codes: Any) -> Any:
        """The numbers of a tensor of codes, float32."""
        table = ct.tensor(self.values.astype(np.float32), device=codes.device)
        return table[ct.astype(codes, int32)]

    def encoded(self, x: Any, saturate: bool = True, rounding: str = "up") -> Any:
        """The codes of a tensor of numbers."""
        raise NotImplementedError


class NarrowInteger(NarrowType):
    """Integers in two's complement or without sign."""

    def __init__(self, name: str, bits: int, signed: bool) -> None:
        self.least = -(1 << bits - 1) if signed else 0
        self.most = self.least + (1 << bits) - 1
        codes = np.arange(1 << bits)
        super().__init__(name, bits, np.where(codes > self.most, codes - (1 << bits), codes))

    def encoded(self, x: Any, saturate: bool = True, rounding: str = "up") -> Any:
        whole = ct.astype(x, int32)
        return ct.astype(ct.bitwise_and(whole, (1 << self.bits) - 1), uint8)


class NarrowFloat(NarrowType):
    """Floats with a sign, whose codes of positive numbers grow with them. nan, inf: their codes;
    without a code for inf, what is too large is NaN, or the largest number."""

    def __init__(
        self, name: str, exponent: int, mantissa: int, bias: int,
        nan: int | None = None, inf: int | None = None,
    ) -> None:  # fmt: skip
        bits = 1 + exponent + mantissa
        codes = np.arange(1 << bits - 1)
        power, fraction = codes >> mantissa, (codes & ((1 << mantissa) - 1)) / (1 << mantissa)
        positive = np.where(
            power > 0, (1 + fraction) * 2.0 ** (power - bias), fraction * 2.0 ** (1 - bias)
        )
        self.nan, self.inf = nan, inf
        end = min([c for c in (nan, inf) if c is not None] + [1 << bits - 1])
        self.finite = positive[:end]
        if end < 1 << bits - 1:
            positive[end:] = np.nan
        if inf is not None:
            positive[inf] = np.inf
        negative = -positive
        #: Whether 0 has a sign; the code of -0 stands for NaN in types where it has not.
        self.signs_zero = nan is None or nan < 1 << bits - 1
        if not self.signs_zero:
            negative[0] = np.nan
        super().__init__(name, bits, np.concatenate([positive, negative]))

    def encoded(self, x: Any, saturate: bool = True, rounding: str = "up") -> Any:
        x = ct.astype(x, float32)
        # Half way between two, the even code: bounds that belong to the smaller code or not.
        bounds = ((self.finite[:-1] + self.finite[1:]) / 2).astype(np.float32)
        bounds[1::2] = np.nextafter(bounds[1::2], np.float32(0))
        large = self.finite[-1] + (self.finite[-1] - self.finite[-2]) / 2
        size = ct.abs(x)
        code = ct.bucketize(size, ct.tensor(bounds, device=x.device))
        if not saturate and (self.inf is not None or self.nan is not None):
            beyond = size > large if len(self.finite) % 2 else size >= large
            over = self.inf if self.inf is not None else self.nan
            code = ct.where(beyond, over, code)
        sign = ct.astype(ct.signbit(x), code.dtype) * (1 << self.bits - 1)
        if not self.signs_zero:
            sign = ct.where(code == 0, 0, sign)
            sign = ct.where(code == self.nan, 0, sign)
        code = code + sign
        # Where there is none, -0 stands for it.
        nan = 1 << self.bits - 1 if self.nan is None else self.nan
        return ct.astype(ct.where(ct.isnan(x), nan, code), uint8)


class NarrowPower(NarrowType):
    """Powers of two without sign, as scales are."""

    def __init__(self, name: str) -> None:
        values = 2.0 ** (np.arange(256) - 127)
        values[255] = np.nan
        super().__init__(name, 8, values)

    def encoded(self, x: Any, saturate: bool = True, rounding: str = "up") -> Any:
        bits = ct.astype(x, float32).view(int32)
        power = ct.bitwise_and(ct.bitwise_right_shift(bits, 23), 255)
        rest = ct.bitwise_and(bits, (1 << 23) - 1)
        if rounding == "up":
            more = ct.logical_and(rest > 0, ct.logical_or(power > 0, rest > 1 << 22))
        elif rounding == "nearest":
            half = ct.where(power > 0, rest >= 1 << 22, rest > 1 << 22)
            more = half
        else:
            more = rest < 0
        code = power + ct.astype(more, int32)
        special = ct.isnan(x)
        infinite = ct.logical_and(ct.logical_not(special), power == 255)
        code = ct.where(infinite, 254 if saturate else 255, ct.clamp(code, 0, 254))
        return ct.astype(ct.where(special, 255, code), uint8)


@dataclass(frozen=True)
class Narrow:
    """Elements of such a type: a tensor of their codes, or an array until a device is known."""

    kind: NarrowType
    codes: Any

    @property
    def shape(self) -> tuple[int, ...]:
        """The sizes."""
        return tuple(self.codes.shape)

    def decoded(self) -> Any:
        """The numbers, float32."""
        return self.kind.decoded(self.codes)


#: The types by ONNX's numbers for them (TensorProto.DataType).
NARROW: dict[int, NarrowType] = {
    17: NarrowFloat("float8e4m3fn", 4, 3, 7, nan=0x7F),
    18: NarrowFloat("float8e4m3fnuz", 4, 3, 8, nan=0x80),
    19: NarrowFloat("float8e5m2", 5, 2, 15, nan=0x7E, inf=0x7C),
    20: NarrowFloat("float8e5m2fnuz", 5, 2, 16, nan=0x80),
    21: NarrowInteger("uint4", 4, False),
    22: NarrowInteger("int4", 4, True),
    23: NarrowFloat("float4e2m1", 2, 1, 1),
    24: NarrowPower("float8e8m0"),
    25: NarrowInteger("uint2", 2, False),
    26: NarrowInteger("int2", 2, True),
    27: NarrowFloat("float6e2m3", 2, 3, 1),
    28: NarrowFloat("float6e3m2", 3, 2, 3),
}
