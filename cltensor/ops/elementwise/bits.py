"""Bits of integers and bools."""

from __future__ import annotations

from cltensor.core.declare import pointwise

bitwise_and = pointwise("bitwise_and(a, b)", "a & b", accepts="biu")
bitwise_or = pointwise("bitwise_or(a, b)", "a | b", accepts="biu")
bitwise_xor = pointwise("bitwise_xor(a, b)", "a ^ b", accepts="biu")
bitwise_invert = pointwise(
    "bitwise_invert(x)", {"b": "x == 0", "i": "~x", "u": "~x"}, accepts="biu"
)
bitwise_not = bitwise_invert
_BITS = "(T)(8 * sizeof(T))"
bitwise_left_shift = pointwise(
    "bitwise_left_shift(a, b)",
    {
        "i": f"(b < 0 || b >= {_BITS}) ? (T)0 : (T)(a << b)",
        "u": f"b >= {_BITS} ? (T)0 : (T)(a << b)",
    },
    accepts="iu",
)
bitwise_right_shift = pointwise(
    "bitwise_right_shift(a, b)",
    {
        "i": f"(b < 0 || b >= {_BITS}) ? (T)(a < 0 ? -1 : 0) : (T)(a >> b)",
        "u": f"b >= {_BITS} ? (T)0 : (T)(a >> b)",
    },
    accepts="iu",
)
