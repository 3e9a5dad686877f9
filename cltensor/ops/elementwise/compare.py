"""Comparisons and logic: results are bools."""

from __future__ import annotations

from cltensor.core.declare import pointwise
from cltensor.core.op import Op

eq: Op = pointwise("eq(a, b)", "a == b", "bool")
not_equal = pointwise("not_equal(a, b)", "a != b", "bool")
less: Op = pointwise("less(a, b)", "a < b", "bool")
less_equal = pointwise("less_equal(a, b)", "a <= b", "bool")
greater: Op = pointwise("greater(a, b)", "a > b", "bool")
greater_equal = pointwise("greater_equal(a, b)", "a >= b", "bool")
logical_and: Op = pointwise("logical_and(a, b)", "a != 0 && b != 0", "bool")
logical_or = pointwise("logical_or(a, b)", "a != 0 || b != 0", "bool")
logical_xor = pointwise("logical_xor(a, b)", "(a != 0) != (b != 0)", "bool")
logical_not = pointwise("logical_not(x)", "x == 0", "bool")
isnan = pointwise("isnan(x)", "x != x", "bool")
isinf = pointwise(
    "isinf(x)", {"f": "x == x && x - x != x - x", "i": "0", "u": "0", "b": "0"}, "bool"
)
isfinite = pointwise("isfinite(x)", {"f": "x - x == 0", "i": "1", "u": "1", "b": "1"}, "bool")
ne, lt, le, gt, ge = not_equal, less, less_equal, greater, greater_equal
