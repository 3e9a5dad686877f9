"""Comparisons and logic: results are bools."""

from __future__ import annotations

from cltensor.core.declare import pointwise
from cltensor.core.op import Op


def _texts(real: str, of_complex: str) -> dict[str, str]:
    return {**dict.fromkeys("biuf", real), "c": of_complex}


_A, _B, _X = [f"({x}.s0 != 0 || {x}.s1 != 0)" for x in "abx"]  # whether it is not zero
eq: Op = pointwise("eq(a, b)", _texts("a == b", "a.s0 == b.s0 && a.s1 == b.s1"), "bool")
not_equal = pointwise("not_equal(a, b)", _texts("a != b", "a.s0 != b.s0 || a.s1 != b.s1"), "bool")
less: Op = pointwise("less(a, b)", "a < b", "bool")
less_equal = pointwise("less_equal(a, b)", "a <= b", "bool")
greater: Op = pointwise("greater(a, b)", "a > b", "bool")
greater_equal = pointwise("greater_equal(a, b)", "a >= b", "bool")
logical_and: Op = pointwise(
    "logical_and(a, b)", _texts("a != 0 && b != 0", f"{_A} && {_B}"), "bool"
)
logical_or = pointwise("logical_or(a, b)", _texts("a != 0 || b != 0", f"{_A} || {_B}"), "bool")
logical_xor = pointwise(
    "logical_xor(a, b)", _texts("(a != 0) != (b != 0)", f"{_A} != {_B}"), "bool"
)
logical_not = pointwise("logical_not(x)", _texts("x == 0", f"!{_X}"), "bool")
isnan = pointwise("isnan(x)", _texts("x != x", "x.s0 != x.s0 || x.s1 != x.s1"), "bool")
isinf = pointwise(
    "isinf(x)",
    {
        "f": "x == x && x - x != x - x",
        "i": "0",
        "u": "0",
        "b": "0",
        "c": "cx_inf(x.s0) || cx_inf(x.s1)",
    },
    "bool",
)
isfinite = pointwise(
    "isfinite(x)",
    {
        "f": "x - x == 0",
        "i": "1",
        "u": "1",
        "b": "1",
        "c": "x.s0 - x.s0 == 0 && x.s1 - x.s1 == 0",
    },
    "bool",
)
ne, lt, le, gt, ge = not_equal, less, less_equal, greater, greater_equal
