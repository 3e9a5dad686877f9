"""Operations element by element, with broadcasting, numbers and mixed dtypes."""

import numpy as np
from fuzzing import ALL, FLOATS, INTEGERS, broadcastable, fuzz, pairs, same, shapes
from hypothesis import given
from hypothesis import strategies as st

import cltensor as ct

#: NumPy's name by ours.
_UNARY = {
    "abs": "abs", "neg": "negative", "sign": "sign", "floor": "floor", "ceil": "ceil",
    "trunc": "trunc", "square": "square", "sqrt": "sqrt", "exp": "exp", "sin": "sin",
    "tanh": "tanh", "isnan": "isnan", "isfinite": "isfinite", "signbit": "signbit",
    "log1p": "log1p", "reciprocal": "reciprocal",
}  # fmt: skip
_BINARY = {
    "add": "add", "sub": "subtract", "mul": "multiply", "maximum": "maximum",
    "minimum": "minimum", "eq": "equal", "ne": "not_equal", "lt": "less", "le": "less_equal",
    "gt": "greater", "ge": "greater_equal", "logical_and": "logical_and",
    "logical_xor": "logical_xor",
}  # fmt: skip
_WHOLE = {name: name for name in ("bitwise_and", "bitwise_or", "bitwise_xor")}


@st.composite
def _operands(draw, first, second):
    """Two pairs that broadcast, but now and then do not."""
    shape = draw(shapes(4))
    other = draw(broadcastable(shape)) if draw(st.integers(0, 9)) else draw(shapes(3))
    x = draw(pairs(shape, first, special=True))
    y = draw(pairs(other, second, special=True))
    return (x, y) if draw(st.booleans()) else (y, x)


@fuzz
@given(st.sampled_from(sorted(_UNARY)), pairs(dtypes=FLOATS, special=True))
def test_functions_of_one_operand(name, pair):
    x, a = pair
    function = getattr(np, _UNARY[name])
    same(lambda: getattr(ct, name)(x), lambda: function(a), 2e-6)


@fuzz
@given(st.sampled_from(sorted(_BINARY)), _operands(FLOATS, FLOATS))
def test_functions_of_two_floats(name, operands):
    (x, a), (y, b) = operands
    if (x.ndim and y.ndim) or a.dtype == b.dtype:  # else the one with axes decides, as in PyTorch
        same(lambda: getattr(ct, name)(x, y), lambda: getattr(np, _BINARY[name])(a, b))


@fuzz
@given(st.sampled_from(sorted({*_BINARY, *_WHOLE} - {"sub"})), _operands(INTEGERS, INTEGERS))
def test_functions_of_two_integers_of_one_dtype(name, operands):
    (x, a), (y, b) = operands
    y, b = y.to(x.dtype), b.astype(a.dtype)
    function = getattr(np, {**_BINARY, **_WHOLE}[name])
    same(lambda: getattr(ct, name)(x, y), lambda: function(a, b))


@fuzz
@given(pairs(dtypes=(*FLOATS, *INTEGERS)), st.integers(-3, 3), st.booleans())
def test_numbers_take_the_dtype_of_the_tensor(pair, number, swapped):
    x, a = pair
    if a.dtype == np.uint8:
        number = abs(number)
    left = (lambda u: number + u * number) if swapped else (lambda u: u * number + number)
    same(lambda: left(x), lambda: left(a).astype(a.dtype))


@fuzz
@given(_operands(("bool",), ("bool",)), pairs(dtypes=ALL))
def test_where(operands, pair):
    (x, a), (y, b) = operands
    _, number = pair
    value = number.ravel()[0].item() if number.size else 1
    kind = number.dtype
    same(
        lambda: ct.where(x, y.to(str(kind)), ct.tensor(value, dtype=str(kind))),
        lambda: np.where(a, b.astype(kind), np.asarray(value, kind)),
    )


@fuzz
@given(pairs(dtypes=FLOATS), st.integers(-2, 1), st.integers(0, 2))
def test_clip(pair, low, high):
    x, a = pair
    same(lambda: ct.clip(x, low, high), lambda: np.clip(a, low, high).astype(a.dtype))


@fuzz
@given(pairs(dtypes=ALL), st.sampled_from(ALL))
def test_casts(pair, dtype):
    x, a = pair
    if a.dtype.kind == "f" and dtype == "uint8":
        a, x = np.abs(a), abs(x)
    same(lambda: x.to(dtype), lambda: a.astype(dtype))
